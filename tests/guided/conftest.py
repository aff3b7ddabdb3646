"""The worlds that the form looks around in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.guided import looking
from helpers.guided.looking import Looking
from tests.services.conftest import healthy, healthy_world
from tests.services.rehearsed import GIVEN, Rehearsed, rehearsed

__all__ = ["healthy", "healthy_world"]

Look = Callable[..., Looking]


@pytest.fixture(scope="module")
def many_world() -> Iterator[Rehearsed]:
    with rehearsed(str(Path(__file__).with_name("many.yaml"))) as inside:
        yield inside


@pytest.fixture
def many(many_world: Rehearsed) -> Iterator[Rehearsed]:
    """Two subscriptions, and vaults, keys and workspaces fit and not fit."""
    many_world.reset()
    with many_world.inside():
        yield many_world


@pytest.fixture
def look(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Look]:
    """Look around, from the parameters of the rehearsal with some changed, or from a start that is given whole."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    opened: list[Looking] = []

    def begun(start: Any = None, **changes: Any) -> Looking:
        opened.append(looking.begin({**GIVEN, **changes} if start is None else start))
        return opened[-1]

    yield begun
    for one in opened:
        one.close()
