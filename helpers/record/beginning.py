"""How a run begins in its ledger, or is gone on with: in which cloud, with which parameters, by which suite."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from helpers.record.ledger import Ledger
from helpers.record.suite import suite

if TYPE_CHECKING:
    from helpers.parameters import Parameters


def write(ledger: Ledger, parameters: Parameters, world: str | None, *, fresh: bool, **more: Any) -> None:
    """The first line of a run, or that of somebody who goes on with it. `world` is the rehearsal, None on Azure."""
    ledger.write(
        "run_started" if fresh else "run_continued",
        cloud=parameters.cloud,
        world=world,
        parameters=parameters.model_dump(mode="json"),
        suite=suite(),
        **more,
    )
