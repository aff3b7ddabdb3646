"""`run`: the notebooks of one onboarding, headless, with a ledger and a closing table."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.approval import NOBODY, Approval, save
from helpers.display import Shown
from helpers.errors import WrongUsage
from helpers.evidence.looked_through import LookedThrough, look_through
from helpers.headless.begun import begun, sealing
from helpers.headless.notebooks import Outcome, execute
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.record import runs
from helpers.record.ledger import read
from helpers.record.runs import Run
from helpers.record.under_way import under_way
from helpers.services.connect import Services
from helpers.steps import attach, key, remedy
from helpers.steps.by_hand import Sheet
from helpers.view import Table, View

if TYPE_CHECKING:
    from helpers.evidence.self_sealing import Ending
    from helpers.headless.kernel_start import KernelStart


class Closing(Shown):
    """The closing table: step, changed or kept, seconds, where to look; what stopped it; what became of the seal."""

    def __init__(
        self,
        run: Run,
        outcomes: Sequence[Outcome],
        rehearsal: bool,
        by_hand: Sheet | None = None,
        evidence: Ending | None = None,
        looked: LookedThrough | None = None,
    ) -> None:
        self.looked = looked
        self.run = run
        self.by_hand = by_hand
        self.evidence = evidence
        self.outcomes = tuple(outcomes)
        self.rehearsal = rehearsal

    @property
    def exit_code(self) -> int:
        """The run's own; 1 where that is 0 and the record could not be sealed or published."""
        return _own_code(self.outcomes) or int(self._record_failed)

    @property
    def _record_failed(self) -> bool:
        found = self.looked is not None and bool(self.looked.hits)
        return found or (self.evidence is not None and self.evidence.failed)

    def view(self) -> View:
        rows = tuple((o.step, o.result, f"{o.seconds:.1f}", f"notebooks/{o.notebook.name}") for o in self.outcomes)
        where = "REHEARSAL, nothing here is real" if self.rehearsal else "LIVE"
        notes = [*(line for outcome in self.outcomes for line in outcome.lines)]
        notes += self.looked.lines() if self.looked else ()
        notes += self.evidence.lines if self.evidence else ()
        data = {
            "run": self.run.id,
            "rehearsal": self.rehearsal,
            "exit_code": self.exit_code,
            "by_hand": dict(self.by_hand.rows) if self.by_hand else {},
            "steps": [{**asdict(o), "notebook": str(o.notebook)} for o in self.outcomes],
            "evidence": None if self.evidence is None else dict(self.evidence.data),
        }
        record = ", and its record is not as asked" if self._record_failed else ""
        heading = f"{where}: {'stopped' if _own_code(self.outcomes) else 'done'}{record}"
        table = Table(("Step", "Result", "Seconds", "Where to look"), rows)
        return View("run", heading, [f"Everything is in {self.run.folder}"], [table], notes, data)


def run_notebooks(
    services: Services,
    parameters: Parameters,
    mapping: Mapping[str, Any],
    steps: Sequence[str],
    *,
    run: Run | None,
    fresh: bool,
    progress: Callable[[Outcome | str], None],
    kernel_start: KernelStart | None = None,
) -> Closing:
    """Execute the steps into a run folder, fresh or continued, and seal it where the parameters say so.

    Never raises for a notebook that stopped.
    """
    seals = sealing(run, parameters, services)
    run = run or runs.new()
    with under_way(run.folder):
        ledger = begun(run, services, parameters, fresh=fresh)
        outcomes, before = [], len(read(run.ledger))
        for step in steps:
            progress(step)
            outcome = execute(run, mapping, step, services.secrets_in_use, kernel_start=kernel_start)
            outcomes.append(outcome)
            progress(outcome)
            if outcome.exit_code:
                break
        by_hand = None if any(outcome.exit_code for outcome in outcomes) else _left_to_a_person(run, before)
        looked = look_through(run, services.secrets_in_use())
        code = _own_code(outcomes) or int(bool(looked.hits))
        steps_said = {o.step: o.result for o in outcomes}
        ledger.write("run_finished", exit_code=code, steps=steps_said, scan=looked.data())
    sealed = seals.seal(run, code) if seals else None
    return Closing(run, outcomes, services.world is not None, by_hand, sealed, looked)


def _own_code(outcomes: Sequence[Outcome]) -> int:
    return next((outcome.exit_code for outcome in outcomes if outcome.exit_code), 0)


def _left_to_a_person(run: Run, before: int) -> Sheet | None:
    """The sheet for claude.ai, if 05 showed one just now."""
    shown = [row["sheet"] for row in read(run.ledger)[before:] if row["event"] == "sheet"]
    return Sheet.of(shown[-1], run.id) if shown else None


def approve_as_rehearsal(services: Services, parameters: Parameters, run: Run) -> tuple[Path, ...]:
    """Approve what is for good, each by itself, as "nobody (rehearsal)"; such an approval counts in a rehearsal only.

    Raises WrongUsage outside a rehearsal.
    """
    if services.world is None:
        raise WrongUsage("only a rehearsal approves itself")
    attaching = None if parameters.product == "claude_enterprise" else attach.intended(parameters)
    plans = (key.intended(parameters), remedy.intended(parameters), attaching)
    return tuple(save(_by_nobody(services, parameters, plan), run.approvals) for plan in plans if plan is not None)


def _by_nobody(services: Services, parameters: Parameters, plan: Plan) -> Approval:
    return Approval.given(
        plan,
        "rehearsal",
        NOBODY,
        parameters.tenant_id,
        now=services.clock.now(),
        world=services.world,
        seen=None,
        sentence="; ".join(map(str, plan.changes)),
    )
