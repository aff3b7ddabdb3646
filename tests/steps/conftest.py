"""The worlds of the service tests, and somebody who walks through the steps in them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.services.conftest import healthy, healthy_world, onboarded, onboarded_world
from tests.services.rehearsed import Rehearsed
from tests.steps.mending import break_all
from tests.steps.walking import Walk

__all__ = ["healthy", "healthy_world", "onboarded", "onboarded_world"]


def _walk(world: Rehearsed, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    notebooks = folder / "run" / "notebooks"
    notebooks.mkdir(parents=True)
    (notebooks.parent / "ledger.jsonl").touch()
    monkeypatch.chdir(notebooks)
    monkeypatch.setenv("CMEK_HOME", str(folder))
    return Walk(world, notebooks.parent)


@pytest.fixture
def walk(healthy: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """Steps in a healthy world, recorded in a run folder of the test's own."""
    return _walk(healthy, tmp_path, monkeypatch)


@pytest.fixture
def walk_onboarded(onboarded: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """The same in an onboarded world."""
    return _walk(onboarded, tmp_path, monkeypatch)


@pytest.fixture
def broken(walk_onboarded: Walk) -> Walk:
    """The onboarded world with everything wrong that 04 can mend."""
    break_all(walk_onboarded.world.state)
    return walk_onboarded
