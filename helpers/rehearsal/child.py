"""Running a command as a child: its exit code is ours, and signals reach it once."""

from __future__ import annotations

import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import FrameType


class NotFound(Exception):
    """A command that could not be started, with the exit code shells give: 127 no such command, 126 not allowed."""

    def __init__(self, command: str, exit_code: int) -> None:
        super().__init__(f"{command}: {'command not found' if exit_code == 127 else 'not allowed to run it'}")
        self.exit_code = exit_code


def run(command: Sequence[str], environment: Mapping[str, str]) -> int:
    """Run a command to its end; 128 + N where signal N ended it. Raises NotFound.

    SIGTERM, and SIGINT that was sent to us alone, are passed on. Ctrl-C on a terminal reaches the child by itself, and
    must not reach it twice: some programs take a second one as "at once".
    """
    started: list[subprocess.Popen[bytes]] = []
    early: list[int] = []  # signals that came while the child was being started

    def passed_on(number: int, frame: FrameType | None) -> None:
        if number == signal.SIGINT and _terminal_is_ours():
            return
        if started:
            started[0].send_signal(number)
        else:
            early.append(number)

    before = {number: signal.signal(number, passed_on) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        with subprocess.Popen(command, env=environment) as child:  # noqa: S603 - running it is what was asked for
            started.append(child)
            for number in early:
                child.send_signal(number)
            code = child.wait()
    except (FileNotFoundError, NotADirectoryError):
        raise NotFound(command[0], 127) from None
    except PermissionError:
        raise NotFound(command[0], 126) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _terminal_is_ours() -> bool:
    """Whether we are in the foreground of a terminal, whose Ctrl-C goes to the child as well."""
    try:
        with Path("/dev/tty").open("rb", buffering=0) as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
