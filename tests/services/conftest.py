"""Fixtures: a healthy and an onboarded world behind a front, one of each for a module, as new for every test."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.services.reads import fill
from tests.services.rehearsed import Rehearsed, rehearsed


@pytest.fixture(scope="module")
def healthy_world() -> Iterator[Rehearsed]:
    with rehearsed("healthy") as inside:
        yield inside


@pytest.fixture
def healthy(healthy_world: Rehearsed) -> Iterator[Rehearsed]:
    """A healthy vault, nothing onboarded."""
    healthy_world.reset()
    with healthy_world.inside():
        yield healthy_world


@pytest.fixture(scope="module")
def onboarded_world() -> Iterator[Rehearsed]:
    with rehearsed("onboarded") as inside:
        yield inside


@pytest.fixture
def onboarded(onboarded_world: Rehearsed) -> Iterator[Rehearsed]:
    """Everything onboarded."""
    onboarded_world.reset()
    with onboarded_world.inside():
        yield onboarded_world


@pytest.fixture
def full(onboarded: Rehearsed) -> Rehearsed:
    """Everything onboarded, and something of everything that 04 reads."""
    fill(onboarded.state)
    return onboarded


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch
