"""How a sealed run gets into an archive: uploaded, read back and compared; what is there is never written over.

What is there is looked at first. Something else under a name of the run, or a name that is not the run's, ends it
before anything is sent. Each file is read back before the next one is sent, the seal comes after all that it is about,
and its statement last of all: a publishing that was cut off leaves a run that is not sealed, and the next one goes on
with what is missing. An upload whose answer is unclear is settled by reading. At the end the names are listed again.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from helpers.errors import Failed
from helpers.evidence.archive_place import NotRead, NotStored, NotThere, Place
from helpers.evidence.archive_source import File, Source
from helpers.evidence.archived import Archived, Published, State


@dataclass(frozen=True)
class There:
    """The names in a place, or why they are not known."""

    names: frozenset[str] = frozenset()
    unlisted: str = ""

    def foreign(self, source: Source) -> tuple[str, ...]:
        """Names that are not the run's."""
        return tuple(sorted(self.names - {file.name for file in source.files}))


def into(place: Place, source: Source, where: str, until: datetime | None, now: datetime) -> Published:
    """Publish a run into a place. Raises Failed where the place cannot be used, or the run changes meanwhile."""
    before = _before(place)
    kept = {file.name: _compared(place, file, "kept") for file in source.files if file.name in before.names}
    fit = not before.foreign(source) and all(one.right for one in kept.values())
    sent = _sent(place, [file for file in source.files if file.name not in kept]) if fit else {}
    found = {file.name: Archived(file.name, file.sha256, "not sent") for file in source.files} | kept | sent
    after = _after(place)
    archived = [_still_there(one, after) for one in found.values()]
    whole = all(one.right for one in archived) and not after.foreign(source)
    trouble = _protected(place, archived, until) if until is not None and whole else ()
    return Published(
        run=source.run,
        where=where,
        rehearsal=source.statement.rehearsal,
        digest=source.digest,
        files=tuple(_with_protection(place, one) for one in archived),
        foreign=after.foreign(source),
        unlisted=after.unlisted,
        around=place.around(),
        asked=until,
        now=now,
        trouble=trouble,
    )


def _before(place: Place) -> There:
    """What is there. Where it may not be listed, each upload says by itself whether something is."""
    try:
        return There(frozenset(place.names()))
    except NotRead as error:
        if error.forbidden:
            return There(unlisted=error.why)
        raise Failed(
            f"the archive cannot be used: {error.why}",
            why="Nothing was published.",
            next_step="Check the address and the network, and that the container is there.",
            request_id=error.request_id,
        ) from None


def _after(place: Place) -> There:
    try:
        return There(frozenset(place.names()))
    except NotRead as error:
        return There(unlisted=error.why)


def _sent(place: Place, missing: Sequence[File]) -> dict[str, Archived]:
    """What was missing, one after the other. The first that is not right ends it."""
    sent: dict[str, Archived] = {}
    for file in missing:
        sent[file.name] = _put(place, file)
        if not sent[file.name].right:
            break
    return sent


def _put(place: Place, file: File) -> Archived:
    """One upload, read back; that settles an unclear one too. Raises Failed where the file changed meanwhile."""
    try:
        place.put(file.name, file.content())
    except NotStored as error:
        looked = _compared(place, file, "settled") if error.unclear else None
        if looked is None or looked.state == "missing":
            return Archived(file.name, file.sha256, "failed", error.why, error.request_id)
        return replace(looked, why=looked.why or error.why, request_id=looked.request_id or error.request_id)
    return _compared(place, file, "uploaded")


def _compared(place: Place, file: File, if_same: State) -> Archived:
    """A file as it is there, read byte for byte: `if_same`, or what it is else."""
    try:
        different = _difference(place.read(file.name), file)
    except NotThere as error:
        return Archived(file.name, file.sha256, "missing", error.why, error.request_id)
    except NotRead as error:
        return Archived(file.name, file.sha256, "not read", error.why, error.request_id)
    return Archived(file.name, file.sha256, "differs" if different else if_same, different)


def _difference(blocks: Iterator[bytes], file: File) -> str:
    """How what was read differs; empty where it does not. No more is read than the file has."""
    sha256, size = hashlib.sha256(), 0
    for block in blocks:
        sha256.update(block)
        size += len(block)
        if size > file.size:
            return f"more than its {file.size} bytes"
    if size < file.size:
        return f"{size} of its {file.size} bytes"
    return "" if sha256.hexdigest() == file.sha256 else f"{size} bytes with SHA-256 {sha256.hexdigest()}"


def _still_there(one: Archived, after: There) -> Archived:
    if one.right and not after.unlisted and one.name not in after.names:
        return replace(one, state="missing", why="it was read, and is not listed any more")
    return one


def _protected(place: Place, archived: Sequence[Archived], until: datetime) -> tuple[str, ...]:
    """Set the policy on every file; what was not set, and why."""
    trouble = []
    for one in archived:
        try:
            place.protect(one.name, until)
        except (NotStored, NotRead) as error:
            request = f" (request id {error.request_id})" if error.request_id else ""
            trouble.append(f"{one.name}: the policy was not set: {error.why}{request}")
    return tuple(trouble)


def _with_protection(place: Place, one: Archived) -> Archived:
    if not one.right:
        return one
    try:
        return replace(one, protection=place.protection(one.name))
    except NotRead as error:
        request = f" (request id {error.request_id})" if error.request_id else ""
        return replace(one, protection=f"{error.why}{request}")
