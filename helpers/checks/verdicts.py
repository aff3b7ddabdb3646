"""The outcome of every check of a phase: what blocks, what is open, and how it is shown to people and machines."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass
from typing import Any

from helpers.checks.base import Check, Finding, Phase, Severity, Verdict
from helpers.checks.inventory import Noted
from helpers.display import Shown
from helpers.view import Table, View

_COLUMNS = ("Check", "Verdict", "Looked at", "Seen", "Expected", "What to do", "Controls")
_NOTED = ("Recorded", "Looked at", "Seen", "Why it is kept")


@dataclass(frozen=True)
class Judged:
    """A check with what it found, and how much it weighs in this phase."""

    check: Check
    finding: Finding
    severity: Severity


@dataclass(frozen=True)
class Verdicts(Shown):
    """The outcome of every check of a phase, in order of their ids."""

    phase: Phase
    rows: tuple[Judged, ...]
    inventory: tuple[Noted, ...] = ()

    def __post_init__(self) -> None:
        if not self.rows:
            raise ValueError("no check was made, and that must never look like none failing")

    @property
    def blocking_failures(self) -> tuple[Judged, ...]:
        return self._blocking(Verdict.FAIL)

    @property
    def blocking_unknowns(self) -> tuple[Judged, ...]:
        return self._blocking(Verdict.UNKNOWN)

    @property
    def blocking_waits(self) -> tuple[Judged, ...]:
        """Blocking checks that have not been made, because the step they judge has not run."""
        return self._blocking(Verdict.NOT_YET)

    @property
    def stopping(self) -> tuple[Judged, ...]:
        """Every blocking check that does not pass: those that fail first, then the unknown, then those not made yet."""
        return (*self.blocking_failures, *self.blocking_unknowns, *self.blocking_waits)

    @property
    def open(self) -> tuple[str, ...]:
        """Ids of the checks that neither passed nor are out of place."""
        closed = (Verdict.PASS, Verdict.NOT_APPLICABLE)
        return tuple(row.check.id for row in self.rows if row.finding.verdict not in closed)

    def brief(self) -> View:
        """Only the checks that a person has to look at; the heading counts all of them."""
        waiting = [judged.check.id for judged in self.rows if judged.finding.verdict is Verdict.NOT_YET]
        rows = tuple(_row(row) for row in self.rows if row.check.id in self.open and row.check.id not in waiting)
        lines = [f"Not yet, as the steps before them have not run: {', '.join(waiting)}"] if waiting else []
        lines = lines or self._in_short()
        return View("verdicts", self.view().heading, lines, [Table(_COLUMNS, rows)] if rows else [], data=self._data())

    @property
    def in_brief(self) -> InBrief:
        """The same, to be shown: what a person has to look at; for a machine all of it."""
        return InBrief(self)

    def counts(self) -> dict[str, int]:
        """How many checks came out how."""
        return dict(Counter(row.finding.verdict.value for row in self.rows))

    def view(self) -> View:
        tables = [Table(_COLUMNS, tuple(map(_row, self.rows)))]
        if self.inventory:
            beside = tuple((f"{n.id} {n.title}", n.looks_at, n.seen, n.why) for n in self.inventory)
            tables.append(Table(_NOTED, beside))
        told = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        return View("verdicts", f"Verdicts: {told}", self._in_short(), tables, data=self._data())

    def _data(self) -> dict[str, Any]:
        return {
            "phase": self.phase,
            "checks": [_said(judged) for judged in self.rows],
            "inventory": [asdict(n) for n in self.inventory],
        }

    def _in_short(self) -> list[str]:
        """The ids of what is not right, by how much it weighs: what a person has to look at first."""
        wrong = [row for row in self.rows if row.finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN)]
        named = (
            ("Blocking", [row.check.id for row in wrong if row.severity == "blocks"]),
            ("Warnings", [row.check.id for row in wrong if row.severity == "warns"]),
            ("Accepted by somebody", [r.check.id for r in self.rows if r.finding.verdict is Verdict.ACCEPTED]),
        )
        return [f"{what}: {', '.join(ids)}" for what, ids in named if ids] or ["Nothing is wrong"]

    def _blocking(self, verdict: Verdict) -> tuple[Judged, ...]:
        return tuple(r for r in self.rows if r.severity == "blocks" and r.finding.verdict is verdict)


@dataclass(frozen=True)
class InBrief(Shown):
    """Verdicts, shown by what a person has to look at."""

    verdicts: Verdicts

    def view(self) -> View:
        return self.verdicts.brief()


def _row(judged: Judged) -> tuple[str, ...]:
    check, finding = judged.check, judged.finding
    controls = "; ".join(f"{name} {number}" for name, number in check.controls.items())
    wrong = finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN)
    return (
        f"{check.id} {check.title}" + (f"\n{check.why}" if wrong else ""),
        _weighed(judged),
        check.looks_at,
        finding.seen,
        finding.expected,
        finding.mend or "nothing",
        controls or "none known",
    )


def _weighed(judged: Judged) -> str:
    """The verdict in words: loud with its weight where it is not right, with its owner where somebody accepted it."""
    finding = judged.finding
    if finding.accepted is not None:
        by = finding.accepted
        return f"accepted by {by.owner} until {by.expires}: {by.reason}"
    if finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN):
        return f"{finding.verdict.value.upper()} ({judged.severity})"
    return str(finding.verdict.value)


def _said(judged: Judged) -> dict[str, Any]:
    check, finding = judged.check, judged.finding
    return {
        "id": check.id,
        "title": check.title,
        "severity": judged.severity,
        "verdict": finding.verdict.value,
        "looks_at": check.looks_at,
        "seen": finding.seen,
        "expected": finding.expected,
        "mend": finding.mend,
        "why": check.why,
        "effect": check.effect,
        "controls": dict(check.controls),
        "accepted": None if finding.accepted is None else finding.accepted.model_dump(),
    }
