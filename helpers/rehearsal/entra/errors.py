"""Entra's error replies: an OAuth error with its AADSTS number and text.

Source: the envelope and 401 for a bad secret as quoted in public issues; the other statuses and most texts are
assumptions from general knowledge of the service.
"""

from __future__ import annotations

import re
from datetime import UTC

from helpers.rehearsal.wire import Request, Response, WireError
from helpers.rehearsal.world import World

_GUID = re.compile(r"[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def headers(request: Request, *, cache: str) -> dict[str, str]:
    """What every Entra reply carries. Source: recorded 2022."""
    return {
        "cache-control": cache,
        "content-type": "application/json; charset=utf-8",
        "strict-transport-security": "max-age=31536000; includeSubDomains",
        "x-content-type-options": "nosniff",
        "x-ms-request-id": request.id,
    }


def no_store(request: Request) -> dict[str, str]:
    """Headers of a reply that nobody may keep: tokens and errors."""
    return {**headers(request, cache="no-store, no-cache"), "expires": "-1", "pragma": "no-cache"}


def refuse(world: World, request: Request, error: str, number: int, text: str, *, status: int = 400) -> WireError:
    """The error to raise: OAuth's `error`, the AADSTS number, and its text without the identifiers that follow it."""
    given = request.headers.get("client-request-id", "")
    correlation = given if _GUID.fullmatch(given) else request.id
    time = world.now().astimezone(UTC).strftime("%Y-%m-%d %H:%M:%SZ")
    trail = f"Trace ID: {request.id} Correlation ID: {correlation} Timestamp: {time}"
    body = {
        "error": error,
        "error_description": f"AADSTS{number}: {text} {trail}",
        "error_codes": [number],
        "timestamp": time,
        "trace_id": request.id,
        "correlation_id": correlation,
        "error_uri": f"https://login.microsoftonline.com/error?code={number}",
    }
    return WireError(Response(status, body, no_store(request)))


def unknown_tenant(world: World, request: Request, tenant: str, *, error: str = "invalid_request") -> WireError:
    """AADSTS90002; discovery calls it invalid_tenant, the token endpoint invalid_request (assumption)."""
    text = (
        f"Tenant '{tenant}' not found. Check to make sure you have the correct tenant ID and are signing into the "
        "correct cloud. Check with your subscription administrator, this may happen if there are no active "
        "subscriptions for the tenant."
    )
    return refuse(world, request, error, 90002, text)


def missing_parameter(world: World, request: Request, name: str) -> WireError:
    """AADSTS900144."""
    text = f"The request body must contain the following parameter: '{name}'."
    return refuse(world, request, "invalid_request", 900144, text)
