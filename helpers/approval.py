"""What was approved, by whom, and how sure we are of it."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Literal

from pydantic import TypeAdapter

from helpers.clock import stamp
from helpers.display import Shown
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.plan import Plan
from helpers.view import View

VALID_FOR = timedelta(days=7)
_CLOCKS_DIFFER = timedelta(minutes=15)
NOBODY = "nobody (rehearsal)"
CELL_IS_OVER = "the phrase in the cell does not count any more"
"""Begins the sentence of what is not approved because that phrase was used or its time is over."""

How = Literal[
    "nothing to approve", "mode: apply", "clicked", "typed", "signed in", "signed", "rehearsal", "not approved"
]
_FOR_GOOD = ("typed", "signed in", "signed", "rehearsal")
_BY_SIGNING = (
    "each approver that the parameters name: python runbook.py approve RUN --sign pem:FILE, or keyvault:KEY_ID"
)
BY_HAND: tuple[How, ...] = ("clicked", "typed")
_BY_FILE: tuple[How, ...] = ("signed in", "rehearsal")


@dataclass(frozen=True)
class Approval(Shown):
    """An approval of one plan. Only `granted` ones let anything happen.

    `seen` is what the approver was shown beside the intent; None when a rehearsal approved before anything was there.
    """

    digest: str
    granted: bool
    how: How
    by: str = ""
    tenant_id: str = ""
    approved_at: str = ""
    expires_at: str = ""
    seen: Mapping[str, str] | None = field(default_factory=dict)
    sentence: str = ""
    signed: bool = False
    """Whether only signed ones count, because the parameters pin who approves."""
    world: str | None = None
    """The rehearsal it was made in; None for the real clouds. It counts there only."""
    to_type: str = ""
    """What a person would type to approve what is not approved."""

    @classmethod
    def given(
        cls,
        plan: Plan,
        how: How,
        by: str,
        tenant_id: str,
        *,
        now: datetime,
        world: str | None,
        seen: Mapping[str, str] | None,
        sentence: str = "",
    ) -> Approval:
        """One that is granted now, and counts for as long as approvals do."""
        times = (stamp(now), stamp(now + VALID_FOR))
        return cls(plan.digest, True, how, by, tenant_id, *times, seen, sentence, world=world)

    def view(self) -> View:
        lines = [self.sentence] if self.sentence else []
        where = " into the form, and not into the cell" if self.cell_is_over else ""
        lines += [f"To approve by hand, type{where}: {self.to_type}"] if self.to_type else []
        sure = {
            "clicked": f"Clicked by whoever used the sign-in {self.by}: the person is claimed, not authenticated.",
            "typed": f"Typed by whoever used the sign-in {self.by}: the person is claimed, not authenticated.",
            "signed in": f"By {self.by}, object ID and tenant taken from the sign-in. The file is not signed.",
            "signed": f"By {self.by}: signed, and checked with the keys that the parameters pin.",
            "rehearsal": f"By {self.by}: this counts in a rehearsal only.",
        }.get(self.how)
        heading = "Approved" if self.granted else "Not approved: nothing will be changed"
        heading = "Nothing to approve" if self.how == "nothing to approve" else heading
        return View("approval", heading, [*lines, *([sure] if sure else [])], data=asdict(self))

    @property
    def cell_is_over(self) -> bool:
        """Whether the phrase was in the approval cell and is refused there from now on, for this very plan."""
        return not self.granted and self.sentence.startswith(CELL_IS_OVER)

    @property
    def has_times(self) -> bool:
        """Whether it says when it was given and until when it counts. Raises ValueError for what is no time."""
        times = [datetime.fromisoformat(said) for said in (self.approved_at, self.expires_at) if said]
        return len(times) == 2 and all(time.tzinfo is not None for time in times)

    def _counts_as_long_as_it_may(self, now: datetime) -> bool:
        """Not for longer than approvals do, and not from a time to come but for clocks that differ."""
        given, until = datetime.fromisoformat(self.approved_at), datetime.fromisoformat(self.expires_at)
        return until - given <= VALID_FOR and given <= now + _CLOCKS_DIFFER

    def covers(self, plan: Plan, *, now: datetime, world: str | None) -> None:
        """Return only if this approves that very plan, now. Raises ApprovalRequired otherwise."""
        if not plan.changes:
            return
        if not self.granted:
            said = self.sentence or "the plan is not approved"
            raise _required(said, plan, world, signed=self.signed, cell=not self.cell_is_over)
        if self.digest != plan.digest:
            raise _required("the approval is for another plan", plan, world, f"It names {self.digest[:12]}.")
        if self.world != world or (self.how == "rehearsal" and world is None):
            unnamed = "in a rehearsal it does not name" if self.how == "rehearsal" else "outside a rehearsal"
            made = f"in {self.world}" if self.world else unnamed
            raise _required(f"the approval was made {made}, and this is {world or 'no rehearsal'}", plan, world)
        if self.expires_at and datetime.fromisoformat(self.expires_at) <= now:
            raise _required(f"the approval expired at {self.expires_at}", plan, world, cell=self.how != "typed")
        if self.has_times and not self._counts_as_long_as_it_may(now):
            times = f"{self.approved_at} to {self.expires_at}"
            raise _required(f"the approval says {times}, for which none can count", plan, world)
        if not plan.permanent:
            return
        if self.how not in _FOR_GOOD:
            raise _required("a change that can never be undone needs a person's approval", plan, world)
        if self.seen is None and self.how != "rehearsal":
            raise _required("the approval does not say what was seen", plan, world)
        for name, value in (self.seen or {}).items():
            if plan.seen.get(name) != value:
                raise _required(
                    f"what was approved is not what is there: {name} was {value}, and is {plan.seen.get(name, 'gone')}",
                    plan,
                    world,
                )
        if self.seen is not None and set(self.seen) != set(plan.seen):
            raise _required("the approval does not cover everything the plan relies on", plan, world)


def _required(
    what: str, plan: Plan, world: str | None, more: str = "", *, signed: bool = False, cell: bool = True
) -> ApprovalRequired:
    undone = f"It can never be undone, so it was not done: {'; '.join(map(str, plan.changes))}."
    return ApprovalRequired(
        " ".join(part for part in (f"{plan.step}: {what.rstrip('.')}.", more) if part),
        why=undone if plan.permanent else "Nothing was changed.",
        next_step=_BY_SIGNING if signed else how_to_approve(plan, world, cell=cell),
    )


def how_to_approve(plan: Plan, world: str | None, *, cell: bool = True) -> str:
    """What a person does to approve a plan; without `cell`, what still counts after its phrase in the cell does not."""
    if plan.permanent:
        return (
            "python runbook.py approve RUN with this run's id, or approve -f FILE with its parameter file; "
            f"or type the phrase {phrase(plan, world)} into the form above"
            + (" or into the approval cell" if cell else "")
        )
    by_hand = f"press the button of the form above, or type the word {phrase(plan, world)} in the approval cell"
    return f"set mode: apply in the parameters; or in a notebook {by_hand}"


def phrase(plan: Plan, world: str | None) -> str:
    """What has to be typed to approve a plan: a word, or for a permanent one a phrase bound to what was shown.

    It is made of the digest, of everything the plan relies on, and of the world: typed for another key version, or in a
    rehearsal, it approves nothing.
    """
    if not plan.permanent:
        return "apply"
    shown = json.dumps([plan.digest, plan.seen, world], sort_keys=True)
    return f"for good {hashlib.sha256(shown.encode()).hexdigest()[:12]}"


def save(approval: Approval, folder: Path) -> Path:
    """Write an approval as `<digest>.json`, whole or not at all."""
    return written(asdict(approval), folder / f"{approval.digest}.json")


def written(document: Mapping[str, object], path: Path) -> Path:
    """Write a JSON file, whole or not at all."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_text(json.dumps(document, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    part.replace(path)
    return path


