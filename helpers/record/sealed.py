"""A sealed run is not written to any more: the seal would no longer be about it."""

from __future__ import annotations

from helpers.errors import WrongUsage
from helpers.record.ledger import SEAL
from helpers.record.runs import Run


def refuse_sealed(run: Run) -> None:
    """Raise WrongUsage for a run that is sealed."""
    if (run.folder / SEAL).exists():
        raise WrongUsage(
            f"{run.id} is sealed, so nothing is added to it",
            why="What is written now would break its seal.",
            next_step="Start a new run: it looks at what is there and goes on from it.",
        )
