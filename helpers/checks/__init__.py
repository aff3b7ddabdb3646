"""Every check, and judging them all at once."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace
from datetime import date
from typing import Any

from helpers.checks import identity, key, monitoring, network, principal, registration, role, vault
from helpers.checks.base import Check, Finding, Phase, Verdict, not_applicable
from helpers.display import Shown
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.parameters import Parameters
from helpers.view import Table, View

ALL: tuple[Check, ...] = tuple(
    sorted(
        (
            *identity.CHECKS,
            *vault.CHECKS,
            *network.CHECKS,
            *principal.CHECKS,
            *key.CHECKS,
            *role.CHECKS,
            *monitoring.CHECKS,
            *registration.CHECKS,
        ),
        key=lambda check: check.id,
    )
)

__all__ = ["ALL", "Check", "Finding", "Judged", "Phase", "Verdict", "Verdicts", "judge", "preview", "refuse_deviations"]

_COLUMNS = ("Check", "Verdict", "What", "Seen", "Expected", "What to do", "Controls")


@dataclass(frozen=True)
class Judged:
    """A check with what it found."""

    check: Check
    finding: Finding


@dataclass(frozen=True)
class Verdicts(Shown):
    """The outcome of every check of a phase, in order of their ids."""

    phase: Phase
    rows: tuple[Judged, ...]

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
    def open(self) -> tuple[str, ...]:
        """Ids of the checks that neither passed nor are out of place."""
        closed = (Verdict.PASS, Verdict.NOT_APPLICABLE)
        return tuple(row.check.id for row in self.rows if row.finding.verdict not in closed)

    def brief(self) -> View:
        """Only the checks that a person has to look at; the heading counts all of them."""
        waiting = [judged.check.id for judged in self.rows if judged.finding.verdict is Verdict.NOT_YET]
        rows = tuple(_row(row) for row in self.rows if row.check.id in self.open and row.check.id not in waiting)
        lines = [f"Not yet, as the steps before them have not run: {', '.join(waiting)}"] if waiting else []
        return View("verdicts", self.view().heading, lines, [Table(_COLUMNS, rows)] if rows else [])

    def counts(self) -> dict[str, int]:
        """How many checks came out how."""
        return dict(Counter(row.finding.verdict.value for row in self.rows))

    def view(self) -> View:
        rows = tuple(_row(judged) for judged in self.rows)
        told = ", ".join(f"{number} {verdict}" for verdict, number in self.counts().items())
        data: dict[str, Any] = {"phase": self.phase, "checks": [_said(judged) for judged in self.rows]}
        return View("verdicts", f"Verdicts: {told}", tables=[Table(_COLUMNS, rows)], data=data)

    def _blocking(self, verdict: Verdict) -> tuple[Judged, ...]:
        return tuple(r for r in self.rows if r.check.severity == "blocks" and r.finding.verdict is verdict)


def preview(found: Facts, parameters: Parameters) -> Verdicts:
    """What 04 will say of the vault itself, on what was read so far."""
    rows = judge(found, parameters, "azure").rows
    return Verdicts("azure", tuple(row for row in rows if row.check in (*vault.CHECKS, *network.CHECKS)))


def judge(
    found: Facts, parameters: Parameters, phase: Phase, planned: frozenset[str] = frozenset(), today: date | None = None
) -> Verdicts:
    """Judge every check. Those whose step is only planned say "not yet"; accepted deviations are applied last.

    `today` defaults to the day the facts were read; without either no deviation is accepted.
    """
    day = today or (found.read_at.date() if found.read_at else None)
    rows = tuple(Judged(check, _finding(check, found, parameters, phase, planned)) for check in ALL)
    return Verdicts(phase, tuple(_accepted(row, parameters, day) for row in rows))


def refuse_deviations(parameters: Parameters, today: date) -> None:
    """Raise WrongUsage, in one line, for a deviation of a check that is none, may not be accepted, or has expired."""
    may = [check.id for check in ALL if check.acceptable]
    for number, deviation in enumerate(parameters.accepted_deviations):
        key = f"accepted_deviations.{number}"
        if deviation.check not in may:
            there = any(check.id == deviation.check for check in ALL)
            why = "a check that may never be accepted" if there else "no check of this suite"
            raise WrongUsage(f"{key}.check: given {deviation.check}, {why}; allowed: {' or '.join(may)}")
        if date.fromisoformat(deviation.expires) <= today:
            raise WrongUsage(f"{key}.expires: given {deviation.expires}, which is over; allowed: a day after {today}")


def _finding(check: Check, found: Facts, parameters: Parameters, phase: Phase, planned: frozenset[str]) -> Finding:
    if parameters.product not in check.products:
        return not_applicable(f"not for {parameters.product}")
    if phase not in check.phases:
        return not_applicable(f"judged in the phase {', '.join(check.phases)}")
    waits = sorted(planned.intersection(check.after))
    if waits:
        return Finding(Verdict.NOT_YET, f"after {', '.join(waits)}")
    return check.judge(found, parameters)


def _accepted(row: Judged, parameters: Parameters, today: date | None) -> Judged:
    if row.finding.verdict not in (Verdict.FAIL, Verdict.UNKNOWN) or not row.check.acceptable or today is None:
        return row
    for deviation in parameters.accepted_deviations:
        if deviation.check == row.check.id and date.fromisoformat(deviation.expires) > today:
            seen = f"{row.finding.seen}; accepted by {deviation.owner} until {deviation.expires}: {deviation.reason}"
            return replace(row, finding=replace(row.finding, verdict=Verdict.ACCEPTED, seen=seen))
    return row


def _row(judged: Judged) -> tuple[str, ...]:
    check, finding = judged.check, judged.finding
    loud = (
        finding.verdict.value.upper() if finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN) else finding.verdict.value
    )
    weight = f" ({check.severity})" if finding.verdict in (Verdict.FAIL, Verdict.UNKNOWN) else ""
    controls = "; ".join(f"{name} {number}" for name, number in check.controls.items())
    return check.id, loud + weight, check.title, finding.seen, finding.expected, finding.mend, controls


def _said(judged: Judged) -> dict[str, Any]:
    check, finding = judged.check, judged.finding
    return {
        "id": check.id,
        "title": check.title,
        "severity": check.severity,
        "verdict": finding.verdict.value,
        "seen": finding.seen,
        "expected": finding.expected,
        "mend": finding.mend,
        "why": check.why,
        "controls": dict(check.controls),
    }
