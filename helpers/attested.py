"""What the runs kept here hold of attestations about one target. Read from their ledgers alone; no seal is checked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import accumulate
from operator import itemgetter
from typing import Any

from helpers.errors import RunbookError
from helpers.parameters import Parameters
from helpers.record import runs
from helpers.record.ledger import NAME, read
from helpers.record.runs import Run
from helpers.same_target import refuse_another_target
from helpers.steps.by_hand import PRODUCT, SHEET_VERSION, VERSION

NOT_ATTESTED = "Not attested: no run kept here says that anybody entered the key in claude.ai"
NOT_LOOKED_FOR = "Attestations are not looked for in a fleet; check this target by itself to see them"
_OUTCOMES = {"yes": "Recorded as entered and accepted, so do not enter it again", "no": "NOT ACCEPTED, as recorded"}
_MARK = b'"event": "attestation"'


def attested(parameters: Parameters, world: str | None, *, in_fleet: bool = False) -> tuple[str, ...]:
    """For Claude Enterprise a line for each attestation about this target, oldest first; else nothing.

    In a fleet one line that says that nobody looked: every target would read every run, and a worker has none of them.
    """
    if parameters.product != PRODUCT:
        return ()
    if in_fleet:
        return (NOT_LOOKED_FOR,)
    found = sorted(_lines(parameters, world), key=itemgetter(0))
    return tuple(line for _, line in found) or (NOT_ATTESTED,)


def entered_before(parameters: Parameters, world: str | None) -> tuple[str, ...]:
    """The same, and nothing where there is no attestation."""
    found = attested(parameters, world)
    return () if found == (NOT_ATTESTED,) else found


def _lines(parameters: Parameters, world: str | None) -> Iterator[tuple[str, str]]:
    """When each was recorded, and its line. A run that is damaged or cannot be read says nothing here.

    Within a run its own order counts: a clock may be set back, and a rehearsal's is known to the second only.
    """
    for path in (runs.home() / "runs").glob(f"*/{NAME}"):
        with suppress(RunbookError, OSError, KeyError, TypeError, AttributeError):
            if _MARK in path.read_bytes():
                refuse_another_target(Run(path.parent), world, parameters)
                rows = [row for row in read(path) if row["event"] == "attestation"]
                yield from zip(accumulate((str(row["t"]) for row in rows), max), map(_line, rows), strict=True)


def _line(row: Mapping[str, Any]) -> str:
    said = row["attestation"]
    seen = said["seen"]
    version = f"{seen[SHEET_VERSION]}, rotated since to {seen[VERSION]}" if SHEET_VERSION in seen else seen[VERSION]
    outcome = _OUTCOMES.get(said.get("accepted"), "NOT KNOWN whether accepted, so look before entering it again")
    return (
        f"{outcome}: {said['entered_by']} entered it in claude.ai on {said['entered_at']}, and the screen showed "
        f"“{said['screen']}”. Claimed, not verified; recorded in {row['run']} on {row['t']} under the sign-in "
        f"{said['by']}, for key version {version}"
    )
