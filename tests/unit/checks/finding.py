"""What one check finds, and the facts most checks are given."""

from __future__ import annotations

from typing import Any

from helpers.checks import ALL, Check, Finding, Phase, Verdict, judge
from helpers.facts import Facts
from helpers.model import Known, Unknown
from tests.cases.building import facts, known, one, parameters

PASS, FAIL, UNKNOWN, NOT_APPLICABLE = Verdict.PASS, Verdict.FAIL, Verdict.UNKNOWN, Verdict.NOT_APPLICABLE
GONE = Unknown("no permission", "req-1")
UNREAD = "could not be read: no permission (request id req-1)"
NONE = Known(())
LETTERED = "abcdefab-cdef-4abc-8def-abcdefabcdef"
"""An id that has another spelling in upper case."""
OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

Row = tuple[str, dict[str, Any], Verdict, str]
"""A check, what was found, its verdict, and all or the telling part of what was seen."""


def catalogued(check: str) -> Check:
    """A check by its id."""
    return next(row for row in ALL if row.id == check)


def finding(check: str, found: Facts | None = None, **given: Any) -> Finding:
    """What a check finds, in the gate if it is judged there, else in the first phase of its own."""
    phases = catalogued(check).phases
    phase: Phase = "gate" if "gate" in phases else phases[0]
    rows = judge(facts() if found is None else found, parameters(**given), phase).rows
    return next(row.finding for row in rows if row.check.id == check)


def verdicts_of(
    found: Facts, phase: Phase = "gate", planned: frozenset[str] = frozenset(), **given: Any
) -> dict[str, Verdict]:
    """The verdict of every check in a phase."""
    rows = judge(found, parameters(**given), phase, planned).rows
    return {row.check.id: row.finding.verdict for row in rows}


def deviation(check: str, expires: str = "2027-01-01") -> dict[str, Any]:
    """The parameters that accept a check."""
    return {"accepted_deviations": [{"check": check, "owner": "Ada", "reason": "our proxy", "expires": expires}]}


def vault(**changes: Any) -> dict[str, Any]:
    return {"vault": known("vault", **changes)}


def key(**changes: Any) -> dict[str, Any]:
    return {"key": known("key", **changes)}


def principal(**changes: Any) -> dict[str, Any]:
    return {"principals": known("principals", **changes)}


def assignment(**changes: Any) -> dict[str, Any]:
    return {"assignments": known("assignments", **changes)}


def workspace(**changes: Any) -> dict[str, Any]:
    return {"workspaces": known("workspaces", **changes)}


def two(fact: str, **changes: Any) -> dict[str, Any]:
    """The healthy row of a fact and a changed one after it."""
    return {fact: Known((one(fact), one(fact, **changes)))}
