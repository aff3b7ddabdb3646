"""What is shown while a run goes on: a bar on a terminal, one line a step elsewhere."""

from __future__ import annotations

import io
import sys
from pathlib import Path

import pytest

from helpers.headless.notebooks import Outcome
from helpers.headless.progress import shown


class Screen(io.StringIO):
    """A terminal, or a file, to write to."""

    def __init__(self, *, terminal: bool) -> None:
        super().__init__()
        self.terminal = terminal

    def isatty(self) -> bool:
        return self.terminal


def written(monkeypatch: pytest.MonkeyPatch, *, terminal: bool) -> str:
    """What is written while 02 of two steps is run."""
    screen = Screen(terminal=terminal)
    monkeypatch.setattr(sys, "stderr", screen)
    monkeypatch.setenv("COLUMNS", "0")
    with shown(2) as tell:
        tell("02_key")
        tell(Outcome("02_key", "changed", 1.25, Path("02_key.ipynb")))
    return screen.getvalue()


def test_a_terminal_gets_a_bar_with_the_steps_name(monkeypatch: pytest.MonkeyPatch) -> None:
    """The bar names the step and counts, also on a terminal that does not know how wide it is."""
    said = written(monkeypatch, terminal=True)
    assert "02_key" in said and "1/2" in said


def test_elsewhere_each_step_gets_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """A log gets one plain line when a step has ended, with its outcome and seconds, and no bar."""
    assert written(monkeypatch, terminal=False) == "02_key: changed, 1.2 s\n"
