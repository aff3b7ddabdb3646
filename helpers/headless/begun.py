"""How a run begins, or is gone on with: in the cloud and for the key it was started with, and not once it is sealed."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.parameters import Parameters
from helpers.record import beginning
from helpers.record.ledger import Ledger
from helpers.record.runs import Run
from helpers.record.sealed import refuse_sealed
from helpers.same_target import refuse_another_target, refuse_unknown_start
from helpers.services.connect import Services

if TYPE_CHECKING:
    from helpers.evidence.self_sealing import Ready


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
        refuse_unknown_start(run)
        refuse_another_target(run, services.world, parameters)
    beginning.write(ledger, parameters, services.world, fresh=fresh)
    return ledger


def sealing(run: Run | None, parameters: Parameters, services: Services) -> Ready | None:
    """What a run is sealed with when it ends, if its parameters say so; `run` is one that is gone on with.

    Raises RunbookError for wrong names there, before anything is begun.
    """
    if parameters.evidence is None:
        return None
    from helpers.evidence.self_sealing import ready  # only where it is asked for

    return ready(run, parameters, services)
