"""A TLS server on loopback between the suite and Azurite, where a test decides what becomes of each request."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import unquote, urlsplit

REQUEST_ID = "7f3a0000-0000-0000-0000-00000000cafe"


@dataclass(frozen=True)
class Request:
    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes

    @property
    def name(self) -> str:
        """The blob's name without account and container; empty for a request about the container."""
        return unquote("/".join(urlsplit(self.target).path.split("/")[3:]))

    @property
    def query(self) -> str:
        return urlsplit(self.target).query

    @property
    def uploads(self) -> bool:
        return self.method == "PUT" and not self.query


@dataclass(frozen=True)
class Reply:
    status: int
    headers: Mapping[str, str]
    body: bytes = b""

    def with_headers(self, **more: str) -> Reply:
        named = {name.replace("_", "-"): value for name, value in more.items()}
        return replace(self, headers={**self.headers, **named})


def refusal(status: int, code: str, message: str = "No.", **headers: str) -> Reply:
    """An error as blob storage words it. Source: REST API, "Status and error codes"."""
    body = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{code}</Code><Message>{message}</Message></Error>'
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    named |= {"x-ms-error-code": code, "x-ms-request-id": REQUEST_ID, "Content-Type": "application/xml"}
    return Reply(status, named, body.encode())


Forward = Callable[[], Reply]
Answer = Callable[[Request, Forward], Reply | None]
"""What a test makes of a request; None closes the connection without a reply."""


@dataclass
class Relay:
    """`behind` is Azurite's port, or None where every request is answered by the test itself."""

    port: int
    behind: int | None
    ca: str
    answer: Answer = field(default=lambda request, forward: forward())
    seen: list[Request] = field(default_factory=list)

    def address(self, path: str) -> str:
        return f"https://127.0.0.1:{self.port}/{path}"

    def uploads(self) -> list[str]:
        """The names of what was sent."""
        return [request.name.rpartition("Z-abc123/")[2] for request in self.seen if request.uploads]

    def forward(self, request: Request) -> Reply:
        if self.behind is None:
            raise AssertionError(f"nothing is behind: {request.method} {request.target}")
        context = ssl.create_default_context(cafile=self.ca)
        connection = http.client.HTTPSConnection("127.0.0.1", self.behind, timeout=20, context=context)
        try:
            connection.request(request.method, request.target, request.body, dict(request.headers))
            got = connection.getresponse()
            return Reply(got.status, dict(got.getheaders()), got.read())
        finally:
            connection.close()


@contextmanager
def serving(certificate: Callable[[ssl.SSLContext], object], behind: int | None, ca: str) -> Iterator[Relay]:
    """A relay that serves for a block."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate(context)

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        timeout = 20

        def setup(self) -> None:
            self.request = context.wrap_socket(self.request, server_side=True)
            super().setup()

        def finish(self) -> None:
            super().finish()
            self.request.close()

        def _any(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            request = Request(self.command, self.path, dict(self.headers.items()), body)
            relay.seen.append(request)
            reply = relay.answer(request, lambda: relay.forward(request))
            self.close_connection = True
            if reply is not None:
                self._send(reply)

        do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = _any  # noqa: N815 (named by http.server)

        def _send(self, reply: Reply) -> None:
            self.send_response_only(reply.status)
            dropped = {"transfer-encoding", "connection", "keep-alive"}
            if self.command != "HEAD":
                dropped.add("content-length")
                self.send_header("Content-Length", str(len(reply.body)))
            for name, value in reply.headers.items():
                if name.lower() not in dropped:
                    self.send_header(name, value)
            self.send_header("Connection", "close")
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(reply.body)

        def log_message(self, *_: Any) -> None:
            pass

    class Server(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_: Any) -> None:
            pass  # a client that was killed, or that does not trust the certificate

    with Server(("127.0.0.1", 0), Handler) as server:
        relay = Relay(server.server_address[1], behind, ca)
        thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
        thread.start()
        try:
            yield relay
        finally:
            server.shutdown()
            thread.join()
