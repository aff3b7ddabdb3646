"""Where the files of one published run go, and what can go wrong there."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Protocol

from helpers.evidence.archived import Around, Protection


class Place(Protocol):
    """A folder or a part of a container. Every method but `put` and `protect` only reads, and raises NotRead."""

    def names(self) -> Sequence[str]:
        """Every file that is there, by its name in the run."""

    def put(self, name: str, data: bytes) -> None:
        """Make a file that is not there yet; never write over one. Raises NotStored."""

    def read(self, name: str) -> Iterator[bytes]:
        """What a file holds. Raises NotThere too."""

    def protection(self, name: str) -> Protection:
        """What its properties say."""

    def protect(self, name: str, until: datetime) -> None:
        """Set a policy that is not locked, unless there is one. Raises NotStored."""

    def around(self) -> Around:
        """What holds for all files; what cannot be read is None in it, and nothing is raised."""


class Trouble(Exception):
    """What a place answered, in words that can be shown, and its request id."""

    def __init__(self, why: str, request_id: str | None = None) -> None:
        self.why, self.request_id = why, request_id
        super().__init__(why)


class NotRead(Trouble):
    """Something could not be read, so it is not known. `forbidden`: for want of a right to read it."""

    def __init__(self, why: str, request_id: str | None = None, *, forbidden: bool = False) -> None:
        self.forbidden = forbidden
        super().__init__(why, request_id)


class NotThere(Trouble):
    """There is no such file."""


class NotStored(Trouble):
    """A write failed. `unclear`: it may have happened all the same, or something is there already, so look."""

    def __init__(self, why: str, request_id: str | None = None, *, unclear: bool = False) -> None:
        self.unclear = unclear
        super().__init__(why, request_id)
