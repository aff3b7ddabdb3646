"""Approval files of a permanent plan: which count, what beats them, and what is told of those that do not count."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from helpers.approval import Approval, phrase, save
from helpers.clock import stamp
from helpers.errors import ApprovalRequired
from helpers.notebook import Step
from helpers.plan import Plan
from helpers.steps import attach
from tests.steps.walking import Walk

WORKSPACE = "wrkspc_01REHEARSALCMEK"
NOT_COUNTING = {
    "expired": ({"expires_at": "2026-11-01T00:00:00Z"}, "the approval expired at 2026-11-01T00:00:00Z"),
    "mismatched": ({"seen": {"key version": "0" * 32}}, "key version was " + "0" * 32),
    "another world": ({"world": "rehearsal-00000000"}, "the approval was made in rehearsal-00000000"),
    "no rehearsal": ({"world": None}, "the approval was made outside a rehearsal"),
}


def stopped(walk: Walk) -> tuple[Step, attach.Wanted, Plan]:
    """05 before the approval of the attaching."""
    walk.world.state.workspaces[WORKSPACE].external_key_id = None
    step = walk.begin("05_register", workspace={"id": WORKSPACE})
    return step, *walk.gate(step)


def file(step: Step, plan: Plan, **changes: Any) -> Approval:
    """An approval file for a plan in the run's folder, good but for some changes."""
    who, now = step.services.caller, step.services.clock.now()
    good = Approval(
        plan.digest,
        True,
        "signed in",
        who.object_id,
        who.tenant_id,
        stamp(now),
        stamp(now + timedelta(days=7)),
        plan.seen,
        world=step.services.world,
    )
    made = replace(good, **changes)
    save(made, step.run.approvals)
    return made


def test_a_file_for_this_plan_and_world_counts(walk_onboarded: Walk) -> None:
    """Nothing is typed, and the good file is the approval that attaches."""
    step, target, plan = stopped(walk_onboarded)
    made = file(step, plan)
    approval = step.approve(plan)
    assert approval == made
    step.apply(attach, target, plan, approval)
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]


@pytest.mark.parametrize("why", NOT_COUNTING)
def test_a_file_that_does_not_count_does_not_beat_the_typed_phrase(walk_onboarded: Walk, why: str) -> None:
    """A file left from before is there, and the phrase is typed: the phrase counts."""
    step, target, plan = stopped(walk_onboarded)
    file(step, plan, **NOT_COUNTING[why][0])
    approval = step.approve(plan, phrase(plan, step.services.world))
    assert approval.granted and approval.how == "typed"
    step.apply(attach, target, plan, approval)
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]


@pytest.mark.parametrize("why", NOT_COUNTING)
def test_why_a_file_does_not_count_is_told_when_nothing_is_typed(walk_onboarded: Walk, why: str) -> None:
    """No approval, and the sentence says that there is a file and what is wrong with it; so does the error."""
    changes, said = NOT_COUNTING[why]
    step, target, plan = stopped(walk_onboarded)
    file(step, plan, **changes)
    approval = step.approve(plan)
    assert not approval.granted
    assert "there is an approval file, and it does not count" in approval.sentence and said in approval.sentence
    with pytest.raises(ApprovalRequired) as caught:
        step.apply(attach, target, plan, approval)
    assert said in caught.value.what and phrase(plan, step.services.world) in caught.value.next_step
    assert walk_onboarded.world.cloud.wrote() == []


@pytest.mark.parametrize("why", NOT_COUNTING)
def test_a_file_that_does_not_count_is_refused_by_apply_too(walk_onboarded: Walk, why: str) -> None:
    """Handed straight to apply, it is refused: the promise does not rest on the approval cell alone."""
    changes, said = NOT_COUNTING[why]
    step, target, plan = stopped(walk_onboarded)
    with pytest.raises(ApprovalRequired, match=said):
        step.apply(attach, target, plan, file(step, plan, **changes))
    assert walk_onboarded.world.cloud.wrote() == []


def test_an_approval_is_for_one_workspace_only(walk_onboarded: Walk) -> None:
    """After the attach the new workspace is renamed: the old file does not let a second one be made with the key."""
    state = walk_onboarded.world.state
    there = state.workspaces.pop(WORKSPACE)
    step = walk_onboarded.begin("05_register")
    _, plan = walk_onboarded.gate(step)
    file(step, plan)
    state.workspaces[WORKSPACE] = there.model_copy(update={"name": "renamed"})
    target, again = walk_onboarded.gate(step)
    assert again.digest == plan.digest
    approval = step.approve(again)
    assert not approval.granted and "workspaces that have it was none" in approval.sentence
    with pytest.raises(ApprovalRequired):
        step.apply(attach, target, again, approval)
    assert walk_onboarded.world.cloud.wrote() == []


def test_a_phrase_typed_for_another_key_version_approves_nothing(walk_onboarded: Walk) -> None:
    """The phrase is bound to what was shown: after a rotation the one typed before is not the phrase."""
    step, _, plan = stopped(walk_onboarded)
    typed = phrase(plan, step.services.world)
    versions = walk_onboarded.world.state.vaults["kv-contoso-claude"].keys["claude-cmek"].versions
    (only,) = versions.values()
    versions["f" * 32] = only.model_copy(update={"created": walk_onboarded.world.state.settings.now})
    _, moved = walk_onboarded.gate(step)
    assert moved.digest == plan.digest
    assert not step.approve(moved, typed).granted
