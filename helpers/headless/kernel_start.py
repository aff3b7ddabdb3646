"""How kernels are started: each by itself, or forked from a process that has already imported what they import."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal, TypeAlias

from helpers.errors import WrongUsage

if TYPE_CHECKING:
    from helpers.headless.kernels import RecordedKernelManager

KernelStart: TypeAlias = "type[RecordedKernelManager]"
Way: TypeAlias = Literal["fork", "spawn"]
WAYS: tuple[Way, ...] = ("fork", "spawn")


def usual(notebooks: int, platform: str = sys.platform) -> Way:
    """Fork on Linux where there is more than one notebook to import for, else spawn.

    On macOS system libraries that were loaded before a fork may crash after it.
    Source: Python 3.11, multiprocessing, "Contexts and start methods", read 2026-11-27.
    """
    return "fork" if platform == "linux" and notebooks > 1 else "spawn"


@contextmanager
def started(way: Way) -> Iterator[KernelStart]:
    """For a block, what manages kernels that start in this way. Raises WrongUsage where forking is not safe."""
    if way == "fork" and sys.platform != "linux":
        raise WrongUsage("--kernel-start fork: only on Linux; leave it out, or use spawn")
    if way == "spawn":
        from helpers.headless.kernels import RecordedKernelManager

        yield RecordedKernelManager
        return
    from helpers.headless.forking import Preloaded

    with Preloaded() as preloaded:  # first: it imports while this process does
        from helpers.headless.provisioner import managed

        yield managed(preloaded)
