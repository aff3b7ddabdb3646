"""Two at once: on one machine a lock keeps them apart; on two each lists again, and two that were made are named.

Real processes and one cloud. The machine of a process is its home, as that is where its locks are.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from helpers.rehearsal.faults import parsed
from helpers.rehearsal.state import State
from tests.drills.onboarder import PATIENCE_SECONDS, Onboarder, Result
from tests.services.rehearsed import GIVEN, Rehearsed, rehearsed
from tests.steps.test_onboarding import onboarded_once
from tests.steps.walking import undo

pytestmark = pytest.mark.slow

VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
STEPS = ("02_key", "03_rbac", "05_register")
WRITES = ["CreateKey", "RoleAssignments_Create", "external key create", "workspace create"]
CHANGED = ["assigned the role", "attached the key, for good", "created the key", "registered the external key"]
ROUNDS = 20


@pytest.fixture(scope="module")
def served() -> Iterator[Rehearsed]:
    with rehearsed("onboarded") as inside:
        yield inside


@pytest.fixture
def world(served: Rehearsed) -> Rehearsed:
    """01 is done, nothing lags."""
    fresh(served)
    return served


def fresh(world: Rehearsed, step: str = "02_key") -> None:
    """The world before a step, with an empty journal."""
    world.reset()
    undo(world.state, step)
    settings = world.state.settings
    settings.shared_keys, settings.role_lag_seconds, settings.principal_lag_seconds = True, 0, 0


@pytest.fixture
def onboarder(served: Rehearsed) -> Iterator[Callable[[Path], Onboarder]]:
    """Starts processes, each with the home it is given, and ends them."""
    with ExitStack() as stack:

        def start(home: Path) -> Onboarder:
            made = Onboarder.started(served.environment(), home)
            stack.callback(made.close)
            return made

        yield start


def locks(home: Path) -> list[str]:
    """The lock files in a home."""
    return [path.name for path in (home / "locks").iterdir()] if (home / "locks").is_dir() else []


def onboarded_by(world: Rehearsed, *results: Result) -> None:
    """Assert that all ended well, everything is there once, and what one did the others found done and said so."""
    assert [result.error for result in results] == [""] * len(results), [result.lines for result in results]
    assert sorted(world.cloud.wrote()) == WRITES
    onboarded_once(world.state)
    assert sorted(what for result in results for what in result.changed) == CHANGED
    for result in results:
        assert len(result.changed) + result.nothing_to_change == len(CHANGED)


def test_twice_on_one_machine_makes_everything_once(
    world: Rehearsed, onboarder: Callable[[Path], Onboarder], tmp_path: Path
) -> None:
    """Twenty times 02, 03 and 05 by two processes with random offsets: both end well, and nothing is there twice."""
    both = [onboarder(tmp_path / "home") for _ in range(2)]
    chance = random.Random(20261123)
    waited = 0
    for number in range(ROUNDS):
        fresh(world)
        offsets = [0.0, 0.0] if number % 4 == 0 else [chance.uniform(0, 1), chance.uniform(0, 1)]
        for one, offset in zip(both, offsets, strict=True):
            one.order(*STEPS, rest=[offset, chance.uniform(0, 0.3), chance.uniform(0, 0.3)])
        results = [one.result() for one in both]
        onboarded_by(world, *results)
        assert locks(tmp_path / "home") == []
        waited += any(result.waited for result in results)
    assert waited, "they never met, so this was no test"


def test_who_comes_second_waits_for_a_holder_and_finds_it_done(
    world: Rehearsed, onboarder: Callable[[Path], Onboarder], tmp_path: Path
) -> None:
    """One stands right before creating the key; the other plans the same, waits, names it, and creates nothing."""
    first, second = onboarder(tmp_path / "home"), onboarder(tmp_path / "home")
    first.order("02_key", pause_at="create RSA")
    first.until("paused")
    second.order("02_key")
    said = second.until("said", "Waiting for another run on the same target to end")
    assert f"process {first.pid} on " in said and "02_key" in said and "s left" in said
    assert world.cloud.wrote() == [] and len(locks(tmp_path / "home")) == 1
    first.go_on()
    done, found = first.result(), second.result()
    assert (done.changed, done.error) == (("created the key",), "")
    assert (found.changed, found.nothing_to_change, found.error) == ((), 1, "")
    assert "another run on the same target to end: seen after" in found.said[-1]
    assert world.cloud.wrote() == ["CreateKey"]
    assert locks(tmp_path / "home") == []


@pytest.mark.parametrize("carried_out", [False, True], ids=["before the key", "after the key"])
def test_a_killed_holder_is_taken_over(
    world: Rehearsed, onboarder: Callable[[Path], Onboarder], tmp_path: Path, carried_out: bool
) -> None:
    """Killed while its CreateKey was under way: the next one says whose lock it takes over, and ends with one of each."""
    killed, next_one = onboarder(tmp_path / "home"), onboarder(tmp_path / "home")
    hold(world, "CreateKey", carried_out=carried_out, times=1)
    killed.order("02_key")
    held(world, 1)
    killed.kill()
    assert len(locks(tmp_path / "home")) == 1
    world.state.faults = []
    world.cloud.held.release()
    next_one.order(*STEPS)
    result = next_one.result()
    assert result.error == "", result.lines
    took = [line for line in result.said if line.startswith("Took over the lock of this target")]
    assert len(took) == 1 and f"process {killed.pid} on " in took[0]
    assert not result.waited
    assert sorted(world.cloud.wrote()) == WRITES
    onboarded_once(world.state)
    assert locks(tmp_path / "home") == []


def hold(world: Rehearsed, operation: str, *, carried_out: bool, times: int) -> None:
    """The next requests of an operation are parked, before or after they took effect; their replies are lost."""
    with world.world.lock:
        fault = {"operation": operation, "hold": True, "carried_out": carried_out, "times": times}
        world.state.faults = parsed([fault])


def held(world: Rehearsed, number: int) -> None:
    """Wait until so many requests are parked."""
    end = time.monotonic() + PATIENCE_SECONDS
    while len(world.cloud.held.rows()) < number:
        assert time.monotonic() < end, world.cloud.held.rows()
        time.sleep(0.02)


def made_by_both(
    world: Rehearsed, both: list[Onboarder], step: str, about_to: str, operation: str, *, lost: bool = True
) -> list[Result]:
    """Two machines have both looked and seen nothing; both creates take effect before either of the two lists."""
    for one in both:
        one.order(step, pause_at=about_to)
    for one in both:
        assert about_to in one.until("paused")
    if lost:
        hold(world, operation, carried_out=True, times=2)
    else:
        late = {"operation": operation, "times": 2, "delay_seconds": 2}
        world.state.faults = parsed([late])
    for one in both:
        one.go_on()
    if lost:
        held(world, 2)
        world.cloud.held.release()
    return [one.result() for one in both]


def versions(state: State) -> list[str]:
    return list(state.vaults[VAULT].keys[KEY].versions)


def registrations(state: State) -> list[str]:
    return list(state.external_keys)


def workspaces(state: State) -> list[str]:
    return [name for name, row in state.workspaces.items() if row.name == "contoso-cmek"]


@pytest.mark.parametrize("lost", [True, False], ids=["replies lost", "answered"])
@pytest.mark.parametrize(
    ("step", "about_to", "operation", "made", "do"),
    [
        ("02_key", "create RSA", "CreateKey", versions, "disable"),
        ("05_register", "register ", "external key create", registrations, "Remove"),
        ("05_register", "FOR GOOD", "workspace create", workspaces, "archive"),
    ],
    ids=["key", "external key", "workspace"],
)
def test_two_machines_that_make_two_use_neither_and_name_both(
    world: Rehearsed,
    onboarder: Callable[[Path], Onboarder],
    tmp_path: Path,
    step: str,
    about_to: str,
    operation: str,
    made: Callable[[State], list[str]],
    do: str,
    lost: bool,
) -> None:
    """Each refuses with both of them, their times and the same one to keep; nothing else is done with either."""
    both = [onboarder(tmp_path / name) for name in ("one", "other")]
    fresh(world, step)
    if about_to != "FOR GOOD":
        world.state.external_keys.clear()
    results = made_by_both(world, both, step, about_to, operation, lost=lost)
    two = made(world.state)
    assert len(two) == 2
    for result in results:
        assert result.error == "Refused", result.lines
        assert all(name in result.lines[0] for name in two)
        assert result.lines[0].count("created 2026-11-23T") == 2
        assert do in result.text and "Another machine" in result.text
        assert result.changed == ()
    assert len({result.text for result in results}) == 1, "they say the same"
    assert world.cloud.wrote() == [operation] * 2
    if operation != "workspace create":
        assert not any(row.external_key_id for row in world.state.workspaces.values())
    assert locks(tmp_path / "one") == locks(tmp_path / "other") == []


def test_after_two_registrations_one_is_removed_and_the_run_goes_on(
    world: Rehearsed, onboarder: Callable[[Path], Onboarder], tmp_path: Path
) -> None:
    """Running again before anything is removed is refused; removing the one that was named lets it end well."""
    both = [onboarder(tmp_path / name) for name in ("one", "other")]
    fresh(world, "05_register")
    world.state.external_keys.clear()
    results = made_by_both(world, both, "05_register", "register ", "external key create")
    world.state.faults = []
    both[0].order("05_register")
    assert both[0].result().error == "Refused"
    (gone,) = [name for name in world.state.external_keys if f"Remove {name}" in results[0].text]
    del world.state.external_keys[gone]
    both[0].order("05_register")
    assert both[0].result().error == ""
    onboarded_once(world.state)


def test_after_two_workspaces_one_is_archived_and_the_run_goes_on(
    world: Rehearsed, onboarder: Callable[[Path], Onboarder], tmp_path: Path
) -> None:
    """Archiving the one that was named leaves one of that name, which the next run keeps."""
    both = [onboarder(tmp_path / name) for name in ("one", "other")]
    fresh(world, "05_register")
    results = made_by_both(world, both, "05_register", "FOR GOOD", "workspace create")
    world.state.faults = []
    both[0].order("05_register")
    assert both[0].result().error == "Refused"
    (gone,) = [name for name in workspaces(world.state) if f"nobody uses {name}: archive it" in results[0].text]
    world.state.workspaces[gone].archived = world.world.now()
    both[0].order("05_register")
    result = both[0].result()
    assert (result.error, result.changed) == ("", ()), result.lines


@pytest.mark.parametrize("disabled", [True, False], ids=["disabled and accepted", "left enabled"])
def test_after_two_versions_the_run_goes_on_as_it_was_told(
    world: Rehearsed, onboarder: Callable[[Path], Onboarder], tmp_path: Path, disabled: bool
) -> None:
    """The older version is disabled and V28 accepted, or it is left: 02 keeps the current one, and the rest ends well."""
    both = [onboarder(tmp_path / name) for name in ("one", "other")]
    results = made_by_both(world, both, "02_key", "create RSA", "CreateKey")
    world.state.faults = []
    both_versions = world.state.vaults[VAULT].keys[KEY].versions
    (older,) = [name for name in both_versions if f"--version {name} --enabled false" in results[0].text]
    both_versions[older].enabled = not disabled
    accepted = {"check": "V28", "owner": "Ada", "reason": "made twice", "expires": "2027-01-01"}
    both[0].order(*STEPS, accepted_deviations=[accepted] if disabled else [])
    result = both[0].result()
    assert (result.error, result.changed) == ("", (CHANGED[0], CHANGED[3], CHANGED[1])), result.lines
    assert len(both_versions) == 2
