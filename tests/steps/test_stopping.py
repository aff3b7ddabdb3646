"""What stops a step: missing rights, missing approval, the wrong vault, a failed check. Nothing is written then."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.approval import phrase
from helpers.errors import ApprovalRequired, ChecksFailed, Failed, Refused, RunbookError, Unproven
from helpers.rehearsal.state import NetworkAcls
from helpers.steps import attach
from tests.services.faults import status
from tests.services.rehearsed import ADMIN_KEY, GIVEN
from tests.steps.walking import STEPS, Walk, undo

VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
OTHER = "12121212-3434-4565-8787-909090909090"


def stops(walk: Walk, kind: type[RunbookError], step: str, identity: str = "operator", **changes: Any) -> RunbookError:
    """The error a step stops with; it says what to do, is in the ledger, and nothing was written."""
    with pytest.raises(kind) as caught:
        walk.take(step, identity, **changes)
    assert type(caught.value) is kind
    assert caught.value.what and caught.value.next_step
    assert walk.rows()[-1]["event"] == "stopped"
    assert walk.rows()[-1]["lines"] == caught.value.lines()
    assert walk.world.cloud.wrote() == []
    return caught.value


@pytest.mark.parametrize("step", STEPS)
def test_somebody_without_rights_is_told_which(walk: Walk, step: str) -> None:
    """A step by an identity that may only sign in stops with one error and never a traceback."""
    error = stops(walk, Unproven, step, "nobody")
    assert "403" in str(error)


@pytest.mark.parametrize(
    ("step", "identity"),
    [
        ("01_consent", "key-officer"),
        ("02_key", "consent-admin"),
        ("02_key", "access-admin"),
        ("03_rbac", "key-officer"),
    ],
)
def test_somebody_with_the_rights_of_another_step_is_stopped(walk_onboarded: Walk, step: str, identity: str) -> None:
    """A step by the person of another step stops with one error that names what it takes, and changes nothing."""
    walk = walk_onboarded
    undo(walk.world.state, step)
    with pytest.raises(RunbookError) as caught:
        walk.take(step, identity)
    assert caught.value.next_step
    assert caught.value.request_id or "403" in str(caught.value)
    assert walk.world.cloud.wrote() == []


@pytest.mark.parametrize("step", ["01_consent", "02_key", "03_rbac"])
def test_reading_rights_are_enough_to_plan_but_not_to_change(walk_onboarded: Walk, step: str) -> None:
    """The reader sees the plan; its change is refused by the service in the service's words."""
    walk = walk_onboarded
    undo(walk.world.state, step)
    with pytest.raises(Failed, match="403"):
        walk.take(step, "reader")
    assert walk.world.cloud.wrote() == []


@pytest.mark.parametrize(
    ("step", "typed"),
    [("01_consent", ""), ("02_key", ""), ("03_rbac", ""), ("03_rbac", "Apply"), ("03_rbac", "for good")],
)
def test_in_plan_mode_nothing_is_changed_without_the_word(walk_onboarded: Walk, step: str, typed: str) -> None:
    """mode: plan and no phrase, or a wrong one: the plan is shown, and applying it asks for approval."""
    walk = walk_onboarded
    undo(walk.world.state, step)
    error = stops(walk, ApprovalRequired, step, mode="plan", typed=typed)
    assert ("not the phrase" in str(error)) is bool(typed)
    assert walk.rows()[-2]["approval"]["granted"] is False
    assert "about_to" not in walk.events(step)


def test_in_plan_mode_the_typed_word_is_enough(walk: Walk) -> None:
    """The right word approves a change that can be undone, and the record says that it was typed."""
    walk.take("01_consent", mode="plan", typed="apply")
    (approval,) = [row["approval"] for row in walk.rows() if row["event"] == "approval"]
    assert approval["how"] == "typed"
    assert walk.world.cloud.wrote() == ["servicePrincipal create"]


@pytest.mark.parametrize("typed", ["", "apply", "for good", "for good 000000000000"])
def test_attaching_takes_its_own_phrase(walk_onboarded: Walk, typed: str) -> None:
    """mode: apply does not cover the permanent change, nor does any phrase but the plan's own."""
    undo(walk_onboarded.world.state, "05_register")
    with pytest.raises(ApprovalRequired) as caught:
        walk_onboarded.register(typed=typed)
    assert "never be undone" in caught.value.why
    assert walk_onboarded.world.cloud.wrote() == []


@pytest.mark.parametrize("step", STEPS)
def test_a_vault_of_another_tenant_is_refused(walk: Walk, step: str) -> None:
    """The vault's own tenant differs from the parameters: every step stops before any write."""
    walk.world.state.vaults[VAULT].tenant_id = OTHER
    kind: type[RunbookError] = ChecksFailed if step == "04_verify" else Refused
    error = stops(walk, kind, step)
    assert OTHER in str(error)


def test_signed_in_to_another_tenant_is_refused(walk: Walk) -> None:
    """A token of another tenant than the parameters': the step does not even begin, and the ledger says why."""
    with pytest.raises(Refused, match="signed in to tenant"):
        walk.begin("01_consent", tenant_id=OTHER)
    assert walk.events() == ["stopped"]
    assert {row["host"] for row in walk.world.cloud.journal.rows()} == {"login.microsoftonline.com"}


