"""A served world for tests of real clients in this process, and services connected to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import yaml

from helpers import parameters
from helpers.parameters import Parameters
from helpers.rehearsal.clock import Clock
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from helpers.rehearsal.state import State
from helpers.services.connect import Services, connect
from helpers.waiting import Waiter
from services.faults import FaultyCloud

ROOT = Path(__file__).resolve().parents[2]
GIVEN: dict[str, Any] = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text())["parameters"]
ADMIN_KEY = "sk-ant-admin01-rehearsal-only-not-a-real-key"


def given(**changes: Any) -> Parameters:
    """The parameters of the rehearsal with some changed."""
    return parameters.load({**GIVEN, **changes})


class Rehearsed:
    """One served world, reset between tests without making its keys again."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.world = served.world
        assert isinstance(served.cloud, FaultyCloud)
        self.cloud: FaultyCloud = served.cloud
        self._pristine = served.world.state.model_copy(deep=True)
        self.said: list[str] = []
        self.opened: list[Services] = []

    @property
    def state(self) -> State:
        return self.world.state

    def reset(self) -> None:
        """As at the start, nothing said, and every client closed."""
        for services in self.opened:
            services.close()
        self.opened.clear()
        with self.world.lock:
            self.world.state = self._pristine.model_copy(deep=True)
            self.world.clock = Clock(self.world.state.settings.now)
        self.cloud.mend()
        self.said.clear()

    def environment(self, identity: str = "operator") -> dict[str, str]:
        """All of a process's environment inside this rehearsal."""
        return applied(self.served.environment(identity))

    def services(self, identity: str = "operator", **changes: Any) -> Services:
        """Real clients signed in as an identity; waiting passes the world's time, not the test's."""
        with mock.patch.dict(os.environ, self.environment(identity), clear=True):
            services = connect(given(**changes), root=ROOT, say=self.said.append)
        services.wait = self.waiter()
        self.opened.append(services)
        return services

    def waiter(self) -> Waiter:
        """Sleeps by letting the world's time pass."""
        waited = timedelta()

        def sleep(seconds: float) -> None:
            nonlocal waited
            waited += timedelta(seconds=seconds)
            self.world.clock.advance(seconds)

        return Waiter(self.said.append, sleep=sleep, elapsed=lambda: waited.total_seconds())


@contextmanager
def rehearsed(world: str) -> Iterator[Rehearsed]:
    """A world served until the block ends, with the process's environment inside it."""
    with mock.patch("helpers.rehearsal.serve.Cloud", FaultyCloud), Served(world) as served:
        inside = Rehearsed(served)
        with mock.patch.dict(os.environ, inside.environment(), clear=True):
            yield inside
            inside.reset()
