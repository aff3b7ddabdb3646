"""Shared by the contract tests: a cloud in this process, requests to it, and the contracts to hold replies against.

def test_it(make_cloud, contracts):
    cloud = make_cloud("healthy", vault.ROUTES)
    reply = cloud.send("GET", "kv-contoso-claude.vault.azure.net", "/keys/cmk", identity="operator")
    assert schema_errors(KEYS, "GetKey", reply.status, reply.body) == []
"""

from __future__ import annotations

import json
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest

from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.journal import Entry, Journal
from helpers.rehearsal.router import Route, Router
from helpers.rehearsal.state import State
from helpers.rehearsal.tokens import issue
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World
from helpers.rehearsal.worldfile import load
from tests.contract import contracts as library
from tests.needs import lacking

AUDIENCES = {
    "management.azure.com": "https://management.azure.com",
    "graph.microsoft.com": "https://graph.microsoft.com",
    "api.loganalytics.io": "https://api.loganalytics.io",
}


class TestCloud(Cloud):
    """A cloud to which requests are sent without a front, signed in as one of the world's identities."""

    __test__ = False
    _ids = count(1)

    def send(
        self,
        method: str,
        host: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        identity: str | None = "operator",
        headers: Mapping[str, str] | None = None,
    ) -> Response:
        """The reply. `body` is JSON, or bytes as they are; identity None sends no token."""
        sent = {"content-type": "application/json", **(headers or {})}
        if identity is not None and "authorization" not in sent:
            sent["authorization"] = f"Bearer {self.token(identity, host)}"
        data = body if isinstance(body, bytes) else b"" if body is None else json.dumps(body).encode()
        query = {"api-version": "2025-07-01"} if query is None else query
        return self.handle(Request(method, host, unquote(path), query, sent, data, f"request-{next(self._ids)}"))

    def token(self, identity: str, host: str) -> str:
        """An access token of an identity for the service at a host."""
        return issue(self.world, self.world.state.identities[identity], AUDIENCES.get(host, "https://vault.azure.net"))

    @property
    def state(self) -> State:
        """The world's state, to arrange what a test is about."""
        return self.world.state


MakeCloud = Callable[..., TestCloud]


@pytest.fixture
def make_cloud() -> MakeCloud:
    """Makes a cloud of a world and the routes of some services: `make_cloud("healthy", vault.ROUTES)`."""

    def make(world: str = "healthy", *services: Iterable[Route]) -> TestCloud:
        return TestCloud(World(lambda: load(world)), Router.of(*services))

    return make


@pytest.fixture
def contracts() -> Path:
    """The contracts folder; without it a test is skipped, in CI it fails."""
    if not library.FOLDER.is_dir():
        lacking("the contracts folder (OpenAPI documents and recordings) is not beside the project")
    return library.FOLDER


@dataclass(frozen=True)
class Noted:
    """What one test did: operations that reached a journal, operation ids and recordings it compared replies with."""

    operations: set[str] = field(default_factory=set)
    documents: set[str] = field(default_factory=set)
    recordings: set[str] = field(default_factory=set)


Notes = dict[str, Noted]
"""By test, such as `test_vault.py::test_versions_come_in_pages`, over all its parameters."""

HERE = Path(__file__).resolve().parent
COVERAGE = HERE / "test_coverage.py"
_WHOLE = pytest.StashKey[bool]()


@pytest.fixture(scope="session")
def notes() -> Notes:
    """What the tests of this folder did in this session so far."""
    return {}


@pytest.fixture(scope="session")
def whole(pytestconfig: pytest.Config) -> bool:
    """Whether this session was asked to run all of this folder."""
    return pytestconfig.stash[_WHOLE]


@pytest.fixture(autouse=True)
def noted(request: pytest.FixtureRequest, notes: Notes, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Notes what this test does."""
    mine = notes.setdefault(f"{request.path.name}::{request.node.originalname}", Noted())
    add, schema_of, recording = Journal.add, library._schema_of, library.recording

    def noting_add(journal: Journal, entry: Entry) -> None:
        mine.operations.add(entry.operation)
        add(journal, entry)

    def noting_schema_of(document: str, operation_id: str, status: int) -> tuple[str, str | None]:
        mine.documents.add(operation_id)
        return schema_of(document, operation_id, status)

    def noting_recording(name: str) -> dict[str, Any]:
        mine.recordings.add(name)
        return recording(name)

    monkeypatch.setattr(Journal, "add", noting_add)
    monkeypatch.setattr(library, "_schema_of", noting_schema_of)
    monkeypatch.setattr(library, "recording", noting_recording)  # structure_errors asks here
    yield


@pytest.hookimpl(wrapper=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> Generator[None]:
    """The coverage tests judge what all others did, so they come last. Deselection by -k is a part of the folder."""
    files = {item.path for item in items}
    config.stash[_WHOLE] = not config.option.keyword and files.issuperset(HERE.glob("test_*.py"))
    yield
    items.sort(key=lambda item: item.path == COVERAGE)
