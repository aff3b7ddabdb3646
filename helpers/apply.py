"""Doing what was approved: one loop that knows no kinds of change."""

from __future__ import annotations

from collections.abc import Callable
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
    """What was done, with what is worth keeping of it; empty when there was nothing to change."""

    step: str
    done: tuple[Done, ...]
    links: tuple[tuple[str, str], ...] = ()
    """Where to see it in a browser."""

    def view(self) -> View:
        if not self.done:
            return View("receipt", "Nothing was changed: there was nothing to change", data={"done": []})
        rows = [
            (done.at, done.what, "\n".join(f"{k} {v}" for k, v in done.facts.items()), done.request_id or "none")
            for done in self.done
        ]
        table = Table(("At (UTC)", "Done", "Worth keeping", "Request id"), tuple(rows))
        data = {"done": [asdict(done) for done in self.done]}
        return View("receipt", "Done", tables=[table], data=data, links=self.links)


def apply(plan: Plan, approval: Approval, again: Callable[[], Plan], services: Services, ledger: Ledger) -> Receipt:
    """Perform what was approved, once. Raises Refused, ApprovalRequired, or what a change raises.

    `again` looks and plans anew. Only if that plan is the approved one is it performed: a plan that was applied before,
    here or by somebody else, has nothing left to do, and one whose ground has moved is refused. From that look to the
    last change the target is locked on this machine, so that who waited for it looks when the other has ended. The
    ledger says "about to" before each change and holds its receipt after it: a crash between the two is visible.
    """
    stop_at_refusals(plan)
    if not plan.changes:
        return Receipt(plan.step, ())
    approval.covers(plan, now=services.clock.now(), world=services.world)
    with services.alone(ledger.run, ledger.step):
        fresh = again()
        stop_at_refusals(fresh)
        if not fresh.changes:
            return Receipt(plan.step, ())
        _unmoved(plan, fresh)
        approval.covers(fresh, now=services.clock.now(), world=services.world)
        return Receipt(plan.step, _performed(fresh, services, ledger))


def _performed(fresh: Plan, services: Services, ledger: Ledger) -> tuple[Done, ...]:
    done = []
    for change in fresh.changes:
        ledger.write("about_to", change=str(change), intent=dict(change.intent()), permanent=change.permanent)
        result = replace(change.perform(services), at=stamp(services.clock.now()))
        ledger.write("receipt", **asdict(result))
        done.append(result)
    return tuple(done)


def _unmoved(plan: Plan, fresh: Plan) -> None:
    """Raise Refused unless a plan made just now is the one that was shown: same intent, resting on the same things."""
    if fresh.digest == plan.digest and fresh.seen == plan.seen:
        return
    moved = [
        f"{name} was {plan.seen.get(name, 'not there')}, is {fresh.seen.get(name, 'gone')}"
        for name in {**plan.seen, **fresh.seen}
        if fresh.seen.get(name) != plan.seen.get(name)
    ]
    told = moved or [f"it would now {change}" for change in fresh.changes]
    raise Refused(
        f"{plan.step}: what is there now is not what was planned on: {'; '.join(told)}",
        why="Nothing was changed: an approval is for what was shown.",
        next_step="Run this notebook again from the top, and look at the plan it makes then.",
    )


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
