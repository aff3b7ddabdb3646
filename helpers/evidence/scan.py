"""Looking through a whole run folder for secrets: one found anywhere stops the seal."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.evidence.cells import places
from helpers.record.scrubbing import Scrubber
from helpers.record.secrets import Secret, Sought

WHOLE = 16_000_000
"""Larger files are looked into block by block, so that memory stays bounded."""
OVERLAP = 64_000
"""What a block repeats of the one before it: more than any secret takes in any form."""


@dataclass(frozen=True)
class Hit:
    """Where a secret was found, and of what kind. Never the secret, also where a file or a media type is named so."""

    file: str
    cell: str
    """Such as "cell 3, output 1, text/html" or "line 12"; empty where no place in the file can be named."""
    kind: str

    def __str__(self) -> str:
        return f"{self.file}, {self.cell}: {self.kind}" if self.cell else f"{self.file}: {self.kind}"


def scan(folder: Path, known: Sequence[Secret]) -> tuple[Hit, ...]:
    """Every place below a folder that holds a known secret, or a text shaped like one, as it is or hidden.

    Names count as well, also those of what is no regular file; symlinks are not followed, only read. Raises OSError for
    what cannot be read: what was not looked into must not count as clean.
    """
    sought, scrubber = Sought.of(known), Scrubber(lambda: known)
    hits = (hit for path in _entries(folder) for hit in _entry(path, path.relative_to(folder).as_posix(), sought))
    return tuple(dict.fromkeys(Hit(scrubber.text(hit.file), scrubber.text(hit.cell), hit.kind) for hit in hits))


def _entries(folder: Path) -> list[Path]:
    found = []
    for parent, folders, files in os.walk(folder, onerror=_raised):
        found += [Path(parent, name) for name in (*folders, *files)]
    return sorted(found)


def _raised(error: OSError) -> None:
    raise error


def _entry(path: Path, name: str, sought: Sought) -> Iterator[Hit]:
    shown = name.encode(errors="replace").decode()
    for kind in sought.kinds(name):
        yield Hit(shown, "its name", kind)
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        yield from (Hit(shown, "where it leads", kind) for kind in sought.kinds(str(path.readlink())))
    elif stat.S_ISREG(status.st_mode):
        found = _blocks(path, sought) if status.st_size > WHOLE else _whole(path, sought)
        yield from (Hit(shown, cell, kind) for cell, kind in found)


def _whole(path: Path, sought: Sought) -> Iterator[tuple[str, str]]:
    """The places and kinds of what a file holds."""
    text = _decoded(path.read_bytes())
    if path.suffix != ".ipynb" or (cells := _cells(text)) is None:
        yield from _lines(text, sought.kinds(text), sought)
        return
    found = [(cell, kind) for cell, said in cells for kind in sought.kinds(said)]
    yield from found
    placed = {kind for _, kind in found}
    # JSON may say a name twice, and readers keep one of them: the file as it is is looked at too.
    yield from _lines(text, [kind for kind in sought.plain(text) if kind not in placed], sought)


def _cells(text: str) -> list[tuple[str, str]] | None:
    """The places of a notebook; None where the text is none."""
    try:
        return list(places(json.loads(text)))
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError):
        return None


def _lines(text: str, kinds: Iterable[str], sought: Sought) -> Iterator[tuple[str, str]]:
    """Where kinds that are somewhere in a text are: in which line, or nowhere to be named if they go over several."""
    left = set(kinds)
    if not left:
        return
    for number, line in enumerate(text.split("\n"), 1):
        for kind in sought.kinds(line):
            left.discard(kind)
            yield f"line {number}", kind
    yield from (("", kind) for kind in sorted(left))


def _blocks(path: Path, sought: Sought) -> Iterator[tuple[str, str]]:
    before = b""
    with path.open("rb") as file:
        while block := file.read(WHOLE // 4):
            yield from (("", kind) for kind in sought.kinds(_decoded(before + block)))
            before = block[-OVERLAP:]


def _decoded(data: bytes) -> str:
    """Bytes as text, whatever they are: what is no UTF-8 is taken byte for byte."""
    try:
        return data.decode()
    except UnicodeDecodeError:
        return data.decode("latin-1")
