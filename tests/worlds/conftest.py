"""One stage for each module of these tests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.worlds.stage import Stage, staged


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """An empty stage; each test puts its world on it."""
    with staged() as made:
        yield made
