"""A stage of `test --all` that hangs is stopped, and has failed: it never holds up the rest, nor counts as passed."""

from __future__ import annotations

import os
import re
import signal
import sys
from collections.abc import Callable

import pytest

from tests import suite

HANGS = [sys.executable, "-c", "import time; print('1 passed so far', flush=True); time.sleep(600)"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGINT, signal.SIG_IGN); print('== 3 passed in 1.00s ==', flush=True)\n"
    "time.sleep(600)",
]
HOLDS = [
    sys.executable,
    "-c",
    "import signal, subprocess, sys, time; signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(20)'])\n"
    "print('1 passed so far; left running:', child.pid, flush=True); time.sleep(600)",
]


@pytest.mark.parametrize("run", [suite.run, suite.run_alone], ids=["beside others", "alone"])
@pytest.mark.parametrize("command", [HANGS, STUBBORN, HOLDS], ids=["ends when told", "does not", "leaves another"])
def test_a_stage_that_hangs_is_stopped_and_has_failed(
    run: Callable[[str, list[str], float], suite.Outcome],
    command: list[str],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """What it printed is shown, it counts as failed whatever it said before, and the table says why."""
    monkeypatch.setattr(suite, "GRACE_SECONDS", 0.2)
    outcome = run("a stage", command, 1.0)
    assert outcome.failed == 1
    assert outcome.seconds < 15
    assert outcome.told.startswith("it did not end within 1 s and was stopped")
    said = capsys.readouterr().out
    for left in re.findall(r"left running: (\d+)", said):
        os.kill(int(left), signal.SIGKILL)  # what holds its output open is not waited for
    assert "passed" in said


def test_a_stage_that_ends_in_time_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    """Its summary counts, and what it tells is kept for the end."""
    said = "fuzz cases 5 run: 3 refused\\nnot run here: a thing\\n== 3 passed in 1.00s =="
    outcome = suite.run("a stage", [sys.executable, "-c", f"print('{said}')"], 60)
    assert (outcome.passed, outcome.failed) == (3, 0)
    assert outcome.told == "fuzz cases 5 run: 3 refused; not run here: a thing"
    assert "--- a stage" in capsys.readouterr().out
