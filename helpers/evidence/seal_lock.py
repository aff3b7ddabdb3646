"""One sealing at a time in a folder of runs, and none while a line of the run's ledger is written.

Both are flock, on the folder and on the ledger: the system frees them when their holder ends, however it ends, and
nothing is left behind.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

from helpers.errors import Failed, Refused
from helpers.record.runs import Run

SECONDS, PAUSE = 60.0, 0.1


@contextmanager
def alone(run: Run) -> Iterator[None]:
    """For a block, nobody else seals here or writes to this run's ledger. Raises Refused after a minute, and Failed."""
    with ExitStack() as held:
        for path, flags in ((run.folder.parent, os.O_RDONLY), (run.ledger, os.O_RDONLY | os.O_NOFOLLOW)):
            try:
                descriptor = os.open(path, flags)
                held.callback(os.close, descriptor)
                taken = _taken(descriptor)
            except OSError as error:
                raise Failed(
                    f"{path}: cannot be locked for sealing: {error.strerror}",
                    why="Two sealings at once could spoil each other. Nothing was sealed.",
                    next_step="Seal where the run folder and the folder it is in can be read and locked.",
                ) from None
            if not taken:
                raise Refused(
                    f"{run.id}: not sealed: another sealing in {run.folder.parent} has not ended in {SECONDS:.0f} s",
                    next_step="Let it end, and seal again.",
                )
        yield


def _taken(descriptor: int) -> bool:
    until = time.monotonic() + SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > until:
                return False
            time.sleep(PAUSE)
        else:
            return True
