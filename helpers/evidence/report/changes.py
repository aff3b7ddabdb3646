"""Each change of a run: what was about to be done, and the receipt of it, or that there is none."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.evidence.report.told import Row, Told

FOUND_THERE = ("the service principal was there already",)
"""Receipts of a change that found its work done by somebody else: nothing was made, so nothing is to be undone."""

ATTACH = "attach external key"
PURGE_PROTECTION = "enable purge protection"
ROTATE = "rotate key"


@dataclass(frozen=True)
class Change:
    """A write: the line before it and the receipt after it. One of them may be missing."""

    about: Row | None
    receipt: Row | None

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
        """Whether a receipt says that this run made it."""
        return self.receipt is not None and self.receipt.word("what") not in FOUND_THERE

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
            found[at] = Change(found[at].about, row)
        else:
            found.append(Change(None, row))
    return tuple(found)


def settled(told: Told, change: Change) -> Row | None:
    """Where a change has no receipt: the first later line in which its step, planned again, had nothing left to do."""
    after = [row for row in told.of("plan", "step_finished") if row.line > change.row.line and row.step == change.step]
    planned = _plan_of(told, change)
    return next((row for row in after if row.word("plan", "step") == planned and _kept(row)), None)


def _plan_of(told: Told, change: Change) -> str:
    """The name of the plan that a change was in: the last one of its step before it."""
    before = [row for row in told.of("plan") if row.line < change.row.line and row.step == change.step]
    return before[-1].word("plan", "step") if before else change.step


def _kept(row: Row) -> bool:
    items = row.at("plan", "items")
    return (
        bool(items) and isinstance(items, list) and all(isinstance(i, dict) and i.get("kind") == "keep" for i in items)
    )
