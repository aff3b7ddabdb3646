"""The time logic goes by: the machine's, or in a rehearsal the cloud's."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta


@dataclass(frozen=True)
class Clock:
    """UTC now, shifted by a fixed amount; zero except in a rehearsal."""

    shift: timedelta = timedelta()

    def now(self) -> datetime:
        """The time, UTC."""
        return datetime.now(UTC) + self.shift


def stamp(moment: datetime) -> str:
    """ISO 8601 in UTC, to the second: 2026-11-23T09:00:00Z."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
