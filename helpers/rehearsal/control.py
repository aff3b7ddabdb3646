"""The control interface: what a person or a test asks of the rehearsal itself, beside the cloud it plays.

Only for direct requests that carry the control token. The front checks that they were sent to it by its own name.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from typing import Any

from helpers.rehearsal.cloud import Cloud
from helpers.rehearsal.tokens import bearer
from helpers.rehearsal.wire import Request, Response

Environment = Mapping[str, str | None]


class Control:
    """Answers GET /log, /state and /environment?as=NAME, POST /reset and /clock.

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
        with self._cloud.world.lock:
            self._cloud.world.reset()
            self._cloud.journal.clear()
        return Response(200, {"reset": self._cloud.world.id})

    def _clock(self, request: Request) -> Response:
        try:
            advance = request.json().get("advance")
            if isinstance(advance, bool) or not isinstance(advance, int | float):
                raise ValueError("advance is a number of seconds")
            with self._cloud.world.lock:
                self._cloud.world.clock.advance(advance)
                now = self._cloud.world.now()
        except (ValueError, OverflowError) as error:
            return _problem(400, str(error))
        return Response(200, {"now": now.isoformat().replace("+00:00", "Z")})


def _problem(status: int, message: str) -> Response:
    body: dict[str, Any] = {"error": {"code": "Control", "message": message}}
    return Response(status, body)
