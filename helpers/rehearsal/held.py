"""Requests that are parked on order, so that a process can be looked at, or killed, at an exact point."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from helpers.rehearsal.wire import Request


@dataclass(frozen=True)
class Parked:
    """One request that waits, with what it would be, or was, in this world."""

    operation: str
    request: Request
    carried_out: bool
    since: datetime
    _released: threading.Event = field(default_factory=threading.Event)

    def wait(self) -> None:
        """Until it is released."""
        self._released.wait()

    def release(self) -> None:
        self._released.set()

    def row(self) -> dict[str, Any]:
        """What is told of it: no credential, no body."""
        return {
            "operation": self.operation,
            "method": self.request.method,
            "host": self.request.host,
            "path": self.request.path,
            "request_id": self.request.id,
            "carried_out": self.carried_out,
            "since": self.since.isoformat().replace("+00:00", "Z"),
        }


class Held:
    """All that are parked, in order. It can be used from many threads; once closed nothing waits any longer."""

    def __init__(self) -> None:
        self._parked: list[Parked] = []
        self._closed = False
        self._lock = threading.Lock()

    def park(self, operation: str, request: Request, *, carried_out: bool, since: datetime) -> Parked:
        """A place for a request; waiting there is the caller's, outside of any lock."""
        parked = Parked(operation, request, carried_out, since)
        with self._lock:
            if self._closed:
                parked.release()
            else:
                self._parked.append(parked)
        return parked

    def release(self) -> int:
        """Let all go; how many there were."""
        with self._lock:
            parked, self._parked = self._parked, []
        for one in parked:
            one.release()
        return len(parked)

    def close(self) -> None:
        """Let all go, and those that come."""
        with self._lock:
            self._closed = True
        self.release()

    def rows(self) -> list[dict[str, Any]]:
        """Those that wait, as JSON values."""
        with self._lock:
            return [parked.row() for parked in self._parked]
