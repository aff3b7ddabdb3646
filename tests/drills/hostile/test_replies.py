"""Replies that no service means well with: a read is Unknown, a write is settled by looking, and no token goes astray."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterable, Iterator
from typing import Any
from unittest import mock

import pytest
from azure.core.pipeline.transport import RequestsTransport

from helpers.errors import RunbookError
from helpers.model import Known, Unknown
from helpers.services.connect import Services
from tests.drills.hostile.wire import HOSTILE, MB, Wire, asked_for, body, redirect, served
from tests.services.reads import KEY, READS, Read, fill
from tests.services.rehearsed import GIVEN, Rehearsed, rehearsed
from tests.services.test_never_twice import WRITES, ready

pytestmark = [
    pytest.mark.slow,
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
    pytest.mark.filterwarnings("ignore::urllib3.exceptions.HTTPWarning"),
]
READ: dict[str, tuple[str, Read]] = {
    "Resource Manager": READS["locks"],
    "Resource Manager, by its SDK": (
        "Vaults_Get",
        lambda s: s.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]),
    ),
    "role assignments": READS["at"],
    "Key Vault": ("GetKey", lambda s: s.keys.key(KEY)),
    "Key Vault, a list": ("GetKeyVersions", lambda s: s.keys.versions(KEY)),
    "Key Vault, used": READS["probe: wrap"],
    "Microsoft Graph": READS["groups"],
    "Admin API": READS["workspaces"],
    "Admin API, one": READS["organization"],
}
"""One read or two of each service, each by the client it has."""
HUGE_MB, MOST_TIMES = 50, 7
"""A reply of this size; what reading it may take, as a multiple of it."""


def each(names: Iterable[str]) -> pytest.MarkDecorator:
    """Every name with every hostile reply."""
    return pytest.mark.parametrize(("name", "kind"), [(name, kind) for name in names for kind in HOSTILE])


@pytest.fixture(autouse=True)
def no_pauses() -> Iterator[None]:
    """The SDKs try again as they always do, and do not wait for it."""
    with mock.patch.object(RequestsTransport, "sleep", lambda self, seconds: None):
        yield


@pytest.fixture(autouse=True)
def written() -> Iterator[list[Wire]]:
    """The hostile replies of a test, as they are written."""
    with served() as replies:
        yield replies


@pytest.fixture(scope="module")
def world() -> Iterator[Rehearsed]:
    with rehearsed("onboarded") as inside:
        yield inside


@pytest.fixture(scope="module")
def healthy_world() -> Iterator[Rehearsed]:
    with rehearsed("healthy") as inside:
        yield inside


@pytest.fixture(scope="module")
def signed_in(world: Rehearsed) -> Services:
    """Services whose next request is a read's own."""
    world.reset()
    fill(world.state)
    with world.inside():
        services = world.services()
        _ = (services.caller, services.admin)
        services.keys.key(KEY)
        services.principals.of_published_app()
    return services


def look(world: Rehearsed, services: Services, name: str, meets: Any) -> Any:
    """What a read turns out as when its request meets this, every time."""
    operation, read = READ[name]
    world.cloud.mend()
    world.cloud.before(operation, meets)
    with world.inside():
        found = read(services)
    assert world.cloud.asked(operation) >= 1
    return found


@pytest.mark.parametrize("name", READ)
def test_the_reads_work_when_nothing_is_wrong(world: Rehearsed, signed_in: Services, name: str) -> None:
    """The control: the same reads of the same world are known."""
    world.cloud.mend()
    with world.inside():
        assert isinstance(READ[name][1](signed_in), Known)


@each(READ)
def test_a_hostile_reply_to_a_read_is_unknown(
    world: Rehearsed, signed_in: Services, written: list[Wire], name: str, kind: str
) -> None:
    """Whatever it is made of, nothing is concluded from it, and it is told in one short reason."""
    found = look(world, signed_in, name, HOSTILE[kind])
    assert written
    assert isinstance(found, Unknown)
    assert found.reason and len(found.reason) < 500 and "\n" not in found.reason


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_reply_to_a_sign_in_is_told(world: Rehearsed, kind: str) -> None:
    """Without a token nothing goes on: one error for a person, and no traceback."""
    world.cloud.mend()
    world.cloud.before("token", HOSTILE[kind])
    with world.inside(), pytest.raises(RunbookError) as told:
        _ = world.services().caller
    assert told.value.next_step
    assert world.cloud.wrote() == []


ELSEWHERE = {
    "Resource Manager": "graph.microsoft.com",
    "Resource Manager, by its SDK": "graph.microsoft.com",
    "role assignments": "graph.microsoft.com",
    "Key Vault": "graph.microsoft.com",
    "Microsoft Graph": "management.azure.com",
    "Admin API": "graph.microsoft.com",
}


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
@pytest.mark.parametrize("name", ELSEWHERE)
def test_no_token_follows_a_redirect_to_another_host(
    world: Rehearsed, signed_in: Services, name: str, status: int
) -> None:
    """A redirect to another service of the same cloud, or to nobody: no credential arrives there, and it is Unknown."""
    host = ELSEWHERE[name]
    found = look(world, signed_in, name, redirect(status, f"https://{host}/v1.0/stolen"))
    assert isinstance(found, Unknown)
    assert [token for token in asked_for(world.cloud.requests, host) if token] == []


@pytest.mark.parametrize("name", READ)
def test_a_huge_reply_to_a_read_is_survived(world: Rehearsed, signed_in: Services, name: str) -> None:
    """50 MB of JSON that is no answer: Unknown, and reading it takes no more memory than a few times its size."""
    huge = body(b'{"nothing": "' + b"x" * (HUGE_MB * MB) + b'"}')
    tracemalloc.start()
    try:
        found = look(world, signed_in, name, huge)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert isinstance(found, Unknown)
    assert most < MOST_TIMES * HUGE_MB * MB


@each(WRITES)
def test_a_write_with_a_hostile_reply_is_settled_by_looking(healthy_world: Rehearsed, name: str, kind: str) -> None:
    """It was carried out and its reply is of no use: sent once, found by looking, and there is one of it."""
    write = WRITES[name]
    healthy_world.reset()
    with healthy_world.inside():
        services = ready(healthy_world, name)
        healthy_world.cloud.after(write.operation, HOSTILE[kind])
        made = write.call(services)
    assert made is not None
    assert healthy_world.cloud.asked(write.operation) == 1
    assert healthy_world.cloud.wrote() == [write.operation]
    assert write.count(healthy_world.state) == 1
