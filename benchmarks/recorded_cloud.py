"""A cloud that is fast enough to measure clients by: it replays what the rehearsal cloud answered to one check.

No world, no rights, no keys: a request is looked up by method, host, path, query and whether it carries a token, and
the recorded reply is sent, with the name of the vault put in. What was never recorded is answered 501. It speaks
through the same proxy and certificates as the rehearsal does, on loopback, and says so by the same two signs.

    python -m benchmarks.recorded_cloud FOLDER      record, then serve until its standard input ends

It writes the variables of its clients to FOLDER/environment.json when it serves, and at the end to FOLDER/served.json
how many requests it answered and how much CPU time that took.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, unquote

from helpers.rehearsal import certificates
from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.environment import applied, environment
from helpers.rehearsal.router import Router
from helpers.rehearsal.serve import Served
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.wire import Request, Response

VAULT, PREFIX = "kv-contoso-claude", "kv-bench-"
ADMIN = "sk-ant-admin01-benchmark-only-"
_NAME = re.compile(rf"{PREFIX}\d+")
_ADMIN_API = "api.anthropic.com"
_ENTRA = "login.microsoftonline.com"
Key = tuple[Any, ...]


class Recording(Cloud):
    """The rehearsal cloud, keeping the last reply to each request."""

    kept: dict[Key, tuple[int, bytes]] = {}

    def handle(self, request: Request) -> Response:
        """As ever; the reply is kept as it goes over the wire."""
        response = super().handle(request)
        key = key_of(request.method, request.host, request.path, request.query, request.headers, request.body)
        self.kept[key] = encoded(response)
        return response


def key_of(method: str, host: str, path: str, query: Mapping[str, str], headers: Mapping[str, str], body: bytes) -> Key:
    """What a reply is looked up by. Of a token request that is the scope; of the others the body does not count."""
    scope = parse_qs(body.decode("latin-1")).get("scope", [""])[0] if host == _ENTRA and method == "POST" else ""
    return (method, host, path.lower(), tuple(sorted(query.items())), "authorization" in headers, scope)


def encoded(response: Response) -> tuple[int, bytes]:
    """Status, and the head and body as bytes, without the lengths that depend on the name put in."""
    skipped = ("content-length", "connection")
    lines = [f"{name}: {value}" for name, value in response.headers.items() if name.lower() not in skipped]
    if not any(line.lower().startswith("content-type:") for line in lines):
        lines.append("content-type: application/json; charset=utf-8")
    return response.status, "\r\n".join(lines).encode() + b"\r\n\r\n" + response.encoded()


def record(home: Path) -> tuple[Served, dict[Key, tuple[int, bytes]]]:
    """What a check of the onboarded world and its plan ask and are answered."""

    class Recorder(Served):
        def __init__(self, world: str) -> None:
            super().__init__(world)
            self.cloud = Recording(self.world, ROUTER)
            self._front.cloud = self.cloud

    with Recorder("onboarded") as served:
        inside = {**applied(served.environment()), "CMEK_HOME": str(home)}
        for verb in ("check", "plan"):
            command = [sys.executable, "-m", "helpers.cli", verb, "-f", "parameters/rehearsal.yaml"]
            subprocess.run(command, env=inside, check=True, capture_output=True)
        return served, dict(Recording.kept)


class Server:
    """The proxy and the hosts behind it, in one thread."""

    def __init__(self, world: Any, replies: dict[Key, tuple[int, bytes]], made: certificates.Certificates) -> None:
        self._world, self._replies, self._made = world, replies, made
        self._tls = made.context()
        self.answered = 0
        self.unknown: set[str] = set()
        self._stamp = f"x-rehearsal: {world.id}\r\n".encode()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection, to its end."""
        host = ""
        with suppress(asyncio.IncompleteReadError, OSError):
            while True:
                head = await reader.readuntil(b"\r\n\r\n")
                first, *lines = head.decode("latin-1").split("\r\n")
                method, target, _ = first.split(" ", 2)
                headers = {n.lower(): v.strip() for n, _, v in (line.partition(":") for line in lines if line)}
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if method == "CONNECT":
                    host = target.partition(":")[0]
                    writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
                    await writer.drain()
                    await writer.start_tls(self._tls)
                    continue
                writer.write(self._answer(method, host, target, headers, body))
        writer.close()

    def _answer(self, method: str, host: str, target: str, headers: Mapping[str, str], body: bytes) -> bytes:
        self.answered += 1
        if not host:
            now = self._world.now().isoformat().replace("+00:00", "Z")
            marker = {"rehearsal": self._world.id, "ca_sha256": self._made.fingerprint, "about": "", "now": now}
            date = self._world.now().strftime("%a, %d %b %Y %H:%M:%S GMT")
            return self._sent(200, f"date: {date}\r\n\r\n".encode() + json.dumps(marker).encode())
        path, _, query = target.partition("?")
        of_key = headers.get("authorization", "").removeprefix("Bearer ") if host == _ADMIN_API else ""
        found = _NAME.search(of_key or f"{host}{path}")
        name = found[0] if found else VAULT
        pairs = dict(parse_qsl(query, keep_blank_values=True))
        asked = key_of(method, host.replace(name, VAULT), unquote(path).replace(name, VAULT), pairs, headers, body)
        status, rest = self._replies.get(asked, (501, b"\r\n\r\n"))
        if status == 501:
            self.unknown.add(str(asked))
        if path.endswith("/wrapkey") or path.endswith("/unwrapkey"):  # the one thing that is new in every check
            rest_head, _, said = rest.partition(b"\r\n\r\n")
            answer = {**json.loads(said), "value": json.loads(body)["value"]} if status == 200 else json.loads(said)
            rest = rest_head + b"\r\n\r\n" + json.dumps(answer).encode()
        return self._sent(status, rest.replace(VAULT.encode(), name.encode()))

    def _sent(self, status: int, rest: bytes) -> bytes:
        head, _, body = rest.partition(b"\r\n\r\n")
        stamp = b"" if b"x-rehearsal" in head.lower() else self._stamp
        length = f"content-length: {len(body)}\r\n\r\n".encode()
        return f"HTTP/1.1 {status} Recorded\r\n".encode() + stamp + head + b"\r\n" + length + body


async def main(folder: Path) -> None:
    """Record, serve, and say at the end what serving took."""
    served, replies = record(folder)
    made = certificates.make(folder, Router.of(ROUTER.routes).hosts)
    server = Server(served.world, replies, made)
    loop, over = asyncio.get_running_loop(), asyncio.Event()
    listening = await asyncio.start_server(server.serve, "127.0.0.1", 0, backlog=512)
    port = listening.sockets[0].getsockname()[1]
    inside = environment(f"http://127.0.0.1:{port}", made, served.world, folder)
    partial = folder / "environment.partial"
    partial.write_text(json.dumps(inside), encoding="utf-8")
    started, cpu = time.monotonic(), time.process_time()
    partial.replace(folder / "environment.json")
    threading.Thread(target=lambda: (sys.stdin.read(), loop.call_soon_threadsafe(over.set)), daemon=True).start()
    await over.wait()
    said = {
        "requests": server.answered,
        "cpu_seconds": time.process_time() - cpu,
        "seconds": time.monotonic() - started,
        "unknown": sorted(server.unknown),
    }
    (folder / "served.json").write_text(json.dumps(said, indent=1), encoding="utf-8")
    os._exit(0)  # connections of clients may still be open, and are nobody's any more


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1])))
