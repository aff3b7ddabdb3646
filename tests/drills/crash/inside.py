"""What a child does: the real `run` command, with the notebooks' own cells executed in this process.

Two things are not the suite's own: no kernel is started (papermill is stood in for here), and a wait lets the cloud's
time pass instead of its own. To save time, what cells show is not rendered (rendering asks the cloud nothing), and files
are not forced to the disk (a killed process loses nothing that it has written).
"""

from __future__ import annotations

import gc
import json
import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.drills.crash.clouds import ROOT, Control
from tests.drills.crash.scenarios import PAUSE_SECONDS

Environment = Mapping[str, str | None]


def run(control: Control, environment: Environment, home: Path, arguments: Sequence[str], stop_at: str = "") -> Any:
    """Exit code of `run`, and the modules that it took. `stop_at` is an Apply cell, before which the process stops."""
    import papermill

    from helpers import cli

    _enter(control, environment, home)
    papermill.execute_notebook = partial(_execute, stop_at)
    code = cli.main(["run", *arguments])
    return {"exit": code, "modules": list(sys.modules)}


def approve(control: Control, environment: Environment, home: Path, file: Path) -> Any:
    """Approve what is for good, as a rehearsal does, for every run that is kept in a home."""
    from helpers import parameters
    from helpers.headless.run import approve_as_rehearsal
    from helpers.record.runs import Run
    from helpers.services.connect import connect

    _enter(control, environment, home)
    given = parameters.load(file)
    made = approve_as_rehearsal(connect(given, root=ROOT, say=print), given, Run(home))
    return [str(path) for path in made]


def _enter(control: Control, environment: Environment, home: Path) -> None:
    """This process is inside the rehearsal from now on."""
    from urllib3.connection import HTTPConnection

    from helpers.rehearsal.environment import applied
    from helpers.services import connect
    from helpers.waiting import Waiter

    os.environ.update(within := {**applied(environment), "CMEK_HOME": str(home)})
    for name in set(os.environ) - set(within):
        del os.environ[name]
    os.fsync = lambda _: None
    gc.disable()
    waited = [0.0]

    def sleep(seconds: float) -> None:
        waited.append(seconds)
        control.advance(seconds)

    pauses = {"first_pause": PAUSE_SECONDS, "longest_pause": PAUSE_SECONDS}
    connect.Waiter = partial(Waiter, sleep=sleep, elapsed=lambda: sum(waited), **pauses)
    connected = HTTPConnection._new_conn

    def at_once(connection: HTTPConnection) -> socket.socket:
        """Through a proxy urllib3 waits up to 40 ms before it sends a body."""
        made = connected(connection)
        made.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return made

    HTTPConnection._new_conn = at_once


def _execute(stop_at: str, source: str, copy: str, *, parameters: Mapping[str, Any], cwd: str, **_: Any) -> None:
    """Stands for papermill.execute_notebook. A new process would not know the vault's challenge: it is forgotten."""
    from azure.keyvault.keys._shared import http_challenge_cache
    from papermill.exceptions import PapermillExecutionError

    http_challenge_cache.clear()
    os.chdir(cwd)
    Path(copy).touch()
    names: dict[str, Any] = {"__name__": "__main__"}
    for number, cell in enumerate(cells(Path(source))):
        if stop_at and cell.applies == stop_at:
            os.kill(os.getpid(), signal.SIGSTOP)
        try:
            exec(compile(cell.text, f"{Path(source).stem}[{number}]", "exec"), names)
        except Exception as error:
            raise PapermillExecutionError(number, number, cell.text, type(error).__name__, str(error), []) from error
        if cell.takes_parameters:
            names |= parameters


@dataclass(frozen=True)
class Cell:
    """A code cell. `applies` is STEP#N for the Nth Apply cell of its notebook, else empty."""

    text: str
    takes_parameters: bool
    applies: str


def cells(notebook: Path) -> Iterator[Cell]:
    """The code cells of a notebook, in order."""
    applied = 0
    for cell in json.loads(notebook.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] == "code":
            text = "".join(cell["source"])
            applies = "step.apply(" in text
            applied += applies
            tags = cell["metadata"].get("tags", [])
            yield Cell(text, "parameters" in tags, f"{notebook.stem}#{applied}" if applies else "")
