"""A folder as an archive: files that are made whole or not at all, never written over, and read-only from then on.

A file is written under a name of its own beside the runs, and linked to its name, which fails where something is. A
process that was killed leaves at most that one file behind, outside the run. Where the file system has no links (some
shared folders and memory sticks), the file is made by its name, only where there is none: there, one that was cut off
is told as different afterwards, and a person takes it away. Symlinks are never followed below the folder.
"""

from __future__ import annotations

import errno
import os
import stat
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from helpers.errors import Failed, WrongUsage
from helpers.evidence import files
from helpers.evidence.archive_place import NotRead, NotStored, NotThere
from helpers.evidence.archived import NOTHING_AROUND, Around, Protection

READ_ONLY = 0o444
UNFINISHED = ".unfinished-"
_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)


@dataclass(frozen=True)
class FolderPlace:
    """The folder of one run in the archive; it is made with its first file."""

    archive: Path
    run: str

    @property
    def folder(self) -> Path:
        return self.archive / self.run

    def names(self) -> Sequence[str]:
        if not files.is_there(self.folder):
            return ()
        if self.folder.is_symlink():
            raise NotRead(f"{self.run} is a symlink there")
        found = files.listing(self.folder)
        for name, why in found.odd:
            if why.startswith("cannot"):
                raise NotRead(f"{self.run}/{name} {why}")
        return (*found.plain, *(f"{name} ({why})" for name, why in found.odd))

    def put(self, name: str, data: bytes) -> None:
        path = self.folder / name
        try:
            self._make_parents(path)
            self._make(path, data)
        except FileExistsError:
            raise NotStored("something of this name is there", unclear=True) from None
        except OSError as error:
            raise NotStored(f"it cannot be written ({error.strerror})") from None

    def _make(self, path: Path, data: bytes) -> None:
        descriptor, name = tempfile.mkstemp(prefix=UNFINISHED, dir=self.archive)
        try:
            _write(descriptor, data)
            os.link(name, path)
        except OSError as error:
            if error.errno not in _NO_LINKS:
                raise
            _make_directly(path, data)
        finally:
            Path(name).unlink()
        files.sync(path.parent)

    def _make_parents(self, path: Path) -> None:
        """Make the folders a file is in. Raises OSError for a link or a file where a folder must be."""
        inside = path.relative_to(self.archive).parent.parts
        for folder in (self.archive.joinpath(*inside[: n + 1]) for n in range(len(inside))):
            try:
                folder.mkdir()
                files.sync(folder.parent)
            except FileExistsError:
                if not stat.S_ISDIR(folder.lstat().st_mode):
                    raise NotADirectoryError(errno.ENOTDIR, f"{folder.name} is not a folder") from None

    def read(self, name: str) -> Iterator[bytes]:
        path = self.folder / name
        if not files.is_there(path):
            raise NotThere("there is no such file")
        try:
            yield from files.blocks(path)
        except files.Unreadable as error:
            raise NotRead(str(error)) from None

    def protection(self, name: str) -> Protection:
        return Protection()

    def protect(self, name: str, until: datetime) -> None:
        raise NotStored("a folder cannot be made immutable")

    def around(self) -> Around:
        return NOTHING_AROUND


def _make_directly(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        _write(descriptor, data)
    except BaseException:
        path.unlink(missing_ok=True)
        raise


def _write(descriptor: int, data: bytes) -> None:
    """Write a file, have it on disk, and make it read-only."""
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fchmod(file.fileno(), READ_ONLY)
        os.fsync(file.fileno())


@contextmanager
def opened(archive: Path, run: str, source: Path) -> Iterator[FolderPlace]:
    """The place of a run in a folder, which is made where only it is missing. Raises WrongUsage, and Failed."""
    if archive.is_symlink():
        raise WrongUsage(f"--to: {archive} is a symlink; allowed: the folder itself")
    try:
        whole, own = archive.resolve(), source.resolve()
    except (OSError, RuntimeError, ValueError):
        raise WrongUsage("--to: no folder can have this name") from None
    if whole.is_relative_to(own) or own.is_relative_to(whole):
        raise WrongUsage(
            f"--to: {archive} is in the run folder, or the run folder is in it; allowed: a folder apart from it",
            why="Publishing would change the run itself, or what happens to the one would happen to the other.",
        )
    try:
        whole.mkdir(exist_ok=True)
    except OSError as error:
        raise Failed(
            f"{archive}: the archive cannot be used: {error.strerror}",
            why="Nothing was published.",
            next_step="Make the folder it is in first, or mount it.",
        ) from None
    yield FolderPlace(whole, run)
