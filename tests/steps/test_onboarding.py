"""The five steps, end to end with real clients in this process: to the end, twice, by several people, interrupted."""

from __future__ import annotations

from typing import Any

import pytest

from helpers import published
from helpers.checks import Verdicts
from helpers.errors import ServiceFailed
from helpers.plan import Plan
from helpers.rehearsal.state import State
from tests.services.faults import dropped, status, text
from tests.services.rehearsed import GIVEN, Rehearsed
from tests.steps.walking import STEPS, Walk, undo

KEY, VAULT = str(GIVEN["key_name"]), str(GIVEN["vault_name"])
WRITES = [
    "servicePrincipal create",
    "CreateKey",
    "RoleAssignments_Create",
    "external key create",
    "workspace create",
]
IDENTITIES = dict(zip(STEPS, ("consent-admin", "key-officer", "access-admin", "reader", "reader"), strict=True))


def onboarded_once(state: State) -> None:
    """Assert that everything is there exactly once and joined up."""
    (principal,) = [id for id, row in state.service_principals.items() if row.app_id == published.APP_ID]
    (version,) = state.vaults[VAULT].keys[KEY].versions.values()
    assert set(version.key_ops) == {"wrapKey", "unwrapKey"}
    assert version.tags == {f"anthropic-org-{GIVEN['organization_id']}": "true"}
    (grant,) = [row for row in state.role_assignments.values() if row.principal_id == principal]
    assert grant.role_definition == published.CRYPTO_USER
    assert grant.scope.lower().endswith(f"/vaults/{VAULT}/keys/{KEY}")
    ((ekey, registered),) = state.external_keys.items()
    assert (registered.key_name, registered.tenant_id) == (KEY, GIVEN["tenant_id"])
    assert [row.name for row in state.workspaces.values() if row.external_key_id == ekey] == ["contoso-cmek"]


def nothing_to_do(outcomes: list[Plan | Verdicts]) -> bool:
    return all(outcome.nothing_to_do for outcome in outcomes if isinstance(outcome, Plan))


def test_from_nothing_to_attached_and_a_second_run_changes_nothing(walk: Walk) -> None:
    """Five writes, in order, end in an attached key; running again keeps everything and writes nothing."""
    walk.all()
    assert walk.world.cloud.wrote() == WRITES
    onboarded_once(walk.world.state)
    before = walk.world.world.fingerprint()
    walk.world.cloud.mend()
    assert nothing_to_do(walk.all())
    assert walk.world.cloud.wrote() == []
    assert walk.world.world.fingerprint() == before


def test_an_onboarded_world_is_kept(walk_onboarded: Walk) -> None:
    """What somebody else onboarded is kept as it is, each plan with a sentence saying so, whatever the mode."""
    for mode in ("apply", "plan"):
        outcomes = walk_onboarded.all(mode=mode)
        plans = [outcome for outcome in outcomes if isinstance(outcome, Plan)]
        assert [len(plan.keeps) > 0 and plan.nothing_to_do for plan in plans] == [True] * 4
    assert walk_onboarded.world.cloud.wrote() == []
    assert set(walk_onboarded.events()) >= {"identity", "facts", "plan", "approval", "verdicts", "step_finished"}
    assert "about_to" not in walk_onboarded.events()


def test_each_step_by_somebody_with_only_its_rights(walk: Walk) -> None:
    """Each step works for an identity that may do that step and nothing else; the ledger names each actor."""
    for step, identity in IDENTITIES.items():
        walk.take(step, identity)
    onboarded_once(walk.world.state)
    actors = {row["step"]: row["actor"] for row in walk.rows()}
    assert actors == {step: walk.world.state.identities[identity].object_id for step, identity in IDENTITIES.items()}


@pytest.mark.parametrize("meets", [status(500), dropped], ids=["500", "cut"])
def test_when_every_reply_to_a_change_is_lost_it_still_ends_once(walk: Walk, meets: Any) -> None:
    """The first reply to each change is lost: the steps find what happened and go on; everything is there once."""
    walk.world.state.settings.principal_lag_seconds = 0
    for operation in WRITES:
        walk.world.cloud.after(operation, meets, times=1)
    walk.all()
    assert walk.world.cloud.wrote() == WRITES
    onboarded_once(walk.world.state)


@pytest.mark.parametrize(("operation", "step"), list(zip(WRITES, (*STEPS[:3], STEPS[4], STEPS[4]), strict=True)))
def test_a_step_that_stopped_is_finished_by_running_it_again(walk_onboarded: Walk, operation: str, step: str) -> None:
    """A change that did not happen stops its step with one error; the next run does what is left, once."""
    walk = walk_onboarded
    undo(walk.world.state, step)
    walk.world.state.external_keys.clear()
    walk.world.cloud.before(operation, status(503), times=1)
    with pytest.raises(ServiceFailed) as caught:
        walk.take(step)
    assert caught.value.next_step and caught.value.request_id
    assert walk.events(step)[-2:] == ["about_to", "stopped"]
    assert walk.rows()[-1]["lines"][-1].endswith(caught.value.request_id)
    for left in STEPS[STEPS.index(step) :]:
        walk.take(left)
    assert walk.world.cloud.wrote() == WRITES[WRITES.index(operation) if step != "05_register" else 3 :]
    onboarded_once(walk.world.state)


