"""A served world for tests of real clients in this process, and services connected to it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any
from unittest import mock

import yaml
from azure.keyvault.keys._shared import http_challenge_cache

from helpers import parameters
from helpers.parameters import Parameters
from helpers.rehearsal.clock import Clock
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from helpers.rehearsal.state import State
from helpers.services.connect import Services, connect
from helpers.waiting import Waiter
from tests.services.faults import FaultyCloud

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
        """As at the start, and nothing said."""
        self.close()
        with self.world.lock:
            http_challenge_cache.clear()  # of the process, by host: a test may have changed the vault's tenant
            self.world.state = self._pristine.model_copy(deep=True)
            self.world.clock = Clock(self.world.state.settings.now)
        self.cloud.mend()
        self.said.clear()

    def close(self) -> None:
        """Close every client."""
        for services in self.opened:
            services.close()
        self.opened.clear()

    def inside(self) -> AbstractContextManager[Any]:
        """For a block, this process's environment is the one inside this rehearsal."""
        return mock.patch.dict(os.environ, self.environment(), clear=True)

    def environment(self, identity: str = "operator") -> dict[str, str]:
        """All of a process's environment inside this rehearsal."""
        return applied(self.served.environment(identity))

    def services(self, identity: str = "operator", **changes: Any) -> Services:
        """Real clients signed in as an identity; waiting passes the world's time, not the test's."""
        who = {} if identity == "operator" else self.environment(identity)
        with mock.patch.dict(os.environ, who):
            services = connect(given(**changes), root=ROOT, say=self.said.append)
        services.wait = self.waiter()
        self.opened.append(services)
        return services

    def waiter(self) -> Waiter:
        """Sleeps by letting the world's time pass."""
        waited = [0.0]

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            self.world.clock.advance(seconds)

        return Waiter(self.said.append, sleep=sleep, elapsed=lambda: sum(waited))


@contextmanager
def rehearsed(world: str) -> Iterator[Rehearsed]:
    """A world served until the block ends."""
    with mock.patch("helpers.rehearsal.serve.Cloud", FaultyCloud), Served(world) as served:
        inside = Rehearsed(served)
        yield inside
        inside.close()
