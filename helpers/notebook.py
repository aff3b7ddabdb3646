"""What a notebook imports: `begin` a step, then read, approve, apply, finish. Everything done is in the ledger."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Protocol, TypeVar

from helpers import approval as approvals
from helpers import parameters as parameter_files
from helpers import preflight
from helpers.apply import Receipt, apply, stop_at_refusals
from helpers.approval import Approval
from helpers.approval_given import approval_of
from helpers.attested import entered_before
from helpers.checks import Phase, Verdicts, judge, preview, refuse_deviations
from helpers.clock import Clock
from helpers.display import Shown
from helpers.errors import ChecksFailed, Interrupted, RunbookError, ServiceFailed, Unproven
from helpers.facts import Facts
from helpers.guided import asking
from helpers.links import where_to_look
from helpers.parameters import Parameters
from helpers.parameters_view import Given
from helpers.plan import Plan
from helpers.preflight import Preflight
from helpers.record import beginning, kernel_outputs, runs
from helpers.record.in_use import of_environment
from helpers.record.ledger import Ledger
from helpers.record.runs import Run
from helpers.record.sealed import refuse_sealed
from helpers.record.under_way import under_way
from helpers.same_target import refuse_another_target
from helpers.services.connect import Services, connect
from helpers.steps import by_hand, register
from helpers.trail import Trail, trail
from helpers.typed import use_up
from helpers.view import Table, View
from helpers.waiting import NotYet

W = TypeVar("W", contravariant=True)  # noqa: PLC0105
SETTLE_SECONDS = 120.0
"""How long a change may take to be readable before the step says that it is not."""


class Planner(Protocol[W]):
    """A step's module, as far as reading back needs it."""

    def facts(self, services: Services, parameters: Parameters) -> Facts: ...

    def plan(self, wanted: W, found: Facts) -> Plan: ...

    def again(self, services: Services, parameters: Parameters, wanted: W) -> Plan: ...


