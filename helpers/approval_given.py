"""Which approval a plan has: what was typed, the parameters, a file, or what several people signed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from helpers import approval as approvals
from helpers import approvers
from helpers import typed as in_cells
from helpers.approval import Approval
from helpers.errors import ApprovalRequired
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.services.connect import Services


def approval_of(
    plan: Plan, typed: str, services: Services, parameters: Parameters, own: Path, *, fresh: bool = False
) -> Approval:
    """The approval of a plan, or why it has none. `own` is the run's folder of approvals.

    What was typed stands in a cell, perhaps for long; `fresh` says that a person typed it just now. Where the
    parameters pin approvers, a permanent plan takes what they signed, and nothing else but a rehearsal's own. Raises
    WrongUsage for a damaged file.
    """
    now, world, who = services.clock.now(), services.world, services.caller
    if not plan.changes:
        return Approval(plan.digest, True, "nothing to approve")
    folders = (own, runs.home() / "approvals")
    files = approvals.find(plan, *folders)
    if plan.permanent and parameters.approvers:
        here = approvers.Here(world, now, who.object_id)
        return _of_rehearsal(plan, files, here) or approvers.counted(plan, parameters, folders, here)
    now_given = partial(Approval.given, plan, by=who.object_id, tenant_id=who.tenant_id, now=now, world=world)
    wanted = approvals.phrase(plan, world)
    reasons = ["what was typed is not the phrase"] if typed else list[str]()
    if typed == wanted:
        given = now_given("typed", seen=plan.seen)
        if fresh or not plan.permanent:
            return given
        try:
            return in_cells.counted(plan, given, now)
        except ApprovalRequired as error:
            reasons = [f"{approvals.CELL_IS_OVER}: {error.what}"]
    if not plan.permanent and parameters.mode == "apply":
        said = "The parameters say mode: apply, which covers changes that can be undone."
        return now_given("mode: apply", seen={}, sentence=said)
    for file in files:
        try:
            file.covers(plan, now=now, world=world)
        except ApprovalRequired as error:
            reasons.append(f"there is an approval file, and it does not count: {error.what}")
        else:
            return file
    refused = "; ".join(reasons) or "the plan is not approved"
    return Approval(plan.digest, False, "not approved", sentence=refused, world=world, to_type=wanted)


def _of_rehearsal(plan: Plan, files: Iterator[Approval], here: approvers.Here) -> Approval | None:
    """Nobody's approval, which a rehearsal gives itself and which counts in that rehearsal only."""
    for file in files:
        if file.how == "rehearsal":
            with suppress(ApprovalRequired):
                file.covers(plan, now=here.now, world=here.world)
                return file
    return None
