"""A small service of their own for the tests of the front, and ways to reach it byte by byte."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable
from pathlib import Path

from helpers.rehearsal.router import Route, Router
from helpers.rehearsal.serve import Served
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

GRAPH = "graph.microsoft.com"


def echo(world: World, request: Request) -> Response:
    """What arrived; with status 204 in the query, nothing."""
    if request.query.get("status") == "204":
        return Response(204)
    body = {"path": request.path, "query": dict(request.query), "body": request.body.decode(), "id": request.id}
    return Response(200, body)


def mark(world: World, request: Request) -> Response:
    """Changes the world."""
    world.state.about = "marked"
    return Response(201, {"about": world.state.about})


def broken(world: World, request: Request) -> Response:
    """Fails with a credential in the message."""
    raise RuntimeError(f"the credential was {request.headers['authorization']}")


ECHO = Router(
    (
        Route("echo", "GET", GRAPH, "/echo", echo),
        Route("echo a name", "GET", GRAPH, "/echo/{name*}", lambda world, request, name: echo(world, request)),
        Route("echo a body", "POST", GRAPH, "/echo", echo),
        Route("mark", "POST", GRAPH, "/mark", mark),
        Route("broken", "GET", GRAPH, "/broken", broken),
        Route("echo of a vault", "GET", "*.vault.azure.net", "/echo", echo),
    )
)


def port_of(served: Served) -> int:
    return int(served.url.rpartition(":")[2])


def sent(served: Served, text: bytes) -> bytes:
    """The whole reply to bytes sent as they are."""
    with socket.create_connection(("127.0.0.1", port_of(served)), timeout=5) as plain:
        plain.sendall(text)
        plain.shutdown(socket.SHUT_WR)
        return all_of(plain)


def tunnel(served: Served, host: str = GRAPH) -> ssl.SSLSocket:
    """A TLS connection to a simulated host; the caller closes it."""
    return tunnel_to(served.url, served.certificates.bundle, host)


def tunnel_to(url: str, bundle: Path | str, host: str) -> ssl.SSLSocket:
    """The same through a front in another process."""
    plain = socket.create_connection(("127.0.0.1", int(url.rpartition(":")[2])), timeout=5)
    plain.sendall(f"CONNECT {host}:443 HTTP/1.1\r\nHost: {host}:443\r\n\r\n".encode())
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        head += plain.recv(1)
    assert head.startswith(b"HTTP/1.1 200 "), head
    return ssl.create_default_context(cafile=bundle).wrap_socket(plain, server_hostname=host)


def all_of(connection: socket.socket) -> bytes:
    """Everything until the other side closes."""
    received = b""
    while part := connection.recv(65536):
        received += part
    return received


def get(target: str, host: str = GRAPH) -> bytes:
    """A request as it is sent."""
    return f"GET {target} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode()


def until(done: Callable[[], object], seconds: float = 5) -> None:
    """Returns when something holds, and fails if it does not come to."""
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, "it did not come to that"
        threading.Event().wait(0.01)
