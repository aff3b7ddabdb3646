"""On Azure ML a managed identity is asked for by the client ID that the node says it has."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from helpers.services import credentials

CLIENT_ID = "c0ffee00-0000-4000-8000-000000000001"


class Endpoint(BaseHTTPRequestHandler):
    """The identity endpoint of a node: notes what it is asked, and answers with a token."""

    asked: list[dict[str, list[str]]]

    def do_GET(self) -> None:
        self.asked.append(parse_qs(urlsplit(self.path).query))
        token = {"access_token": "a-token", "expires_on": str(int(time.time()) + 3600), "token_type": "Bearer"}
        body = json.dumps(token).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Nothing on the terminal."""


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[dict[str, list[str]]]]:
    """What a node's endpoint was asked, with this process on that node."""
    Endpoint.asked = []
    with HTTPServer(("127.0.0.1", 0), Endpoint) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        for name in ("IDENTITY_ENDPOINT", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy", credentials.CLIENT_ID):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setenv("MSI_ENDPOINT", f"http://127.0.0.1:{server.server_port}/token")
        monkeypatch.setenv("MSI_SECRET", "of-the-node")
        yield Endpoint.asked
        server.shutdown()


@pytest.mark.parametrize("given", [CLIENT_ID, "", None])
def test_the_client_id_of_the_node_is_asked_for(
    given: str | None, asked: list[dict[str, list[str]]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The request names it where the node does; without it, or with an empty one, it names none."""
    assert credentials.CLIENT_ID == "DEFAULT_IDENTITY_CLIENT_ID"
    if given is not None:
        monkeypatch.setenv(credentials.CLIENT_ID, given)
    credential = credentials.credential("managed_identity", "tenant", lambda _: None)
    assert credential.get_token(credentials.ARM_SCOPE).token == "a-token"
    (query,) = asked
    assert query["resource"] == ["https://management.azure.com"]
    assert query.get("clientid", []) == ([given] if given else [])