def find(plan: Plan, own: Path, shared: Path) -> Iterator[Approval]:
    """The approval files for a plan: in the run's own folder and, for a permanent plan, in the shared one.

    What was clicked or typed in a notebook counts in its own run only. Raises WrongUsage for a damaged file.
    """
    folders = ((own, (*_BY_FILE, *BY_HAND)), (shared, _BY_FILE)) if plan.permanent else ((own, BY_HAND),)
    for folder, hows in folders:
        path = folder / f"{plan.digest}.json"
        if path.is_file():
            yield loaded(path, hows)


def parse(text: str) -> Approval:
    """An approval from its JSON. Raises ValueError or TypeError for anything that is not wholly one."""
    Approval(**json.loads(text))  # refuses a field that an approval does not have
    return TypeAdapter(Approval).validate_json(text, strict=True)


def loaded(path: Path, hows: tuple[How, ...]) -> Approval:
    """The approval in a file, if it was made in one of these ways. Raises WrongUsage for another, or a damaged one."""
    try:
        approval = parse(path.read_text(encoding="utf-8"))
        timed = approval.has_times
    except (OSError, ValueError, TypeError) as error:
        raise WrongUsage(f"{path}: not an approval file ({type(error).__name__})") from None
    if approval.how not in hows or not timed:
        raise WrongUsage(f"{path}: not an approval that a file can give")
    return approval
