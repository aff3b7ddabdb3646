"""Waiting: whatever lags or throttles, each wait is announced, bounded, and ends in a sentence that says how to go on.

Waits pass the world's time; what an SDK sleeps in silence is counted and not slept.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
from azure.core.pipeline.transport import HttpTransport

from helpers.errors import Failed, Refused, RunbookError, ServiceFailed, Unproven
from helpers.model import Known, Unknown
from helpers.rehearsal.faults import parsed
from helpers.services.connect import Services
from helpers.services.patience import LONGEST_SECONDS
from helpers.steps.rbac import REPLICATION_SECONDS
from helpers.steps.register import PROPAGATION_SECONDS
from tests.services.rehearsed import GIVEN, Rehearsed, rehearsed
from tests.services.test_never_twice import WRITES, ready
from tests.steps.test_onboarding import onboarded_once
from tests.steps.walking import Walk, undo

KEY = str(GIVEN["key_name"])
MINUTE = 60.0
ANNOUNCED = re.compile(r"Waiting for .+: .+ Looking again in [\d.]+ s, (\d+) s left\.")


@pytest.fixture(scope="module")
def served() -> Iterator[Rehearsed]:
    with rehearsed("onboarded") as inside:
        yield inside


@pytest.fixture
def world(served: Rehearsed) -> Iterator[Rehearsed]:
    """Everything onboarded, as new for each test."""
    served.reset()
    with served.inside():
        yield served


@pytest.fixture
def walk(world: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """Somebody who walks through the steps in it."""
    notebooks = tmp_path / "run" / "notebooks"
    notebooks.mkdir(parents=True)
    (notebooks.parent / "ledger.jsonl").touch()
    monkeypatch.chdir(notebooks)
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return Walk(world, notebooks.parent)


@pytest.fixture
def silent(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that SDKs would have slept without a word: azure-core in its transport, kiota in its loop."""
    slept: list[float] = []
    real = asyncio.sleep

    async def at_once(seconds: float, *_: Any) -> None:
        if seconds >= 1:  # what is shorter is the loop's own
            slept.append(seconds)
        await real(0)

    monkeypatch.setattr(HttpTransport, "sleep", lambda _, seconds: slept.append(seconds))
    monkeypatch.setattr("kiota_http.middleware.retry_handler.asyncio.sleep", at_once)
    return slept


def throttled(world: Rehearsed, operation: str, **more: Any) -> None:
    """From now on an operation is answered 429, for ever or so many times, with a Retry-After or without."""
    with world.world.lock:
        world.state.faults = parsed([{"operation": operation, "status": 429, "message": "Slow down", **more}])


def waited(world: Rehearsed, what: str) -> list[int]:
    """The seconds that each announced pause of a wait said were left; nothing is said of it but announcements and ends."""
    lines = [line for line in world.said if what in line]
    found = [(line, ANNOUNCED.fullmatch(line)) for line in lines]
    assert all(match or re.search(r": (seen after|not seen within) \d+ s", line) for line, match in found), lines
    return [int(match[1]) for _, match in found if match]


@pytest.mark.parametrize("minutes", [0, 0.1, 1, 5, 10, 15, 19, 20])
def test_a_role_that_lags_up_to_twenty_minutes_is_waited_for(walk: Walk, minutes: float) -> None:
    """03, 04 and 05 run through; the wait says what for and how long is left, and ends when the role counts."""
    undo(walk.world.state, "03_rbac")
    walk.world.state.settings.role_lag_seconds = minutes * MINUTE
    before = walk.world.world.now()
    for step in ("03_rbac", "04_verify", "05_register"):
        walk.take(step)
    onboarded_once(walk.world.state)
    left = waited(walk.world, "Anthropic's validation")
    assert bool(left) is (minutes > 0)
    assert left == sorted(left, reverse=True) and all(seconds <= PROPAGATION_SECONDS for seconds in left)
    assert (walk.world.world.now() - before).total_seconds() < minutes * MINUTE + 90


def test_a_role_that_lags_longer_ends_with_how_to_go_on(walk: Walk) -> None:
    """When the bound has passed the error says what Anthropic says, for how long it was asked, and to run it later."""
    undo(walk.world.state, "03_rbac")
    walk.world.state.settings.role_lag_seconds = 2 * PROPAGATION_SECONDS
    walk.take("03_rbac")
    with pytest.raises(Refused, match="blocking checks do not pass: V46") as stopped:
        walk.register()
    assert "(asked again for 1500 s)" in stopped.value.why
    assert "run 05_register again later" in stopped.value.next_step
    assert waited(walk.world, "Anthropic's validation")[0] == PROPAGATION_SECONDS
    assert "not seen within 1500 s" in walk.world.said[-1]
    assert "workspace create" not in walk.world.cloud.wrote()
    walk.world.world.clock.advance(PROPAGATION_SECONDS)
    walk.register()
    onboarded_once(walk.world.state)


