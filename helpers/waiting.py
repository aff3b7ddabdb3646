"""Waiting that says what for and how long: a bounded poll, never a bare sleep."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from helpers.errors import ServiceFailed

T = TypeVar("T")
_INSTANT = 0.001
"""Seconds too short to sleep: a clock need not move by less, and looking again at once would never end."""


@dataclass(frozen=True)
class NotYet:
    """Why a look did not find what is waited for."""

    reason: str
    request_id: str | None = None
    after: float = 0.0
    """The seconds that a service asks to be left alone for: it is not looked again any sooner."""


@dataclass(frozen=True)
class Waiter:
    """Looks again and again, further and further apart, up to a bound. Seconds throughout.

    Where a service asks to be left alone for longer than is left of the bound, that is the end of it at once.
    """

    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep
    elapsed: Callable[[], float] = time.monotonic
    first_pause: float = 0.5
    longest_pause: float = 30.0

    def until(self, what: str, look: Callable[[], T | NotYet], *, at_most: float) -> T:
        """What `look` finds, or ServiceFailed when the bound has passed, saying how long was waited."""
        start = self.elapsed()
        found = self._poll(what, look, at_most)
        if not isinstance(found, NotYet):
            return found
        raise ServiceFailed(
            f"waited {self.elapsed() - start:.0f} s for {what}: {found.reason}",
            why="It may still be on its way; nothing is lost by having waited.",
            next_step="Run this step again later; it looks first and goes on from what is there.",
            request_id=found.request_id,
        )

    def until_or(self, what: str, look: Callable[[], T | NotYet], last: Callable[[], T], *, at_most: float) -> T:
        """The same, but when the bound has passed, which is said, the last answer is the answer and judged as it is."""
        start = self.elapsed()
        found = self._poll(what, look, at_most)
        if not isinstance(found, NotYet):
            return found
        waited = self.elapsed() - start
        if waited >= _INSTANT:
            self.say(f"{what}: not seen within {waited:.0f} s, and no longer waited for. {found.reason}")
        return last()

    def _poll(self, what: str, look: Callable[[], T | NotYet], at_most: float) -> T | NotYet:
        start, pause, looks = self.elapsed(), self.first_pause, 0
        while True:
            found = look()
            looks += 1
            if not isinstance(found, NotYet):
                if looks > 1:
                    self.say(f"{what}: seen after {self.elapsed() - start:.0f} s.")
                return found
            left = at_most - (self.elapsed() - start)
            if left < _INSTANT or found.after > left:
                return found
            now = min(max(pause, found.after), left)
            self.say(f"Waiting for {what}: {found.reason} Looking again in {_short(now)} s, {left:.0f} s left.")
            self.sleep(now)
            pause = min(pause * 2, self.longest_pause)


def _short(seconds: float) -> str:
    return f"{seconds:.2g}" if seconds < 10 else f"{seconds:.0f}"
