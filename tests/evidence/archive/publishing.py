"""Publishing in a process of its own, which can be killed; forked from one that has imported all it takes."""

from __future__ import annotations

import multiprocessing
import os
import signal
import sys
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess
from pathlib import Path

from helpers.evidence import archive, archive_folder
from helpers.record.runs import Run
from tests.evidence.archive.azurite import SignedIn

_forks = multiprocessing.get_context("forkserver")
_forks.set_forkserver_preload(["helpers.evidence.archive_blob", "helpers.evidence.archive", "pytest"])


def in_child(run: Path, to: str, trusted: Path) -> ForkServerProcess:
    """A process that publishes a run, not started yet."""
    return _forks.Process(target=_publish, args=(run, to, str(trusted)), daemon=True)


def in_child_killed_at(run: Path, to: str, moment: str, number: int) -> ForkServerProcess:
    """A process that publishes to a folder and kills itself at a moment of the file of that number, from 0 on."""
    return _forks.Process(target=_publish_until, args=(run, to, moment, number), daemon=True)


def _publish(run: Path, to: str, trusted: str) -> None:
    os.environ["REQUESTS_CA_BUNDLE"] = trusted
    sys.exit(archive.publish(Run(run), to, SignedIn()).exit_code)


def _publish_until(run: Path, to: str, moment: str, number: int) -> None:
    write, link = archive_folder._write, os.link
    left = iter(range(number, -1, -1))

    def half(descriptor: int, data: bytes) -> None:
        if moment == "half written" and next(left) == 0:
            os.write(descriptor, data[: len(data) // 2])
            _die()
        write(descriptor, data)

    def linked(source: str, target: Path) -> None:
        last = moment != "half written" and next(left) == 0
        if last and moment == "written":
            _die()
        link(source, target)
        if last:
            _die()

    archive_folder._write = half
    _set(os, "link", linked)
    sys.exit(archive.publish(Run(run), to, None).exit_code)


def _set(module: object, name: str, value: Callable[..., object]) -> None:
    setattr(module, name, value)


def _die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)