@pytest.mark.parametrize("minutes", [0, 0.5, 5, 9.5])
def test_a_principal_that_replicates_slowly_is_waited_for(walk: Walk, minutes: float) -> None:
    """From 01 to 03 without a pause: 03 waits for as long as Azure says PrincipalNotFound, and grants once."""
    undo(walk.world.state, "01_consent")
    walk.world.state.settings.principal_lag_seconds = minutes * MINUTE
    for step in ("01_consent", "02_key", "03_rbac"):
        walk.take(step)
    assert walk.world.cloud.wrote() == ["servicePrincipal create", "CreateKey", "RoleAssignments_Create"]
    left = waited(walk.world, "Azure RBAC to know the service principal")
    assert bool(left) is (minutes > 0)
    assert left == sorted(left, reverse=True)


def test_a_principal_that_does_not_come_ends_with_how_to_go_on(walk: Walk) -> None:
    """After ten minutes: how long was waited, for what, and that the step can be run again; then it ends well."""
    undo(walk.world.state, "01_consent")
    walk.world.state.settings.principal_lag_seconds = 2 * REPLICATION_SECONDS
    walk.take("01_consent")
    walk.take("02_key")
    with pytest.raises(ServiceFailed, match="waited 600 s for Azure RBAC to know the service principal") as stopped:
        walk.take("03_rbac")
    assert "Run this step again later" in stopped.value.next_step and stopped.value.request_id
    assert "RoleAssignments_Create" not in walk.world.cloud.wrote()
    walk.world.world.clock.advance(REPLICATION_SECONDS)
    walk.take("03_rbac")
    assert walk.world.cloud.wrote()[-1] == "RoleAssignments_Create"


READS: dict[str, Callable[[Services], Any]] = {
    "Vaults_Get": lambda s: s.vaults.vault(str(GIVEN["resource_group"]), str(GIVEN["vault_name"])),
    "GetKey": lambda s: s.keys.key(KEY),
    "GetKeyVersions": lambda s: s.keys.versions(KEY),
    "RoleDefinitions_List": lambda s: s.roles.definitions("/subscriptions/" + str(GIVEN["subscription_id"])),
    "servicePrincipal list": lambda s: s.principals.of_published_app(),
    "external key list": lambda s: s.admin.external_keys(),
}
RETRIED = {name: name != "external key list" for name in READS}
"""The Anthropic client's retries are off."""
read = pytest.mark.parametrize("operation", READS)


def signed_in(world: Rehearsed) -> Services:
    """Services that have met the vault's challenge and hold their tokens; the journal is empty."""
    services = world.services()
    for look in READS.values():
        assert isinstance(look(services), Known)
    world.cloud.mend()
    return services


@read
@pytest.mark.parametrize("seconds", [31, 600, 86_400])
def test_a_read_that_is_told_to_wait_long_is_unknown_at_once(
    world: Rehearsed, silent: list[float], operation: str, seconds: float
) -> None:
    """One request, no silent sleep; the reason says how long the service asks for, and to try again after that."""
    services = signed_in(world)
    throttled(world, operation, retry_after=seconds)
    found = READS[operation](services)
    assert isinstance(found, Unknown)
    assert found.reason.endswith(f"asks to be left alone for {seconds} s: try again after that")
    assert "429" in found.reason and "Slow down" in found.reason
    assert (world.cloud.asked(operation), silent) == (1, [])


@read
@pytest.mark.parametrize("seconds", [None, 2, 7, 10, 16, 30])
def test_a_read_that_is_throttled_for_ever_ends_soon(
    world: Rehearsed, silent: list[float], operation: str, seconds: float | None
) -> None:
    """With a short Retry-After or none the SDK tries again, a few times and half a minute at most; then it is unknown."""
    services = signed_in(world)
    throttled(world, operation, retry_after=seconds)
    found = READS[operation](services)
    assert isinstance(found, Unknown) and "try again" in found.reason
    assert sum(silent) <= LONGEST_SECONDS
    assert world.cloud.asked(operation) <= 4


@read
@pytest.mark.parametrize("seconds", [None, 5])
def test_a_read_that_is_throttled_for_a_moment_succeeds(
    world: Rehearsed, silent: list[float], operation: str, seconds: float | None
) -> None:
    """Once 429 and then answered: the SDKs that try again see what is there, after the time that was asked for."""
    services = signed_in(world)
    throttled(world, operation, times=1, retry_after=seconds)
    found = READS[operation](services)
    assert isinstance(found, Known) is RETRIED[operation]
    assert not seconds or silent == ([seconds] if RETRIED[operation] else [])


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("seconds", [None, 3, 600])
def test_a_write_that_is_throttled_is_one_error_that_says_when(
    world: Rehearsed, silent: list[float], name: str, seconds: float | None
) -> None:
    """Sent once, nothing made, no sleep; the error says after how many seconds to try again, or in a few minutes."""
    undo(world.state, "01_consent")
    services = ready(world, name)
    throttled(world, WRITES[name].operation, retry_after=seconds)
    with pytest.raises(ServiceFailed, match="429") as stopped:
        WRITES[name].call(services)
    told = "in a few minutes" if seconds is None else f"Try again after {seconds} s"
    assert told in stopped.value.next_step
    assert "starts by looking" in stopped.value.next_step
    assert world.cloud.asked(WRITES[name].operation) == 1
    assert (world.cloud.wrote(), silent) == ([], [])


