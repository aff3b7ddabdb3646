"""The control interface: what a person or a test asks of the rehearsal itself, beside the cloud it plays.

Only for direct requests that carry the control token. The front checks that they were sent to it by its own name.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from helpers.rehearsal import faults
from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.tokens import bearer
from helpers.rehearsal.wire import Request, Response

Environment = Mapping[str, str | None]


class Control:
    """Answers GET /log, /state, /faults, /held and /environment?as=NAME, POST /reset, /clock, /faults and /release.

    `environment` gives the environment of an identity; it raises KeyError for one the world does not have.
    """

    def __init__(self, cloud: Cloud, token: str, environment: Callable[[str], Environment]) -> None:
        self._cloud = cloud
        self._token = token
        self._environment = environment
        self._table: dict[tuple[str, str], Callable[[Request], Response]] = {
            ("GET", "/log"): self._log,
            ("GET", "/state"): self._state,
            ("GET", "/environment"): self._environment_of,
            ("POST", "/reset"): self._reset,
            ("POST", "/clock"): self._clock,
            ("GET", "/faults"): self._faults,
            ("POST", "/faults"): self._set_faults,
            ("GET", "/held"): self._held,
            ("POST", "/release"): self._release,
        }

    def handle(self, request: Request) -> Response:
        """The reply; 401 without the token, before anything about the rehearsal is told."""
        if not hmac.compare_digest((bearer(request) or "").encode(), self._token.encode()):
            return _problem(401, "the control interface needs Authorization: Bearer and the control token")
        handler = self._table.get((request.method, request.path))
        if handler is None:
            known = ", ".join(" ".join(key) for key in self._table)
            return _problem(404, f"no {request.method} {request.path}; there is {known}")
        return handler(request)

    def _log(self, request: Request) -> Response:
        return Response(200, self._cloud.journal.rows())

    def _state(self, request: Request) -> Response:
        with self._cloud.world.lock:
            snapshot = self._cloud.world.snapshot()
        return Response(200, json.loads(json.dumps(snapshot, sort_keys=True)))

    def _environment_of(self, request: Request) -> Response:
        name = request.query.get("as", "operator")
        try:
            return Response(200, dict(self._environment(name)))
        except KeyError:
            known = ", ".join(self._cloud.world.state.identities)
            return _problem(404, f"nobody in this world is called {name}; there is {known}")

    def _reset(self, request: Request) -> Response:
        self._cloud.reset()
        return Response(200, {"reset": self._cloud.world.id})

    def _clock(self, request: Request) -> Response:
        """Moves world time on, by `advance` seconds or to `now`; never back."""
        try:
            given = request.json()
            with self._cloud.world.lock:
                clock = self._cloud.world.clock
                clock.advance(_seconds(given, clock.now()))
                now = clock.now()
        except (ValueError, OverflowError) as error:
            return _problem(400, str(error))
        return Response(200, {"now": now.isoformat().replace("+00:00", "Z")})

    def _faults(self, request: Request) -> Response:
        with self._cloud.world.lock:
            return Response(200, [fault.model_dump(mode="json") for fault in self._cloud.world.state.faults])

    def _set_faults(self, request: Request) -> Response:
        """Replaces all of them, and counts from the start; until a reset."""
        try:
            given = faults.parsed(json.loads(request.body or b"null"))
            faults.check(given, self._cloud.router)
        except (ValueError, faults.UnknownOperation) as error:
            return _problem(400, str(error))
        with self._cloud.world.lock:
            self._cloud.world.state.faults = given
        return self._faults(request)

    def _held(self, request: Request) -> Response:
        return Response(200, self._cloud.held.rows())

    def _release(self, request: Request) -> Response:
        return Response(200, {"released": self._cloud.held.release()})


def _seconds(given: Mapping[str, Any], now: datetime) -> float:
    """How far to move the clock. Raises ValueError for what does not say so."""
    match given:
        case {"advance": int() | float() as seconds} if len(given) == 1 and not isinstance(seconds, bool):
            return seconds
        case {"now": str() as text} if len(given) == 1:
            then = datetime.fromisoformat(text)
            if then.tzinfo is None:
                raise ValueError("now is a time with its zone, such as 2027-01-01T00:00:00Z")
            return (then - now).total_seconds()
    raise ValueError("either advance, a number of seconds, or now, a time with its zone")


def _problem(status: int, message: str) -> Response:
    body: dict[str, Any] = {"error": {"code": "Control", "message": message}}
    return Response(status, body)
