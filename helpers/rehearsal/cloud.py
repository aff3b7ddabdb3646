"""The cloud behind the front: finds the route, holds the world's lock, lets faults happen, stamps and logs replies."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from email.utils import format_datetime
from functools import partial

from helpers.rehearsal import faults
from helpers.rehearsal.entra.token import OPERATION as TOKEN
from helpers.rehearsal.entra.token import claims_asked_for
from helpers.rehearsal.held import Held
from helpers.rehearsal.journal import Entry, Journal
from helpers.rehearsal.router import NOT_SIMULATED, Route, Router
from helpers.rehearsal.state import Fault
from helpers.rehearsal.wire import Request, Response, WireError
from helpers.rehearsal.world import World

MARK = "x-rehearsal"
"""On every reply: the world's id. No real service sends it."""


class Cloud:
    """One world behind one router. `handle` is safe to call from many threads."""

    def __init__(self, world: World, router: Router) -> None:
        self.world = world
        self.router = router
        self.journal = Journal()
        self.held = Held()
        self._closed = threading.Event()

    def close(self) -> None:
        """No reply is held back any longer, and no request is parked."""
        self._closed.set()
        self.held.close()

    def closes_within(self, seconds: float) -> bool:
        """Waits so long, or until the cloud is closed; whether it is."""
        return self._closed.wait(seconds)

    def reset(self) -> None:
        """Back to the world file, with an empty log and nothing parked."""
        with self.world.lock:
            self.world.reset()
            self.journal.clear()
            self.held.release()

    def handle(self, request: Request) -> Response:
        """The reply to a request; it is in the journal before it is returned, and before a fault holds it up."""
        with self.world.lock:
            found = self.router.find(request)
            operation = NOT_SIMULATED if found is None else found[0].operation
            before = self.world.fingerprint() if request.method != "GET" else ""
            fault = faults.due(self.world, request, operation)
            if fault is None:
                response = self._reply(request, found)
            else:
                response = faults.reply(fault, self.world, request, operation, lambda: self._reply(request, found))
            wrote = bool(before) and self.world.fingerprint() != before
            time = self.world.now()
            self.journal.add(self._entry(request, operation, response.status, time, wrote))
            wait = self._wait(fault, request, operation, time)
        wait()  # without the lock, so that others are answered meanwhile
        stamped = {"date": format_datetime(time, usegmt=True), MARK: self.world.id, **response.headers}
        return replace(response, headers=stamped)

    def _wait(self, fault: Fault | None, request: Request, operation: str, time: datetime) -> Callable[[], object]:
        """What is to be waited for before a reply; a request that is to be held is parked already."""
        if fault is not None and fault.hold:
            return self.held.park(operation, request, carried_out=fault.carried_out, since=time).wait
        if fault is not None and fault.delay_seconds:
            return partial(self._closed.wait, fault.delay_seconds)
        return lambda: None

    @staticmethod
    def _entry(request: Request, operation: str, status: int, time: datetime, wrote: bool) -> Entry:
        claims = claims_asked_for(request) if operation == TOKEN else ()
        return Entry(time, request.method, request.host, request.path, operation, status, request.id, wrote, claims)

    def _reply(self, request: Request, found: tuple[Route, dict[str, str]] | None) -> Response:
        if found is None:
            message = f"The rehearsal cloud does not simulate {request.method} https://{request.host}{request.path}"
            return Response(501, {"error": {"code": "NotSimulated", "message": message}})
        route, parameters = found
        try:
            return route.handler(self.world, request, **parameters)
        except WireError as error:
            return error.response
