"""How far a fleet is: done, failed, left, how fast, how long it takes still. One line, on standard error."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import TextIO

from helpers.display import plain
from helpers.headless.fleet.results import Result

_LINES = 20
"""So many lines of progress where there is no terminal, however many targets."""
_PAUSE = 0.2
"""Seconds between two changes of the line on a terminal."""


class Progress:
    """Told each result as it comes. A terminal has one line that changes; elsewhere there is a line now and then."""

    def __init__(self, total: int, out: TextIO | None = None, elapsed: Callable[[], float] = time.monotonic) -> None:
        self._total, self._out, self._elapsed = total, out or sys.stderr, elapsed
        self._start = self._shown = elapsed()
        self.done = self.failed = 0
        self._every = max(1, total // _LINES)

    def ended(self, result: Result) -> None:
        """One more target."""
        self.done += 1
        self.failed += not result.is_well
        now, last = self._elapsed(), self.done == self._total
        if self._out.isatty():
            if last or now - self._shown >= _PAUSE:
                self._shown = now
                print(f"\r\x1b[K{self}", end="\n" if last else "", file=self._out, flush=True)
        elif last or self.done % self._every == 0:
            print(self, file=self._out, flush=True)

    def say(self, line: str) -> None:
        """Something to be read besides; it does not mix with the line."""
        start = "\r\x1b[K" if self._out.isatty() else ""
        print(f"{start}{plain(line)}", file=self._out, flush=True)

    def __str__(self) -> str:
        seconds = self._elapsed() - self._start
        rate = self.done / seconds if seconds > 0 else 0.0
        left = self._total - self.done
        ahead = f", {_long(left / rate)} left" if left and rate else ""
        return f"{self.done} done, {self.failed} not in order, {left} left; {rate:.1f} a second{ahead}"


def _long(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
