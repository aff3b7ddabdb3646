"""How a run begins, or is gone on with: in the cloud and for the key it was started with, and not once it is sealed."""

from __future__ import annotations

from helpers.errors import WrongUsage
from helpers.parameters import Parameters
from helpers.record.ledger import Ledger, read
from helpers.record.runs import Run
from helpers.record.sealed import refuse_sealed
from helpers.record.suite import suite
from helpers.services.connect import Services

_SAME = ("cloud", "tenant_id", "vault_name", "key_name", "organization_id")


def begun(run: Run, services: Services, parameters: Parameters, *, fresh: bool) -> Ledger:
    """The ledger of a run, with its first line or with one that says who goes on with it, and by which suite.

    Raises WrongUsage for a run of another target, and for a sealed one.
    """
    ledger = Ledger(
        run.ledger,
        run.id,
        "run",
        services.clock.now,
        services.caller.object_id,
        services.secrets_in_use,
    )
    if not fresh:
        refuse_sealed(run)
        _refuse_another_target(run, services, parameters)
    ledger.write(
        "run_started" if fresh else "run_continued",
        cloud=parameters.cloud,
        world=services.world,
        parameters=parameters.model_dump(mode="json"),
        suite=suite(),
    )
    return ledger


def _refuse_another_target(run: Run, services: Services, parameters: Parameters) -> None:
    started = next((row for row in read(run.ledger) if row["event"] == "run_started"), None)
    if started is None:
        raise WrongUsage(f"--continue: {run.id} does not say what it was started with, so it is not gone on with")
    here = {"world": services.world, **{name: getattr(parameters, name) for name in _SAME}}
    there = {"world": started["world"], **{name: started["parameters"].get(name) for name in _SAME}}
    for name, value in here.items():
        if there[name] != value:
            raise WrongUsage(f"--continue: {run.id} was started with {name} {there[name]}, and this is {value}")
