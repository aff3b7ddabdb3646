"""Fuzz drills leave nothing in the tree, and say at the end how their cases ended."""

from __future__ import annotations

import tempfile

import pytest
from hypothesis.configuration import set_hypothesis_home_dir

from tests.drills.hostile.counting import summary

_kept = tempfile.TemporaryDirectory(prefix="cmek-hypothesis-")
set_hypothesis_home_dir(_kept.name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The cases by their outcome."""
    line = summary()
    if line is not None:
        terminalreporter.write_line(line)


def pytest_unconfigure() -> None:
    """The tables that hypothesis keeps of Unicode are taken away again."""
    _kept.cleanup()
