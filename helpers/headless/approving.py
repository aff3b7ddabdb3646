"""`approve`: a permanent plan, shown again, approved by whoever is signed in, as a file that names its digest."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers import parameters as parameter_files
from helpers.apply import stop_at_refusals
from helpers.approval import VALID_FOR, Approval, phrase, save
from helpers.clock import stamp
from helpers.display import Shown
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.record import ledger, runs
from helpers.record.runs import Run
from helpers.services.connect import Services
from helpers.steps import attach

Ask = Callable[[str], str]
Tell = Callable[[Shown], None]


def approve_file(services: Services, parameters: Parameters, ask: Ask, *, tell: Tell) -> tuple[Path, str]:
    """Read everything now, make the gate's checks, and approve the attaching as it would be done now.

    Raises Refused or Unproven when it would not be done, WrongUsage when nothing permanent is planned,
    ApprovalRequired when the phrase is not given.
    """
    found, verdicts = attach.gate(services, parameters)
    plan = attach.plan(attach.Wanted(parameters, verdicts), found)
    tell(verdicts)
    tell(plan)
    stop_at_refusals(plan)
    if not plan.permanent:
        raise WrongUsage("there is nothing to approve: the plan holds no permanent change")
    return _approved(services, plan, ask)


def approve_run(run: Run, connect: Callable[[Parameters], Services], ask: Ask, *, tell: Tell) -> tuple[Path, str]:
    """The same for the plan a run stopped at: what is there now must still be what that run saw.

    Raises WrongUsage when the run did not stop at a permanent plan, or when the plan is another one now.
    """
    rows = ledger.read(run.ledger)
    stopped_at = next((row["plan"] for row in reversed(rows) if row["event"] == "plan"), None)
    begun = [row["parameters"] for row in rows if row["event"] in ("run_started", "run_continued")]
    given = begun[-1] if begun else None
    if stopped_at is None or given is None or not stopped_at["permanent"]:
        raise WrongUsage(f"{run.id} did not stop at a permanent change, so there is nothing to approve in it")
    parameters = parameter_files.load({name: value for name, value in given.items() if value is not None})
    services = connect(parameters)
    found, verdicts = attach.gate(services, parameters)
    plan = attach.plan(attach.Wanted(parameters, verdicts), found)
    tell(verdicts)
    tell(plan)
    stop_at_refusals(plan)
    if plan.digest != stopped_at["digest"] or plan.seen != stopped_at["seen"]:
        raise WrongUsage(
            f"what is there now is not what {run.id} stopped at",
            next_step="Run it again, and approve what it stops at then.",
        )
    return _approved(services, plan, ask)


def _approved(services: Services, plan: Plan, ask: Ask) -> tuple[Path, str]:
    wanted = phrase(plan, services.world)
    if ask(wanted).strip() != wanted:
        raise ApprovalRequired("not approved: the phrase was not given", why="Nothing was changed.")
    who, now = services.caller, services.clock.now()
    approval = Approval(
        digest=plan.digest,
        granted=True,
        how="signed in",
        by=who.object_id,
        tenant_id=who.tenant_id,
        approved_at=stamp(now),
        expires_at=stamp(now + VALID_FOR),
        seen=plan.seen,
        sentence="; ".join(map(str, plan.changes)),
        world=services.world,
    )
    return save(approval, runs.home() / "approvals"), plan.digest
