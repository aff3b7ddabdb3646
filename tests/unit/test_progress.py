"""What is shown while a run goes on: a bar on a terminal, one line a step elsewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from helpers.headless.notebooks import Outcome
from helpers.headless.progress import shown

ROOT = Path(__file__).resolve().parents[2]
GOING_ON = """
from pathlib import Path
from helpers.headless.notebooks import Outcome
from helpers.headless.progress import shown
with shown(2) as tell:
    tell("02_key")
    tell(Outcome("02_key", "changed", 1.25, Path("02_key.ipynb")))
"""


def test_a_terminal_gets_a_bar_with_the_steps_name() -> None:
    """The bar names the step and counts, also on a terminal that does not know its size, as this one."""
    ours, theirs = os.openpty()
    try:
        subprocess.run([sys.executable, "-c", GOING_ON], cwd=ROOT, stdout=theirs, stderr=theirs, check=True, timeout=60)
        said = os.read(ours, 65536).decode()
    finally:
        os.close(ours)
        os.close(theirs)
    assert "02_key" in said and "1/2" in said and "█" in said


def test_elsewhere_each_step_gets_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    """A log gets one plain line when a step has ended, with its outcome and seconds, and no bar."""
    with shown(2) as tell:
        tell("02_key")
        tell(Outcome("02_key", "changed", 1.25, Path("02_key.ipynb")))
    assert capsys.readouterr().err == "02_key: changed, 1.2 s\n"
