"""Two real records, each made once: an onboarding to its end, and the repair of all that this suite can mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from helpers import notebook
from helpers.evidence.report.steps import STEPS
from helpers.headless.run import approve_as_rehearsal
from helpers.record.runs import Run
from helpers.services.connect import Services, connect
from tests.evidence.report.editing import Record
from tests.evidence.report.executing import begun, execute, line
from tests.services.rehearsed import Rehearsed, given, rehearsed
from tests.steps.mending import ALL, KEY, VAULT, break_all
from tests.steps.walking import Walk


@contextmanager
def _inside(name: str, run: Path, **changes: object) -> Iterator[Rehearsed]:
    """A world without lags, with a run begun in it, and the run's notebooks as the working directory."""
    with rehearsed(name) as world, world.inside(), pytest.MonkeyPatch.context() as patch:
        settings = world.state.settings
        settings.role_lag_seconds = settings.principal_lag_seconds = settings.deletion_lag_seconds = 0
        patch.setattr(notebook, "connect", _closed_with(world))
        begun(run, world, **changes)
        patch.chdir(run / "notebooks")
        yield world
        world.opened = list({id(one): one for one in world.opened}.values())


def _closed_with(world: Rehearsed) -> Callable[..., Services]:
    """Connects as a notebook does; waiting passes the world's time, and what it opens is closed with the world."""

    def connected(*given: Any, **more: Any) -> Services:
        services = connect(*given, **more)
        services.wait = world.waiter()
        world.opened.append(services)
        return services

    return connected


@pytest.fixture(scope="session")
def onboarded_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All five notebooks executed, from nothing to an attached key."""
    run = tmp_path_factory.mktemp("runs") / "20261123T090000Z-0nb0ad"
    with _inside("healthy", run) as world:
        approve_as_rehearsal(world.services(), given(), Run(run))
        for step in STEPS:
            execute(run, step)
        line(run, world, "run_finished", exit_code=0, steps=dict.fromkeys(STEPS, "changed"))
    return run


@pytest.fixture(scope="session")
def mended_run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """02, a rotation, and 04 with every remedy, in an onboarded world with all wrong that can be mended. All typed."""
    run = tmp_path_factory.mktemp("runs") / "20261123T090000Z-0e4ded"
    with _inside("onboarded", run, **ALL) as world:
        break_all(world.state)
        world.state.vaults[VAULT].keys[KEY].current[1].key_ops = ["wrapKey", "unwrapKey", "sign"]
        walk = Walk(world, run)
        walk.reversible("02_key", **ALL)
        walk.reversible("02_key", **ALL, rotate=world.state.vaults[VAULT].keys[KEY].current[0])
        world.state.vaults[VAULT].keys[KEY].current[1].tags = {"owner": "security"}
        walk.verify(for_good=True, **ALL)
        line(run, world, "run_finished", exit_code=0, steps={"02_key": "changed", "04_verify": "changed"})
    return run


@pytest.fixture
def onboarding(onboarded_run: Path, tmp_path: Path) -> Record:
    """A copy of the onboarding."""
    return Record(onboarded_run, tmp_path)


@pytest.fixture
def mending(mended_run: Path, tmp_path: Path) -> Record:
    """A copy of the repair."""
    return Record(mended_run, tmp_path)


@pytest.fixture(params=["onboarding", "mending"])
def each(request: pytest.FixtureRequest) -> Record:
    """Each of them."""
    record: Record = request.getfixturevalue(request.param)
    return record
