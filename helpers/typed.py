"""What is given by hand counts for one change, and a phrase in a cell only from when it was first there.

A cell is typed once and run often, by whoever opens the notebook, and one opened in place makes a new run each time. So
the first time is kept beside the runs, as is that a phrase was used.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

from helpers.approval import BY_HAND, Approval, loaded, phrase, written
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.plan import Plan
from helpers.record import runs

FOLDER = "typed"


def counted(plan: Plan, typed: Approval, now: datetime) -> Approval:
    """The approval that the phrase in a cell is: as it was first given, by whom and until when.

    For a permanent plan: its phrase is for what was shown alone. Raises ApprovalRequired where it was used or its time
    is over, and WrongUsage for a damaged file.
    """
    if _path(plan, typed, "-used").exists():
        raise ApprovalRequired("it has been used, and it counts for one change")
    first = _path(plan, typed)
    if not first.exists():
        written(asdict(typed), first)
    approval = loaded(first, ("typed",))
    approval.covers(plan, now=now, world=typed.world)
    return approval


def use_up(plan: Plan, approval: Approval, own: Path) -> None:
    """What was given by hand is used: neither the phrase in a cell nor its file in the run's folder counts again.

    The file stays in the record, under a name that nothing looks for. One that was not given by hand stays as it is.
    """
    if approval.how not in BY_HAND:
        return
    if plan.permanent and not (used := _path(plan, approval, "-used")).exists():
        written(asdict(approval), used)
    path = own / f"{plan.digest}.json"
    with suppress(WrongUsage):  # a damaged one counts for nothing
        if path.is_file():
            given = loaded(path, BY_HAND)
            path.replace(path.with_name(f"{plan.digest}-used-{re.sub('[^0-9TZ]', '', given.approved_at)}.json"))


def _path(plan: Plan, approval: Approval, end: str = "") -> Path:
    name = phrase(plan, approval.world).replace(" ", "-")
    return runs.home() / "approvals" / FOLDER / f"{name}{end}.json"
