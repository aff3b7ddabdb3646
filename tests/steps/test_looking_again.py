"""Between the plan and its doing: apply looks again, does what was approved once, and nothing that was not."""

from __future__ import annotations

from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest

from helpers.approval import Approval, phrase
from helpers.errors import Refused, ServiceFailed
from helpers.notebook import Step
from helpers.plan import Plan
from helpers.rehearsal.state import Key, KeyVersion, State
from helpers.rehearsal.wire import Request, Response
from helpers.steps import attach, key, register
from tests.services.rehearsed import GIVEN
from tests.steps.walking import REVERSIBLE, STEPS, Walk, undo

VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
WORKSPACE = "wrkspc_01REHEARSALCMEK"
TAG = f"anthropic-org-{GIVEN['organization_id']}"
MODULES: dict[str, ModuleType] = {**REVERSIBLE, "05_register": register}
MADE: dict[str, Callable[[State], int]] = {
    "01_consent": lambda state: len(state.service_principals),
    "02_key": lambda state: len(state.vaults[VAULT].keys[KEY].versions),
    "03_rbac": lambda state: sum(KEY in row.scope for row in state.role_assignments.values()),
    "05_register": lambda state: len(state.external_keys),
}


def planned(walk: Walk, name: str) -> tuple[Step, Any, Plan, Approval]:
    """A reversible step, or the first round of 05, up to its approval."""
    module = MODULES[name]
    step = walk.begin(name)
    wanted = module.Wanted.of(step.parameters)
    plan: Plan = module.plan(wanted, step.read(module.facts))
    return step, wanted, plan, step.approve(plan)


@pytest.mark.parametrize("name", MODULES)
def test_a_reversible_step_applied_twice_makes_one_thing(walk_onboarded: Walk, name: str) -> None:
    """The same plan and approval again: one object, one write, one change in the ledger, an empty receipt."""
    walk, state = walk_onboarded, walk_onboarded.world.state
    undo(state, name)
    state.external_keys.clear()
    step, wanted, plan, approval = planned(walk, name)
    first = step.apply(MODULES[name], wanted, plan, approval)
    second = step.apply(MODULES[name], wanted, plan, approval)
    assert (len(first.done), len(second.done)) == (1, 0)
    assert len(walk.world.cloud.wrote()) == 1
    assert MADE[name](state) == 1
    assert walk.events().count("about_to") == walk.events().count("receipt") == 1


@pytest.mark.parametrize("workspace", [{"id": WORKSPACE}, {"create": "contoso-cmek"}], ids=["existing", "new"])
def test_attaching_twice_attaches_once(walk_onboarded: Walk, workspace: dict[str, str]) -> None:
    """Running the Attach cell again with the same approval sends nothing more."""
    walk, state = walk_onboarded, walk_onboarded.world.state
    state.workspaces[WORKSPACE].external_key_id = None
    if "create" in workspace:
        undo(state, "05_register")
    step, target, plan, approval = approved(walk, workspace=workspace)
    first = step.apply(attach, target, plan, approval)
    second = step.apply(attach, target, plan, approval)
    assert (len(first.done), len(second.done)) == (1, 0)
    assert walk.world.cloud.wrote() == ["workspace update" if "id" in workspace else "workspace create"]
    attached = [row.name for row in state.workspaces.values() if row.external_key_id]
    assert attached == ["contoso-cmek"]
    assert walk.events().count("about_to") == 1


def approved(walk: Walk, **changes: Any) -> tuple[Step, attach.Wanted, Plan, Approval]:
    """05 up to the granted approval of the attaching."""
    step = walk.begin("05_register", **changes)
    target, plan = walk.gate(step)
    approval = step.approve(plan, phrase(plan, step.services.world))
    assert approval.granted
    return step, target, plan, approval


def disable_key(state: State) -> None:
    (version,) = state.vaults[VAULT].keys[KEY].versions.values()
    version.enabled = False


def unset_purge_protection(state: State) -> None:
    state.vaults[VAULT].enable_purge_protection = None


