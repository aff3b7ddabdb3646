"""What the front does not put up with: other addresses and authorities, too much, too many, too slow."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import subprocess
import sys
import threading
import time

import pytest

from helpers.rehearsal import connection as limits
from helpers.rehearsal import front
from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import GRAPH, all_of, get, port_of, sent, tunnel, until

MARKER = b"GET http://rehearsal.invalid/ HTTP/1.1\r\n\r\n"
KNOCK = """
import json, socket, sys
own = {found[4][0] for found in socket.getaddrinfo(socket.gethostname(), None, socket.AF_INET)}
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
    try:
        asked.connect(("192.0.2.1", 9))  # sends nothing: it is only asked which address it would be sent from
        own.add(asked.getsockname()[0])
    except OSError:
        pass
answered = []
for address in sorted({"127.0.0.2", "127.1.2.3", "::1", *own} - {"127.0.0.1"}):
    try:
        socket.create_connection((address, int(sys.argv[1])), timeout=5).close()
        answered.append(address)
    except OSError:
        pass
print(json.dumps(answered))
"""
"""A process of its own, as the tests' are kept from every address that is not loopback."""


def status(reply: bytes) -> int:
    return int(reply.split(b" ")[1])


def test_no_other_address_of_this_machine_answers(served: Served) -> None:
    """Only 127.0.0.1 listens: other loopback addresses, IPv6 and the machine's own addresses refuse."""
    assert served._front.socket.getsockname() == ("127.0.0.1", port_of(served))
    knocked = subprocess.run(
        [sys.executable, "-c", KNOCK, str(port_of(served))], capture_output=True, text=True, timeout=60, check=True
    )
    assert json.loads(knocked.stdout) == []
    assert status(sent(served, MARKER)) == 200


@pytest.mark.parametrize(
    "target",
    [
        "127.0.0.1:443",
        "127.0.0.1:{port}",
        "2130706433:443",
        "[::ffff:127.0.0.1]:443",
        "169.254.169.254:443",
        "user@graph.microsoft.com:443",
        "user@kv-one.vault.azure.net:443",
        "kv%2done.vault.azure.net:443",
        "-.vault.azure.net:443",
        "graph.microsoft.com:443@evil.example:443",
        "graph.microsoft.com.:443",
        "graph.microsoft.com.evil.example:443",
        ".vault.azure.net:443",
        "graph.microsoft.com:8443",
        "graph.microsoft.com:",
        "graph.microsoft.com:0443",
        "https://graph.microsoft.com:443",
        "/",
    ],
)
def test_a_connection_to_anything_else_is_refused(served: Served, target: str) -> None:
    """IP literals in any writing, user names, other ports and names that only look alike are 403."""
    target = target.format(port=port_of(served))
    assert status(sent(served, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode())) == 403


@pytest.mark.parametrize(
    ("target", "number"),
    [
        ("http://127.0.0.1:{port}@evil.example/log", 403),
        ("http://evil.example@127.0.0.1:{port}/log", 403),
        ("http://127.0.0.1:1/log", 403),
        ("http://127.0.0.1/log", 403),
        ("http://[::1]:{port}/log", 403),
        ("http://evil.example/log", 403),
        ("http://user@rehearsal.invalid/", 403),
        ("http://rehearsal.invalid:8080/", 403),
        ("https://rehearsal.invalid/", 403),
        ("https://graph.microsoft.com/echo", 403),
        ("ftp://graph.microsoft.com/echo", 403),
        ("*", 403),
        ("http://[::1/log", 400),
        ("http://127.0.0.1:{port}/log", 200),
        ("HTTP://LOCALHOST:{port}/log", 200),
    ],
)
def test_an_absolute_address_is_the_fronts_own_or_refused(
    served: Served, capfd: pytest.CaptureFixture[str], target: str, number: int
) -> None:
    """Even with the control token: no user name, other port or other name leads to the control interface."""
    token = f"Authorization: Bearer {served.control_token}"
    text = f"GET {target.format(port=port_of(served))} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{token}\r\n\r\n"
    reply = sent(served, text.encode())
    assert status(reply) == number
    assert b"x-rehearsal: " in reply
    assert capfd.readouterr().err == ""


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("CONNECT {long} HTTP/1.1\r\n\r\n", 414),
        ("CONNECT graph.microsoft.com:443 HTTP/1.1\r\nA: {half}\r\nB: {half}\r\n\r\n", 431),
        ("CONNECT graph.microsoft.com:443 HTTP/1.1\r\n{many}\r\n", 431),
        ("POST /clock HTTP/1.1\r\n{own}Content-Length: 1048577\r\n\r\n", 413),
        ("POST /clock HTTP/1.1\r\n{own}Content-Length: 9999999999999999999\r\n\r\n", 400),
        ("POST /clock HTTP/1.1\r\n{own}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("GET http://rehearsal.invalid/ HTTP/1.1\r\nContent-Length: 1048577\r\n\r\n", 413),
    ],
)
def test_too_much_is_refused_outside_of_a_tunnel_as_well(served: Served, text: str, number: int) -> None:
    """The proxy, the control interface and the marker have the limits of the simulated hosts."""
    own = f"Host: 127.0.0.1:{port_of(served)}\r\nAuthorization: Bearer {served.control_token}\r\n"
    many = "A: b\r\n" * 101
    reply = sent(served, text.format(long="x" * 70000, half="x" * 40000, many=many, own=own).encode())
    assert status(reply) == number
    assert reply.count(b"x-rehearsal: ") == 1


def test_those_who_came_first_go_on(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no more room new clients are told so, and the connections there are work as before."""
    monkeypatch.setattr(front, "CONNECTIONS", 2)
    with tunnel(served) as first, tunnel(served) as second:
        for _ in range(3):
            for text in (MARKER, f"CONNECT {GRAPH}:443 HTTP/1.1\r\n\r\n".encode()):
                until(lambda: _threads(served) == 2)
                assert status(sent(served, text)) == 503
            for connection in (first, second):
                connection.sendall(get("/echo"))
                assert status(connection.recv(65536)) == 200


def test_silent_clients_take_no_room_for_long(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """One for whom there is no room and who says nothing is sent away."""
    monkeypatch.setattr(front, "CONNECTIONS", 1)
    monkeypatch.setattr(limits, "REFUSAL_SECONDS", 0.2)
    with tunnel(served), _connected(served) as silent:
        assert _ended(silent)
        until(lambda: _threads(served) == 1)


def test_of_far_too_many_nobody_is_even_told(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond those who wait to be told that there is no room, a client is closed at once; those inside go on."""
    monkeypatch.setattr(front, "CONNECTIONS", 1)
    monkeypatch.setattr(limits, "REFUSAL_SECONDS", 60)
    with tunnel(served) as inside, _connected(served):
        until(lambda: _threads(served) == 2)
        with _connected(served) as beyond:
            assert _ended(beyond)
        inside.sendall(get("/echo"))
        assert status(inside.recv(65536)) == 200


@pytest.mark.parametrize("start", [b"GET http://reh", b"GET http://rehearsal.invalid/ HTTP/1.1\r\nA: "])
def test_a_request_that_trickles_in_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch, start: bytes) -> None:
    """However regularly bytes come, a request that is not whole in its time is 408 and the connection ends."""
    monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.3)
    with _connected(served) as connection:
        connection.sendall(start)
        assert status(_trickled(connection)) == 408


def test_a_body_that_trickles_in_is_cut_off(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same inside a tunnel, and nothing of the request takes effect."""
    with tunnel(served) as connection:
        monkeypatch.setattr(limits, "REQUEST_SECONDS", 0.3)
        connection.sendall(get("/echo"))
        assert status(connection.recv(65536)) == 200
        connection.sendall(f"POST /echo HTTP/1.1\r\nHost: {GRAPH}\r\nContent-Length: 100000\r\n\r\n".encode())
        assert status(_trickled(connection)) == 408
    assert [row["operation"] for row in served.cloud.journal.rows()] == ["echo"]


def test_a_handshake_that_trickles_in_is_cut_off(
    served: Served, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """TLS has its time as a whole, and nothing is said about it."""
    monkeypatch.setattr(limits, "HANDSHAKE_SECONDS", 0.3)
    with _connected(served) as connection:
        connection.sendall(f"CONNECT {GRAPH}:443 HTTP/1.1\r\n\r\n".encode())
        assert status(connection.recv(65536)) == 200
        connection.sendall(b"\x16\x03\x01\x10\x00\x01\x00\x0f\xfc")
        assert _trickled(connection) == b""
    until(lambda: not served._front._open)
    assert capfd.readouterr().err == ""


def test_a_client_that_says_nothing_is_let_go(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """A connection without a request ends when it has been idle for long enough, in silence."""
    monkeypatch.setattr(limits, "IDLE_SECONDS", 0.2)
    with _connected(served) as connection, tunnel(served) as inside:
        inside.sendall(get("/echo"))
        assert status(inside.recv(65536)) == 200
        assert all_of(connection) == all_of(inside) == b""


def _connected(served: Served) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(served)), timeout=10)


def _threads(served: Served) -> int:
    """How many connections have a thread."""
    return served._front._threads_running


def _ended(connection: socket.socket) -> bool:
    """Whether the front ends a connection without a word."""
    try:
        return connection.recv(1) == b""
    except ConnectionResetError:
        return True


def _trickled(connection: socket.socket) -> bytes:
    """What comes back, to its end, while a byte is sent every now and then."""
    deadline, paused = time.monotonic() + 10, threading.Event()
    connection.settimeout(0.01)
    for _ in itertools.takewhile(lambda _: time.monotonic() < deadline, itertools.count()):
        try:
            connection.sendall(b"x")
            first = connection.recv(65536)
        except TimeoutError:
            paused.wait(0.01)
        except (ConnectionResetError, BrokenPipeError):
            return b""
        else:
            connection.settimeout(5)
            with contextlib.suppress(ConnectionResetError):
                return first + all_of(connection)
            return first
    raise AssertionError("it was never cut off")
