"""What the gate of 05 takes into account: whose registration, whose vault, which product, whether waiting can help."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.approval import Approval
from helpers.checks import Verdict
from helpers.display import JSON_TYPE
from helpers.errors import ChecksFailed, Refused
from helpers.headless.planning import plan_all
from helpers.model import Known
from helpers.notebook import Step
from helpers.plan import Keep, Plan
from helpers.rehearsal.state import State
from helpers.steps import attach, by_hand, rbac, register
from tests.services.rehearsed import GIVEN, Rehearsed, given
from tests.steps.walking import Walk, undo

VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
WORKSPACE, EKEY = "wrkspc_01REHEARSALCMEK", "ekey_01REHEARSALONBOARDED"
SOMEBODY = "12121212-3434-4565-8787-909090909090"
ENTERPRISE = {"product": "claude_enterprise", "workspace": None, "external_key_name": None}
ENTERED = {
    "Vault URI": f"https://{VAULT}.vault.azure.net/",
    "Key name": KEY,
    "Tenant ID": str(GIVEN["tenant_id"]),
}


def test_a_registration_for_another_application_is_refused(walk_onboarded: Walk) -> None:
    """An external key of ours with a client ID is not kept: it is named, and nothing is registered beside it."""
    walk = walk_onboarded
    walk.world.state.external_keys[EKEY].client_id = SOMEBODY
    with pytest.raises(Refused, match="registered for another application") as caught:
        walk.register()
    assert SOMEBODY in str(caught.value) and EKEY in caught.value.next_step
    assert walk.world.cloud.wrote() == []


def test_a_workspace_with_a_foreign_registration_is_not_taken_for_attached(walk_onboarded: Walk) -> None:
    """The workspace has the key, but for another application: no Keep, and the checks from both sides fail."""
    walk = walk_onboarded
    walk.world.state.external_keys[EKEY].client_id = SOMEBODY
    step = walk.begin("05_register")
    _, plan = walk.gate(step)
    assert not plan.keeps and not plan.changes
    rows = {row.check.id: row.finding for row in step.judge(step.read(attach.facts), "attached").rows}
    assert {rows[name].verdict for name in ("V39", "V47")} == {Verdict.FAIL}
    with pytest.raises(Refused):
        step.approve(plan)


def test_a_foreign_registration_beside_ours_stops_at_the_gate(walk_onboarded: Walk) -> None:
    """Ours is there and validates; another one of the same key for another application still refuses attaching."""
    walk, state = walk_onboarded, walk_onboarded.world.state
    state.workspaces[WORKSPACE].external_key_id = None
    state.external_keys["ekey_01REHEARSALFOREIGN"] = state.external_keys[EKEY].model_copy(
        update={"client_id": SOMEBODY}
    )
    step = walk.begin("05_register", workspace={"id": WORKSPACE})
    _, plan = walk.gate(step)
    (refusal,) = plan.refusals
    assert "another application" in refusal.what and SOMEBODY in refusal.got
    with pytest.raises(Refused, match="another application"):
        step.approve(plan, "for good")


def vault_scope(state: State, *, shared: bool) -> None:
    """The role at the whole vault, which holds one key or two."""
    for row in state.role_assignments.values():
        row.scope = row.scope.removesuffix(f"/keys/{KEY}")
    keys = state.vaults[VAULT].keys
    if shared:
        keys["payroll"] = keys[KEY].model_copy(deep=True)
    state.workspaces[WORKSPACE].external_key_id = None


def test_a_role_at_a_vault_with_a_second_key_fails_everywhere(walk_onboarded: Walk) -> None:
    """role_scope: vault is for a vault that holds this key alone: 04 and the gate fail on it, and 03 refuses."""
    walk = walk_onboarded
    vault_scope(walk.world.state, shared=True)
    with pytest.raises(ChecksFailed, match=r"V31 .*not proven to hold this key alone"):
        walk.verify(role_scope="vault")
    with pytest.raises(Refused, match="blocking checks do not pass: V31"):
        walk.register(role_scope="vault", workspace={"id": WORKSPACE})
    with pytest.raises(Refused, match="the vault holds other keys"):
        walk.reversible(rbac.STEP, role_scope="vault")
    assert walk.world.cloud.wrote() == []


def test_a_role_at_a_vault_with_one_key_passes(walk_onboarded: Walk) -> None:
    """The same role where the vault holds this key alone: 04 passes and the key is attached."""
    vault_scope(walk_onboarded.world.state, shared=False)
    walk_onboarded.verify(role_scope="vault")
    walk_onboarded.register(role_scope="vault", workspace={"id": WORKSPACE})
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]


def sheets(walk: Walk) -> list[Any]:
    """The rows of every sheet for claude.ai that was shown."""
    views = [value for shown in walk.shown for value in json.loads(shown).values() if isinstance(value, dict)]
    return [view["rows"] for view in views if view.get("kind") == "by hand"]


def asked_anthropic(world: Rehearsed) -> bool:
    return "api.anthropic.com" in {row["host"] for row in world.cloud.journal.rows()}


def test_enterprise_is_told_what_to_enter_once_the_gate_passes(
    walk_onboarded: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sheet holds the vault's own values and is on record; no Admin API key is needed or request sent."""
    walk = walk_onboarded
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    plan = walk.register(**ENTERPRISE)
    (kept,) = plan.items
    assert isinstance(kept, Keep) and str(kept) == by_hand.BY_HAND
    assert sheets(walk) == [ENTERED] and "so enter it nowhere" in walk.shown[-1]
    (recorded,) = [row["sheet"] for row in walk.rows() if row["event"] == "sheet"]
    assert recorded["rows"] == ENTERED and set(recorded["seen"]) == {
        "key version",
        "public key SHA-256",
        "open verdicts",
    }
    assert not asked_anthropic(walk.world) and walk.world.cloud.wrote() == []


