"""Fuzz drills say at the end how their cases ended."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.drills.hostile.counting import ENDED, READ, REFUSED, summary


@pytest.fixture(autouse=True)
def enough(request: pytest.FixtureRequest) -> Iterator[None]:
    """A test marked `cases` had at least so many that were read, and so many that were refused: none passes by running none."""
    before = Counter(ENDED)
    yield
    for mark in request.node.iter_markers("cases"):
        came = {"read": ENDED[READ] - before[READ], "refused": ENDED[REFUSED] - before[REFUSED]}
        assert {kind for kind, least in mark.kwargs.items() if came[kind] < least} == set(), came


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The cases by their outcome."""
    line = summary()
    if line is not None:
        terminalreporter.write_line(line)
