"""A run is about one target in one cloud: what goes on with it must be about the same."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.errors import WrongUsage
from helpers.parameters import Parameters
from helpers.record.ledger import read
from helpers.record.runs import Run

_SAME = ("cloud", "tenant_id", "subscription_id", "resource_group", "vault_name", "key_name", "organization_id")


def refuse_unknown_start(run: Run) -> None:
    """Raise WrongUsage for a run whose ledger does not say what it was started with."""
    if _started(run) is None:
        raise WrongUsage(f"{run.id} does not say what it was started with, so it is not gone on with")


def refuse_another_target(run: Run, world: str | None, parameters: Parameters) -> None:
    """Raise WrongUsage where a run was started in another cloud (`world`: its rehearsal) or for another key.

    Names are compared as Azure does, whatever their case. A seal names one target, so a run has one.
    """
    started = _started(run)
    if started is None:
        return
    here = {"world": world, **{name: getattr(parameters, name) for name in _SAME}}
    there = {"world": started["world"], **{name: started["parameters"].get(name) for name in _SAME}}
    for name, value in here.items():
        if str(there[name]).lower() != str(value).lower():
            raise WrongUsage(
                f"{run.id} was started with {name} {there[name]}, and this is {value}",
                why="A run is the record of one target.",
                next_step="Start a new run for this one.",
            )


def _started(run: Run) -> Mapping[str, Any] | None:
    return next((row for row in read(run.ledger) if row["event"] == "run_started"), None)