def test_enterprise_is_shown_nothing_to_enter_while_the_gate_fails(walk_onboarded: Walk) -> None:
    """Purge protection is off: refused, and none of the three values is on a sheet or in the plan."""
    walk = walk_onboarded
    walk.world.state.vaults[VAULT].enable_purge_protection = False
    with pytest.raises(Refused, match="blocking checks do not pass"):
        walk.register(**ENTERPRISE)
    assert sheets(walk) == [] and "sheet" not in walk.events()
    plans = [row["plan"] for row in walk.rows() if row["event"] == "plan" and row["plan"]["step"] == attach.STEP]
    assert [item["kind"] for plan in plans for item in plan["items"]] == ["refusal"]
    assert ENTERED["Vault URI"] not in json.dumps(plans)
    assert not asked_anthropic(walk.world)


def test_the_sheet_goes_by_what_is_there_when_it_is_asked_for(walk_onboarded: Walk) -> None:
    """All was right before; the cell that shows the sheet looks again, and shows and records nothing once it is not."""
    walk = walk_onboarded
    step = walk.begin("05_register", **ENTERPRISE)
    assert step.sheet().rows
    walk.world.state.vaults[VAULT].enable_purge_protection = False
    with pytest.raises(ChecksFailed, match="V06"):
        step.sheet()
    assert walk.events().count("sheet") == 1 and walk.events()[-1] == "stopped"


def test_one_key_for_the_organization_is_said_before_anything(walk: Walk) -> None:
    """The banner of the first notebook says it for Claude Enterprise, to people and machines, and else does not."""
    shown = [walk.begin("01_consent", **given)._repr_mimebundle_() for given in (ENTERPRISE, {})]
    assert [by_hand.ONE_KEY in made["text/plain"] for made in shown] == [True, False]
    assert [by_hand.ONE_KEY in made["text/html"] for made in shown] == [True, False]
    assert [made[JSON_TYPE]["first"] for made in shown] == [[by_hand.BY_HAND], []]


@pytest.mark.parametrize("world", ["healthy", "onboarded"])
def test_planning_ahead_for_enterprise_attaches_nothing(world: str, request: pytest.FixtureRequest) -> None:
    """`plan` for Claude Enterprise plans no permanent change and does not ask the Admin API."""
    used: Rehearsed = request.getfixturevalue(world)
    plans = plan_all(used.services(**ENTERPRISE), given(**ENTERPRISE)).plans
    assert plans[-1].step in (register.STEP, attach.STEP)
    assert not any(plan.permanent for plan in plans) and not plans[-1].changes
    assert by_hand.ONE_KEY in str(plans[-1].items[0])
    assert not asked_anthropic(used)


def test_where_waiting_cannot_help_validation_is_asked_once(walk_onboarded: Walk) -> None:
    """A blocking check of Azure fails: Anthropic is asked once, its answer is shown, and nobody waits."""
    walk = walk_onboarded
    ekeys = dict(walk.world.state.external_keys)
    undo(walk.world.state, "03_rbac")
    walk.world.state.external_keys.update(ekeys)
    found = walk.begin("05_register").read(register.validated)
    assert not found.validation.value.succeeded  # type: ignore[union-attr]
    assert walk.world.cloud.asked("external key validate") == 1
    assert [line for line in walk.world.said if "Anthropic's validation" in line] == []


def test_what_was_read_before_a_wait_is_read_again(walk_onboarded: Walk) -> None:
    """Validation was waited for: the key, the roles and the vault are looked at again after it, and judged as they are."""
    walk = walk_onboarded
    undo(walk.world.state, "03_rbac")
    walk.world.state.settings.role_lag_seconds = 40
    walk.take("03_rbac")
    step = walk.begin("05_register")
    step.apply(register, register.Wanted.of(step.parameters), *planned(step))
    before = len(walk.world.cloud.journal.rows())
    found = step.read(register.validated)
    assert isinstance(found.validation, Known) and found.validation.value.succeeded
    asked = [row["operation"] for row in walk.world.cloud.journal.rows()[before:]]
    assert asked.count("external key validate") > 1
    last = len(asked) - 1 - asked[::-1].index("external key validate")
    assert {"Vaults_Get", "GetKey", "RoleAssignments_ListForScope"} <= set(asked[last:])


def planned(step: Step) -> tuple[Plan, Approval]:
    """The registration's plan and its approval."""
    plan = register.plan(register.Wanted.of(step.parameters), step.read(register.facts))
    return plan, step.approve(plan)
