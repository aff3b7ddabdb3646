"""Doing what was approved: one loop that knows no kinds of change."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING

from helpers.approval import Approval
from helpers.clock import stamp
from helpers.display import Shown
from helpers.errors import Refused, RunbookError, Unproven
from helpers.plan import Done, Plan
from helpers.record.ledger import Ledger
from helpers.view import Table, View

if TYPE_CHECKING:
    from helpers.services.connect import Services


@dataclass(frozen=True)
class Receipt(Shown):
    """What was done, with what is worth keeping of it; empty when everything was already right."""

    step: str
    done: tuple[Done, ...]

    def view(self) -> View:
        if not self.done:
            return View("receipt", "Nothing was changed: everything was already right", data={"done": []})
        rows = [
            (done.at, done.what, "\n".join(f"{k} {v}" for k, v in done.facts.items()), done.request_id or "none")
            for done in self.done
        ]
        table = Table(("At (UTC)", "Done", "Worth keeping", "Request id"), tuple(rows))
        return View("receipt", "Done", tables=[table], data={"done": [asdict(done) for done in self.done]})


def apply(plan: Plan, approval: Approval, services: Services, ledger: Ledger) -> Receipt:
    """Perform the changes of a plan in order. Raises Refused, ApprovalRequired, or what a change raises.

    The ledger says "about to" before each change and holds its receipt after it, so that a crash between the two is
    visible as such.
    """
    stop_at_refusals(plan)
    approval.covers(plan, now=services.clock.now(), rehearsal=services.world is not None)
    done = []
    for change in plan.changes:
        ledger.write("about_to", change=str(change), intent=dict(change.intent()), permanent=change.permanent)
        result = replace(change.perform(services), at=stamp(services.clock.now()))
        ledger.write("receipt", **asdict(result))
        done.append(result)
    return Receipt(plan.step, tuple(done))


def stop_at_refusals(plan: Plan) -> None:
    """Raise Refused, or Unproven, for the first thing in a plan that stands in its way."""
    for refusal in plan.refusals:
        kind: type[RunbookError] = Unproven if refusal.unproven else Refused
        raise kind(
            f"{plan.step}: {refusal}",
            why=refusal.why,
            next_step=refusal.next_step or "Mend what it names, then run this step again; it starts by looking.",
            request_id=refusal.request_id,
        )
    for wait in plan.waits:
        raise Refused(
            f"{plan.step}: {wait}",
            why="This step builds on it. Nothing was changed.",
            next_step=f"Run {wait.for_step} first.",
        )
