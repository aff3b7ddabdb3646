"""Each change of a run: what was about to be done, and the receipt of it, or that there is none."""

from __future__ import annotations

from dataclasses import dataclass, replace

from helpers.evidence.report.told import Row, Told
from helpers.model import assignment_name

FOUND_THERE = ("the service principal was there already",)
"""Receipts of a change that found its work done by somebody else: nothing was made, so nothing is to be undone."""

ASSIGN = "assign role"
"""Its receipt tells by the assignment's name whether it was made here: Azure gives back an equal one that is there."""

ATTACH = "attach external key"
PURGE_PROTECTION = "enable purge protection"
ROTATE = "rotate key"


@dataclass(frozen=True)
class Change:
    """A write: the line before it and the receipt after it. One of them may be missing."""

    about: Row | None
    receipt: Row | None
    made_here: bool | None = True
    """Whether a receipt shows that this run made it, and did not find it there; None where that cannot be told."""

    @property
    def row(self) -> Row:
        """The line it is best known by."""
        row = self.receipt or self.about
        assert row is not None
        return row

    @property
    def kind(self) -> str:
        return self.intent("change")

    @property
    def step(self) -> str:
        return self.row.step

    @property
    def says(self) -> str:
        """The sentence that was approved, else what the receipt says."""
        return self.about.word("change") if self.about else self.row.word("what")

    @property
    def permanent(self) -> bool:
        """Whether the ledger calls it one that can never be undone."""
        return self.about is not None and self.about.at("permanent") is not False

    @property
    def done(self) -> bool:
        """Whether a receipt says that this run made it, or leaves that open."""
        return self.receipt is not None and self.made_here is not False

    def intent(self, name: str) -> str:
        """What was meant to be done, under a name; empty where that is no text."""
        return _text(self.about, "intent", name)

    def fact(self, name: str) -> str:
        """What the receipt holds under a name; empty where that is no text: nothing is made of anything else."""
        return _text(self.receipt, "facts", name)


def _text(row: Row | None, *path: str) -> str:
    value = row.at(*path) if row else None
    return value if isinstance(value, str) else ""


def changes(told: Told) -> tuple[Change, ...]:
    """All of them, in the order of their first line. A receipt belongs to the last open line of its step and actor."""
    found: list[Change] = []
    open_: dict[tuple[str, str], int] = {}
    for row in told.of("about_to", "receipt"):
        key = (row.step, row.actor)
        if row.event == "about_to":
            open_[key] = len(found)
            found.append(Change(row, None))
        elif key in open_:
            at = open_.pop(key)
            found[at] = _answered(told, Change(found[at].about, row))
        else:
            found.append(_answered(told, Change(None, row)))
    return tuple(found)


def _answered(told: Told, change: Change) -> Change:
    """A change with its receipt, and whether that shows that it was made here."""
    if change.row.word("what") in FOUND_THERE:
        return replace(change, made_here=False)
    if change.kind != ASSIGN:
        return change
    planned, name = _planned(told, change), change.fact("assignment")
    principal = planned.at("plan", "seen", "principal object ID") if planned else None
    parts = (change.intent("scope"), change.intent("role"), principal)
    if not name or not all(isinstance(part, str) and part for part in parts):
        return replace(change, made_here=None)
    return replace(change, made_here=name.lower() == assignment_name(*map(str, parts)))


def settled(told: Told, change: Change) -> Row | None:
    """Where a change has no receipt: the first later line in which its step, planned again, had nothing left to do."""
    after = [row for row in told.of("plan", "step_finished") if row.line > change.row.line and row.step == change.step]
    plan = _planned(told, change)
    planned = plan.word("plan", "step") if plan else change.step
    return next((row for row in after if row.word("plan", "step") == planned and _kept(row)), None)


def _planned(told: Told, change: Change) -> Row | None:
    """The plan that a change was in: the last one of its step before it."""
    before = [row for row in told.of("plan") if row.line < change.row.line and row.step == change.step]
    return before[-1] if before else None


def _kept(row: Row) -> bool:
    items = row.at("plan", "items")
    return (
        bool(items) and isinstance(items, list) and all(isinstance(i, dict) and i.get("kind") == "keep" for i in items)
    )