@pytest.mark.parametrize("name", WRITES)
def test_a_write_whose_answer_is_lost_does_not_wait_to_look(world: Rehearsed, silent: list[float], name: str) -> None:
    """503 with a long Retry-After after the change was made: it is looked for at once, and found."""
    undo(world.state, "01_consent")
    services = ready(world, name)
    write = WRITES[name]
    lost = {"operation": write.operation, "times": 1, "status": 503, "retry_after": 600, "carried_out": True}
    world.state.faults = parsed([lost])
    assert write.call(services) is not None
    assert (world.cloud.wrote(), silent) == ([write.operation], [])


def test_signing_in_that_is_told_to_wait_long_ends_at_once(walk: Walk, silent: list[float]) -> None:
    """The token is asked for once; the error says how long Entra asks for."""
    throttled(walk.world, "token", retry_after=600)
    with pytest.raises(Failed, match="left alone for 600 s: try again after that"):
        walk.begin("01_consent")
    assert (walk.world.cloud.asked("token"), silent) == (1, [])


def test_a_token_that_is_told_to_wait_long_makes_a_read_unknown(world: Rehearsed, silent: list[float]) -> None:
    """Also in the middle of a step, where a client needs another token."""
    services = world.services()
    _ = services.caller
    throttled(world, "token", retry_after=600)
    for look in (READS["GetKey"], READS["servicePrincipal list"]):
        found = look(services)
        assert isinstance(found, Unknown) and "600 s" in found.reason
    assert silent == []


@pytest.mark.parametrize(
    ("operation", "step"),
    [
        ("Vaults_Get", "01_consent"),
        ("servicePrincipal list", "01_consent"),
        ("GetKey", "02_key"),
        ("RoleAssignments_ListForScope", "03_rbac"),
        ("external key list", "05_register"),
        ("workspace list", "05_register"),
    ],
)
def test_a_step_that_is_throttled_for_ever_says_when_to_go_on(
    walk: Walk, silent: list[float], operation: str, step: str
) -> None:
    """Nothing is taken for missing: exit code 4 with the seconds the service asks for, and nothing is changed."""
    undo(walk.world.state, step)
    throttled(walk.world, operation, retry_after=600)
    with pytest.raises(Unproven) as stopped:
        walk.take(step)
    assert "left alone for 600 s: try again after that" in str(stopped.value)
    assert (walk.world.cloud.wrote(), silent) == ([], [])
    walk.world.state.faults = []
    walk.take(step)


def validating(walk: Walk, **fault: Any) -> None:
    """05 in a world where all is right but that the validation is throttled."""
    undo(walk.world.state, "05_register")
    throttled(walk.world, "external key validate", **fault)


@pytest.mark.parametrize(("times", "seconds"), [(1, 600), (2, 600), (3, None), (20, 10)])
def test_validation_that_is_throttled_is_waited_for(walk: Walk, times: int, seconds: float | None) -> None:
    """It is asked again no sooner than the service asks for, each pause announced; then the key is attached."""
    validating(walk, times=times, retry_after=seconds)
    before = walk.world.world.now()
    walk.register()
    onboarded_once(walk.world.state)
    assert len(waited(walk.world, "Anthropic's validation")) == times
    assert (walk.world.world.now() - before).total_seconds() >= times * (seconds or 0)


@pytest.mark.parametrize(("seconds", "asked_for"), [(None, 1500), (400, 1200), (2000, 0)])
def test_validation_that_is_throttled_for_ever_ends(walk: Walk, seconds: float | None, asked_for: int) -> None:
    """At the bound, or as soon as the service asks for longer than is left of it: unknown, and nothing is attached."""
    validating(walk, retry_after=seconds)
    with pytest.raises(RunbookError) as stopped:
        walk.register()
    assert type(stopped.value) is Unproven
    told = str(stopped.value)
    assert "429" in told and "try again" in told
    assert (f"(asked again for {asked_for} s)" in told) is bool(asked_for)
    assert "workspace create" not in walk.world.cloud.wrote()
    assert walk.world.cloud.asked("external key validate") < 60


def test_the_notebooks_say_how_long_they_wait() -> None:
    """What stands at the top of 03 and 05 is what the code waits for."""
    folder = Path(__file__).resolve().parents[2] / "notebooks"
    text = (folder / "05_register.ipynb").read_text(encoding="utf-8")
    assert f"validation waits up to {PROPAGATION_SECONDS / MINUTE:.0f} minutes" in text
    assert REPLICATION_SECONDS == 10 * MINUTE
    assert "up to ten minutes for a service principal" in (folder / "03_rbac.ipynb").read_text(encoding="utf-8")


def test_nothing_else_is_patched_away() -> None:
    """The sleeps that these tests count are those that the SDKs sleep by."""
    with mock.patch("azure.core.pipeline.transport._base.time.sleep") as slept:
        HttpTransport.sleep(mock.Mock(), 7)
    slept.assert_called_once_with(7)
