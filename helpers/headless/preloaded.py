"""The process that kernels are forked from: it imports what notebooks import, and has nothing but imports in it.

`python -m helpers.headless.preloaded FD` serves one socket, one request a line, each answered before the next is read:
start (fork a kernel) and poll (whether one has ended). It has one thread and no event loop, client or connection of its
own: what a fork would copy broken is made in the kernel, after the fork. When the other end closes, its kernels end.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import runpy
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from helpers import light

MODULES = (
    "ipykernel.kernelapp",
    "ipykernel.debugger",
    "IPython.core.completerlib",
    "tornado.platform.asyncio",
    "ipywidgets",
    "helpers.notebook",
    "helpers.record.kernel_outputs",
    "helpers.services.keys",
    "helpers.services.permissions",
    "helpers.services.portal",
    "helpers.services.principals",
    "helpers.services.remedies",
    "helpers.services.resources",
    "helpers.services.roles",
    "helpers.services.vaults",
    "helpers.steps",
    "helpers.services.admin",
    "httpcore",
    "httpcore2",
    "anyio._backends._asyncio",
)
"""What a kernel and the five notebooks import: the SDKs too, and what these import only when they are first used."""


@dataclass(frozen=True)
class Start:
    """A kernel to start: a module and its arguments as for `python -m`, and all that the process is to have."""

    module: str
    arguments: list[str]
    environment: dict[str, str]
    folder: str
    log: str


def preload() -> None:
    """Import, without the garbage collector, which leaves alone what all kernels share.

    A module that cannot be imported is left out: the kernel that needs it fails as one that was not forked does.
    """
    gc.disable()  # imports make no garbage worth the time
    with light.without("debugpy"):
        for name in MODULES:
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    gc.freeze()
    gc.enable()


def unsafe_to_fork() -> str:
    """Why a kernel must not be forked here; empty where nothing is against it."""
    threads = len(list(Path("/proc/self/task").iterdir()))
    return f"an imported library has started a thread ({threads} are running)" if threads != 1 else ""


def serve(lines: BinaryIO) -> Start | None:
    """Answer requests. Returns in a forked kernel what it is to run, and here None when the other end has closed."""
    running: set[int] = set()
    for line in lines:
        asked = json.loads(line)
        if "poll" in asked:
            answer = _polled(asked["poll"], running)
        elif reason := unsafe_to_fork():
            answer = {"refused": reason}
        elif pid := os.fork():
            running.add(pid)
            answer = {"pid": pid}
        else:
            return Start(**asked["start"])
        lines.write(json.dumps(answer).encode() + b"\n")
        lines.flush()
    _end(running)
    return None


def _polled(pid: int, running: set[int]) -> Mapping[str, Any]:
    """The exit code of a kernel as subprocess gives it, or None while it runs. Its number is not free before this."""
    ended, status = os.waitpid(pid, os.WNOHANG) if pid in running else (0, 0)
    if not ended:
        return {"code": None}
    running.discard(pid)
    return {"code": os.waitstatus_to_exitcode(status)}


def _end(running: set[int]) -> None:
    """Kill every kernel that was not seen to end, with all that it started."""
    for pid in running:
        for kill in (os.killpg, os.kill):  # the second for one that has no group of its own yet
            with contextlib.suppress(ProcessLookupError):
                kill(pid, signal.SIGKILL)


def become(start: Start, parent: int) -> None:
    """Have what a process of its own would have had: session, environment, folder, standard files, parent to watch."""
    os.setsid()
    os.environ.clear()
    os.environ.update(start.environment, JPY_PARENT_PID=str(parent))
    with Path(os.devnull).open("rb") as nothing, Path(start.log).open("ab") as log:
        for file, number in ((nothing, 0), (log, 1), (log, 2)):
            os.dup2(file.fileno(), number)
    os.chdir(start.folder)
    sys.argv = [start.module, *start.arguments, f"--IPKernelApp.parent_handle={parent}"]


@contextlib.contextmanager
def _connected(number: int) -> Iterator[BinaryIO]:
    with socket.socket(fileno=number) as connection, connection.makefile("rwb") as lines:
        yield lines  # type: ignore[misc]  # a BufferedRWPair


def main(number: int) -> None:
    """Preload, serve the socket with this file number, and in a forked kernel go on as that kernel."""
    this = os.getpid()
    preload()
    with _connected(number) as lines:
        start = serve(lines)
    if start is not None:
        become(start, parent=this)
        runpy.run_module(start.module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main(int(sys.argv[1]))
