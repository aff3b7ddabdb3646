"""Faults as a client meets them: over TLS, through the front, and set through the control interface."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Any

import pytest
import urllib3

from helpers.rehearsal.faults import NONSENSE
from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import ECHO, GRAPH, all_of, get, tunnel, until

ECHOED = f"https://{GRAPH}/echo"


def control(served: Served, direct: urllib3.PoolManager, method: str, body: Any = None) -> urllib3.BaseHTTPResponse:
    headers = {"Authorization": f"Bearer {served.control_token}"}
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    return direct.request(method, f"{served.url}/faults", headers=headers, body=None if method == "GET" else data)


def test_faults_are_set_shown_and_cleared(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """What GET shows can be posted again, a POST replaces all of them, and an empty list clears."""
    assert control(served, direct, "GET").json() == []
    fault = {"operation": "echo", "times": 1, "status": 503, "retry_after": 1}
    shown = control(served, direct, "POST", [fault]).json()
    assert {name: shown[0][name] for name in fault} == fault
    assert control(served, direct, "GET").json() == shown
    reply = client.request("GET", ECHOED)
    assert (reply.status, reply.headers["retry-after"]) == (503, "1")
    assert reply.headers["x-rehearsal"] == served.world.id
    assert client.request("GET", ECHOED).status == 200
    assert control(served, direct, "POST", shown).json() == shown
    assert [client.request("GET", ECHOED).status for _ in range(2)] == [503, 200]
    control(served, direct, "POST", [{"operation": "echo", "status": 500}])
    assert control(served, direct, "POST", []).json() == []
    assert client.request("GET", ECHOED).status == 200


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ([{"operation": "GetKey", "status": 500}], "faults: GetKey: there is no such operation"),
        ([{"operation": "ech", "status": 500}], "is it echo"),
        ([{"operation": "echo"}], "faults.0: a fault needs a status"),
        ([{"operation": "echo", "status": "x"}], "faults.0.status: "),
        ([{"operation": "echo", "hold": True, "status": 500}], "faults.0: a fault is of one kind: a status or a body"),
        ({"operation": "echo", "status": 500}, "faults: Input should be a valid list"),
        (b"[", ""),
        (b"", "faults: Input should be a valid list"),
    ],
)
def test_faults_that_make_no_sense_are_refused(
    served: Served, direct: urllib3.PoolManager, given: Any, says: str
) -> None:
    """400 in one line, and those set before hold."""
    before = control(served, direct, "POST", [{"operation": "mark", "status": 500}]).json()
    reply = control(served, direct, "POST", given)
    message = reply.json()["error"]["message"]
    assert reply.status == 400
    assert says in message
    assert "\n" not in message
    assert control(served, direct, "GET").json() == before


def test_a_reset_of_the_rehearsal_takes_faults_away(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """The healthy world has none."""
    control(served, direct, "POST", [{"operation": "echo", "status": 500}])
    headers = {"Authorization": f"Bearer {served.control_token}"}
    assert direct.request("POST", f"{served.url}/reset", headers=headers).status == 200
    assert control(served, direct, "GET").json() == []
    assert client.request("GET", ECHOED).status == 200


@pytest.mark.parametrize("carried_out", [False, True])
def test_a_connection_is_closed_without_a_reply(
    served: Served,
    client: urllib3.ProxyManager,
    direct: urllib3.PoolManager,
    capfd: pytest.CaptureFixture[str],
    carried_out: bool,
) -> None:
    """Not one byte comes, the request was carried out or not, and the next one is answered on a new connection."""
    control(served, direct, "POST", [{"operation": "mark", "times": 1, "reset": True, "carried_out": carried_out}])
    with tunnel(served) as connection:
        connection.sendall(f"POST /mark HTTP/1.1\r\nHost: {GRAPH}\r\nContent-Length: 0\r\n\r\n".encode())
        assert all_of(connection) == b""
    assert (served.world.state.about == "marked") is carried_out
    (row,) = served.cloud.journal.rows()
    assert (row["operation"], row["status"], row["wrote"]) == ("mark", 0, carried_out)
    assert client.request("POST", f"https://{GRAPH}/mark").status == 201
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(("body", "kind"), [("nonsense", "text/html"), ("empty", None), ("truncated", "application")])
def test_a_body_arrives_as_ordered(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager, body: str, kind: str | None
) -> None:
    """HTTP itself stays whole, so that the connection is kept and only the body is wrong."""
    whole = client.request("POST", ECHOED, body=b"x").data
    control(served, direct, "POST", [{"operation": "echo a body", "times": 1, "body": body}])
    reply = client.request("POST", ECHOED, body=b"x")
    assert (reply.status, reply.headers["content-length"]) == (200, str(len(reply.data)))
    assert kind is None or reply.headers["content-type"].startswith(kind)
    assert reply.headers["request-id"]
    sizes = {"nonsense": len(NONSENSE), "empty": 0, "truncated": len(whole) // 2}
    assert len(reply.data) == sizes[body]
    assert client.request("POST", ECHOED, body=b"x").status == 200


def test_a_body_that_is_not_quite_json(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """malformed is the true reply, called JSON as ever, with a comma too many; one without a body stays as it is."""
    control(served, direct, "POST", [{"operation": "echo", "times": 2, "body": "malformed"}])
    reply = client.request("GET", ECHOED)
    assert reply.headers["content-type"].startswith("application/json")
    with pytest.raises(ValueError, match=r"."):
        reply.json()
    assert json.loads(reply.data.replace(b",}", b"}"))["path"] == "/echo"
    empty = client.request("GET", f"{ECHOED}?status=204")
    assert (empty.status, empty.data) == (204, b"")


def test_a_true_reply_under_another_content_type(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """Status and body are the true ones, and the request took effect."""
    control(served, direct, "POST", [{"operation": "mark", "times": 1, "content_type": "text/html"}])
    reply = client.request("POST", f"https://{GRAPH}/mark")
    assert (reply.status, reply.headers["content-type"]) == (201, "text/html")
    assert reply.json() == {"about": served.world.state.about} == {"about": "marked"}


def test_the_nth_request_of_any_operation(
    served: Served, client: urllib3.ProxyManager, direct: urllib3.PoolManager
) -> None:
    """An asterisk counts requests of all operations together, those that are not simulated left out."""
    control(served, direct, "POST", [{"operation": "*", "skip": 2, "times": 1, "status": 503}])
    targets = ("/echo", "/what", "/echo/a", "/echo/b", "/echo")
    assert [client.request("GET", f"https://{GRAPH}{target}").status for target in targets] == [200, 501, 200, 503, 200]


def test_a_reply_drips(served: Served, direct: urllib3.PoolManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is written in small pieces with a pause before each, over the time that was ordered, and is whole."""
    pauses: list[float] = []
    monkeypatch.setattr(served.cloud, "closes_within", pauses.append)
    control(served, direct, "POST", [{"operation": "echo", "times": 1, "drip_seconds": 30}])
    with tunnel(served) as connection:
        connection.sendall(f"GET /echo HTTP/1.1\r\nHost: {GRAPH}\r\nConnection: close\r\n\r\n".encode())
        received = all_of(connection)
    assert json.loads(received.partition(b"\r\n\r\n")[2])["path"] == "/echo"
    assert len(pauses) > 100
    assert sum(pauses) == pytest.approx(30)


