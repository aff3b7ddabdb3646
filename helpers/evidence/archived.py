"""What became of a run that was published: each file, what else is there, and how well it is protected."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal

from helpers.clock import stamp
from helpers.display import Shown
from helpers.view import Table, View

State = Literal["uploaded", "kept", "settled", "differs", "missing", "failed", "not read", "not sent"]
Immutable = Literal["not asked", "shown", "not shown", "unknown"]
RIGHT: tuple[State, ...] = ("uploaded", "kept", "settled")
"""There, read back, and the same bytes."""

_SAID: dict[State, str] = {
    "uploaded": "uploaded, read back, the same bytes",
    "kept": "kept: was there already, the same bytes",
    "settled": "there, the same bytes; whether by this upload is not known",
    "differs": "something else is there",
    "missing": "not there",
    "failed": "not uploaded",
    "not read": "could not be read back",
    "not sent": "not sent",
}
NOT_IMMUTABLE = "not immutable: anybody with write or delete rights can remove it"
_UNLOCKED = "whoever may set policies can shorten it or take it away"


@dataclass(frozen=True)
class Protection:
    """What a file's properties say of it: a policy until a moment, with its mode; a legal hold; its version."""

    until: datetime | None = None
    mode: str = ""
    legal_hold: bool = False
    version: str | None = None

    @property
    def holds(self) -> bool:
        """Whether it is a policy of a kind that is known to hold. Others could come; of them nothing is said."""
        return self.until is not None and self.mode in ("locked", "unlocked")


@dataclass(frozen=True)
class Around:
    """What holds for all that is in a container; None is what could not be read, and `why` says why not."""

    policy: bool | None = None
    legal_hold: bool | None = None
    by_version: bool | None = None
    why: str = ""


NOTHING_AROUND = Around(policy=False, legal_hold=False, by_version=False)
"""A folder: no policy can be set on it."""


@dataclass(frozen=True)
class Archived:
    """One file of the run in the archive. `protection` is a text where it could not be read, saying why."""

    name: str
    sha256: str
    state: State
    why: str = ""
    request_id: str | None = None
    protection: Protection | str | None = None

    @property
    def right(self) -> bool:
        return self.state in RIGHT

    def said(self) -> str:
        """Its state in words."""
        return f"{_SAID[self.state]}: {self.why}" if self.why else _SAID[self.state]