@dataclass(frozen=True)
class Step(Shown):
    """One step under way. Shows itself as the banner: which cloud, whose, and who we are."""

    name: str
    parameters: Parameters
    services: Services
    run: Run
    ledger: Ledger

    def view(self) -> View:
        world = self.services.world
        where = (
            f"REHEARSAL ({world}): nothing here is real"
            if world
            else "LIVE: this is the real Azure and the real Claude"
        )
        p, who = self.parameters, self.services.caller
        rows = (
            ("Tenant", p.tenant_id),
            ("Subscription", p.subscription_id),
            ("Key vault", p.vault_name),
            ("Key", p.key_name),
            ("Anthropic organization", p.organization_id),
            ("Signed in as", f"{who.kind} {who.object_id}"),
            ("Mode", p.mode),
            ("Record", self.run.id),
        )
        first = by_hand.said_first(p)
        data = {"rehearsal": world, "rows": dict(rows), "first": list(first)}
        return View("banner", f"{self.name}  {where}", first, [Table(("This step works with", ""), rows)], data=data)

    @property
    def given(self) -> Given:
        """Every parameter as it was checked, defaults included."""
        return Given(self.parameters)

    def preflight(self) -> Preflight:
        """Which rights the steps need, and which of them the caller has. Reads only, and stops nothing."""
        with self._recorded():
            found = preflight.look(self.services, self.parameters)
            self.ledger.write("facts", preflight=found.view().data)
            return found

    def trail(self, found: Facts) -> Trail:
        """Where one is, by what was read."""
        return trail(self.name, self.parameters, found)

    def read(self, facts: Callable[[Services, Parameters], Facts]) -> Facts:
        """What is there now. What cannot be read is shown as unknown."""
        with self._recorded():
            found = facts(self.services, self.parameters)
            self.ledger.write("facts", facts=found.view().data)
            return found

    def approve(self, plan: Plan, typed: str = "") -> Approval:
        """The approval a plan has, or why it has none, shown. Raises Refused for a plan that cannot go on.

        Where a person sits in front of it, a form asks for one that is missing; nothing waits for its answer.
        """
        with self._recorded():
            self.ledger.write("plan", plan=plan.said())
            stop_at_refusals(plan)
            approval = self._approval(plan, typed.strip())
            self.ledger.write("approval", approval=asdict(approval))
            asking.show(approval, permanent=plan.permanent, answer=lambda said: self._answered(plan, said))
            return approval

    def apply(self, planner: Planner[W], wanted: W, plan: Plan, approval: Approval) -> Receipt:
        """Look and plan once more, and do what was approved if that still is the plan; else nothing.

        Raises ApprovalRequired, Refused when the ground has moved, or what a change raises.
        """
        with self._recorded():

            def again() -> Plan:
                return planner.again(self.services, self.parameters, wanted)

            given = approval if approval.granted else self._given_since(plan, approval)
            if given.cell_is_over and again().nothing_to_do:  # it was used meanwhile, for this very change
                return Receipt(plan.step, ())
            with under_way(self.run.folder):
                receipt = apply(plan, given, again, self.services, self.ledger)
                if receipt.done:
                    use_up(plan, given, self.run.approvals)
            if self.services.world:
                return receipt  # there is nothing of it in any portal
            return replace(receipt, links=where_to_look(plan.step, self.parameters, receipt.done))

    def judge(self, found: Facts, phase: Phase) -> Verdicts:
        """The verdicts of every check of a phase on what was read."""
        with self._recorded():
            verdicts = judge(found, self.parameters, phase)
            self.ledger.write("verdicts", verdicts=verdicts.view().data)
            return verdicts

    def preview(self, found: Facts) -> Verdicts:
        """What 04 will say of the vault itself. Stops nothing."""
        return preview(found, self.parameters)

    def finish(self, planner: Planner[W], wanted: W) -> Plan:
        """Read and plan again: it must now say Keep. Waits, visibly and not for ever, for a service that lags."""
        with self._recorded():
            plan = self._settled(planner, wanted)
            self.ledger.write("step_finished", plan=plan.said())
            return plan

    def finish_checks(self, verdicts: Verdicts) -> Verdicts:
        """End a step of checks. Raises ChecksFailed for a blocking failure, Unproven for a blocking unknown."""
        with self._recorded():
            stop_at_verdicts(self.name, verdicts)
            self.ledger.write("step_finished", verdicts=verdicts.counts())
            return verdicts

    def sheet(self) -> by_hand.Sheet:
        """For Claude Enterprise what to enter in claude.ai, on record; everything is read and judged for it just now.

        What the runs kept here hold of attestations about this target stands above it.
        Raises ChecksFailed or Unproven, showing nothing, unless every blocking check of the gate passes.
        """
        if self.parameters.product != by_hand.PRODUCT:
            return by_hand.NOTHING
        found = self.read(register.facts)
        verdicts = self.judge(found, "gate")
        with self._recorded():
            stop_at_verdicts(self.name, verdicts)
            made = by_hand.sheet(self.parameters, found, verdicts, self.run.id, self.services.world)
            made = replace(made, before=entered_before(self.parameters, self.services.world))
            if made.rows:
                self.ledger.write("sheet", sheet=made.said())
            return made

    def _settled(self, planner: Planner[W], wanted: W) -> Plan:
        last: list[Plan] = []

        def look() -> Plan | NotYet:
            plan = planner.plan(wanted, planner.facts(self.services, self.parameters))
            last.append(plan)
            return plan if plan.nothing_to_do else NotYet(f"the plan still says: {plan.summary}.")

        what = "the change to be readable"
        plan = self.services.wait.until_or(what, look, lambda: last[-1], at_most=SETTLE_SECONDS)
        stop_at_refusals(plan)
        if not plan.nothing_to_do:
            raise ServiceFailed(
                f"{plan.step}: waited {SETTLE_SECONDS:.0f} s for {what}, and the plan still says: {plan.summary}",
                why="What was done may still be on its way; or something else undoes it.",
                next_step="Run this step again later; it looks first and goes on from what is there.",
            )
        return plan

    def _answered(self, plan: Plan, said: str) -> Approval:
        """What the form under a plan was answered with, on record. What can be undone takes the button alone."""
        with self._recorded():
            typed = said if plan.permanent else approvals.phrase(plan, self.services.world)
            approval = self._approval(plan, typed, fresh=True)
            by_hand = approval.granted and approval.how == "typed"
            if by_hand and not plan.permanent:
                approval = replace(approval, how="clicked")
            self.ledger.write("approval", approval=asdict(approval))  # first: it refuses a run that was sealed
            if by_hand:
                approvals.save(approval, self.run.approvals)
            return approval

    def _given_since(self, plan: Plan, missing: Approval) -> Approval:
        """The approval given after the plan was shown: by the form, or by a file; else the one that is missing."""
        found = self._approval(plan, "")
        if not found.granted:
            return missing
        self.ledger.write("approval", approval=asdict(found))
        return found

    def _approval(self, plan: Plan, typed: str, *, fresh: bool = False) -> Approval:
        return approval_of(plan, typed, self.services, self.parameters, self.run.approvals, fresh=fresh)

    @contextmanager
    def _recorded(self) -> Iterator[None]:
        """Put into the ledger why a step stopped, before the notebook shows it."""
        try:
            yield
        except KeyboardInterrupt:
            stopped = Interrupted("interrupted", next_step="Run this step again; it starts by looking.")
            self._stopped(stopped)
            raise
        except RunbookError as error:
            self._stopped(error)
            raise

    def _stopped(self, error: RunbookError) -> None:
        self.ledger.write("stopped", error=type(error).__name__, exit_code=error.exit_code, lines=error.lines())