@pytest.mark.parametrize(
    "worse",
    [lambda state: state.diagnostic_settings.clear(), disable_key, unset_purge_protection],
    ids=["diagnostic setting deleted", "key disabled", "purge protection unset"],
)
def test_a_world_that_got_worse_after_the_approval_is_not_attached_to(
    walk_onboarded: Walk, worse: Callable[[State], None]
) -> None:
    """The gate passed and was approved; what broke since then is seen right before attaching, and refuses it."""
    walk, state = walk_onboarded, walk_onboarded.world.state
    state.workspaces[WORKSPACE].external_key_id = None
    step, target, plan, approval = approved(walk, workspace={"id": WORKSPACE})
    worse(state)
    with pytest.raises(Refused, match="blocking checks do not pass") as caught:
        step.apply(attach, target, plan, approval)
    assert caught.value.next_step
    assert walk.world.cloud.wrote() == []
    assert state.workspaces[WORKSPACE].external_key_id is None
    assert walk.events()[-1] == "stopped" and "about_to" not in walk.events()


def test_a_plan_that_became_another_is_not_done(walk_onboarded: Walk) -> None:
    """Tagging was approved; meanwhile the key got operations to take away: not what was shown, so nothing is done."""
    walk = walk_onboarded
    (version,) = walk.world.state.vaults[VAULT].keys[KEY].versions.values()
    version.tags = {}
    step, wanted, plan, approval = planned(walk, "02_key")
    version.key_ops = ["wrapKey", "unwrapKey", "sign"]
    with pytest.raises(Refused, match="what is there now is not what was planned on"):
        step.apply(key, wanted, plan, approval)
    assert walk.world.cloud.wrote() == []
    assert version.tags == {}


def test_a_tag_added_meanwhile_survives_the_tagging(walk_onboarded: Walk) -> None:
    """Key Vault replaces the whole tag map: a tag that came between plan and apply is still there afterwards."""
    held = walk_onboarded.world.state.vaults[VAULT].keys[KEY]
    (version,) = held.versions.values()
    version.tags = {"owner": "security"}
    step, wanted, plan, approval = planned(walk_onboarded, "02_key")
    version.tags = {"owner": "security", "cost-center": "4711"}
    step.apply(key, wanted, plan, approval)
    assert held.current[1].tags == {"owner": "security", "cost-center": "4711", TAG: "true"}
    assert walk_onboarded.world.cloud.wrote() == ["UpdateKey"]


def soft_delete(state: State) -> None:
    now = state.settings.now
    state.vaults[VAULT].keys[KEY] = Key(versions={"a" * 32: KeyVersion(created=now, n="AQAB")}, deleted=now)


def test_a_name_soft_deleted_after_the_last_look_is_told_in_words(walk: Walk) -> None:
    """The service's own refusal of the name becomes a sentence with what to do, not a code."""
    state = walk.world.state
    step, wanted, plan, approval = planned(walk, "02_key")

    def meanwhile(_: Request, reply: Response | None) -> Response:
        assert reply is not None
        soft_delete(state)
        walk.world.world.clock.advance(60)
        return reply

    walk.world.cloud.after("GetDeletedKey", meanwhile, times=1)
    with pytest.raises(ServiceFailed) as caught:
        step.apply(key, wanted, plan, approval)
    assert caught.value.what == f"a soft-deleted key holds the name {KEY}"
    assert "choose another key_name" in caught.value.next_step and caught.value.request_id
    assert walk.world.cloud.asked("CreateKey") == 1 and walk.world.cloud.wrote() == []


def test_a_name_soft_deleted_before_the_last_look_is_not_tried(walk: Walk) -> None:
    """The look right before creating sees it: refused with the day the name is free again, and nothing is sent."""
    state = walk.world.state
    step, wanted, plan, approval = planned(walk, "02_key")
    soft_delete(state)
    walk.world.world.clock.advance(60)
    with pytest.raises(Refused, match=f"a soft-deleted key holds the name {KEY} until 20"):
        step.apply(key, wanted, plan, approval)
    assert walk.world.cloud.asked("CreateKey") == 0


def test_every_step_that_changes_is_here() -> None:
    """No step with changes is left out of these tests."""
    assert set(MODULES) == set(STEPS) - {"04_verify"}
