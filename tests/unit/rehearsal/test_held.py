"""A request that is parked on order: where it is parked, what it holds up, and what lets it go."""

from __future__ import annotations

import ssl
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any

import pytest
import urllib3

from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import ECHO, GRAPH, all_of, get, tunnel, until

MARK = f"POST /mark HTTP/1.1\r\nHost: {GRAPH}\r\nContent-Length: 0\r\n\r\n".encode()
Ask = Callable[..., Any]


@pytest.fixture
def ask(served: Served, direct: urllib3.PoolManager) -> Ask:
    """Asks the control interface: ask("POST", "/release")."""

    def ask(method: str, path: str, **more: Any) -> Any:
        headers = {"Authorization": f"Bearer {served.control_token}"}
        reply = direct.request(method, f"{served.url}{path}", headers=headers, **more)
        assert reply.status == 200
        return reply.json()

    return ask


def held(ask: Ask, number: int = 1) -> list[dict[str, Any]]:
    """Those that are held, once there are so many."""
    until(lambda: len(ask("GET", "/held")) == number)
    rows: list[dict[str, Any]] = ask("GET", "/held")
    return rows


def park(served: Served, ask: Ask, **fault: Any) -> ssl.SSLSocket:
    """A request to change the world that is parked; the caller closes its connection."""
    ask("POST", "/faults", json=[{"operation": "mark", "times": 1, "hold": True, **fault}])
    connection = tunnel(served)
    connection.sendall(MARK)
    held(ask)
    return connection


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_request_is_parked_at_an_exact_point(served: Served, ask: Ask, carried_out: bool) -> None:
    """Before or after it took effect, as ordered; once released it gets no reply and has no effect later."""
    with park(served, ask, carried_out=carried_out) as connection:
        (row,) = ask("GET", "/held")
        assert (served.world.state.about == "marked") is carried_out
        (logged,) = ask("GET", "/log")
        assert (logged["operation"], logged["status"], logged["wrote"]) == ("mark", 0, carried_out)
        assert row == {
            "operation": "mark",
            "method": "POST",
            "host": GRAPH,
            "path": "/mark",
            "request_id": logged["request_id"],
            "carried_out": carried_out,
            "since": logged["time"],
        }
        assert datetime.fromisoformat(row["since"]) <= served.world.now()
        assert ask("POST", "/release") == {"released": 1}
        assert all_of(connection) == b""
    assert ask("GET", "/held") == []
    assert (served.world.state.about == "marked") is carried_out
    assert len(ask("GET", "/log")) == 1


def test_a_parked_request_holds_up_nobody_else(served: Served, ask: Ask, client: urllib3.ProxyManager) -> None:
    """Others are answered, their changes too, and the state can be read while one is held."""
    with park(served, ask):
        assert client.request("GET", f"https://{GRAPH}/echo").status == 200
        assert client.request("POST", f"https://{GRAPH}/mark").status == 201
        assert ask("GET", "/state")["about"] == "marked"
        assert len(ask("GET", "/held")) == 1


def test_several_are_held_in_order_and_released_together(served: Served, ask: Ask) -> None:
    """One release lets all go; what comes later is parked anew."""
    ask("POST", "/faults", json=[{"operation": "*", "hold": True}])
    with tunnel(served) as first, tunnel(served) as second, tunnel(served) as third:
        for number, (connection, target) in enumerate(((first, "/echo/1"), (second, "/echo/2")), 1):
            connection.sendall(get(target))
            held(ask, number)
        assert [row["path"] for row in ask("GET", "/held")] == ["/echo/1", "/echo/2"]
        assert ask("POST", "/release") == {"released": 2}
        assert all_of(first) == all_of(second) == b""
        third.sendall(get("/echo/3"))
        assert [row["path"] for row in held(ask)] == ["/echo/3"]


def test_a_client_that_was_killed_stays_in_the_list(served: Served, ask: Ask) -> None:
    """The point at which it died can still be read, and the release finds nobody to answer."""
    park(served, ask).close()
    assert len(ask("GET", "/held")) == 1
    assert ask("POST", "/release") == {"released": 1}
    assert ask("POST", "/release") == {"released": 0}


def test_a_reset_lets_go(served: Served, ask: Ask) -> None:
    """Of a world that is gone nothing is held, and what was not carried out never is."""
    with park(served, ask) as connection:
        ask("POST", "/reset")
        assert all_of(connection) == b""
        assert ask("GET", "/held") == ask("GET", "/log") == []
        assert served.world.state.about != "marked"


def test_the_end_lets_go(direct: urllib3.PoolManager) -> None:
    """A served rehearsal ends at once although a request is held, and one that comes then is not parked."""
    with Served("healthy", router=ECHO) as served:
        headers = {"Authorization": f"Bearer {served.control_token}"}
        fault = [{"operation": "echo", "hold": True}]
        direct.request("POST", f"{served.url}/faults", headers=headers, json=fault)
        connection = tunnel(served)
        connection.sendall(get("/echo"))
        until(served.cloud.held.rows)
        start = time.monotonic()
    with connection:
        assert time.monotonic() - start < 2
        assert all_of(connection) == b""
    assert served.cloud.held.rows() == []
    echoed = served.cloud.journal.rows()
    served.cloud.held.park("echo", None, carried_out=False, since=served.world.now()).wait()  # type: ignore[arg-type]
    assert served.cloud.held.rows() == []
    assert len(echoed) == 1
