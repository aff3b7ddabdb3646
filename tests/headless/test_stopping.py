"""Kernels that are interrupted, hang, die, or lose the command that started them: told alike, and nothing is left."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import nbformat
import pytest

from helpers.headless.kernel_start import WAYS, Way
from tests.headless.processes import alive, until
from tests.record import cells

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only"),
]
HERE = Path(__file__).parent
REPORTED = """
import os, subprocess, time
from pathlib import Path
child = subprocess.Popen(["sleep", "600"])
Path("pids.partial").write_text(f"{os.getpid()} {os.getppid()} {child.pid}")
Path("pids.partial").rename("pids")
"""
WAITS = "time.sleep(600)"
HANGS = """
import signal
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT, signal.SIGTERM])
Path("hangs").touch()
import ctypes
ctypes.PyDLL(None).sleep(600)
"""
"""In C, without letting go of the interpreter's lock: no thread of the kernel answers anything any more."""
DIES = "os.kill(os.getpid(), 9)"


@dataclass
class Driven:
    """A command under way, with the processes that its notebook told of."""

    process: subprocess.Popen[str]
    folder: Path

    def pids(self) -> tuple[int, ...]:
        """The kernel, its parent, and its child."""
        file = self.folder / "notebooks" / "pids"
        until(file.exists)
        return tuple(map(int, file.read_text().split()))

    def ended(self) -> tuple[int, str]:
        """Its exit code, and what it said."""
        said, _ = self.process.communicate(timeout=60)
        return self.process.returncode, said


@contextmanager
def driven(way: Way, folder: Path, last: str) -> Iterator[Driven]:
    """A command that executes a notebook with this last cell; nothing that it started is left behind."""
    (folder / "project" / "notebooks").mkdir(parents=True)
    cells.write(folder / "project" / "notebooks" / "02_key.ipynb", REPORTED, last)
    run = folder / "run"
    (run / "notebooks").mkdir(parents=True)
    (run / "ledger.jsonl").touch()
    command = [sys.executable, "-m", "tests.headless.driving", way, str(folder / "project"), str(run)]
    process = subprocess.Popen(
        command,
        cwd=HERE.parents[1],
        env={**os.environ, cells.NAME: "the notebook's first cell asks for it"},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
        start_new_session=True,
    )
    found = Driven(process, run)
    try:
        yield found
    finally:
        process.kill()
        process.communicate()


def copy(found: Driven) -> nbformat.NotebookNode:
    return nbformat.read(found.folder / "notebooks" / "02_key.ipynb", 4)


@pytest.mark.parametrize("way", WAYS)
def test_an_interrupted_run_ends_its_kernel_and_says_so(way: Way, tmp_path: Path) -> None:
    """Ctrl-C: exit code 130, and neither the kernel nor what it was forked from goes on."""
    with driven(way, tmp_path, WAITS) as found:
        kernel, parent, child = found.pids()
        os.killpg(found.process.pid, signal.SIGINT)
        code, said = found.ended()
    assert (code, said.splitlines()[0]) == (130, "interrupted")
    until(lambda: not any(map(alive, (kernel, child))) and (way == "spawn" or not alive(parent)))


@pytest.mark.parametrize("way", WAYS)
def test_a_kernel_that_hangs_is_killed(way: Way, tmp_path: Path) -> None:
    """One that answers to nothing, neither a message nor a signal that can be caught."""
    with driven(way, tmp_path, HANGS) as found:
        kernel, _, child = found.pids()
        until((found.folder / "notebooks" / "hangs").exists)
        os.killpg(found.process.pid, signal.SIGINT)
        assert found.ended()[0] == 130
    until(lambda: not any(map(alive, (kernel, child))))


@pytest.mark.parametrize("way", WAYS)
def test_a_kernel_that_dies_is_told(way: Way, tmp_path: Path) -> None:
    """With what to do next; and what the cells before it put out is in the copy."""
    with driven(way, tmp_path, DIES) as found:
        code, said = found.ended()
    assert (code, said.splitlines()[0]) == (1, "the kernel died")
    (before,) = (cell for cell in copy(found).cells if cell.source == REPORTED)
    assert before.execution_count and before.metadata.papermill.status == "completed"


@pytest.mark.parametrize("way", WAYS)
def test_a_killed_command_leaves_no_kernel(way: Way, tmp_path: Path) -> None:
    """SIGKILL, which nothing can be done about: the kernel ends, and when it was forked its programs do too."""
    with driven(way, tmp_path, WAITS) as found:
        kernel, parent, child = found.pids()
        found.process.kill()
        until(lambda: not alive(kernel))
        if way == "fork":
            until(lambda: not alive(parent) and not alive(child))
        else:
            os.kill(child, signal.SIGKILL)


def test_a_killed_command_leaves_what_was_put_out_before(tmp_path: Path) -> None:
    """While a cell runs, the copy on disk is a notebook already, and has in it what the cells before did."""

    def done() -> bool:
        try:
            (before,) = (cell for cell in copy(found).cells if cell.source == REPORTED)
        except (OSError, ValueError, nbformat.reader.NotJSONError):  # it is just being written
            return False
        return bool(before.execution_count) and before.metadata.papermill.status == "completed"

    with driven("spawn", tmp_path, WAITS) as found:
        *_, child = found.pids()
        until(done)
        found.process.kill()
        found.ended()
        nbformat.validate(copy(found))
        os.kill(child, signal.SIGKILL)
    assert done()


def test_a_forked_kernel_ends_with_the_process_it_was_forked_from(tmp_path: Path) -> None:
    """It is told as a kernel that died, and watches its parent itself."""
    with driven("fork", tmp_path, WAITS) as found:
        kernel, parent, child = found.pids()
        os.kill(parent, signal.SIGKILL)
        code, said = found.ended()
        assert (code, said.splitlines()[0]) == (1, "the kernel died")
        until(lambda: not alive(kernel))
        os.kill(child, signal.SIGKILL)
