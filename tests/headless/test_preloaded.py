"""The process that kernels are forked from: nothing but imports before the fork, a process of its own after it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from helpers.headless import forking as forking_module
from helpers.headless.forking import GONE, Forked, Preloaded
from tests.headless.processes import alive, until

QUICK = "import sys\nsys.modules.update(dict.fromkeys(['anthropic', 'azure', 'ipykernel', 'ipywidgets', 'msgraph']))\n"
THREADED = "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
HERE = Path(__file__).parent
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only")


def _first(code: str, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the next preloading process runs before anything else."""
    (folder / "sitecustomize.py").write_text(code)
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(folder), str(HERE)]))


@dataclass
class Forking:
    """A preloading process, and a folder for what is forked from it."""

    preloaded: Preloaded
    folder: Path
    log: Path = field(init=False)

    def __post_init__(self) -> None:
        self.log = self.folder / "log"

    def start(self, *command: str, **environment: str) -> Forked:
        return self.preloaded.start([sys.executable, "-P", "-m", *command], environment, self.folder, self.log)

    def report(self, **environment: str) -> dict[str, Any]:
        """What a process forked now is like."""
        self.log.unlink(missing_ok=True)
        assert self.start("reporting", "--one", "two words", **environment).wait() == 0, self.log.read_text()
        said: dict[str, Any] = json.loads(self.log.read_text())
        return said


@pytest.fixture(scope="module")
def forking(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Forking]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setenv("PYTHONPATH", str(HERE))
        patched.setenv("CMEK_TEST_OF_THE_DRIVER", "not for kernels")
        with Preloaded() as preloaded:
            yield Forking(preloaded, tmp_path_factory.mktemp("forking"))


def test_before_a_fork_there_is_nothing_but_imports() -> None:
    """One thread, no client, connection, event loop or portal, no file left open; and everything could be imported.

    The pool is urllib3's, which makes it for its shortest functions when it is imported. Nothing here calls these, and
    it has no connection.
    """
    done = subprocess.run([sys.executable, HERE / "inventory.py"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    said = json.loads(done.stdout)
    assert said["found"] == {"PoolManager": 1, "_MainThread": 1}
    assert (said["unsafe"], said["opened"], said["interrupt"], said["missing"]) == ("", 0, True, [])


def test_a_forked_process_has_exactly_what_it_was_given(forking: Forking) -> None:
    """Environment, folder and arguments; its own session and group; nothing to read; its log; and its parent to watch."""
    said = forking.report(NAME="value", PATH=os.environ["PATH"])
    parent = forking.preloaded.process.pid
    locale = {"LC_CTYPE"}  # Python sets it for the C locale
    assert {name: value for name, value in said["environment"].items() if name not in locale} == {
        "NAME": "value",
        "PATH": os.environ["PATH"],
        "JPY_PARENT_PID": str(parent),
    }
    assert said["folder"] == str(forking.folder)
    assert said["arguments"] == ["--one", "two words", f"--IPKernelApp.parent_handle={parent}"]
    assert said["pid"] == said["session"] == said["group"] and said["parent"] == parent
    assert said["open"] == {"0": os.devnull, "1": str(forking.log), "2": str(forking.log)}
    assert (said["main"], said["read"]) == ("__main__", "")
    assert (said["threads"], said["python_threads"], said["interrupt"], said["blocked"]) == (1, 1, True, 0)


def test_two_forked_processes_share_nothing_random(forking: Forking) -> None:
    """Neither Python's random numbers nor OpenSSL's: keys and request ids made in two kernels differ."""
    first, second = (forking.report()["random"] for _ in range(2))
    assert first[0] != second[0] and first[1] != second[1]


@pytest.mark.parametrize(("how", "code"), [("0", 0), ("7", 7), ("killed", -9)])
def test_how_a_forked_process_ended_is_known(forking: Forking, how: str, code: int) -> None:
    """As subprocess says it, and as often as it is asked for."""
    forked = forking.start("ending", how)
    assert (forked.wait(), forked.poll(), forked.wait()) == (code, code, code)


def test_a_signal_is_for_the_process_while_it_runs_only(forking: Forking) -> None:
    """After it was seen to end its number may be somebody else's, and nothing is sent to it."""
    forked = forking.start("ending", "stay")
    forked.kill()
    assert forked.wait() == GONE
    forked.pid = os.getpid()
    forked.kill()


def test_more_than_one_thread_is_not_forked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A library that starts a thread when it is imported: nothing is forked, and what to do instead is said."""
    _first(QUICK + THREADED, tmp_path, monkeypatch)
    with Preloaded() as preloaded, pytest.raises(RuntimeError, match=r"a thread.*--kernel-start spawn"):
        Forking(preloaded, tmp_path).start("ending", "0")


@pytest.mark.parametrize("killed", [True, False], ids=["killed", "closed"])
def test_with_the_preloading_process_its_kernels_end(
    killed: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """When its other end closes, also because the driver was killed, it kills them, and the programs they started.

    When it is killed itself its kernels are taken for ended. A real one sees that its parent is another, and ends.
    """
    _first(QUICK, tmp_path, monkeypatch)
    with Preloaded() as preloaded:
        other = Forking(preloaded, tmp_path)
        other.log.write_text("")
        forked = other.start("ending", "stay", PATH=os.environ["PATH"])
        child = int(until(other.log.read_text))
        if killed:
            preloaded.process.kill()
            preloaded.process.wait()
            assert forked.poll() == GONE
            os.killpg(forked.pid, signal.SIGKILL)
    until(lambda: not alive(forked.pid) and not alive(child))
    with pytest.raises(RuntimeError, match="has ended; run it with --kernel-start spawn"):
        other.start("ending", "0")


def test_a_process_that_does_not_end_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The end of the block waits for a bounded time. A real kernel sees that its parent is another, and ends."""
    monkeypatch.setattr(forking_module, "END_SECONDS", 0.2)
    _first(QUICK, tmp_path, monkeypatch)
    with Preloaded() as preloaded:
        forked = Forking(preloaded, tmp_path).start("ending", "stay", PATH=os.environ["PATH"])
        until(lambda: os.getpgid(forked.pid) == forked.pid)
        os.kill(preloaded.process.pid, signal.SIGSTOP)
    assert preloaded.process.returncode == -signal.SIGKILL
    os.killpg(forked.pid, signal.SIGKILL)
