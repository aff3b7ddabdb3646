"""04 on request: what was asked for is mended, once, and kept the next time; nothing is mended unasked."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpers.errors import ApprovalRequired, ChecksFailed, Refused, ServiceFailed
from helpers.rehearsal.state import Lock, State
from helpers.rehearsal.wire import Request, Response
from helpers.steps import remedy, verify
from tests.services.faults import dropped, status
from tests.steps.mending import (
    ALL,
    GROUP,
    KEY,
    OWN_RULE,
    RANGES,
    REVERSIBLE,
    TAG,
    VAULT,
    VAULT_ID,
    WRITES,
    mended,
    verdicts,
)
from tests.steps.walking import Walk


def test_all_that_was_asked_for_is_mended_in_order_and_kept_the_next_time(broken: Walk) -> None:
    """Five writes, the lock before what is for good; the verdicts turn, and a second run changes nothing."""
    judged = broken.verify(for_good=True, **ALL)
    assert broken.world.cloud.wrote() == [WRITES[name] for name in ALL["remediate"]]
    mended(broken.world.state)
    first, second = verdicts(broken)
    assert {first[name] for name in ("V06", "V09", "V09b", "V13", "V30", "V35")} == {"fail"}
    assert {second[name] for name in ("V06", "V09", "V09b", "V13", "V30", "V35", "V36")} == {"pass"}
    assert not judged.blocking_failures
    before = broken.world.world.fingerprint()
    broken.world.cloud.mend()
    broken.verify(**ALL)
    assert broken.world.cloud.wrote() == [] and broken.world.world.fingerprint() == before
    plans = [row["plan"] for row in broken.rows() if row["event"] == "plan"][-2:]
    assert {item["kind"] for plan in plans for item in plan["items"]} == {"keep"}


def test_nothing_is_mended_unasked(broken: Walk) -> None:
    """With everything wrong and mode: apply, no write is sent; the plans say that nothing was asked for."""
    before = broken.world.world.fingerprint()
    with pytest.raises(ChecksFailed):
        broken.verify()
    assert broken.world.cloud.wrote() == [] and broken.world.world.fingerprint() == before
    assert not {row["method"] for row in broken.world.cloud.journal.rows()} & {"PUT", "PATCH", "DELETE"}
    said = [item["says"] for row in broken.rows() if row["event"] == "plan" for item in row["plan"]["items"]]
    assert len(said) == 2 and all(text.startswith("no remedy was asked for") for text in said)


@pytest.mark.parametrize("name", WRITES)
def test_only_what_was_asked_for_is_mended(broken: Walk, name: str) -> None:
    """One remedy asked for: one write, and everything else stays as wrong as it was."""
    state = broken.world.state
    before = state.model_copy(deep=True)
    with pytest.raises(ChecksFailed):
        broken.verify(for_good=name == "purge_protection", **{**ALL, "remediate": [name]})
    assert broken.world.cloud.wrote() == [WRITES[name]]
    vault, was = state.vaults[VAULT], before.vaults[VAULT]
    same = {
        "organization_tag": vault.keys[KEY].current[1].tags == was.keys[KEY].current[1].tags,
        "diagnostic_settings": state.diagnostic_settings == before.diagnostic_settings,
        "network_rules": vault.network_acls == was.network_acls,
        "delete_lock": state.locks == before.locks,
        "purge_protection": vault.enable_purge_protection == was.enable_purge_protection,
    }
    assert same == {remedy: remedy != name for remedy in WRITES}


def test_in_plan_mode_nothing_is_mended(broken: Walk) -> None:
    """mode: plan shows the plan and stops before the first remedy."""
    with pytest.raises(ApprovalRequired, match="04_verify: remedies: the plan is not approved"):
        broken.verify(mode="plan", for_good=True, **ALL)
    assert broken.world.cloud.wrote() == []


def test_mode_apply_does_not_cover_what_is_for_good(broken: Walk) -> None:
    """What can be undone is mended, and purge protection waits for a person, with the phrase to type."""
    with pytest.raises(ApprovalRequired, match="04_verify: remedies for good: the plan is not approved") as caught:
        broken.verify(**ALL)
    assert caught.value.why.startswith(
        "It can never be undone, so it was not done: FOR GOOD: switch purge protection on"
    )
    assert "python runbook.py approve" in caught.value.next_step
    assert broken.world.cloud.wrote() == [WRITES[name] for name in REVERSIBLE]
    assert broken.world.state.vaults[VAULT].enable_purge_protection is None
    last = [row["plan"] for row in broken.rows() if row["event"] == "plan"][-1]
    assert last["permanent"] and last["seen"] == {
        "vault": VAULT_ID.lower(),
        "retention days": "90",
        "purge protection": "not set",
    }


def planned(walk: Walk, *, for_good: bool, **changes: Any) -> tuple[Any, ...]:
    """04 up to the granted approval of one kind of remedies, as `step.apply` takes it, and the step."""
    step = walk.begin("04_verify", **{**ALL, **changes})
    wanted = remedy.Wanted.of(step.parameters, for_good=for_good)
    plan = remedy.plan(wanted, step.read(verify.facts))
    shown = step.approve(plan)
    approval = shown if shown.granted else step.approve(plan, shown.to_type)
    assert approval.granted
    walk.world.cloud.mend()
    return step, wanted, plan, approval


@pytest.mark.parametrize("for_good", [False, True])
def test_applying_twice_mends_once(broken: Walk, for_good: bool) -> None:
    """The same plan and approval again: nothing more is sent, and the receipt is empty."""
    step, wanted, plan, approval = planned(broken, for_good=for_good)
    first = step.apply(remedy, wanted, plan, approval)
    sent = broken.world.cloud.wrote()
    second = step.apply(remedy, wanted, plan, approval)
    assert len(first.done) == len(sent) == (1 if for_good else 4) and second.done == ()
    assert broken.world.cloud.wrote() == sent
    receipts = [row for row in broken.rows() if row["event"] == "receipt"]
    assert len({row["request_id"] for row in receipts}) == len(receipts) == len(sent)


def test_another_organizations_tag_that_comes_during_the_last_look_is_kept(broken: Walk) -> None:
    """04 reads much more after the key; what is tagged meanwhile is not taken away by setting our own."""
    step, wanted, plan, approval = planned(broken, for_good=False, remediate=["organization_tag"])
    held, theirs = broken.world.state.vaults[VAULT].keys[KEY], {"anthropic-org-other": "true"}

    def meets(_: Request, answer: Response | None) -> Response:
        assert answer is not None
        held.current[1].tags = {**held.current[1].tags, **theirs}
        return answer

    broken.world.cloud.after("GetKey", meets, times=1)
    step.apply(remedy, wanted, plan, approval)
    assert held.current[1].tags == {"owner": "security", TAG: "true", **theirs}


def days(state: State) -> None:
    state.vaults[VAULT].soft_delete_retention_in_days = 7


def locked(state: State) -> None:
    state.locks["frozen"] = Lock(scope=GROUP, level="ReadOnly")


@pytest.mark.parametrize(
    ("moves", "said"),
    [(days, "retention days was 90, is 7"), (locked, "a ReadOnly lock keeps every change away")],
    ids=["other days", "locked"],
)
def test_ground_that_moved_after_the_approval_is_not_built_on(
    broken: Walk, moves: Callable[[State], None], said: str
) -> None:
    """What purge protection was approved on is another one by now: refused, and nothing is sent."""
    step, wanted, plan, approval = planned(broken, for_good=True)
    moves(broken.world.state)
    with pytest.raises(Refused, match=said):
        step.apply(remedy, wanted, plan, approval)
    assert broken.world.cloud.wrote() == []


def test_what_somebody_set_meanwhile_is_kept(broken: Walk) -> None:
    """A tag and an address rule that came between the plan and its doing are still there after it."""
    vault = broken.world.state.vaults[VAULT]
    step, wanted, plan, approval = planned(broken, for_good=False)
    vault.keys[KEY].current[1].tags = {"owner": "security", "cost-center": "4711"}
    assert vault.network_acls is not None
    vault.network_acls.ip_rules = [OWN_RULE, "192.0.2.0/24"]
    step.apply(remedy, wanted, plan, approval)
    vault = broken.world.state.vaults[VAULT]
    assert vault.keys[KEY].current[1].tags == {"owner": "security", "cost-center": "4711", TAG: "true"}
    assert vault.network_acls is not None
    assert vault.network_acls.ip_rules == [f"{OWN_RULE}/32", "192.0.2.0/24", *RANGES]


def test_a_read_only_lock_refuses_before_anything_is_sent(broken: Walk) -> None:
    """Half of the remedies would be refused by Azure, so none is begun."""
    broken.world.state.locks["frozen"] = Lock(scope=GROUP, level="ReadOnly")
    with pytest.raises(Refused, match="ReadOnly lock") as caught:
        broken.verify(**ALL)
    assert "replace it by CanNotDelete" in caught.value.next_step
    assert broken.world.cloud.wrote() == []


@pytest.mark.parametrize("lost", [status(500), dropped], ids=["500", "cut"])
def test_when_every_reply_is_lost_each_remedy_is_there_once(broken: Walk, lost: Any) -> None:
    """The first reply to each change is lost: what happened is found, and all is mended in one go."""
    for operation in set(WRITES.values()):
        broken.world.cloud.after(operation, lost, times=2 if operation == "Vaults_Update" else 1)
    broken.verify(for_good=True, **ALL)
    assert broken.world.cloud.wrote() == [WRITES[name] for name in ALL["remediate"]]
    mended(broken.world.state)


@pytest.mark.parametrize("name", WRITES)
def test_a_run_that_stopped_is_finished_by_running_it_again(broken: Walk, name: str) -> None:
    """A change that did not happen stops 04 with one error; the next run does what is left, once."""
    skip = 1 if name == "purge_protection" else 0
    broken.world.cloud.before(WRITES[name], status(503), skip=skip, times=1)
    with pytest.raises(ServiceFailed) as caught:
        broken.verify(for_good=True, **ALL)
    assert caught.value.next_step and caught.value.request_id
    assert broken.events()[-2:] == ["about_to", "stopped"]
    broken.verify(for_good=True, **ALL)
    assert broken.world.cloud.wrote() == [WRITES[name] for name in ALL["remediate"]]
    mended(broken.world.state)


def test_somebody_without_the_right_is_told_which_role_it_takes(broken: Walk) -> None:
    """The reader sees the plan; its change is refused by Azure, in one error that names the role."""
    with pytest.raises(ServiceFailed, match="403 AuthorizationFailed") as caught:
        broken.verify("reader", **{**ALL, "remediate": ["delete_lock"]})
    assert "Owner or User Access Administrator" in caught.value.next_step
    assert broken.world.cloud.wrote() == []
