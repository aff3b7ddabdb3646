"""Targets side by side in this process: so many at once, none held longer than it takes, none stopped by another."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from itertools import islice
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def side_by_side(
    targets: Iterable[T], work: Callable[[T], R], jobs: int, stop: Callable[[], None] = lambda: None
) -> Iterator[R]:
    """What `work` makes of each target, as they end. Raises what it raises.

    When the reader stops, or something is raised, nothing new is begun, and what is under way is told to `stop` and
    waited for.
    """
    left = iter(targets)
    with ThreadPoolExecutor(jobs, thread_name_prefix="target") as pool:
        try:
            running: set[Future[R]] = {pool.submit(work, target) for target in islice(left, jobs)}
            while running:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                running |= {pool.submit(work, target) for target in islice(left, len(done))}
                for one in done:
                    yield one.result()
        except BaseException:
            stop()  # else the pool is left only when the longest wait is over
            raise
