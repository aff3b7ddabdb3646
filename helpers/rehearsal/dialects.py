"""How each service words an error and which headers its every reply has, for replies that no handler makes.

The shapes are those of the services' own modules. A vault's 403 and 409 have their telling code inside, under
`innererror`; diagnostic settings answer flat. A code that is not given follows from the status (assumption).
"""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from helpers.rehearsal import log_analytics
from helpers.rehearsal.anthropic import errors as anthropic
from helpers.rehearsal.anthropic.routes import HOST as ANTHROPIC
from helpers.rehearsal.arm.gateway import request_ids
from helpers.rehearsal.entra import errors as entra
from helpers.rehearsal.entra.discovery import HOST as ENTRA
from helpers.rehearsal.graph import errors as graph
from helpers.rehearsal.graph.routes import HOST as GRAPH
from helpers.rehearsal.router import host_matches
from helpers.rehearsal.vault.routes import HOST as VAULTS
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

FLAT = "DiagnosticSettings_"
"""Operations with this prefix answer `{code, message}`."""

_ABOVE_INNER = {403: "Forbidden", 409: "Conflict"}
_ANTHROPIC_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    413: "request_too_large",
    429: "rate_limit_error",
    504: "timeout_error",
    529: "overloaded_error",
}


def headers(request: Request) -> Mapping[str, str]:
    """What every reply of the service asked carries, the request id in its own header among it."""
    if request.host == ENTRA:
        return entra.no_store(request)
    if request.host == GRAPH:
        return graph.headers(request)
    if request.host == ANTHROPIC:
        return anthropic.headers(request)
    if request.host == log_analytics.HOST:
        return log_analytics.headers(request)
    if host_matches(VAULTS, request.host):
        return {"content-type": "application/json; charset=utf-8", "x-ms-request-id": request.id}
    return {"content-type": "application/json; charset=utf-8", **request_ids(request)}


def refusal(world: World, request: Request, operation: str, status: int, code: str, message: str) -> Response:
    """An error of the service asked, in its own shape."""
    if request.host == ANTHROPIC:
        return _anthropic(request, status, code, message)
    code = code or _code(status)
    if request.host == GRAPH:
        return graph.refuse(world, request, status, code, message).response
    if request.host == ENTRA:
        body: object = {"error": code, "error_description": message}
    elif operation.startswith(FLAT):
        body = {"code": code, "message": message}
    elif host_matches(VAULTS, request.host) and code != _ABOVE_INNER.get(status, code):
        body = {"error": {"code": _ABOVE_INNER[status], "message": message, "innererror": {"code": code}}}
    else:
        body = {"error": {"code": code, "message": message}}
    return Response(status, body, headers(request))


def _anthropic(request: Request, status: int, code: str, message: str) -> Response:
    """`code` is the error's type if it is a word of that kind, else the error code among its details."""
    usual = _ANTHROPIC_TYPES.get(status, "api_error" if status >= 500 else "invalid_request_error")
    is_type = code in _ANTHROPIC_TYPES.values() or code == "api_error"
    kind, inner = (code, None) if is_type else (usual, code or None)
    return anthropic.refuse(request, status, kind, message, code=inner).response


def _code(status: int) -> str:
    """`ServiceUnavailable` for 503."""
    try:
        phrase = HTTPStatus(status).phrase
    except ValueError:
        return f"Status{status}"
    return "".join(word.capitalize() for word in phrase.replace("-", " ").split())