def begin(name: str, parameters: str | Mapping[str, Any]) -> Step:
    """Start a step: check the parameters, find out which cloud this is and who we are, and open the record.

    The run is the one this notebook's folder belongs to, else a new one. Raises RunbookError; nothing was changed.
    """
    kernel_outputs.scrub_this_kernel(of_environment)
    checked = parameter_files.load(parameters if isinstance(parameters, Mapping) else runs.located(parameters))
    run = runs.of_folder(Path.cwd())
    fresh = run is None
    if run is not None:
        refuse_sealed(run)
    run = run or runs.new()
    ledger = Ledger(run.ledger, run.id, name, Clock().now, known=of_environment)
    try:
        services = connect(checked, root=runs.project_root(), say=print)
        kernel_outputs.scrub_this_kernel(services.secrets_in_use)
        ledger = replace(ledger, known=services.secrets_in_use)
        refuse_deviations(checked, services.clock.now().date())
        if not fresh:
            refuse_another_target(run, services.world, checked)
        ledger = replace(ledger, now=services.clock.now, actor=services.caller.object_id)
    except RunbookError as error:
        ledger.write("stopped", error=type(error).__name__, exit_code=error.exit_code, lines=error.lines())
        raise
    if fresh:
        beginning.write(ledger, checked, services.world, fresh=True)
    ledger.write("identity", **asdict(services.caller))
    return Step(name, checked, services, run, ledger)


def stop_at_verdicts(step: str, verdicts: Verdicts) -> None:
    """Raise ChecksFailed for a blocking check that fails, else Unproven for one that is unknown or was not made yet."""
    if not verdicts.stopping:
        return
    first = verdicts.stopping[0]
    what = f"{step}: {first.check.id} {first.check.title}: "
    if verdicts.blocking_failures:
        mend = first.finding.mend or "Mend it and run this step again."
        raise ChecksFailed(f"{what}found {first.finding.seen}", why=first.check.why, next_step=mend)
    if verdicts.blocking_unknowns:
        why = "What could not be read is not taken for right."
        mend = first.finding.mend or "Give the identity the right to read it, and run this step again."
    else:
        why = "A check that was not made yet is not taken for passed."
        mend = first.finding.mend or "Run the steps before this one, then this one again."
    raise Unproven(f"{what}{first.finding.seen}", why=why, next_step=mend)
