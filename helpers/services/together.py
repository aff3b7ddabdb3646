"""Reads that do not wait for one another, done side by side."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

_AT_ONCE = 8


def together(**reads: Callable[[], Any]) -> dict[str, Any]:
    """What each read found, by its name. Raises what the first of them (in this order) raises; none is left running."""
    with ThreadPoolExecutor(_AT_ONCE, thread_name_prefix="read") as pool:
        running = {name: pool.submit(read) for name, read in reads.items()}
    return {name: done.result() for name, done in running.items()}
