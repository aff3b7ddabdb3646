"""A sealed run as it is published: every file with its SHA-256, the seal apart.

What is not sealed, or is broken by the rules of `evidence verify`, is not published: an archive that cannot be changed
any more would keep it for good. Whose signature it is, is not asked here: nobody gave a key to compare with.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import Failed, WrongUsage
from helpers.evidence import files
from helpers.evidence.asked import Asked
from helpers.evidence.files import Unreadable
from helpers.evidence.statement import Statement, digest, parse
from helpers.evidence.strict_json import NotStrict
from helpers.evidence.verifying import verify

LARGEST_FILE = 1024**3
"""A file is held in memory while it is sent, so that what is sent is what was compared."""

_LAST = (files.SUMS, files.TOKEN, files.PUBLIC_KEY, files.BUNDLE, files.STATEMENT)
"""The seal in the order in which it is published: without the statement nothing is sealed, so it comes last."""


@dataclass(frozen=True)
class File:
    """A file of the run: its name in it, and what it holds."""

    name: str
    path: Path
    sha256: str
    size: int

    def content(self) -> bytes:
        """All it holds, which is what it was looked at as. Raises Failed where it is not any more."""
        try:
            data = files.content(self.path, LARGEST_FILE)
        except Unreadable as error:
            raise _refused(f"{self.name}: {error}") from None
        if hashlib.sha256(data).hexdigest() != self.sha256:
            raise _refused(f"{self.name}: it was changed while the run was being published")
        return data


@dataclass(frozen=True)
class Source:
    """A sealed run: what its statement says, and its files in the order in which they are published."""

    folder: Path
    statement: Statement
    digest: str
    files: tuple[File, ...]

    @property
    def run(self) -> str:
        return self.statement.run


def of(folder: Path) -> Source:
    """A sealed run folder, as it was sealed. Raises WrongUsage where it is not sealed, Failed where it is broken."""
    report = verify(folder, Asked())
    wrong = [finding for finding in report.findings if finding.state == "broken"]
    if wrong:
        raise _refused("; ".join(f"{finding.file}: {finding.what}" for finding in wrong))
    if report.digest is None:
        raise WrongUsage(
            f"{folder.name}: not published: it is not sealed",
            why="Nobody could tell later whether anything in it was changed.",
            next_step="Seal it first: python runbook.py evidence seal RUN",
        )
    try:
        payload = files.content(folder / files.STATEMENT)
        statement = parse(payload)
        subjects = [_file(folder, name, sha256) for name, sha256 in statement.subjects]
        seal = [_file(folder, name, files.sha256(folder / name)) for name in _LAST if files.is_there(folder / name)]
    except (NotStrict, Unreadable) as error:
        raise _refused(str(error)) from None
    if "/" in statement.run or not files.is_plain(statement.run):
        raise _refused(f"{files.STATEMENT}: its run has no plain id")
    return Source(folder, statement, digest(payload), (*subjects, *seal))


def _file(folder: Path, name: str, sha256: str) -> File:
    """A file that has just been verified; that it is still so is seen when it is sent. Raises Unreadable."""
    try:
        size = (folder / name).lstat().st_size
    except OSError as error:
        raise Unreadable(f"{name}: cannot be read ({error.strerror})") from None
    if size > LARGEST_FILE:
        raise Unreadable(f"{name}: larger than {LARGEST_FILE} bytes")
    return File(name, folder / name, sha256, size)


def _refused(what: str) -> Failed:
    return Failed(
        f"not published: {what}",
        why="An archive keeps what it is given, so it is given nothing that a verifier would call broken.",
        next_step="Look at it with evidence verify, and keep the folder as it is.",
    )
