"""The cloud behind the front: finds the route, holds the world's lock, stamps and logs every reply."""

from __future__ import annotations

from dataclasses import replace
from email.utils import format_datetime

from helpers.rehearsal.journal import Entry, Journal
from helpers.rehearsal.router import Route, Router
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

    def handle(self, request: Request) -> Response:
        """The reply to a request; it is in the journal before it is returned."""
        with self.world.lock:
            found = self.router.find(request)
            operation = "not simulated" if found is None else found[0].operation
            before = self.world.fingerprint() if request.method != "GET" else ""
            response = self._reply(request, found)
            wrote = bool(before) and self.world.fingerprint() != before
            time = self.world.now()
            self.journal.add(
                Entry(
                    time,
                    request.method,
                    request.host,
                    request.path,
                    operation,
                    response.status,
                    request.id,
                    wrote,
                )
            )
        stamped = {"date": format_datetime(time, usegmt=True), MARK: self.world.id, **response.headers}
        return replace(response, headers=stamped)

    def _reply(self, request: Request, found: tuple[Route, dict[str, str]] | None) -> Response:
        if found is None:
            message = f"The rehearsal cloud does not simulate {request.method} https://{request.host}{request.path}"
            return Response(501, {"error": {"code": "NotSimulated", "message": message}})
        route, parameters = found
        try:
            return route.handler(self.world, request, **parameters)
        except WireError as error:
            return error.response
