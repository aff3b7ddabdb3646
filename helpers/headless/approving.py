"""`approve`: a permanent plan, shown again, approved by whoever is signed in, as a file that names its digest.

There are three such plans: a rotation and purge protection, where they were asked for, and the attaching. Each is found
by the name of its step, planned on what is there now, and approved by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from helpers import approvers
from helpers import parameters as parameter_files
from helpers.apply import stop_at_refusals
from helpers.approval import Approval, phrase, save
from helpers.display import Shown
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.evidence.signers import Signer
from helpers.evidence.signing import as_signed_in, signer
from helpers.evidence.statement import Target
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.record import ledger, runs
from helpers.record.runs import Run
from helpers.services.connect import Services
from helpers.steps import attach, key, remedy

Ask = Callable[[str], str]
Tell = Callable[[Shown], None]


def approve_file(
    services: Services, parameters: Parameters, ask: Ask, *, tell: Tell, sign: str | None = None
) -> tuple[Path, str]:
    """Read what is there now, and approve what comes first and is still to be done: rotation, remedy, or attaching.

    Raises Refused or Unproven when it would not be done, WrongUsage when nothing permanent is planned,
    ApprovalRequired when the phrase is not given.
    """
    plan = _rotation_now(services, parameters, tell) if key.intended(parameters) else None
    if plan is None or not (plan.permanent or plan.refusals):
        plan = _remedy_now(services, parameters, tell) if remedy.intended(parameters) else None
    if plan is None or plan.nothing_to_do:
        plan = _attaching_now(services, parameters, tell)
    stop_at_refusals(plan)
    if not plan.permanent:
        raise WrongUsage("there is nothing to approve: the plan holds no permanent change")
    return _approved(services, parameters, plan, ask, sign)


def approve_run(
    run: Run, connect: Callable[[Parameters], Services], ask: Ask, *, tell: Tell, sign: str | None = None
) -> tuple[Path, str]:
    """The same for the plan a run stopped at: what is there now must still be what that run saw.

    Raises WrongUsage when the run did not stop at a permanent plan, or when the plan is another one now.
    """
    rows = ledger.read(run.ledger)
    stopped_at = next((row["plan"] for row in reversed(rows) if row["event"] == "plan"), None)
    begun = [row["parameters"] for row in rows if row["event"] in ("run_started", "run_continued")]
    given = begun[-1] if begun else None
    if stopped_at is None or given is None or not stopped_at["permanent"]:
        raise WrongUsage(f"{run.id} did not stop at a permanent change, so there is nothing to approve in it")
    planned_now = _PLANS.get(stopped_at["step"])
    if planned_now is None:
        raise WrongUsage(f"{run.id} stopped at {stopped_at['step']}, and this suite has no such permanent change")
    parameters = parameter_files.load({name: value for name, value in given.items() if value is not None})
    services = connect(parameters)
    plan = planned_now(services, parameters, tell)
    stop_at_refusals(plan)
    if plan.digest != stopped_at["digest"] or plan.seen != stopped_at["seen"]:
        raise WrongUsage(
            f"what is there now is not what {run.id} stopped at",
            next_step="Run it again, and approve what it stops at then.",
        )
    return _approved(services, parameters, plan, ask, sign)


def _rotation_now(services: Services, parameters: Parameters, tell: Tell) -> Plan:
    plan = key.plan(key.Wanted.of(parameters), key.facts(services, parameters))
    tell(plan)
    return plan


def _remedy_now(services: Services, parameters: Parameters, tell: Tell) -> Plan:
    plan = remedy.plan(remedy.Wanted.of(parameters, for_good=True), remedy.facts(services, parameters))
    tell(plan)
    return plan


def _attaching_now(services: Services, parameters: Parameters, tell: Tell) -> Plan:
    found, verdicts = attach.gate(services, parameters)
    plan = attach.plan(attach.Wanted(parameters, verdicts), found)
    tell(verdicts)
    tell(plan)
    return plan


_PLANS = {key.STEP: _rotation_now, remedy.FOR_GOOD: _remedy_now, attach.STEP: _attaching_now}
"""How each permanent plan is made now, by the name of its step. Each shows what it rests on."""


def _approved(services: Services, parameters: Parameters, plan: Plan, ask: Ask, sign: str | None) -> tuple[Path, str]:
    signer = _signer(services, parameters, sign)
    wanted = phrase(plan, services.world)
    if ask(wanted).strip() != wanted:
        raise ApprovalRequired("not approved: the phrase was not given", why="Nothing was changed.")
    who, now = services.caller, services.clock.now()
    said = "; ".join(map(str, plan.changes))
    approval = Approval.given(
        plan, "signed in", who.object_id, who.tenant_id, now=now, world=services.world, seen=plan.seen, sentence=said
    )
    folder = runs.home() / "approvals"
    if signer is None:
        return save(approval, folder), plan.digest
    return approvers.save(approvers.sign(approval, signer), signer.public_key, folder), plan.digest


def _signer(services: Services, parameters: Parameters, sign: str | None) -> Signer | None:
    """Who signs the approval, if the parameters pin approvers. Raises WrongUsage for a key that is not pinned."""
    if not parameters.approvers:
        if sign is not None:
            raise WrongUsage("--sign: the parameters pin no approvers, so a signature would be checked by nobody")
        return None
    target = Target.of(parameters.model_dump())
    made = None if sign is None else signer(sign, None, target, as_signed_in(services))
    if made is None:
        raise WrongUsage(
            "the parameters pin who approves, and an approval that is not signed does not count",
            next_step="Sign it: --sign pem:FILE, or --sign keyvault:KEY_ID.",
        )
    approvers.refuse_unpinned(parameters, made.public_key, services.caller.object_id)
    return made