def test_a_drip_holds_up_nobody_and_ends_with_the_cloud(served: Served, direct: urllib3.PoolManager) -> None:
    """It takes effect before the first piece, others are answered meanwhile, and the end cuts it short."""
    control(served, direct, "POST", [{"operation": "mark", "times": 1, "drip_seconds": 60}])
    with tunnel(served) as slow, tunnel(served) as other:
        slow.sendall(f"POST /mark HTTP/1.1\r\nHost: {GRAPH}\r\nContent-Length: 0\r\n\r\n".encode())
        assert slow.recv(1) == b"H"
        assert served.world.state.about == "marked"
        other.sendall(get("/echo"))
        assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
        start = time.monotonic()
        served.cloud.close()
        assert b"marked" not in all_of(slow)
        assert time.monotonic() - start < 2


def test_a_drip_ends_when_the_client_leaves(
    served: Served, direct: urllib3.PoolManager, capfd: pytest.CaptureFixture[str]
) -> None:
    """Nobody goes on writing to a client that is gone, and nothing is said about it."""
    control(served, direct, "POST", [{"operation": "echo", "times": 1, "drip_seconds": 3600}])
    direct.clear()  # its own connection is kept otherwise
    with tunnel(served) as connection:
        connection.sendall(get("/echo"))
        until(served.cloud.journal.rows)
    until(lambda: not served._front._open)
    assert capfd.readouterr().err == ""


def test_a_late_reply_holds_up_nobody_else(served: Served, direct: urllib3.PoolManager) -> None:
    """While one client waits another is answered."""
    control(served, direct, "POST", [{"operation": "echo", "times": 1, "delay_seconds": 60}])
    with tunnel(served) as waiting, tunnel(served) as other:
        waiting.sendall(f"GET /echo HTTP/1.1\r\nHost: {GRAPH}\r\n\r\n".encode())
        other.sendall(f"GET /echo/second HTTP/1.1\r\nHost: {GRAPH}\r\n\r\n".encode())
        assert other.recv(65536).startswith(b"HTTP/1.1 200 ")
        start = time.monotonic()
        served.cloud.close()
        assert waiting.recv(65536).startswith(b"HTTP/1.1 200 ")
        assert time.monotonic() - start < 5


def test_the_end_does_not_wait_for_a_late_reply(direct: urllib3.PoolManager) -> None:
    """A rehearsal that ends while a reply is held back ends at once."""
    with Served("healthy", router=ECHO) as served:
        control(served, direct, "POST", [{"operation": "echo", "delay_seconds": 60}])
        waiting = tunnel(served)
        waiting.sendall(f"GET /echo HTTP/1.1\r\nHost: {GRAPH}\r\n\r\n".encode())
        until(served.cloud.journal.rows)
        start = time.monotonic()
    with waiting:
        assert time.monotonic() - start < 2


def test_a_world_file_orders_faults(tmp_path: Path) -> None:
    """A served world starts with its own faults; an operation that there is not is told before anything starts."""
    world = tmp_path / "late.yaml"
    world.write_text("base: healthy\nfaults:\n- {operation: Subscriptions_List, status: 429, retry_after: 3}\n")
    with Served(world) as served:
        assert [fault.operation for fault in served.world.state.faults] == ["Subscriptions_List"]
        assert served.world.snapshot()["faults"][0]["status"] == 429
