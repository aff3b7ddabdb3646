"""That something is going on in a run folder: it is not sealed meanwhile, or a receipt could be left out of the seal.

A shared flock on the folder itself: many may hold it, the system frees it when its holder ends, however it ends, and
nothing is left behind.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def under_way(folder: Path) -> Iterator[None]:
    """For a block, the run in this folder is not sealed. Raises OSError where it cannot be said."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH)
        yield
    finally:
        os.close(descriptor)


@contextmanager
def at_rest(folder: Path) -> Iterator[bool]:
    """For a block, whether nothing is going on in it; if so, nothing begins either until the block ends."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield True
    except BlockingIOError:
        yield False
    finally:
        os.close(descriptor)
