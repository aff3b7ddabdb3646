"""The front: one port on loopback that is the HTTPS proxy, the simulated hosts behind it, and the control interface.

`CONNECT host:443` for a simulated host is answered here: the same socket is wrapped in TLS and its requests go to the
cloud. Every other target is refused with the reason in the reason phrase, the part azure-core, httpx and aiohttp show
(measured 2026-11). Nothing is ever forwarded.
"""

from __future__ import annotations

import socketserver
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from email.utils import format_datetime
from typing import Any

from helpers.rehearsal.certificates import Certificates
from helpers.rehearsal.cloud import MARK, Cloud
from helpers.rehearsal.connection import Connection
from helpers.rehearsal.control import Control
from helpers.rehearsal.router import host_matches
from helpers.rehearsal.wire import Request, Response

CONNECTIONS = 256
"""Served at once. One more is told so and closed; with twice as many there is nobody left to tell it."""


class Front(socketserver.ThreadingTCPServer):
    """Listens from the moment it is made; serves from `start` to `close`. Port 0 takes any free one.

    Raises OSError when the port is taken.
    """

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = CONNECTIONS

    def __init__(self, cloud: Cloud, control: Control, certificates: Certificates, port: int = 0) -> None:
        self.cloud = cloud
        self.control = control
        self.fingerprint = certificates.fingerprint
        self.context = certificates.context()
        self._open: set[Connection] = set()
        self._threads_running = 0
        self._closing = False
        self._changed = threading.Condition()
        self._thread = threading.Thread(target=self.serve_forever, args=(0.05,), name="rehearsal front", daemon=True)
        super().__init__(("127.0.0.1", port), Connection)

    @property
    def port(self) -> int:
        return int(self.server_address[1])

    @property
    def url(self) -> str:
        """What HTTPS_PROXY is set to."""
        return f"http://127.0.0.1:{self.port}"

    def start(self) -> None:
        self._thread.start()

    def close(self) -> None:
        """Stop listening, close every connection, and wait briefly until their threads are done."""
        self.cloud.close()
        if self._thread.is_alive():
            self.shutdown()
            self._thread.join()
        self.server_close()
        with self._changed:
            self._closing = True
            for connection in self._open:
                connection.hang_up()
            self._changed.wait_for(lambda: not self._threads_running, timeout=5)

    def process_request(self, request: Any, client_address: Any) -> None:
        """A thread for a new connection, if there may be one more."""
        with self._changed:
            full = self._threads_running >= 2 * CONNECTIONS
            self._threads_running += not full
        if full:
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:
            self._thread_ended()
            raise

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._thread_ended()

    def _thread_ended(self) -> None:
        with self._changed:
            self._threads_running -= 1
            self._changed.notify_all()

    @contextmanager
    def admitted(self, connection: Connection) -> Iterator[bool]:
        """Whether there is room for one more connection; it counts until the block is left."""
        with self._changed:
            if self._closing:
                raise ConnectionAbortedError("the front is closing")
            room = len(self._open) < CONNECTIONS
            self._open.add(connection)
        try:
            yield room
        finally:
            with self._changed:
                self._open.discard(connection)

    def simulates(self, host: str) -> bool:
        return any(host_matches(pattern, host) for pattern in self.cloud.router.hosts)

    def is_own_name(self, authority: str) -> bool:
        """Whether a Host header names this front, so that no web page elsewhere can reach the control interface."""
        return authority.lower() in (f"127.0.0.1:{self.port}", f"localhost:{self.port}")

    def marker(self) -> Response:
        """What `GET http://rehearsal.invalid/` answers: that this is a rehearsal, and which."""
        world = self.cloud.world
        with world.lock:
            about, now = world.state.about, world.now().isoformat().replace("+00:00", "Z")
        return Response(200, {"rehearsal": world.id, "ca_sha256": self.fingerprint, "about": about, "now": now})

    def handled(self, request: Request) -> Response:
        """The cloud's reply, or a 500 that says the fault is the rehearsal's."""
        try:
            return self.cloud.handle(request)
        except Exception as error:  # noqa: BLE001 - a defect must reach the client as a reply, and the terminal whole
            what = f"{request.method} https://{request.host}{request.path}: {type(error).__name__}"
            _print_frames(f"rehearsal: failed on {what}", error)
            message = f"The rehearsal cloud itself failed on {what}. The request may be right."
            return Response(500, {"error": {"code": "RehearsalFault", "message": message}})

    def stamps(self) -> dict[str, str]:
        """The headers every reply carries."""
        return {"date": format_datetime(self.cloud.world.now(), usegmt=True), MARK: self.cloud.world.id}

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that went away, refused the certificate or fell silent is no fault; anything else is shown."""
        error = sys.exc_info()[1]
        if error is not None and not isinstance(error, OSError):
            _print_frames(f"rehearsal: failed on a connection: {type(error).__name__}", error)


def _print_frames(title: str, error: BaseException) -> None:
    """Where it happened, without the message: it could quote a credential."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    print(f"{title}\n{frames}", end="", file=sys.stderr)
