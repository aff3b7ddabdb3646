"""Choices in a row, shown as a table: what there is, whether it fits, and why."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from helpers.display import Shown
from helpers.guided.choices import Choice
from helpers.view import Table, View

_ORDER = {"fit": 0, None: 0, "UNKNOWN": 1, "not fit": 2}


@dataclass(frozen=True)
class Choices(Shown):
    """What can be picked of one kind, the fit ones first, and which of them is picked where nobody picks."""

    what: str
    rows: tuple[Choice, ...]
    picked: Choice | None
    notes: tuple[str, ...] = ()
    """What could not be read, and what else is to be known of all of them."""

    def view(self) -> View:
        judged = any(row.fit for row in self.rows)
        columns = (self.what, "Fit", "Why", "About it") if judged else (self.what, "About it")
        rows = tuple(_cells(row, judged) for row in self.rows)
        counted = f"{len(self.rows)} to pick from" if self.rows else "none to pick from"
        lines = [*self.notes, f"Picked to begin with: {self.picked.title}" if self.picked else "Nothing is picked"]
        tables = [Table(columns, rows)] if rows else []
        return View("choices", f"{self.what}: {counted}", lines, tables, data=self._data())

    def _data(self) -> dict[str, Any]:
        rows = [
            {"label": row.label, "about": row.about, "fit": row.fit, "why": list(row.why), "named": row.named}
            for row in self.rows
        ]
        return {"what": self.what, "choices": rows, "picked": self.picked and self.picked.label, "notes": [*self.notes]}


NOTHING = Choices("", (), None)
"""Nothing to pick from."""


def offered(what: str, rows: Iterable[Choice], wanted: Choice | None, notes: Iterable[str] = ()) -> Choices:
    """The choices in order. Picked is the wanted one, else the first that is fit, else the first."""
    ordered = tuple(sorted(rows, key=lambda row: (_ORDER[row.fit], row.named, row.label.lower())))
    first = next(iter(ordered), None)
    fit = next((row for row in ordered if row.fit in (None, "fit")), first)
    return Choices(what, ordered, wanted if wanted is not None else fit, tuple(notes))


def _cells(row: Choice, judged: bool) -> tuple[str, ...]:
    return (row.label, row.fit or "", row.reasons, row.about) if judged else (row.label, row.about)
