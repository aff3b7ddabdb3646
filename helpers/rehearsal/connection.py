"""One connection to the front: reading requests off the wire within limits, and writing replies."""

from __future__ import annotations

import contextlib
import io
import re
import socket
import time
import uuid
from http.server import BaseHTTPRequestHandler
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl, unquote, urlsplit

from helpers.rehearsal.drip import drip
from helpers.rehearsal.inlet import Inlet, TooSlow
from helpers.rehearsal.refusal import Refusal, phrase, shown
from helpers.rehearsal.wire import Request, Response

if TYPE_CHECKING:
    from helpers.rehearsal.front import Front

LINE = 65536
HEADERS = 65536
BODY = 1024 * 1024
LINGER = 16 * BODY
LINGER_SECONDS = (0.2, 2)
"""After a refusal the rest of the request is read and dropped, or the client might lose the refusal to a reset: while
it comes without such a pause, and no longer than that."""
IDLE_SECONDS = 300
"""Between two requests, and for a client to take a reply."""
REQUEST_SECONDS = 30
"""From the first byte of a request until it is whole."""
REFUSAL_SECONDS = 2
"""The same where there is no room: for a client that is to be told so."""
HANDSHAKE_SECONDS = 10
MARKER = "rehearsal.invalid"


class Connection(BaseHTTPRequestHandler):
    """Requests of one client, one after the other; `tunnel` is the simulated host once it has sent CONNECT."""

    server: Front
    protocol_version = "HTTP/1.1"
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    """Without it every request cost about 50 ms (measured 2026-11)."""
    tunnel: str | None = None

    def setup(self) -> None:
        super().setup()
        self.rfile.close()
        self._listen()

    def handle(self) -> None:
        with self.server.admitted(self) as room:
            try:
                self.close_connection = False
                while not self.close_connection:
                    self.close_connection = True
                    self._serve_one(room)
            finally:
                self.rfile.close()
                self.connection.close()

    def hang_up(self) -> None:
        """End the connection from another thread; the plain method, as TLS state belongs to the serving thread."""
        with contextlib.suppress(OSError):  # already gone
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)

    def _serve_one(self, room: bool) -> None:
        self.command = ""
        self._inlet.expect(*((IDLE_SECONDS, REQUEST_SECONDS) if room else (REFUSAL_SECONDS, REFUSAL_SECONDS)))
        try:
            self.raw_requestline = self.rfile.readline(LINE + 1)
            if not self.raw_requestline:
                return
            if len(self.raw_requestline) > LINE:
                raise Refusal(414, "the request line is too long")
            if not self.parse_request():
                return
            self._check_headers()
            if not room:
                raise Refusal(503, "too many connections at once")
            if self.command == "CONNECT":
                self._connect()
            else:
                self._reply(self._answer())
        except Refusal as refusal:
            self._refuse(refusal)
        except TooSlow:
            self._refuse(Refusal(408, "the request did not come whole in time"))

    def _answer(self) -> Response:
        """For a simulated host, for the front itself (also through the proxy, as a client inside sends it), or none."""
        if self.tunnel is not None:
            self._check_host(self._host() == self.tunnel)
            return self.server.handled(self._request(self.tunnel, self.path))
        if self.path.startswith("/"):
            self._check_host(self.server.is_own_name(self._host()))
            return self.server.control.handle(self._request(self._host(), self.path))
        try:
            target = urlsplit(self.path)
        except ValueError:
            raise Refusal(400, "the request target is not an address") from None
        if self.server.is_own_name(target.netloc):
            return self.server.control.handle(self._request(target.netloc, f"{target.path}?{target.query}"))
        if (self.command, target.scheme, target.netloc, target.path) == ("GET", "http", MARKER, "/"):
            self._body()
            return self.server.marker()
        raise Refusal(403, f"{shown(target.netloc or self.path)} is not simulated over plain HTTP")

    def _connect(self) -> None:
        host, _, port = self.path.lower().rpartition(":")
        if self.tunnel is not None or not self.server.simulates(host):
            raise Refusal(403, f"{shown(host or self.path)} is not simulated")
        if port != "443":
            raise Refusal(403, f"{shown(self.path)} is not simulated, only port 443 is")
        self._send(200, "Connection established", {}, None)
        self.connection.settimeout(HANDSHAKE_SECONDS)
        self.rfile.close()
        if not self.connection.recv(1, socket.MSG_PEEK):  # wrapping a socket whose client has left would leak it
            raise ConnectionAbortedError("the client left after CONNECT")
        wrapped = self.server.context.wrap_socket(self.connection, server_side=True, do_handshake_on_connect=False)
        self.connection = wrapped
        wrapped.do_handshake()
        self._listen()
        self.tunnel = host
        self.close_connection = False

    def _listen(self) -> None:
        self._inlet = Inlet(self.connection)
        self.rfile = io.BufferedReader(self._inlet)

    def _request(self, host: str, target: str) -> Request:
        path, _, query = target.partition("?")
        if not path.startswith("/"):
            raise Refusal(400, "the request target is not a path")
        try:
            pairs = parse_qsl(query, keep_blank_values=True, max_num_fields=100)
        except ValueError:
            raise Refusal(400, "the query has too many fields") from None
        parameters: dict[str, str] = {}
        for name, value in pairs:
            parameters[name] = f"{parameters[name]},{value}" if name in parameters else value
        return Request(
            method=self.command,
            host=host,
            path=unquote(re.sub("/{2,}", "/", path)),
            query=parameters,
            headers={name.lower(): " ".join(value.splitlines()) for name, value in self.headers.items()},
            body=self._body(),
            id=str(uuid.uuid4()),
        )

    def _body(self) -> bytes:
        if "transfer-encoding" in self.headers:
            raise Refusal(411, "send a Content-Length; chunked bodies are not taken")
        lengths = set(self.headers.get_all("content-length", ["0"]))
        text = lengths.pop()
        if lengths or re.fullmatch("[0-9]{1,18}", text) is None:
            raise Refusal(400, "Content-Length is not one number")
        length = int(text)
        if length > BODY:
            raise Refusal(413, f"the body is larger than {BODY} bytes")
        body = self.rfile.read(length)
        if len(body) < length:
            raise ConnectionResetError("the client left in the middle of a body")
        return body

    def _host(self) -> str:
        hosts = self.headers.get_all("host", [])
        if len(hosts) != 1:
            raise Refusal(400, "a request has exactly one Host header")
        return str(hosts[0]).strip().lower().removesuffix(":443")

    def _check_host(self, right: bool) -> None:
        if not right:
            raise Refusal(421, f"Host {shown(self._host())} is not what this connection is for")

    def _check_headers(self) -> None:
        if self.request_version not in ("HTTP/1.0", "HTTP/1.1"):
            raise Refusal(400, "only HTTP/1.0 and HTTP/1.1 are spoken")
        if self.headers.defects or self.headers.get_payload():
            raise Refusal(400, "malformed headers")
        if sum(len(name) + len(value) for name, value in self.headers.items()) > HEADERS:
            raise Refusal(431, "the headers are too large")

    def handle_expect_100(self) -> bool:
        """Let the client send its body; it is measured against its Content-Length before it is read."""
        self.connection.sendall(b"HTTP/1.1 100 Continue\r\n\r\n")
        return True

    def send_error(self, code: int, message: str | None = None, explain: str | None = None) -> None:
        """What the standard library found wrong with a request line or headers."""
        self._refuse(Refusal(code, shown(message or phrase(code))))

    def _refuse(self, refusal: Refusal) -> None:
        body = Response(refusal.status, {"error": {"code": "Rehearsal", "message": str(refusal)}}).encoded()
        headers = {"connection": "close", "content-type": "application/json"}
        self._send(refusal.status, f"rehearsal: {refusal}", headers, body)
        self.close_connection = True
        left, until = LINGER, time.monotonic() + LINGER_SECONDS[1]
        with contextlib.suppress(TimeoutError):
            while left > 0 and time.monotonic() < until:
                self._inlet.expect(LINGER_SECONDS[0], LINGER_SECONDS[0])
                part = self.rfile.read1(BODY)
                if not part:
                    break
                left -= len(part)

    def _reply(self, response: Response) -> None:
        headers = {name.lower(): value for name, value in response.headers.items()}
        if response.body is not None:
            headers.setdefault("content-type", "application/json; charset=utf-8")
        bodiless = response.status in (204, 304)
        body = None if bodiless else response.encoded()
        self._send(response.status, phrase(response.status), headers, body, response.drip_seconds)

    def _send(self, status: int, reason: str, headers: dict[str, str], body: bytes | None, slowly: float = 0) -> None:
        """Write one reply whole; `body` None is for those that have none by definition."""
        lines = {**self.server.stamps(), **headers}
        if body is not None:
            lines["content-length"] = str(len(body))
        text = "".join(f"{name}: {' '.join(value.splitlines())}\r\n" for name, value in lines.items())
        head = f"HTTP/1.1 {status} {reason}\r\n{text}\r\n".encode("latin-1", "replace")
        whole = head if body is None or self.command == "HEAD" else head + body
        self.connection.settimeout(IDLE_SECONDS)
        if slowly:
            drip(self.connection, whole, slowly, self.server.cloud.closes_within)
        else:
            self.connection.sendall(whole)
