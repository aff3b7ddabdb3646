"""One sealing at a time in a folder of runs, and none while a line of the run's ledger is written.

Both are flock, on the folder and on the ledger: the system frees them when their holder ends, however it ends, and
nothing is left behind.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from helpers.errors import Failed, Refused
from helpers.record.runs import Run
from helpers.waiting import NotYet, Waiter

AT_MOST_SECONDS, LONGEST_PAUSE_SECONDS = 60.0, 1.0


@contextmanager
def alone(run: Run, wait: Waiter) -> Iterator[None]:
    """For a block, nobody else seals here or writes to this run's ledger. Raises Refused after a minute, and Failed."""
    with ExitStack() as held:
        for path, flags in ((run.folder.parent, os.O_RDONLY), (run.ledger, os.O_RDONLY | os.O_NOFOLLOW)):
            try:
                descriptor = os.open(path, flags)
                held.callback(os.close, descriptor)
                _take(run, descriptor, wait)
            except OSError as error:
                raise Failed(
                    f"{path}: cannot be locked for sealing: {error.strerror}",
                    why="Two sealings at once could spoil each other. Nothing was sealed.",
                    next_step="Seal where the run folder and the folder it is in can be read and locked.",
                ) from None
        yield


def _take(run: Run, descriptor: int, wait: Waiter) -> None:
    def look() -> NotYet | None:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return NotYet("It holds the lock.")
        return None

    def refuse() -> None:
        raise Refused(
            f"{run.id}: not sealed: another sealing in {run.folder.parent} has not ended in {AT_MOST_SECONDS:.0f} s",
            next_step="Let it end, and seal again.",
        )

    often = replace(wait, longest_pause=LONGEST_PAUSE_SECONDS)
    often.until_or("another sealing here to end", look, refuse, at_most=AT_MOST_SECONDS)
