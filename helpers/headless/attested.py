"""What the runs kept here hold of attestations about one target. Read from their ledgers alone; no seal is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from typing import Any

from helpers.errors import RunbookError
from helpers.parameters import Parameters
from helpers.record import runs
from helpers.record.ledger import NAME, read
from helpers.record.runs import Run
from helpers.same_target import refuse_another_target
from helpers.steps.by_hand import PRODUCT, VERSION

NOT_ATTESTED = "Not attested: no run kept here says that anybody entered the key in claude.ai"
_MARK = b'"event": "attestation"'


def attested(parameters: Parameters, world: str | None) -> tuple[str, ...]:
    """For Claude Enterprise a line for each attestation about this target, oldest first; else nothing."""
    if parameters.product != PRODUCT:
        return ()
    found = sorted(_rows(parameters, world), key=lambda row: str(row["t"]))
    return tuple(map(_line, found)) or (NOT_ATTESTED,)


def _rows(parameters: Parameters, world: str | None) -> Iterator[Mapping[str, Any]]:
    """The attestations in every run about this target. A run that cannot be read says nothing here."""
    for path in (runs.home() / "runs").glob(f"*/{NAME}"):
        with suppress(RunbookError, OSError):
            if _MARK in path.read_bytes():
                refuse_another_target(Run(path.parent), world, parameters)
                yield from (row for row in read(path) if row["event"] == "attestation")


def _line(row: Mapping[str, Any]) -> str:
    said = row["attestation"]
    return (
        f"Attested by {said['entered_by']} as entered in claude.ai on {said['entered_at']}, not verified; recorded in "
        f"{row['run']} on {row['t']} under the sign-in {said['by']}, for key version {said['seen'][VERSION]}"
    )
