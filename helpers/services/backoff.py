"""Leaving a host alone together: when one target is throttled, all targets of this process wait with that host.

Rule: after a 429, or a 503 that says how long, nothing more is sent to the host for as long as it asked, LONGEST
seconds at most; where it did not say, for UNSAID seconds. Each such pause is announced once. A stop ends every wait.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from threading import Event, Lock

from helpers.services.patience import THROTTLED, asked

LONGEST = 600.0
UNSAID = 2.0
_BUSY = 503


@dataclass
class BackOff:
    """Until when each host is left alone. Safe to use from many threads."""

    say: Callable[[str], None]
    sleep: Callable[[float], object] | None = None
    """Instead of waiting for the time to pass or for a stop."""
    elapsed: Callable[[], float] = time.monotonic
    _until: dict[str, float] = field(default_factory=dict)
    _lock: Lock = field(default_factory=Lock)
    _stop: Event = field(default_factory=Event)

    def saw(self, host: str, status: int, headers: Mapping[str, str]) -> None:
        """Note one reply."""
        said = asked(headers)
        if status != THROTTLED and (status != _BUSY or said is None):
            return
        seconds = min(UNSAID if said is None else said, LONGEST)
        with self._lock:
            before = self._left(host)
            self._until[host] = max(self._until.get(host, 0.0), self.elapsed() + seconds)
        if seconds > 0 and before <= 0:
            self.say(f"{host} is asked too often: it is left alone for {seconds:.0f} s")

    def wait(self, host: str) -> None:
        """Return when the host may be asked, which is at once unless it is left alone.

        Raises KeyboardInterrupt where it would have to wait and everything is stopped: Ctrl-C reaches the main thread
        alone, and what is still under way in the others is no result.
        """
        while (seconds := self._left(host)) > 0:
            self.refuse_stopped()
            (self.sleep or self._stop.wait)(seconds)

    def stop(self) -> None:
        """End every wait, those to come as well. For good."""
        self._stop.set()

    def refuse_stopped(self) -> None:
        """Raise KeyboardInterrupt where everything is stopped."""
        if self._stop.is_set():
            raise KeyboardInterrupt

    def waits(self, host: str) -> bool:
        """Whether the host is left alone now."""
        return self._left(host) > 0

    def _left(self, host: str) -> float:
        return self._until.get(host, 0.0) - self.elapsed()
