"""What one check finds, and the facts most checks are given."""

from __future__ import annotations

from typing import Any

from helpers.checks import Finding, Phase, judge
from helpers.facts import Facts
from tests.cases.building import known, parameters


def finding(check: str, found: Facts, **given: Any) -> Finding:
    """What a check finds, judged in a phase of its own."""
    phase: Phase = "attached" if check == "V47" else "gate"
    rows = judge(found, parameters(**given), phase).rows
    return next(row.finding for row in rows if row.check.id == check)


def principal(**changes: Any) -> dict[str, Any]:
    return {"principals": known("principals", **changes)}


def assignment(**changes: Any) -> dict[str, Any]:
    return {"assignments": known("assignments", **changes)}


def workspace(**changes: Any) -> dict[str, Any]:
    return {"workspaces": known("workspaces", **changes)}
