"""What ARM answers when it refuses.

Shape `{"error": {"code", "message"}}` with nothing else beside it, as in the recorded 404 of a vault (2023). Codes of
the vault and role errors: facts, quoted from live subscriptions; the wording of the other messages is an assumption.
"""

from __future__ import annotations

from datetime import datetime

from helpers.rehearsal.callers import Caller, Stranger
from helpers.rehearsal.wire import Response, WireError


def error(status: int, code: str, message: str, headers: dict[str, str] | None = None) -> WireError:
    """An ARM error reply, to be raised."""
    return WireError(Response(status, {"error": {"code": code, "message": message}}, headers or {}))


def not_signed_in(why: Stranger, tenant_id: str) -> WireError:
    """401 for all but an expired token; the challenge names the tenant. Codes, texts and challenge are assumptions."""
    missing = why is Stranger.MISSING
    code = "AuthenticationFailed" if missing else "InvalidAuthenticationToken"
    message = (
        "Authentication failed. The 'Authorization' header is missing."
        if missing
        else f"The access token is invalid: the request carries {why.value}."
    )
    return _challenged(code, message, tenant_id)


def expired(expiry: datetime, now: datetime, tenant_id: str) -> WireError:
    """401 ExpiredAuthenticationToken: code and text quoted in a public issue, 2023; the challenge is an assumption."""
    message = f"The access token expiry UTC time '{_time(expiry)}' is earlier than current UTC time '{_time(now)}'."
    return _challenged("ExpiredAuthenticationToken", message, tenant_id)


def not_allowed(caller: Caller, action: str, scope: str) -> WireError:
    """403 AuthorizationFailed: names client, object id, action and scope (facts, quoted)."""
    return error(
        403,
        "AuthorizationFailed",
        f"The client '{caller.app_id}' with object id '{caller.object_id}' does not have authorization to perform "
        f"action '{action}' over scope '{scope}' or the scope is invalid. If access was recently granted, please "
        "refresh your credentials.",
    )


def denied(caller: Caller, action: str, scope: str, deny_assignment: str) -> WireError:
    """403 where a deny assignment stands against the request (assumption: code and text from general knowledge)."""
    return error(
        403,
        "DenyAssignmentAuthorizationFailed",
        f"The client '{caller.app_id}' with object id '{caller.object_id}' has permission to perform action "
        f"'{action}' on scope '{scope}'; however, the access is denied because of the deny assignment with Id "
        f"'{deny_assignment.replace('-', '')}'.",
    )


def no_api_version() -> WireError:
    return error(
        400,
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def no_subscription(subscription_id: str) -> WireError:
    return error(404, "SubscriptionNotFound", f"The subscription '{subscription_id}' could not be found.")


def no_resource_group(name: str) -> WireError:
    return error(404, "ResourceGroupNotFound", f"Resource group '{name}' could not be found.")


def no_resource(kind: str, name: str, group: str) -> WireError:
    """404 ResourceNotFound with the header that says the gateway, not the provider, answered (recorded 2023)."""
    return error(
        404,
        "ResourceNotFound",
        f"The Resource '{kind}/{name}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
        {"x-ms-failure-cause": "gateway"},
    )


def not_registered(namespace: str) -> WireError:
    return error(
        409,
        "MissingSubscriptionRegistration",
        f"The subscription is not registered to use namespace '{namespace}'. See https://aka.ms/rps-not-found for how "
        "to register subscriptions.",
    )


def locked(scope: str, verb: str, locks: list[str]) -> WireError:
    """409 ScopeLocked: lists the locked scopes (facts, quoted)."""
    listed = ",".join(f"'{scope}'" for scope in locks)
    return error(
        409,
        "ScopeLocked",
        f"The scope '{scope}' cannot perform {verb} operation because following scope(s) are locked: {listed}. Please "
        "remove the lock and try again.",
    )


def bad_request(message: str, code: str = "BadRequest") -> WireError:
    return error(400, code, message)


def not_simulated(what: str) -> WireError:
    """501: the rehearsal cloud says loudly what it leaves out."""
    return error(501, "NotSimulated", f"The rehearsal cloud does not simulate {what}")


def _challenged(code: str, message: str, tenant_id: str) -> WireError:
    challenge = (
        f'Bearer authorization_uri="https://login.microsoftonline.com/{tenant_id}", '
        f'error="invalid_token", error_description="{message}"'
    )
    return error(401, code, message, {"www-authenticate": challenge})


def _time(time: datetime) -> str:
    """As quoted: `3/19/2023 8:55:46 AM`."""
    return f"{time.month}/{time.day}/{time.year} {time.hour % 12 or 12}:{time:%M:%S} {'AM' if time.hour < 12 else 'PM'}"
