"""The control interface beside the proxy."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest
import urllib3

from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import GRAPH, port_of, sent


def ask(served: Served, client: urllib3.PoolManager, method: str, path: str, **more: Any) -> urllib3.BaseHTTPResponse:
    headers = {"Authorization": f"Bearer {served.control_token}"}
    return client.request(method, f"{served.url}{path}", headers=headers, **more)


@pytest.mark.parametrize("given", [{}, {"Authorization": "Bearer wrong"}, {"Authorization": "Basic x"}])
def test_without_the_token_nothing_is_told(served: Served, direct: urllib3.PoolManager, given: dict[str, str]) -> None:
    """Every control request without the right token is 401, known path or not."""
    for method, path in (("GET", "/log"), ("GET", "/state"), ("POST", "/reset"), ("GET", "/none")):
        assert direct.request(method, f"{served.url}{path}", headers=given).status == 401


def test_only_under_its_own_name(served: Served) -> None:
    """A page elsewhere whose name leads to loopback is 421, even with the token; localhost is fine."""
    text = "GET /log HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nAuthorization: Bearer " + served.control_token
    for host, status in (("evil.example", 421), ("127.0.0.1:1", 421), (f"localhost:{port_of(served)}", 200)):
        assert sent(served, f"{text}\r\n\r\n".format(host).encode()).startswith(f"HTTP/1.1 {status} ".encode())


def test_log_and_state_show_what_happened(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """The log says what was asked and what wrote; the state is the world with sorted keys and no secret."""
    client.request("POST", f"https://{GRAPH}/mark")
    client.request("GET", f"https://{GRAPH}/echo")
    rows = ask(served, direct, "GET", "/log").json()
    assert [(row["n"], row["operation"], row["wrote"]) for row in rows] == [(1, "mark", True), (2, "echo", False)]
    names = {"n", "time", "method", "host", "path", "operation", "status", "request_id", "wrote", "claims"}
    assert set(rows[0]) == names
    reply = ask(served, direct, "GET", "/state")
    state = reply.json()
    assert reply.headers["x-rehearsal"] == served.world.id
    assert state["about"] == "marked"
    assert list(state) == sorted(state)
    for secret in ("rehearsal-only-operator", "sk-ant-admin", served.control_token):
        assert secret not in reply.data.decode()


def test_reset_goes_back_to_the_world_file(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """After a reset the world and the log are as at the start, and it is still the same rehearsal."""
    before = ask(served, direct, "GET", "/state").json()
    client.request("POST", f"https://{GRAPH}/mark")
    assert ask(served, direct, "POST", "/reset").json() == {"reset": served.world.id}
    assert ask(served, direct, "GET", "/state").json() == before
    assert ask(served, direct, "GET", "/log").json() == []


def test_the_environment_of_another_identity(served: Served, direct: urllib3.PoolManager) -> None:
    """Another identity differs in its credentials; an unknown one is 404 with the known names."""
    operator = ask(served, direct, "GET", "/environment").json()
    reader = ask(served, direct, "GET", "/environment?as=reader").json()
    assert operator == served.environment()
    assert {name for name in operator if operator[name] != reader[name]} == {
        "AZURE_CLIENT_ID",
        "AZURE_CLIENT_SECRET",
        "AZURE_CONFIG_DIR",
    }
    unknown = ask(served, direct, "GET", "/environment?as=mallory")
    assert unknown.status == 404
    assert "operator, consent-admin" in unknown.json()["error"]["message"]


def test_world_time_can_be_advanced(served: Served, direct: urllib3.PoolManager) -> None:
    """POST /clock lets world time pass without waiting; anything but a non-negative number is 400."""
    before = served.world.now()
    reply = ask(served, direct, "POST", "/clock", json={"advance": 3600})
    assert 3600 <= (datetime.fromisoformat(reply.json()["now"]) - before).total_seconds() < 3660
    for wrong in ({"advance": -1}, {"advance": "1"}, {"advance": True}, {}, [], {"advance": 1e300}):
        assert ask(served, direct, "POST", "/clock", json=wrong).status == 400
    for raw in (b"{", b'{"advance": NaN}'):
        assert ask(served, direct, "POST", "/clock", body=raw).status == 400


def test_world_time_can_be_set(served: Served, direct: urllib3.PoolManager) -> None:
    """POST /clock takes a time as well; one that has passed, has no zone or stands beside advance is 400."""
    reply = ask(served, direct, "POST", "/clock", json={"now": "2027-11-23T10:00:00+01:00"})
    assert reply.json()["now"].startswith("2027-11-23T09:00:0")
    assert served.world.now().year == 2027
    for wrong, says in (
        ({"now": "2026-11-23T09:00:00Z"}, "does not run backwards"),
        ({"now": "2028-01-01T00:00:00"}, "with its zone"),
        ({"now": "tomorrow"}, "tomorrow"),
        ({"now": 5}, "either advance"),
        ({"now": "2028-01-01T00:00:00Z", "advance": 1}, "either advance"),
    ):
        refused = ask(served, direct, "POST", "/clock", json=wrong)
        assert (refused.status, says in refused.json()["error"]["message"]) == (400, True)
    assert served.world.now().year == 2027


def test_an_unknown_control_request_names_the_known_ones(served: Served, direct: urllib3.PoolManager) -> None:
    """Another path or method is 404 and says what there is."""
    reply = ask(served, direct, "DELETE", "/log")
    assert reply.status == 404
    assert "GET /log, GET /state" in reply.json()["error"]["message"]


def test_a_client_inside_reaches_it_through_the_proxy(served: Served, client: urllib3.ProxyManager) -> None:
    """With NO_PROXY empty a client inside sends control requests through the proxy; they need the token as well."""
    assert client.request("GET", f"{served.url}/log").status == 401
    assert ask(served, client, "GET", "/environment?as=reader").json() == served.environment("reader")
