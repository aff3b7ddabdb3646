"""A cloud that misbehaves on order, for the tests: what a request meets, before or after it is carried out."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.router import Route, Router
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World


@dataclass(frozen=True)
class Raw(Response):
    """A reply whose body is these bytes, JSON or not."""

    raw: bytes = b""

    def encoded(self) -> bytes:
        return self.raw


@dataclass(frozen=True)
class Dropped(Response):
    """No reply: the connection breaks when it would be written."""

    def encoded(self) -> bytes:
        raise ConnectionResetError("dropped on order")


Meets = Callable[[Request, Response | None], Response]
"""The reply sent, from the request and the reply of the handler (None where it did not run)."""


@dataclass
class Fault:
    """What the first `times` requests of an operation meet, after `skip` good ones."""

    operation: str
    meets: Meets
    carried_out: bool
    skip: int = 0
    times: int = 1_000_000
    met: int = field(default=0, init=False)

    def applies(self) -> bool:
        """Whether this request meets it; counts."""
        self.met += 1
        return self.skip < self.met <= self.skip + self.times


class FaultyCloud(Cloud):
    """The rehearsal cloud with faults; it keeps what was sent, so that tests can look for secrets."""

    def __init__(self, world: World, router: Router) -> None:
        super().__init__(world, router)
        self.requests: list[Request] = []
        self._faults: list[Fault] = []
        self._guard = threading.Lock()

    def before(self, operation: str, meets: Meets, *, skip: int = 0, times: int = 1_000_000) -> None:
        """Answer without carrying the request out."""
        self._faults.append(Fault(operation, meets, carried_out=False, skip=skip, times=times))

    def after(self, operation: str, meets: Meets, *, skip: int = 0, times: int = 1_000_000) -> None:
        """Carry the request out and answer something else."""
        self._faults.append(Fault(operation, meets, carried_out=True, skip=skip, times=times))

    def mend(self) -> None:
        """No faults, nothing kept, an empty journal."""
        self._faults.clear()
        self.requests.clear()
        self.journal.clear()

    def asked(self, operation: str) -> int:
        """How many requests of an operation came."""
        return sum(row["operation"] == operation for row in self.journal.rows())

    def wrote(self) -> list[str]:
        """The operations that changed the world, in order."""
        return [row["operation"] for row in self.journal.rows() if row["wrote"]]

    def tokens(self) -> set[str]:
        """Every credential seen in a header."""
        sent = [request.headers.get(name, "") for request in self.requests for name in ("authorization", "x-api-key")]
        return {text.split(" ")[-1] for text in sent if text}

    def _reply(self, request: Request, found: tuple[Route, dict[str, str]] | None) -> Response:
        self.requests.append(request)
        fault = self._due(found[0].operation if found else "not simulated")
        if fault is None:
            return super()._reply(request, found)
        return fault.meets(request, super()._reply(request, found) if fault.carried_out else None)

    def _due(self, operation: str) -> Fault | None:
        with self._guard:
            due = [fault for fault in self._faults if fault.operation == operation and fault.applies()]
        return due[0] if due else None


def status(number: int, code: str = "Broken", message: str = "broken on order") -> Meets:
    """An error reply in the form of the service that was asked."""

    def meets(request: Request, _: Response | None) -> Response:
        if request.host == "api.anthropic.com":
            error = {"type": code, "message": message}
            return Response(number, {"type": "error", "error": error, "request_id": _id(request)}, _headers(request))
        return Response(number, {"error": {"code": code, "message": message}}, _headers(request))

    return meets


def dropped(request: Request, _: Response | None) -> Response:
    """The connection breaks."""
    return Dropped(200, {})


def text(raw: str, number: int = 200) -> Meets:
    """A body that is not what it should be."""
    return lambda request, _: Raw(number, {}, _headers(request), raw=raw.encode())


def page(request: Request, _: Response | None) -> Response:
    """A page of HTML that says 200, as a proxy sends it."""
    return Raw(200, {}, {**_headers(request), "content-type": "text/html; charset=utf-8"}, raw=b"<html>Sign in</html>")


def changed(change: Callable[[Any], Any]) -> Meets:
    """The handler's own reply with its JSON body changed."""

    def meets(_: Request, reply: Response | None) -> Response:
        assert reply is not None
        return Response(reply.status, change(reply.body), reply.headers)

    return meets


def marked(mark: str) -> Meets:
    """The handler's own reply under another mark."""

    def meets(_: Request, reply: Response | None) -> Response:
        assert reply is not None
        return Response(reply.status, reply.body, {**reply.headers, "x-rehearsal": mark})

    return meets


def _headers(request: Request) -> Mapping[str, str]:
    return {"x-ms-request-id": _id(request), "request-id": _id(request)}


def _id(request: Request) -> str:
    return f"fault-{request.id}"
