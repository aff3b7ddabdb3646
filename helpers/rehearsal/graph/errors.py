"""Graph's error replies: `error` with code, message, perhaps details, and innerError.

Source: envelope and headers of a 404 recorded 2022; where a code or text is an assumption its function says so.
"""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.callers import Stranger
from helpers.rehearsal.wire import Request, Response, WireError
from helpers.rehearsal.world import World


def headers(request: Request, *, content_type: str = "application/json") -> dict[str, str]:
    """What every Graph reply carries. Source: recorded 2022; the values of the diagnostic are made up."""
    return {
        "cache-control": "no-cache",
        "content-type": content_type,
        "strict-transport-security": "max-age=31536000",
        "vary": "Accept-Encoding",
        "request-id": request.id,
        "client-request-id": client_request_id(request),
        "x-ms-ags-diagnostic": (
            '{"ServerInfo":{"DataCenter":"Rehearsal","Slice":"E","Ring":"5","ScaleUnit":"001","RoleInstance":"R0"}}'
        ),
        "x-ms-resource-unit": "1",
    }


def client_request_id(request: Request) -> str:
    """The id the client gave its request, else the service's own, as in the recorded 404."""
    return request.headers.get("client-request-id") or request.id


def refuse(
    world: World,
    request: Request,
    status: int,
    code: str,
    message: str,
    *,
    details: list[dict[str, str]] | None = None,
    extra: dict[str, str] | None = None,
) -> WireError:
    """The error to raise. `details` is absent, not empty, when there are none."""
    error: dict[str, Any] = {"code": code, "message": message}
    if details:
        error["details"] = details
    error["innerError"] = {
        "date": world.now().strftime("%Y-%m-%dT%H:%M:%S"),
        "request-id": request.id,
        "client-request-id": client_request_id(request),
    }
    return WireError(Response(status, {"error": error}, {**headers(request), **(extra or {})}))


def not_signed_in(world: World, request: Request, stranger: Stranger) -> WireError:
    """401 InvalidAuthenticationToken (assumption: code, texts and challenge from general knowledge)."""
    texts = {
        Stranger.MISSING: "Access token is empty.",
        Stranger.FOREIGN: "Access token validation failure. Invalid signature.",
        Stranger.EXPIRED: "Lifetime validation failed, the token is expired.",
        Stranger.OTHER_AUDIENCE: "Access token validation failure. Invalid audience.",
    }
    challenge = {"www-authenticate": 'Bearer realm="", authorization_uri="https://login.microsoftonline.com/common"'}
    return refuse(world, request, 401, "InvalidAuthenticationToken", texts[stranger], extra=challenge)


def no_privilege(world: World, request: Request) -> WireError:
    """403 Authorization_RequestDenied."""
    text = "Insufficient privileges to complete the operation."
    return refuse(world, request, 403, "Authorization_RequestDenied", text)


def foreign_application(world: World, request: Request) -> WireError:
    """403 when only Application.ReadWrite.OwnedBy stands behind a create. Source: a public issue, 2023."""
    text = (
        "When using this permission, the backing application of the service principal being created must in the "
        "local tenant"
    )
    return refuse(world, request, 403, "Authorization_RequestDenied", text)


def no_policy_privilege(world: World, request: Request) -> WireError:
    """403 for conditional access policies (assumption: the code was not found published)."""
    text = "You cannot perform the requested operation, required scopes are missing in the token."
    return refuse(world, request, 403, "AccessDenied", text)


def not_found(world: World, request: Request, object_id: str) -> WireError:
    """404 Request_ResourceNotFound. Source: recorded 2022."""
    text = f"Resource '{object_id}' does not exist or one of its queried reference-property objects are not present."
    return refuse(world, request, 404, "Request_ResourceNotFound", text)


def already_exists(world: World, request: Request, app_id: str) -> WireError:
    """409: one service principal an application. Source: code and text quoted in public issues; no recorded body."""
    text = (
        "The service principal cannot be created, updated, or restored because the service principal name "
        f"{app_id} is already in use."
    )
    return refuse(world, request, 409, "Request_MultipleObjectsWithSameKeyValue", text)


def no_application(world: World, request: Request, app_id: str) -> WireError:
    """400 whose telling code is in `details`. Source: public clients that read it; the text is an assumption."""
    text = f"The appId '{app_id}' of the service principal does not reference a valid application object."
    details = [{"code": "NoBackingApplicationObject", "message": text, "target": "appId"}]
    return refuse(world, request, 400, "Request_BadRequest", text, details=details)


def bad_request(world: World, request: Request, text: str, *, code: str = "Request_BadRequest") -> WireError:
    """400 (assumption: the texts)."""
    return refuse(world, request, 400, code, text)


def unsupported_query(world: World, request: Request, text: str) -> WireError:
    """400 Request_UnsupportedQuery for what the real Graph may answer and this one does not."""
    return refuse(world, request, 400, "Request_UnsupportedQuery", f"Unsupported Query. {text}")