@dataclass(frozen=True)
class Published(Shown):
    """A run in an archive. `foreign` are names there that are not the run's; `unlisted` says why they are not known."""

    run: str
    where: str
    rehearsal: str | None
    digest: str
    files: tuple[Archived, ...]
    foreign: tuple[str, ...]
    unlisted: str
    around: Around
    asked: datetime | None
    now: datetime
    trouble: tuple[str, ...] = ()
    """Why a policy that was asked for was not set, by file. What counts is what was read afterwards."""

    @property
    def immutable(self) -> Immutable:
        """Whether every file was read to be immutable until the moment that was asked for, or longer."""
        if self.asked is None:
            return "not asked"
        left = [file.protection for file in self.files if not _shows(file.protection, self.asked)]
        if not left:
            return "shown"
        # A container's own policy is not in the properties of its blobs, and when it ends cannot be read at all.
        known = self.around.policy is False and all(isinstance(one, Protection) for one in left)
        return "not shown" if known else "unknown"

    @property
    def exit_code(self) -> int:
        """1 where something is not as it should be; else 4 where it is not known whether it is; else 0."""
        wrong = self.foreign or any(file.state in ("differs", "missing", "failed") for file in self.files)
        if wrong or (self.whole and self.immutable == "not shown"):
            return 1
        return 4 if self.unlisted or not self.whole or self.immutable == "unknown" else 0

    @property
    def whole(self) -> bool:
        """Whether every file is there, and is the same bytes."""
        return all(file.right for file in self.files)

    def protection_of(self, file: Archived) -> str:
        """What protects a file, as it was read and no more."""
        if file.protection is None:
            return ""
        if isinstance(file.protection, str):
            return f"unknown: {file.protection}"
        until = file.protection.until
        ended = [f"its policy ended {stamp(until)}"] if until is not None and until <= self.now else []
        said = [*_own(file.protection, self.now), *_shared(self.around)]
        if not said:
            said = [f"unknown: the container: {self.around.why}" if self.around.why else NOT_IMMUTABLE]
        return "; ".join(ended + said)

    def view(self) -> View:
        columns = ("file", "in the archive", "request id")[: 3 if any(file.request_id for file in self.files) else 2]
        rows = tuple((file.name, file.said(), file.request_id or "")[: len(columns)] for file in self.files)
        return View(
            kind="published",
            heading=f"{self._heading()}: {self.run} at {self.where}",
            lines=tuple(self._lines()),
            tables=(Table(columns, rows),),
            notes=tuple(self._notes()),
            data=self.data(),
        )

    def _heading(self) -> str:
        if self.whole and not self.foreign and not self.unlisted:
            return _PUBLISHED[self.immutable]
        return (
            "Not published as it was sealed" if self.exit_code == 1 else "Not proven to be published as it was sealed"
        )

    def _lines(self) -> Iterator[str]:
        if self.rehearsal:
            yield f"REHEARSAL ({self.rehearsal}): nothing in this run is real"
        right = sum(file.right for file in self.files)
        yield f"{right} of {len(self.files)} files are there, and are the same bytes as were sealed"
        for name in self.foreign:
            yield f"There as well, and not of this run: {name}"
        if self.unlisted:
            yield f"Whether anything else is there is unknown: {self.unlisted}"
        if self.foreign or any(file.state == "differs" for file in self.files):
            yield "Nothing was written over. Find out whose that is, or publish elsewhere: another prefix or folder"
        elif not self.whole:
            yield "Mend what is said below, and publish again: it goes on with what is missing"

    def _notes(self) -> Iterator[str]:
        found: dict[str, list[str]] = {}
        for file in self.files:
            found.setdefault(self.protection_of(file), []).append(file.name)
        found.pop("", None)
        for said, names in found.items():
            yield f"Immutability: {said}" if len(found) == 1 else f"{', '.join(names)}: {said}"
        if self.asked is not None:
            yield f"Asked for: immutable until {stamp(self.asked)}. {_ASKED[self.immutable]}"
        yield from self.trouble

    def data(self) -> dict[str, Any]:
        """It for a machine."""
        return {
            "run": self.run,
            "to": self.where,
            "rehearsal": self.rehearsal,
            "statement_sha256": self.digest,
            "exit_code": self.exit_code,
            "files": [self._file(file) for file in self.files],
            "foreign": list(self.foreign),
            "unlisted": self.unlisted or None,
            "container": vars(self.around) | {"why": self.around.why or None},
            "immutable_until": None if self.asked is None else stamp(self.asked),
            "immutable": self.immutable,
            "trouble": list(self.trouble),
        }

    def _file(self, file: Archived) -> dict[str, Any]:
        own = file.protection if isinstance(file.protection, Protection) else Protection()
        return {
            "name": file.name,
            "sha256": file.sha256,
            "state": file.state,
            "why": file.why or None,
            "request_id": file.request_id,
            "version_id": own.version,
            "immutable_until": None if own.until is None else stamp(own.until),
            "policy_mode": own.mode or None,
            "legal_hold": own.legal_hold if isinstance(file.protection, Protection) else None,
            "protection": self.protection_of(file) or None,
        }


_PUBLISHED: dict[Immutable, str] = {
    "not asked": "Published",
    "shown": "Published",
    "not shown": "Published, and not immutable as asked",
    "unknown": "Published, and not proven to be immutable as asked",
}
_ASKED: dict[Immutable, str] = {
    "shown": "Every file shows it",
    "not shown": "Not every file shows it",
    "unknown": "Whether every file is, could not be read",
}


def _shows(found: Protection | str | None, asked: datetime) -> bool:
    """Whether a policy that holds was read, until then or later."""
    return isinstance(found, Protection) and found.holds and found.until is not None and found.until >= asked


def _own(found: Protection, now: datetime) -> Iterator[str]:
    if found.until is not None and found.until > now:
        weak = f": {_UNLOCKED}" if found.mode == "unlocked" else ""
        what = "immutable" if found.holds else "a policy of an unknown mode"
        yield f"{what} until {stamp(found.until)} ({found.mode or 'no mode'}{weak})"
    if found.legal_hold:
        yield "legal hold"


def _shared(around: Around) -> Iterator[str]:
    """A container's policy is seen to be there, and no more: its end and its lock are not in its properties."""
    if around.policy:
        yield "the container has an immutability policy: until when, and whether it is locked, cannot be read here"
    if around.legal_hold:
        yield "the container has a legal hold"
