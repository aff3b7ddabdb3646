"""A corporate relay on loopback, which reaches nothing real: `python relay.py HOW SEEN CMD…` runs CMD behind it.

It answers a plain GET in its own way, and CONNECT by HOW: `502`; `inspects`, with TLS under a certificate of its own
making; or `127.0.0.1:PORT`, by handing over to the proxy there. What came is written to the file SEEN, a line each.
"""

from __future__ import annotations

import contextlib
import os
import socket
import ssl
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import trustme

ANSWERS = {
    "403": (403, {"content-type": "text/html"}, b"<html>blocked by policy</html>"),
    "404": (404, {}, b""),
    "a page": (200, {"content-type": "text/html"}, b"<html><h1>Sign in to the network</h1></html>"),
    "only a mark": (200, {"x-rehearsal": "rehearsal-1"}, b"{}"),
    "only a body": (200, {}, b'{"rehearsal": "rehearsal-1", "ca_sha256": "00"}'),
    "another mark": (200, {"x-rehearsal": "rehearsal-2", "date": "Mon, 23 Nov 2026 09:00:00 GMT"}, b'{"rehearsal": "rehearsal-1", "ca_sha256": "00"}'),
    "marked refusal": (403, {"x-rehearsal": "rehearsal-1"}, b""),
}  # fmt: skip
"""What it says to `GET http://rehearsal.invalid/`. The first three are a relay's own; the others imitate."""


class Relay(BaseHTTPRequestHandler):
    """One connection of a client."""

    how, answer, seen = "502", "403", Path(os.devnull)

    def do_GET(self) -> None:
        status, headers, body = ANSWERS[self.answer]
        self._note()
        self.send_response_only(status)
        for name, value in {**headers, "content-length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def do_CONNECT(self) -> None:
        self._note()
        self.close_connection = True
        if self.how == "502":
            self.send_response_only(502, "no route to that host from here")
            self.end_headers()
        elif self.how == "inspects":
            self.wfile.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            trustme.CA().issue_cert(self.path.rpartition(":")[0]).configure_cert(context)
            with contextlib.suppress(OSError):  # the client does not trust it, and leaves
                context.wrap_socket(self.connection, server_side=True).recv(1)
        else:
            self._hand_over()

    def _hand_over(self) -> None:
        host, _, port = self.how.rpartition(":")
        with socket.create_connection((host, int(port))) as other:
            other.sendall(f"CONNECT {self.path} HTTP/1.1\r\nHost: {self.path}\r\n\r\n".encode())
            back = threading.Thread(target=_pour, args=(other, self.connection))
            back.start()
            _pour(self.connection, other)
            back.join()

    def _note(self) -> None:
        with self.seen.open("a") as seen:
            seen.write(f"{self.command} {self.path}\n")

    def log_message(self, *_: object) -> None:
        return


def _pour(source: socket.socket, into: socket.socket) -> None:
    with contextlib.suppress(OSError):
        while part := source.recv(65536):
            into.sendall(part)
        into.shutdown(socket.SHUT_WR)


def main(how: str, answer: str, seen: str, *command: str) -> int:
    """Serve, run the command with this relay as its proxy, and return its exit code."""
    Relay.how, Relay.answer, Relay.seen = how, answer, Path(seen)
    with ThreadingHTTPServer(("127.0.0.1", 0), Relay) as server:
        server.daemon_threads = True
        threading.Thread(target=server.serve_forever, daemon=True).start()
        address = f"http://127.0.0.1:{server.server_port}"
        proxies = dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), address)
        return subprocess.run(command, env={**os.environ, **proxies}, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
