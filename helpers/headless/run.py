"""`run`: the notebooks of one onboarding, headless, with a ledger and a closing table."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from helpers.approval import NOBODY, VALID_FOR, Approval, save
from helpers.clock import stamp
from helpers.display import Shown
from helpers.errors import WrongUsage
from helpers.headless.notebooks import STEPS, Outcome, execute
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.record import runs
from helpers.record.ledger import Ledger, read
from helpers.record.runs import Run
from helpers.services.connect import Services
from helpers.steps import attach, remedy
from helpers.view import Table, View


class Closing(Shown):
    """The closing table: step, changed or kept, seconds, where to look; and what stopped the run, if something did."""

    def __init__(self, run: Run, outcomes: Sequence[Outcome], rehearsal: bool, by_hand: Sequence[str] = ()) -> None:
        self.run = run
        self.by_hand = tuple(by_hand)
        self.outcomes = tuple(outcomes)
        self.rehearsal = rehearsal

    @property
    def exit_code(self) -> int:
        return next((outcome.exit_code for outcome in self.outcomes if outcome.exit_code), 0)

    def view(self) -> View:
        rows = tuple((o.step, o.result, f"{o.seconds:.1f}", f"notebooks/{o.notebook.name}") for o in self.outcomes)
        where = "REHEARSAL, nothing here is real" if self.rehearsal else "LIVE"
        notes = [*(line for outcome in self.outcomes for line in outcome.lines), *self.by_hand]
        data = {
            "run": self.run.id,
            "rehearsal": self.rehearsal,
            "exit_code": self.exit_code,
            "by_hand": list(self.by_hand),
            "steps": [{**asdict(o), "notebook": str(o.notebook)} for o in self.outcomes],
        }
        heading = f"{where}: {'done' if not self.exit_code else 'stopped'}"
        table = Table(("Step", "Result", "Seconds", "Where to look"), rows)
        return View("run", heading, [f"Everything is in {self.run.folder}"], [table], notes, data)


def steps_to_run(asked: str | None) -> tuple[str, ...]:
    """All steps, or the one asked for by its number or name. Raises WrongUsage for another."""
    if asked is None:
        return STEPS
    found = tuple(step for step in STEPS if asked in (step, step[:2]))
    if not found:
        raise WrongUsage(f"--step: {asked}: the steps are {', '.join(STEPS)}")
    return found


def run_notebooks(
    services: Services,
    parameters: Parameters,
    mapping: Mapping[str, Any],
    steps: Sequence[str],
    *,
    run: Run | None,
    fresh: bool,
    progress: Callable[[Outcome | str], None],
) -> Closing:
    """Execute the steps into a run folder, fresh or continued. Never raises for a notebook that stopped."""
    run = run or runs.new()
    ledger = Ledger(run.ledger, run.id, "run", services.clock.now, services.caller.object_id)
    said = parameters.model_dump(mode="json")
    if not fresh:
        _same_target(run, services, parameters)
        ledger.write("run_continued", cloud=parameters.cloud, world=services.world, parameters=said)
    if fresh:
        ledger.write("run_started", cloud=parameters.cloud, world=services.world, parameters=said, python=sys.version)
    outcomes, before = [], len(read(run.ledger))
    for step in steps:
        progress(step)
        for outcome in execute(run, mapping, [step]):
            outcomes.append(outcome)
            progress(outcome)
        if outcomes[-1].exit_code:
            break
    passed = parameters.product == "claude_enterprise" and not any(outcome.exit_code for outcome in outcomes)
    by_hand = _left_to_a_person(run, before) if passed else ()
    closing = Closing(run, outcomes, services.world is not None, by_hand)
    ledger.write("run_finished", exit_code=closing.exit_code, steps={o.step: o.result for o in outcomes})
    return closing


def _left_to_a_person(run: Run, before: int) -> tuple[str, ...]:
    """For Claude Enterprise, what 05 leaves to be entered by hand, if it ran just now."""
    rows = read(run.ledger)[before:]
    plans = [row["plan"] for row in rows if row["event"] == "plan" and row["plan"]["step"] == attach.STEP]
    return tuple(item["says"] for item in plans[-1]["items"] if item["kind"] == "keep") if plans else ()


def _same_target(run: Run, services: Services, parameters: Parameters) -> None:
    """Raise WrongUsage unless a run that is gone on with was started in this cloud and for this key."""
    started = next((row for row in read(run.ledger) if row["event"] == "run_started"), None)
    if started is None:
        raise WrongUsage(f"--continue: {run.id} does not say what it was started with, so it is not gone on with")
    named = ("cloud", "tenant_id", "vault_name", "key_name", "organization_id")
    here = {"world": services.world, **{name: getattr(parameters, name) for name in named}}
    there = {"world": started["world"], **{name: started["parameters"].get(name) for name in named}}
    for name, value in here.items():
        if there[name] != value:
            raise WrongUsage(f"--continue: {run.id} was started with {name} {there[name]}, and this is {value}")


def approve_as_rehearsal(services: Services, parameters: Parameters, run: Run) -> tuple[Path, ...]:
    """Approve what is for good, each by itself, as "nobody (rehearsal)"; such an approval counts in a rehearsal only.

    Raises WrongUsage outside a rehearsal.
    """
    if services.world is None:
        raise WrongUsage("only a rehearsal approves itself")
    attaching = None if parameters.product == "claude_enterprise" else attach.intended(parameters)
    plans = (remedy.intended(parameters), attaching)
    return tuple(save(_by_nobody(services, parameters, plan), run.approvals) for plan in plans if plan is not None)


def _by_nobody(services: Services, parameters: Parameters, plan: Plan) -> Approval:
    now = services.clock.now()
    return Approval(
        digest=plan.digest,
        granted=True,
        how="rehearsal",
        by=NOBODY,
        tenant_id=parameters.tenant_id,
        approved_at=stamp(now),
        expires_at=stamp(now + VALID_FOR),
        seen=None,
        sentence="; ".join(map(str, plan.changes)),
        world=services.world,
    )
