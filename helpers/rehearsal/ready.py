"""The ready file: where a served rehearsal is, for whoever may read the owner's files."""

from __future__ import annotations

import fcntl
import glob
import json
import os
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

_RANDOM = "?" * 8
"""What mkstemp puts at the end of a name."""
DEFAULT = Path(__file__).resolve().parents[2] / ".rehearsal" / "ready.json"


class Taken(Exception):
    """The place of a ready file is not free; the message says by what, in one line."""


class NotReady(Exception):
    """A file that does not lead to a running rehearsal; the message says why, in one line."""


@dataclass(frozen=True)
class Ready:
    """What a ready file says; `environment` is the operator's, where None must be unset."""

    proxy: str
    ca_bundle: str
    environment: Mapping[str, str | None]
    control_token: str
    pid: int

    @classmethod
    def of(cls, proxy: str, bundle: Path, environment: Mapping[str, str | None], control_token: str) -> Self:
        """Of a rehearsal that this process serves."""
        return cls(proxy, str(bundle), dict(environment), control_token, os.getpid())


def read(path: Path) -> Ready:
    """What the file says of a running rehearsal. Raises NotReady where there is none."""
    found = _found(path)
    if found is None:
        raise NotReady(f"{path}: no such ready file; no rehearsal cloud was started there")
    if not alive(found.pid):
        raise NotReady(f"{path}: the rehearsal cloud it names, process {found.pid}, is gone")
    return found


def check(path: Path) -> None:
    """Raises Taken where a live process, or something that is not a ready file, has the place."""
    try:
        found = _found(path)
    except NotReady as error:
        raise Taken(str(error)) from None
    if found is not None and alive(found.pid):
        raise Taken(f"{path}: a rehearsal cloud is running already, process {found.pid}")


def alive(pid: int) -> bool:
    """Whether there is a process of this number, anybody's. The number of a dead one may have been given away again."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True  # it lives, as somebody else
    return True


@contextmanager
def published(path: Path, mine: Ready) -> Iterator[None]:
    """The file, whole and readable by its owner only, for as long as the block lasts. Raises Taken.

    A file of a process that is gone is taken over, and one that it had half written goes. Of two that start at once one
    is refused: the folder is locked while the place is looked at and taken.
    """
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _locked(path.parent):
        check(path)
        for half in path.parent.glob(f".{glob.escape(path.name)}.{_RANDOM}"):
            half.unlink()
        _write(path, mine)
    try:
        yield
    finally:
        with _locked(path.parent):
            if path.is_file() and _found(path) == mine:
                path.unlink()


def _found(path: Path) -> Ready | None:
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        found = Ready(**document)
        if not isinstance(found.pid, int) or found.pid <= 0 or not isinstance(found.environment, dict):
            raise TypeError("pid and environment")
    except FileNotFoundError:
        return None
    except (ValueError, TypeError, OSError):
        raise NotReady(f"{path}: this is not a ready file") from None
    return found


def _write(path: Path, content: Ready) -> None:
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")  # mkstemp makes it 0600
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        json.dump(asdict(content), file, indent=2)
        file.write("\n")
    Path(temporary).replace(path)


@contextmanager
def _locked(folder: Path) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        yield
    finally:
        os.close(descriptor)
