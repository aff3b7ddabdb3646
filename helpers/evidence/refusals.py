"""What keeps a run from being sealed: a seal, something odd, a ledger that is not whole or has no end, a secret."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from helpers.errors import Refused
from helpers.evidence import files, recorded
from helpers.evidence.files import Unreadable
from helpers.evidence.recorded import NotARecord, Recorded
from helpers.record.runs import Run


def sealed(folder: Path) -> None:
    """Raise Refused for a run that is sealed already, or that has a seal of which the statement was taken away."""
    if files.is_there(folder / files.STATEMENT):
        raise Refused(
            f"{folder.name}: already sealed; nothing was changed",
            why="A second seal would take the place of the first, and nobody could tell.",
            next_step="Look at it by: python runbook.py evidence verify RUN",
        )
    left = [name for name in files.SEAL if files.is_there(folder / name)]
    if left and not files.is_there(folder / files.UNFINISHED):
        raise Refused(
            f"{folder.name}: {', '.join(left)} is there and {files.STATEMENT} is not; nothing was changed",
            why="It was sealed, and its statement was taken away since.",
            next_step="Find out who did, and keep the folder as it is.",
        )


def under_way(folder: Path, rests: bool) -> None:
    """Raise Refused where a run, JupyterLab or a change is still going on in the folder."""
    if not rests:
        raise Refused(
            f"{folder.name}: not sealed: something is still going on in it",
            why="What is written after the seal would break it, and a receipt could be left out of it.",
            next_step="Let the run end, or close JupyterLab, and seal again.",
        )


def odd(folder: Path) -> None:
    """Raise Refused where something in the folder is no plain file."""
    found = files.listing(folder).odd
    if found:
        raise Refused(
            f"{folder.name}: not sealed: " + "; ".join(f"{name}: {why}" for name, why in found),
            why="A seal is about plain files: of anything else nobody could say later what was in it.",
            next_step="Take it out of the run folder, or rename it, and seal again.",
        )


def told(run: Run) -> Recorded:
    """What a run's ledger says of it. Raises Refused where it is not whole."""
    try:
        return recorded.read(run.ledger)
    except (NotARecord, Unreadable) as error:
        raise Refused(
            f"{run.id}: not sealed: its ledger: {error}",
            why="The statement says what the ledger says, so it must be whole.",
            next_step="Keep the folder as it is, and start a new run.",
        ) from None


def incomplete(said: Recorded) -> None:
    """Raise Refused for a run that did not end."""
    if not said.complete:
        raise Refused(
            f"{said.run}: not sealed: its ledger does not end in run_finished",
            why="It was interrupted or still goes on; a verifier will call it incomplete for good.",
            next_step="Go on with it by run --continue, or seal it as it is by evidence seal --incomplete.",
        )


def secrets(folder: Path, hits: Sequence[object]) -> None:
    """Raise Refused where secrets were found; a hit's text names file, cell and kind."""
    if hits:
        raise Refused(
            f"{folder.name}: not sealed: something that must not be kept was found: " + "; ".join(map(str, hits)),
            why="A record with a secret in it cannot be kept or shown to anybody.",
            next_step="Have the secret replaced where it is used, take it out of the file, and seal again.",
        )
