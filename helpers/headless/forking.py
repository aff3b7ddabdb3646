"""The driver's end of the process that kernels are forked from. See `helpers.headless.preloaded`."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, BinaryIO

MODULE = "helpers.headless.preloaded"
ANSWER_SECONDS = 120.0
"""How long the first answer may take: everything is imported before it. Later ones take milliseconds."""
END_SECONDS = 10.0
"""How long it may take to end, its kernels with it, once nobody is at the other end."""
GONE = -signal.SIGKILL
"""The exit code of a kernel whose forking process has ended: it ends itself, or has been killed."""


class Preloaded:
    """One preloading process, for a block. Everything ends with it, also when this process is killed.

    What imports read of the environment is as it is now. Raises OSError where no process can be started.
    """

    def __init__(self) -> None:
        ours, theirs = socket.socketpair()
        with theirs:
            self.process = subprocess.Popen(  # noqa: S603 - in a session of its own: Ctrl-C is for this process
                [sys.executable, "-P", "-m", MODULE, str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                start_new_session=True,
            )
        ours.settimeout(ANSWER_SECONDS)
        self._connection = ours
        self._lines: BinaryIO = ours.makefile("rwb")  # type: ignore[assignment]  # a BufferedRWPair
        self._one_at_a_time = threading.Lock()
        self._forked = False

    def __enter__(self) -> Preloaded:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._hang_up()
        if not self._forked:
            self.process.kill()  # it may be importing still, and has nothing to end
        try:
            self.process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self.process.kill()  # its kernels end themselves
            self.process.wait()

    def start(self, command: list[str], environment: Mapping[str, str], folder: Path, log: Path) -> Forked:
        """A kernel forked and on its way. Raises RuntimeError where it was not to be, for a plain one may start.

        `command` is `python -P -m MODULE ARGUMENTS` of this interpreter.
        """
        if command[:3] != [sys.executable, "-P", "-m"]:
            raise ValueError(f"not a module of this interpreter: {command[:4]}")
        said = {
            "module": command[3],
            "arguments": command[4:],
            "environment": dict(environment),
            "folder": str(folder.absolute()),
            "log": str(log.absolute()),
        }
        self._forked = True  # already: an answer that is never read does not undo it
        try:
            answer = self._ask({"start": said})
        except (OSError, ValueError) as error:
            raise RuntimeError(f"the process that kernels are forked from has ended; {_INSTEAD} ({error})") from error
        if "refused" in answer:
            raise RuntimeError(f"{answer['refused']}, so that forking is not safe; {_INSTEAD}")
        return Forked(self, answer["pid"])

    def poll(self, pid: int) -> int | None:
        """The exit code of a kernel started here, or None while it runs."""
        try:
            code: int | None = self._ask({"poll": pid})["code"]
        except (OSError, ValueError):
            return GONE
        return code

    def _ask(self, request: Mapping[str, Any]) -> dict[str, Any]:
        """One answer. After an exchange that was cut short there is no other: the process and its kernels end."""
        with self._one_at_a_time:
            try:
                self._lines.write(json.dumps(request).encode() + b"\n")
                self._lines.flush()
                answer: dict[str, Any] = json.loads(self._lines.readline())
            except BaseException:
                self._hang_up()
                raise
            return answer

    def _hang_up(self) -> None:
        self._connection.close()
        with contextlib.suppress(OSError):  # there may be something that cannot be sent any more
            self._lines.close()


_INSTEAD = "run it with --kernel-start spawn"


class Forked:
    """A forked kernel, with as much of subprocess.Popen's face as jupyter_client's own provisioner looks at."""

    stdin = stdout = stderr = None

    def __init__(self, preloaded: Preloaded, pid: int) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._preloaded = preloaded

    def poll(self) -> int | None:
        """The exit code, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._preloaded.poll(self.pid)
        return self.returncode

    def wait(self) -> int:
        """The exit code, as soon as it has ended."""
        while (code := self.poll()) is None:
            time.sleep(0.01)
        return code

    def send_signal(self, number: int) -> None:
        """To the kernel alone, and only while its number is its own: nobody takes its status before poll."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)
