"""The files of a run folder: which are the seal, which are odd, what they hold. Symlinks are never followed.

A plain name is letters, digits, dots, hyphens and underscores in each part, parts joined by slashes: it means the same
to every tool and system, and needs no escape in SHA256SUMS. Folders count by the files in them.
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path


def unfinished(name: str) -> str:
    """What a file is called until it is whole."""
    return f"{name}.unfinished"


STATEMENT = "statement.json"
BUNDLE = "seal.sigstore.json"
TOKEN = "seal.tsr"
PUBLIC_KEY = "signer.pem"
SUMS = "SHA256SUMS"
SEAL = (STATEMENT, BUNDLE, TOKEN, PUBLIC_KEY, SUMS)
"""The files that are the seal; every other file of the folder is a subject of the statement."""

DEEPEST = 8
"""Folders within folders that a run may have; it has two, and who nests thousands wants the reader to fall over."""
UNFINISHED = unfinished(STATEMENT)
"""The statement while sealing goes on. Renaming it is the last act: a run is sealed from then on, and never half."""

PAGES, REPORT = "html", "report.html"
LARGEST_SEAL_FILE = 64 * 1024 * 1024
_PART = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,255}")
_BLOCK = 1024 * 1024


class Unreadable(Exception):
    """A file that is too large for what it is, or that the system does not let be read; says so without its content."""


def is_plain(name: str) -> bool:
    """Whether a name is relative, without `.` and `..`, and of plain characters in every part."""
    return all(_PART.fullmatch(part) for part in name.split("/"))


@dataclass(frozen=True)
class Listing:
    """What is in a folder: plain regular files by their names in it, sorted, and what is odd, with why."""

    plain: tuple[str, ...]
    odd: tuple[tuple[str, str], ...]

    @property
    def subjects(self) -> tuple[str, ...]:
        """The files that a statement is about: all but the seal."""
        return tuple(name for name in self.plain if name not in SEAL)


def listing(folder: Path) -> Listing:
    """Every file below a folder. What cannot be listed is odd too; nothing is raised for what is in the folder."""
    plain, odd = [], []
    for name, why in _walk(folder, ""):
        if why:
            odd.append((_shown(name), why))
        else:
            plain.append(name)
    return Listing(tuple(sorted(plain)), tuple(sorted(odd)))


def _shown(name: str) -> str:
    """A name that may be anything, in characters that can be shown: none of them starts a line of its own."""
    return name.encode("unicode_escape").decode("ascii")


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, str]]:
    """Each file's name in the folder and, where it is odd, why; else an empty text."""
    try:
        with os.scandir(folder) as found:
            entries = list(found)
    except OSError as error:
        yield prefix.rstrip("/") or ".", f"cannot be listed ({error.strerror})"
        return
    for entry in entries:
        name = prefix + entry.name
        mode = _mode(entry)
        if not _PART.fullmatch(entry.name):
            yield name, "not a plain name"
        elif stat.S_ISDIR(mode) and name.count("/") >= DEEPEST:
            yield name, "a folder too deep"
        elif stat.S_ISDIR(mode):
            yield from _walk(folder / entry.name, name + "/")
        elif stat.S_ISREG(mode):
            yield name, ""
        else:
            yield name, "a symlink" if stat.S_ISLNK(mode) else "not a regular file"


def _mode(entry: os.DirEntry[str]) -> int:
    try:
        return entry.stat(follow_symlinks=False).st_mode
    except OSError:
        return 0


def is_there(path: Path) -> bool:
    """Whether there is anything by that name, a link that leads nowhere included."""
    return os.path.lexists(path)


def sha256(path: Path) -> str:
    """The SHA-256 of a regular file in hex, read block by block. Raises Unreadable."""
    digest = hashlib.sha256()
    for block in blocks(path):
        digest.update(block)
    return digest.hexdigest()


def blocks(path: Path) -> Iterator[bytes]:
    """What a regular file holds, block by block. Raises Unreadable for anything else, a symlink included."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
        with os.fdopen(descriptor, "rb") as file:
            if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                raise Unreadable("not a regular file")
            while block := file.read(_BLOCK):
                yield block
    except OSError as error:
        raise Unreadable(f"cannot be read ({error.strerror})") from None


def content(path: Path, at_most: int = LARGEST_SEAL_FILE) -> bytes:
    """All that a regular file holds. Raises Unreadable, for more than `at_most` bytes too."""
    data = bytearray()
    for block in blocks(path):
        data += block
        if len(data) > at_most:
            raise Unreadable(f"larger than {at_most} bytes")
    return bytes(data)


def write(path: Path, data: bytes) -> None:
    """Write a file whole or not at all: on disk under another name first, then renamed."""
    whole = path.with_name(unfinished(path.name))
    persist(whole, data)
    whole.replace(path)
    sync(path.parent)


def persist(path: Path, data: bytes) -> None:
    """Write a file and have it on disk."""
    with path.open("wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def sync(folder: Path) -> None:
    """Have a folder's names on disk."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
