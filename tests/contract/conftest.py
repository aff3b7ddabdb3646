"""Shared by the contract tests: a cloud in this process, requests to it, and the contracts to hold replies against.

def test_it(make_cloud, contracts):
    cloud = make_cloud("healthy", vault.ROUTES)
    reply = cloud.send("GET", "kv-contoso-claude.vault.azure.net", "/keys/cmk", identity="operator")
    assert schema_errors(KEYS, "GetKey", reply.status, reply.body) == []
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Mapping
from itertools import count
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import contracts as library
import pytest

from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.router import Route, Router
from helpers.rehearsal.state import State
from helpers.rehearsal.tokens import issue
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World
from helpers.rehearsal.worldfile import load

AUDIENCES = {
    "management.azure.com": "https://management.azure.com",
    "graph.microsoft.com": "https://graph.microsoft.com",
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
        reason = "the contracts folder (OpenAPI documents and recordings) is not beside the project"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return library.FOLDER
