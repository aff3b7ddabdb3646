"""A run is about one target in one cloud: what goes on with it, or is compared with it, must be about the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from helpers.errors import WrongUsage
from helpers.parameters import Parameters
from helpers.record.ledger import read
from helpers.record.runs import Run

_SAME = (
    "world",
    "cloud",
    "tenant_id",
    "subscription_id",
    "resource_group",
    "vault_name",
    "key_name",
    "organization_id",
)


def difference(names: Sequence[str], there: Mapping[str, Any], here: Mapping[str, Any]) -> str:
    """The first of these names under which two targets differ, with both values; empty where none does.

    Compared as Azure does, whatever the case. A name that is not there is None.
    """
    for name in names:
        was, now = there.get(name), here.get(name)
        if str(was).lower() != str(now).lower():
            return f"{name} {was}, and this is {now}"
    return ""


def refuse_unknown_start(run: Run) -> None:
    """Raise WrongUsage for a run whose ledger does not say what it was started with."""
    if _started(run) is None:
        raise WrongUsage(f"{run.id} does not say what it was started with, so it is not gone on with")


def refuse_another_target(run: Run, world: str | None, parameters: Parameters) -> None:
    """Raise WrongUsage where a run was started in another cloud (`world`: its rehearsal) or for another key.

    A seal names one target, so a run has one.
    """
    started = _started(run)
    if started is None:
        return
    there = {**started["parameters"], "world": started["world"]}
    other = difference(_SAME, there, {**parameters.model_dump(mode="json"), "world": world})
    if other:
        raise WrongUsage(
            f"{run.id} was started with {other}",
            why="A run is the record of one target.",
            next_step="Start a new run for this one.",
        )


def _started(run: Run) -> Mapping[str, Any] | None:
    return next((row for row in read(run.ledger) if row["event"] == "run_started"), None)
