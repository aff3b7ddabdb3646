"""Crash cells through real kernels and papermill: the `run` command as a person starts it, killed with its kernel."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from helpers.rehearsal.environment import applied
from tests.drills.crash.cells import Crash, Verdict, going_on, run_of, stopped_by, unfinished, unreadable
from tests.drills.crash.clouds import ROOT, Row
from tests.drills.crash.grounds import Ground, Recorded
from tests.drills.crash.scenarios import PAUSE_SECONDS

RUN_SECONDS = 300.0
_POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Kernel:
    """A crash cell with a kernel for each notebook."""

    crash: Crash
    group = "crash"

    @property
    def scenario(self) -> str:
        return self.crash.scenario

    def __str__(self) -> str:
        return f"kernel:{str(self.crash).removeprefix('crash:')}"

    def run(self, ground: Ground, recorded: Recorded) -> Verdict:
        """Raises RuntimeError where the kill itself did not come about."""
        home = ground.home()
        ground.cloud.start_over(self.crash.fault)
        with _started(ground, home) as first:
            _watch(ground, first, lambda: bool(ground.cloud.held()))
            if first.poll() is not None:
                raise RuntimeError(f"the run ended before {self.crash.request}\n{_printed(home)}")
            _kill(first)
        ground.cloud.mend()
        run = run_of(home)
        problems = unreadable(run)
        with _started(ground, home, *going_on(run, self.crash.then)) as second:
            _watch(ground, second, lambda: False)
        if second.returncode != 0:
            problems.append(f"the second run ended with exit code {second.returncode}: {stopped_by(home)}")
        return Verdict.of(recorded, ground.end(), [*problems, *unfinished(run_of(home), self.crash.then)])


@dataclass(frozen=True)
class Alike:
    """A healthy run through kernels asks for exactly what the recorded one asked for, so the cells stand for both."""

    scenario: str
    group = "check"

    def __str__(self) -> str:
        return f"kernel:{self.scenario}:healthy"

    def run(self, ground: Ground, recorded: Recorded) -> Verdict:
        home = ground.home()
        ground.cloud.start_over()
        with _started(ground, home) as process:
            _watch(ground, process, lambda: False)
        seen = Recorded(recorded.pristine, ground.end())
        told = [f"it ended with exit code {process.returncode}\n{_printed(home)}"] if process.returncode else []
        told += [
            f"{operation}: {seen.counts[operation]} requests through kernels, {recorded.counts[operation]} without"
            for operation in sorted(seen.counts | recorded.counts)
            if seen.counts[operation] != recorded.counts[operation]
        ]
        return Verdict.of(recorded, seen.end, told)


def _started(ground: Ground, home: Path, *more: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "helpers.cli", "run", *ground.arguments(*more)]
    within = {**applied(ground.cloud.environment), "CMEK_HOME": str(home)}
    with (home / "printed.log").open("ab") as log:
        return subprocess.Popen(
            command, cwd=ROOT, env=within, stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True
        )


def _watch(ground: Ground, process: subprocess.Popen[bytes], reached: Callable[[], bool]) -> None:
    """Until the process has ended, or what is waited for is reached. Raises RuntimeError where it hangs."""
    until, passed = time.monotonic() + RUN_SECONDS, 0
    while process.poll() is None and not reached():
        log = ground.cloud.log()
        if len(log) > passed and _is_waited_for(log[-1]):
            passed = len(log)
            ground.cloud.control.advance(PAUSE_SECONDS)
        if time.monotonic() > until:
            _kill(process)
            raise RuntimeError(f"it hung for {RUN_SECONDS:.0f} s and was killed")
        time.sleep(_POLL_SECONDS)


def _is_waited_for(last: Row) -> bool:
    """Whether a run may wait for a lag now. A kernel really waits, so the world's time is let pass meanwhile."""
    refused = last["operation"] == "RoleAssignments_Create" and last["status"] >= 400
    return refused or last["operation"] == "external key validate"


def _kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL to the command's group and to those of its kernels: jupyter_client gives each a session of its own."""
    groups = {process.pid, *_below(process.pid)}
    for group in groups:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(group, signal.SIGKILL)
    process.wait()


def _below(parent: int) -> set[int]:
    """The groups of all processes that a process has started, and those have."""
    listed = subprocess.run(["ps", "-Ao", "pid=,ppid=,pgid="], capture_output=True, text=True, check=True).stdout
    rows = [tuple(map(int, line.split())) for line in listed.splitlines()]
    found, known = set(), {parent}
    while new := {(pid, group) for pid, above, group in rows if above in known and pid not in known}:
        known |= {pid for pid, _ in new}
        found |= {group for _, group in new}
    return found


def _printed(home: Path) -> str:
    return "\n".join((home / "printed.log").read_text(encoding="utf-8", errors="replace").splitlines()[-12:])
