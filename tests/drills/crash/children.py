"""Forked children of a warmed parent, and the parent's warming.

Forking is only safe before any client, token, thread or event loop exists (facts/performance.md): a parent that has
a second thread does not fork.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import select
import signal
import sys
import threading
import time
import traceback
from collections.abc import Callable, Iterable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

CHILD_SECONDS = 180.0
"""A run takes two to five; one that takes this long hangs."""
_POLL_SECONDS = 0.01


class Child:
    """A forked process, killed at the end of its block at the latest; what its work returned comes over a pipe, as JSON."""

    def __init__(self, work: Callable[[], Any], told: Path) -> None:
        if threading.active_count() != 1:
            raise RuntimeError("this process has a second thread, so it does not fork")
        sys.stdout.flush()
        sys.stderr.flush()
        read, write = os.pipe()
        self._outcome: int | None = read
        self.told = told
        self.pid = os.fork()
        if self.pid == 0:
            _work(work, told, write)
        os.close(write)
        self._code: int | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def stops(self) -> bool:
        """Wait until it stops itself, from which `go_on` wakes it; False where it ends before."""
        _, status = os.waitpid(self.pid, os.WUNTRACED)
        if not os.WIFSTOPPED(status):
            self._code = os.waitstatus_to_exitcode(status)
        return os.WIFSTOPPED(status)

    def ended(self) -> bool:
        """Whether it has ended."""
        if self._code is None:
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            self._code = os.waitstatus_to_exitcode(status) if pid else None
        return self._code is not None

    def go_on(self) -> None:
        os.kill(self.pid, signal.SIGCONT)

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        if self._code is None:
            os.kill(self.pid, signal.SIGKILL)
            self._code = os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])
        if self._outcome is not None:
            os.close(self._outcome)
            self._outcome = None

    def result(self, seconds: float = CHILD_SECONDS) -> Any:
        """What its work returned. Raises RuntimeError, with what it printed, where it did not return in time."""
        until, said = time.monotonic() + seconds, b""
        pipe = self._outcome
        if pipe is None:
            raise RuntimeError("it was killed, or its result was taken already")
        while select.select([pipe], [], [], max(0.0, until - time.monotonic()))[0]:
            part = os.read(pipe, 65536)
            said += part
            if not part:
                break
        else:
            self.kill()
            raise RuntimeError(f"it hung for {seconds:.0f} s and was killed\n{self.printed()}")
        while not self.ended():
            time.sleep(_POLL_SECONDS)
        if self._code != 0:
            raise RuntimeError(f"it ended with {self._code}\n{self.printed()}")
        return json.loads(said)

    def printed(self, lines: int = 12) -> str:
        """The end of what it printed."""
        text = self.told.read_text(encoding="utf-8", errors="replace") if self.told.exists() else ""
        return "\n".join(text.strip().splitlines()[-lines:])


def _work(work: Callable[[], Any], told: Path, write: int) -> None:
    """The child's whole life. Nothing of the parent's is cleaned up here."""
    code = 1
    try:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        with told.open("ab") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        said = json.dumps(work()).encode()
        code = 0
    except BaseException:  # noqa: BLE001 - told to the parent by what is printed
        traceback.print_exc()
        said = b""
    with contextlib.suppress(BaseException):
        sys.stdout.flush()
        sys.stderr.flush()
        while said:
            said = said[os.write(write, said) :]
    os._exit(code)


def warm(modules: Iterable[str]) -> None:
    """Import what a child had to import, so that the next ones need not. Raises RuntimeError if that made a thread."""
    for name in modules:
        if name not in sys.modules:
            with contextlib.suppress(ImportError):  # made at run time, such as __mp_main__
                importlib.import_module(name)
    if threading.active_count() != 1:
        raise RuntimeError("importing has started a thread, so no child can be forked")
    gc.collect()
    gc.freeze()  # what is there stays shared between parent and children
