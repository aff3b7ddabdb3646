"""A phrase for good that stands in a cell: it counts from when it was first there, for its days, and for one change."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from helpers.approval import Approval, phrase
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.notebook import Step
from helpers.plan import Plan
from helpers.record import runs
from helpers.record.runs import Run
from helpers.record.under_way import at_rest
from helpers.steps import attach
from tests.steps.test_approval_files import WORKSPACE, file, stopped
from tests.steps.walking import Walk

WEEK = 7 * 24 * 3600


def typed(step: Step, plan: Plan) -> Approval:
    """The approval that running the cell gives, with the right phrase in it."""
    return step.approve(plan, phrase(plan, step.services.world))


def opened_again(walk: Walk, monkeypatch: pytest.MonkeyPatch, folder: Path) -> tuple[Step, attach.Wanted, Plan]:
    """The same notebook in place, in a folder of no run: it makes a new one. The key is not attached again."""
    folder.mkdir()
    monkeypatch.chdir(folder)
    step, target, plan = stopped(walk)
    assert step.run != Run(walk.folder) and not step.run.approvals.exists()
    return step, target, plan


def kept() -> set[str]:
    return {path.name for path in (runs.home() / "approvals/typed").iterdir()}


def test_it_is_the_one_of_who_typed_it_first_in_whatever_run(
    walk_onboarded: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An hour later, in a new run, the cell gives the very approval of before, with its times."""
    step, _, plan = stopped(walk_onboarded)
    first = typed(step, plan)
    assert first.granted and first.how == "typed" and first.by == step.services.caller.object_id
    walk_onboarded.world.world.clock.advance(3600)
    again, _, same = opened_again(walk_onboarded, monkeypatch, tmp_path / "elsewhere")
    assert typed(again, same) == first
    assert kept() == {f"{phrase(plan, first.world).replace(' ', '-')}.json"}


def test_another_person_who_runs_the_cell_is_not_who_approved(walk_onboarded: Walk) -> None:
    """What is kept names the first person, and stays what it is when another one runs the cell."""
    step, _, plan = stopped(walk_onboarded)
    first = typed(step, plan)
    (path,) = (runs.home() / "approvals/typed").iterdir()
    path.write_text(json.dumps({**json.loads(path.read_text()), "by": "somebody before"}))
    assert typed(step, plan).by == "somebody before" != first.by


def test_after_its_days_it_counts_no_more_and_says_what_to_type_where(walk_onboarded: Walk) -> None:
    """The refusal has the phrase and no times of its own; the form takes the same phrase, from a person who is there."""
    step, _, plan = stopped(walk_onboarded)
    first = typed(step, plan)
    walk_onboarded.world.world.clock.advance(WEEK)
    step, target, plan = stopped(walk_onboarded)
    late = typed(step, plan)
    assert not late.granted and f"the approval expired at {first.expires_at}" in late.sentence
    assert late.to_type == phrase(plan, step.services.world)
    assert (late.by, late.approved_at, late.expires_at) == ("", "", "")
    with pytest.raises(ApprovalRequired, match="does not count any more") as refused:
        step.apply(attach, target, plan, late)
    told = [line for line in late.view().lines if late.to_type in line]
    assert told == [f"To approve by hand, type into the form, and not into the cell: {late.to_type}"]
    assert "approve RUN" in refused.value.next_step and "form above" in refused.value.next_step
    assert "cell" not in refused.value.next_step
    assert walk_onboarded.world.cloud.wrote() == []
    assert step._answered(plan, late.to_type).granted
    step.apply(attach, target, plan, late)
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]


@pytest.mark.parametrize("by", ["the cell", "the form"])
def test_it_counts_for_one_change(
    walk_onboarded: Walk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, by: str
) -> None:
    """Used by the cell or by the form, it stands in the cell still: the same plan in another run is not approved."""
    step, target, plan = stopped(walk_onboarded)
    given = typed(step, plan) if by == "the cell" else step._answered(plan, phrase(plan, step.services.world))
    step.apply(attach, target, plan, given)
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]
    again, target, same = opened_again(walk_onboarded, monkeypatch, tmp_path / "elsewhere")
    assert phrase(same, given.world) == phrase(plan, given.world)
    later = typed(again, same)
    assert not later.granted and "it has been used, and it counts for one change" in later.sentence
    with pytest.raises(ApprovalRequired) as refused:
        again.apply(attach, target, same, later)
    assert "form above" in refused.value.next_step and "cell" not in refused.value.next_step
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]
    made = file(again, same)
    assert typed(again, same) == made


def test_who_finds_it_used_for_this_very_change_finds_the_change_done(walk_onboarded: Walk) -> None:
    """Two read before either attached: the second one's phrase is used, and its step ends with nothing left to do."""
    step, target, plan = stopped(walk_onboarded)
    step.apply(attach, target, plan, typed(step, plan))
    late = typed(step, plan)
    assert not late.granted
    assert step.apply(attach, target, plan, late).done == ()
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]


def test_the_approval_file_of_another_person_stays_as_it_is(walk_onboarded: Walk) -> None:
    """Neither typing the phrase nor using it writes over, moves or takes away what `approve` wrote."""
    step, target, plan = stopped(walk_onboarded)
    made = file(step, plan, by="another person")
    before = {path: path.read_bytes() for path in step.run.approvals.iterdir()}
    given = typed(step, plan)
    assert given.how == "typed" != made.how
    step.apply(attach, target, plan, given)
    assert {path: path.read_bytes() for path in step.run.approvals.iterdir()} == before


def test_what_the_form_kept_is_used_up_and_stays_to_be_read(walk_onboarded: Walk) -> None:
    """Its file is found no more after the change, under a name that says so."""
    step, target, plan = stopped(walk_onboarded)
    given = step._answered(plan, phrase(plan, step.services.world))
    assert step.approve(plan) == given
    step.apply(attach, target, plan, given)
    (path,) = step.run.approvals.iterdir()
    assert path.name.startswith(f"{plan.digest}-used-")
    walk_onboarded.world.state.workspaces[WORKSPACE].external_key_id = None
    assert not step.approve(walk_onboarded.gate(step)[1]).granted


def test_a_damaged_first_time_is_named(walk_onboarded: Walk) -> None:
    """It is not read in part, and not taken for a phrase that was never typed."""
    step, _, plan = stopped(walk_onboarded)
    typed(step, plan)
    (path,) = (runs.home() / "approvals/typed").iterdir()
    path.write_text("{}")
    with pytest.raises(WrongUsage, match=path.name):
        typed(step, plan)


def test_the_run_is_under_way_until_its_approval_is_used_up(
    walk_onboarded: Walk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can seal it between the change and the renaming of the approval's file."""
    seen: list[bool] = []

    def use_up(plan: Plan, approval: Approval, own: Path) -> None:
        with at_rest(own.parent) as resting:
            seen.append(resting)

    monkeypatch.setattr("helpers.notebook.use_up", use_up)
    step, target, plan = stopped(walk_onboarded)
    step.apply(attach, target, plan, typed(step, plan))
    assert seen == [False]
