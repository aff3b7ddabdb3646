"""The worlds leave no gap: every verdict that a check declares is reached by a named world, or has a reason why not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest

from helpers.checks import ALL, Verdict
from helpers.rehearsal.services import ROUTER
from tests.worlds import matrix
from tests.worlds.expected import names, of

WORLDS = tuple(map(of, names()))
SERVICES = {
    "management.azure.com": "Azure Resource Manager",
    "graph.microsoft.com": "Microsoft Graph",
    "*.vault.azure.net": "Key Vault",
    "api.anthropic.com": "Admin API",
}
MONITOR = ("DiagnosticSettings_", "Workspaces_")
KINDS = ("403", "404", "429", "5xx", "nonsense", "empty", "truncated", "wrong_type", "reset")


def test_no_gaps() -> None:
    """Every check has a world for every verdict it declares, and no world names one that it does not."""
    assert matrix.gaps(matrix.cells(WORLDS)) == []


def test_the_page_is_what_is_generated() -> None:
    """parameters/worlds/README.md is up to date."""
    assert matrix.PAGE.read_text(encoding="utf-8") == matrix.page(), "run python -m tests.worlds.matrix"


@pytest.mark.parametrize("verdict", [Verdict.FAIL, Verdict.UNKNOWN])
def test_each_check_that_blocks_or_warns_has_a_drill(verdict: Verdict) -> None:
    """That nothing is onboarded yet is not enough: some drill shows each check failing, and not being able to look."""
    found = matrix.cells(world for world in WORLDS if world.is_drill)
    wanted = [check.id for check in ALL if verdict in check.verdicts]
    assert [check for check in wanted if (check, verdict) not in found] == []


def test_a_missing_world_is_a_gap() -> None:
    """Without the only world that reaches a cell the matrix names that cell; so does a verdict that is not declared."""
    found = matrix.cells(WORLDS)
    lonely = next(cell for cell, there in found.items() if len(there) == 1)
    rest = [world for world in WORLDS if world.name != found[lonely][0]]
    assert f"{lonely[0]}: {lonely[1].value}: no world" in matrix.gaps(matrix.cells(rest))
    wrong = replace(WORLDS[0], verdicts={"check": {"V01": "fail"}})
    assert "V01: fail: not declared" in matrix.gaps(matrix.cells([*WORLDS, wrong]))


def test_each_kind_of_trouble_meets_reads_of_every_service() -> None:
    """Refused, not found, throttled, broken and unreadable: in each service some world has it."""
    hosts = {route.operation: route.host for route in ROUTER.routes}
    met = set()
    for world in WORLDS:
        for fault in world.faults:
            operation = fault["operation"]
            service = "Azure Monitor" if operation.startswith(MONITOR) else SERVICES[hosts[operation]]
            met.add((service, kind(fault)))
    wanted = {(service, each) for service in (*SERVICES.values(), "Azure Monitor") for each in KINDS}
    assert wanted - met == set()


def kind(fault: Mapping[str, Any]) -> str:
    """What sort of trouble a fault is."""
    if fault.get("reset"):
        return "reset"
    status = fault.get("status", 0)
    return fault.get("body") or ("5xx" if status >= 500 else str(status))
