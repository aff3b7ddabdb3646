"""The world's own time: it starts where the world says and runs on, so checked-in dates never age."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta


class Clock:
    """World time: a chosen start plus the seconds since, plus whatever it was advanced by."""

    def __init__(self, start: datetime, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._start = start
        self._elapsed = elapsed
        self._zero = elapsed()
        self._advanced = timedelta()

    def now(self) -> datetime:
        """The world's time, UTC."""
        return self._start.astimezone(UTC) + timedelta(seconds=self._elapsed() - self._zero) + self._advanced

    def advance(self, seconds: float) -> None:
        """Let world time pass without waiting. Time never runs backwards: raises ValueError for less than zero."""
        if seconds < 0:
            raise ValueError("world time does not run backwards")
        self._advanced += timedelta(seconds=seconds)