@pytest.mark.parametrize(("step", "needed"), [("03_rbac", "01_consent"), ("05_register", "01_consent")])
def test_a_step_before_its_time_names_the_step_it_waits_for(walk: Walk, step: str, needed: str) -> None:
    """A missing earlier step is named as what to run first."""
    assert needed in stops(walk, Refused, step).next_step


def test_checks_that_fail_stop_04(walk: Walk) -> None:
    """With nothing onboarded 04 stops with the first blocking check, its id and a remedy."""
    assert "04_verify: V" in stops(walk, ChecksFailed, "04_verify").what


@pytest.mark.parametrize(
    "change",
    [
        {"enable_purge_protection": None},
        {"enable_purge_protection": False},
        {"enable_rbac_authorization": False},
        {"network_acls": NetworkAcls(default_action="Deny")},
    ],
    ids=["purge protection unset", "purge protection off", "access policies", "firewall"],
)
def test_05_gates_itself(walk_onboarded: Walk, change: dict[str, Any]) -> None:
    """A vault that went wrong after 04: 05 makes the checks itself and does not attach, even with the phrase typed."""
    state = walk_onboarded.world.state
    state.workspaces["wrkspc_01REHEARSALCMEK"].external_key_id = None
    for name, value in change.items():
        setattr(state.vaults[VAULT], name, value)
    error = stops(walk_onboarded, Refused, "05_register", workspace={"id": "wrkspc_01REHEARSALCMEK"})
    assert "blocking checks do not pass" in error.what


def test_what_cannot_be_read_blocks_the_attaching(walk_onboarded: Walk) -> None:
    """A blocking check that is unknown at the gate refuses: unknown is not pass."""
    walk_onboarded.world.state.workspaces["wrkspc_01REHEARSALCMEK"].external_key_id = None
    walk_onboarded.world.cloud.before("RoleAssignments_ListForScope", status(403))
    error = stops(walk_onboarded, Unproven, "05_register", workspace={"id": "wrkspc_01REHEARSALCMEK"})
    assert "do not pass" in error.what


def test_a_role_that_never_counts_is_not_attached_over(walk_onboarded: Walk) -> None:
    """The wait for validation is bounded, its last answer is judged, and a failing one refuses the attaching."""
    walk = walk_onboarded
    undo(walk.world.state, "03_rbac")
    walk.world.state.settings.role_lag_seconds = 100_000
    walk.take("03_rbac")
    with pytest.raises(Refused, match="do not pass"):
        walk.register()
    assert walk.world.cloud.asked("external key validate") < 60
    assert any("Anthropic's validation" in line for line in walk.world.said)
    assert "workspace create" not in walk.world.cloud.wrote()


def test_what_was_approved_must_still_be_there(walk_onboarded: Walk) -> None:
    """Between approval and attaching the key got another version: it covers neither plan."""
    state = walk_onboarded.world.state
    state.workspaces["wrkspc_01REHEARSALCMEK"].external_key_id = None
    step = walk_onboarded.begin("05_register", workspace={"id": "wrkspc_01REHEARSALCMEK"})

    target, shown = walk_onboarded.gate(step)
    approval = step.approve(shown, phrase(shown, step.services.world))
    assert approval.granted
    versions = state.vaults[VAULT].keys[KEY].versions
    (only,) = versions
    versions["f" * 32] = versions[only].model_copy(update={"created": state.settings.now})
    with pytest.raises(Refused, match="not what was planned on: key version was"):
        step.apply(attach, target, shown, approval)
    _, now_there = walk_onboarded.gate(step)
    with pytest.raises(ApprovalRequired, match="what was approved is not what is there: key version"):
        step.apply(attach, target, now_there, approval)
    assert walk_onboarded.world.cloud.wrote() == []


def test_a_key_that_is_attached_and_that_anthropic_cannot_use_is_not_well(walk_onboarded: Walk) -> None:
    """All that Azure shows is right and the workspace has the key: only Anthropic's own try tells, and 05 ends with it."""
    state = walk_onboarded.world.state
    state.settings.role_lag_seconds = 10**6
    state.role_assignments["66666666-7777-4888-8999-aaaaaaaaaaaa"].created = walk_onboarded.world.world.now()
    error = stops(walk_onboarded, Refused, "05_register")
    assert "already has" in error.what and "and blocking checks do not pass: V46" in error.what


def test_an_admin_key_that_is_missing_stops_05_only(walk_onboarded: Walk, monkeypatch: pytest.MonkeyPatch) -> None:
    """Steps that do not need the Admin API run without its key; 05 names the reference and where a key comes from."""
    walk = walk_onboarded
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    for step in STEPS[:4]:
        walk.take(step)
    with pytest.raises(RunbookError, match="env:ANTHROPIC_ADMIN_KEY"):
        walk.register()


def test_a_secret_in_the_cloud_stops_the_record(walk_onboarded: Walk) -> None:
    """A tag that holds a credential is not written to the ledger; the step stops and says what kind it was."""
    held = walk_onboarded.world.state.vaults[VAULT].keys[KEY]
    next(iter(held.versions.values())).tags["note"] = ADMIN_KEY
    with pytest.raises(Failed, match="an Anthropic API key"):
        walk_onboarded.take("02_key")
    assert ADMIN_KEY not in walk_onboarded.written()
