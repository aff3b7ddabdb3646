"""Every check, and judging them all at once."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from helpers.checks import identity, key, lifecycle, monitoring, network, principal, registration, role, vault
from helpers.checks.base import Check, Effect, Finding, Phase, Verdict, not_applicable, unread
from helpers.checks.inventory import noted
from helpers.checks.verdicts import Judged, Verdicts
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.model import NOT_LOOKED_AT
from helpers.parameters import Parameters

ALL: tuple[Check, ...] = tuple(
    sorted(
        (
            *identity.CHECKS,
            *vault.CHECKS,
            *network.CHECKS,
            *principal.CHECKS,
            *key.CHECKS,
            *lifecycle.CHECKS,
            *role.CHECKS,
            *monitoring.CHECKS,
            *registration.CHECKS,
        ),
        key=lambda check: check.id,
    )
)

__all__ = [
    "ALL",
    "Check",
    "Effect",
    "Finding",
    "Judged",
    "Phase",
    "Verdict",
    "Verdicts",
    "judge",
    "preview",
    "refuse_deviations",
]


def preview(found: Facts, parameters: Parameters) -> Verdicts:
    """What 04 will say of the vault itself, on what was read so far; what was not looked at yet is left out."""
    unseen = unread(NOT_LOOKED_AT).seen
    rows = (row for row in judge(found, parameters, "azure").rows if row.check in (*vault.CHECKS, *network.CHECKS))
    return Verdicts("azure", tuple(row for row in rows if row.finding.seen != unseen))


def judge(
    found: Facts, parameters: Parameters, phase: Phase, planned: frozenset[str] = frozenset(), today: date | None = None
) -> Verdicts:
    """Judge every check. Those whose step is only planned say "not yet"; accepted deviations are applied last.

    `today` defaults to the day the facts were read; without either no deviation is accepted.
    """
    day = today or (found.read_at.date() if found.read_at else None)
    rows = tuple(
        Judged(check, _finding(check, found, parameters, phase, planned), check.severity_in(phase)) for check in ALL
    )
    return Verdicts(phase, tuple(_accepted(row, parameters, day) for row in rows), noted(found))


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
        return Finding(Verdict.NOT_YET, f"after {', '.join(waits)}", mend=f"Run {waits[0]} first.")
    finding = check.judge(found, parameters)
    if finding.verdict is Verdict.UNKNOWN and not finding.mend:
        return replace(finding, mend=f"Reading it takes {check.right}. Then look again.")
    return finding


def _accepted(row: Judged, parameters: Parameters, today: date | None) -> Judged:
    if row.finding.verdict not in (Verdict.FAIL, Verdict.UNKNOWN) or not row.check.acceptable or today is None:
        return row
    for deviation in parameters.accepted_deviations:
        if deviation.check == row.check.id and date.fromisoformat(deviation.expires) > today:
            return replace(row, finding=replace(row.finding, verdict=Verdict.ACCEPTED, accepted=deviation))
    return row