def test_the_ledger_tells_each_change_before_and_after(walk: Walk) -> None:
    """A changing step is recorded as identity, facts, plan, approval, about to, receipt, finished; with request ids."""
    walk.take("01_consent")
    assert walk.events() == ["identity", "facts", "plan", "approval", "about_to", "receipt", "step_finished"]
    (receipt,) = [row for row in walk.rows() if row["event"] == "receipt"]
    write = next(row for row in walk.world.cloud.journal.rows() if row["wrote"])
    assert receipt["request_id"] == write["request_id"]
    assert receipt["t"].startswith("2026-11-23T09:0")


def test_a_key_with_too_many_operations_and_no_tag_is_adopted(walk_onboarded: Walk) -> None:
    """An existing key is tagged beside its own tags and narrowed, without a new version."""
    held = walk_onboarded.world.state.vaults[VAULT].keys[KEY]
    (name,) = held.versions
    version = held.versions[name]
    version.tags, version.key_ops = {"owner": "security"}, ["encrypt", "decrypt", "wrapKey", "unwrapKey"]
    walk_onboarded.take("02_key")
    after = walk_onboarded.world.state.vaults[VAULT].keys[KEY].versions
    assert list(after) == [name]
    assert after[name].tags == {"owner": "security", f"anthropic-org-{GIVEN['organization_id']}": "true"}
    assert set(after[name].key_ops) == {"wrapKey", "unwrapKey"}
    assert walk_onboarded.world.cloud.wrote() == ["UpdateKey", "UpdateKey"]


def test_an_existing_workspace_gets_the_key(walk_onboarded: Walk) -> None:
    """workspace: {id: …} is updated, not created again."""
    state = walk_onboarded.world.state
    state.workspaces["wrkspc_01REHEARSALCMEK"].external_key_id = None
    plan = walk_onboarded.register(workspace={"id": "wrkspc_01REHEARSALCMEK"})
    assert plan.permanent
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]
    assert state.workspaces["wrkspc_01REHEARSALCMEK"].external_key_id == "ekey_01REHEARSALONBOARDED"


def test_waiting_for_a_new_principal_is_seen(walk: Walk) -> None:
    """03 waits until Azure RBAC knows the principal, and says for what and how long."""
    walk.world.state.settings.principal_lag_seconds = 20
    walk.take("01_consent")
    walk.take("02_key")
    walk.take("03_rbac")
    said = [line for line in walk.world.said if "Azure RBAC to know the service principal" in line]
    assert len(said) > 2
    assert "s left" in said[0] and "seen after" in said[-1]


def test_waiting_for_a_principal_that_never_comes_ends(walk: Walk) -> None:
    """The wait is bounded: after ten minutes of the world's time the step stops with what to do; nothing granted."""
    walk.world.state.settings.principal_lag_seconds = 100_000
    walk.take("01_consent")
    walk.take("02_key")
    with pytest.raises(ServiceFailed, match="waited 6") as caught:
        walk.take("03_rbac")
    assert caught.value.next_step
    assert walk.world.cloud.asked("RoleAssignments_Create") < 40
    assert "RoleAssignments_Create" not in walk.world.cloud.wrote()


def test_waiting_for_a_role_is_seen(walk: Walk) -> None:
    """05 tries the validation again while the role is on its way, and says so."""
    walk.world.state.settings.role_lag_seconds = 60
    walk.all()
    said = [line for line in walk.world.said if "Anthropic's validation" in line]
    assert "s left" in said[0] and "seen after" in said[-1]
    onboarded_once(walk.world.state)


def test_a_change_that_never_becomes_readable_ends(walk: Walk) -> None:
    """When reading back does not show the change, the step waits visibly, stops after its bound, and says so."""
    walk.world.cloud.before("servicePrincipal list", text('{"value": []}'))
    with pytest.raises(ServiceFailed, match="to be readable") as caught:
        walk.take("01_consent")
    assert caught.value.next_step
    assert walk.world.cloud.wrote() == ["servicePrincipal create"]
    assert any("the change to be readable" in line for line in walk.world.said)
    assert walk.events()[-1] == "stopped"


def test_a_rehearsal_of_two_is_one_world(healthy: Rehearsed) -> None:
    """Two clients of one world see each other's changes."""
    one, two = healthy.services(), healthy.services("consent-admin")
    made = two.principals.consent()
    found = one.principals.of_published_app()
    assert made is not None and [row.object_id for row in found.value] == [made.object_id]  # type: ignore[union-attr]
