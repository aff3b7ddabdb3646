"""One change at a time for one target on one machine: a lock file under locks/ in the folder that runs are kept in.

A target is a world (or azure), vault, key and organization. The file is locked with flock, which the system frees when
its holder ends, however it ends, and says who holds it: {pid, host, run, step, since}. It is removed when it is
released, so a file that is there and not locked was left by a process that was killed:

- On this host it is taken over, and that is said.
- On another host (a shared home) flock may not reach that far, so a file that looks free proves nothing: it is waited
  for as a held one is, and taken over, saying so, once it is older than FOREIGN_AFTER.

Who waits says for whom, and is refused after AT_MOST_SECONDS. Other homes are other machines: what guards against those
is that every step lists again after it creates.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import platform
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import BinaryIO, Self

from helpers.clock import stamp
from helpers.errors import Failed, Refused
from helpers.parameters import Parameters
from helpers.waiting import NotYet, Waiter

AT_MOST_SECONDS, LONGEST_PAUSE_SECONDS = 300.0, 5.0
FOREIGN_AFTER = timedelta(days=1)
"""The age at which the lock of another host is taken to be left over: no step takes nearly as long."""


@dataclass(frozen=True)
class Target:
    """What one onboarding changes."""

    world: str | None
    vault_id: str
    key_name: str
    organization_id: str

    @classmethod
    def of(cls, parameters: Parameters, world: str | None) -> Self:
        return cls(world, parameters.vault_id, parameters.key_name, parameters.organization_id)

    def file(self, home: Path) -> Path:
        """Its lock file: the same for every spelling of the same target."""
        named = (self.world or "azure", self.vault_id, self.key_name, self.organization_id)
        digest = hashlib.sha256("\n".join(named).lower().encode()).hexdigest()
        return home / "locks" / f"{digest[:32]}.json"


@dataclass(frozen=True)
class Holder:
    """Who says to hold a lock; all empty for somebody whose file does not say it."""

    pid: int = 0
    host: str = ""
    run: str = ""
    step: str = ""
    since: str = ""

    @classmethod
    def me(cls, run: str, step: str) -> Self:
        return cls(os.getpid(), platform.node(), run, step, stamp(datetime.now(UTC)))

    def __str__(self) -> str:
        if not self.host:
            return "somebody whose name is not known"
        return f"process {self.pid} on {self.host} (run {self.run}, {self.step}, since {self.since})"


@contextmanager
def held(file: Path, mine: Holder, wait: Waiter) -> Iterator[None]:
    """The lock, for as long as the block lasts. Raises Refused when somebody keeps it, Failed where it cannot be."""
    handle = _acquired(file, mine, wait)
    try:
        yield
    finally:
        with handle:
            if _is_still(file, handle):
                file.unlink()


def _acquired(file: Path, mine: Holder, wait: Waiter) -> BinaryIO:
    others: list[Taken] = []

    def look() -> BinaryIO | NotYet:
        got = _tried(file, mine, wait.say)
        if not isinstance(got, Taken):
            return got
        others.append(got)
        return NotYet(got.reason)

    def refuse() -> BinaryIO:
        raise others[-1].refusal(file)

    often = replace(wait, longest_pause=LONGEST_PAUSE_SECONDS)
    return often.until_or("another run on the same target to end", look, refuse, at_most=AT_MOST_SECONDS)


@dataclass(frozen=True)
class Taken:
    """A lock that is not to be had now: held by a live process, or left by another host, which cannot be told apart."""

    holder: Holder
    live: bool

    @property
    def reason(self) -> str:
        return f"{self.holder} {'holds' if self.live else 'holds or left'} the lock."

    def refusal(self, file: Path) -> Refused:
        mend = "Let it end, or end it; then run this step again. It starts by looking."
        if not self.live:
            mend = (
                f"This host cannot tell whether it still runs. If it does not, remove {file} and run this step again."
            )
        return Refused(
            f"waited {AT_MOST_SECONDS:.0f} s for another run on the same target to end: {self.reason[:-1]}",
            why="Two at once could make two of what can be there once only. Nothing was changed.",
            next_step=mend,
        )


def _tried(file: Path, mine: Holder, say: Callable[[str], None]) -> BinaryIO | Taken:
    """The lock, taken now; else who has it. Raises Failed where files cannot be locked."""
    try:
        handle, free = _locked(file)
    except OSError as error:
        raise Failed(
            f"{file}: the lock of this target cannot be taken: {error.strerror}",
            why="Without it two runs at once could make two of what can be there once only. Nothing was changed.",
            next_step="Let CMEK_HOME name a folder of yours on a disk where files can be locked.",
        ) from None
    left = _holder(handle)
    if not free or (left is not None and not _has_ended(left, handle)):
        with handle:
            return Taken(left or Holder(), live=not free)
    if left is not None:
        say(f"Took over the lock of this target from {left}, which ended without releasing it.")
    handle.truncate(0)
    handle.write(json.dumps(asdict(mine)).encode() + b"\n")
    handle.flush()
    return handle


def _locked(file: Path) -> tuple[BinaryIO, bool]:
    """The file, open, and whether it is locked by us now. Raises OSError."""
    file.parent.mkdir(parents=True, exist_ok=True)
    while True:
        handle = file.open("a+b")
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return handle, False
        except OSError:
            handle.close()
            raise
        if _is_still(file, handle):
            return handle, True
        handle.close()  # it was released, and so removed, between the two


def _holder(handle: BinaryIO) -> Holder | None:
    """Who the file says to hold it; None where it says nothing."""
    handle.seek(0)
    text = handle.read()
    with suppress(ValueError, TypeError):
        return Holder(**json.loads(text))
    return Holder() if text else None


def _has_ended(left: Holder, handle: BinaryIO) -> bool:
    """Whether who left a file that is not locked has ended: surely so on this host, else when it is old enough."""
    if left.host == platform.node():
        return True
    written = datetime.fromtimestamp(os.fstat(handle.fileno()).st_mtime, UTC)
    return datetime.now(UTC) - written > FOREIGN_AFTER


def _is_still(file: Path, handle: BinaryIO) -> bool:
    """Whether the open file is the one that has the name now."""
    with suppress(FileNotFoundError):
        return os.path.samestat(os.fstat(handle.fileno()), file.stat())
    return False
