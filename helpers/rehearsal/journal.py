"""What was asked of the cloud: one entry a request, no credential, no body."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from datetime import datetime
from typing import Any


@dataclass(frozen=True)
class Entry:
    """One request. `wrote` says whether the world is another one after it; a token or a validation is not a write.

    `claims` names what a token request wants in its token: more than `xms_cc` after a claims challenge.
    """

    time: datetime
    method: str
    host: str
    path: str
    operation: str
    status: int
    request_id: str
    wrote: bool
    claims: tuple[str, ...] = ()


class Journal:
    """All entries since the start or the last reset, in order."""

    def __init__(self) -> None:
        self._entries: list[Entry] = []
        self._lock = threading.Lock()

    def add(self, entry: Entry) -> None:
        with self._lock:
            self._entries.append(entry)

    def clear(self) -> None:
        with self._lock:
            self._entries.clear()

    def rows(self) -> list[dict[str, Any]]:
        """The entries as JSON values, numbered from 1."""
        with self._lock:
            entries = tuple(self._entries)
        return [
            {
                "n": number,
                "time": entry.time.isoformat().replace("+00:00", "Z"),
                **{k: v for k, v in vars(entry).items() if k != "time"},
            }
            for number, entry in enumerate(entries, 1)
        ]
