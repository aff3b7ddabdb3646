"""The Admin API's error replies.

Source: the envelope, error types and error codes of the API reference, 2026-11. Which status answers a refused attach,
delete or update is not published: 400 invalid_request_error is an assumption throughout, and so are all texts.
"""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.wire import Request, Response, WireError


def request_id(request: Request) -> str:
    """The id in the form this service writes it."""
    return f"req_{request.id.replace('-', '')}"


def headers(request: Request) -> dict[str, str]:
    """What every reply carries."""
    return {"content-type": "application/json", "request-id": request_id(request)}


def refuse(request: Request, status: int, kind: str, message: str, *, code: str | None = None) -> WireError:
    """The error to raise; `details` is there only when there is an error code."""
    error: dict[str, Any] = {"type": kind, "message": message}
    if code is not None:
        error["details"] = {"error_code": code}
    body = {"type": "error", "error": error, "request_id": request_id(request)}
    return WireError(Response(status, body, headers(request)))


def invalid(request: Request, message: str, *, code: str | None = None) -> WireError:
    """400 invalid_request_error."""
    return refuse(request, 400, "invalid_request_error", message, code=code)


def not_found(request: Request, kind: str, object_id: str) -> WireError:
    """404 not_found_error for an id in the path."""
    return refuse(request, 404, "not_found_error", f"{kind} {object_id} was not found")


def not_signed_in(request: Request, message: str) -> WireError:
    """401 authentication_error."""
    return refuse(request, 401, "authentication_error", message)


def not_enabled(request: Request) -> WireError:
    """403 permission_error: customer-managed keys are switched on by Anthropic (assumption: status and type)."""
    message = "Customer-managed encryption keys are not enabled for this organization"
    return refuse(request, 403, "permission_error", message)


def not_simulated(request: Request, what: str) -> WireError:
    """501 for something the real service answers and this one does not."""
    error = {"type": "NotSimulated", "message": f"The rehearsal cloud does not simulate {what}"}
    body = {"type": "error", "error": error, "request_id": request_id(request)}
    # The SDK would send a 501 again and again without this.
    return WireError(Response(501, body, {**headers(request), "x-should-retry": "false"}))
