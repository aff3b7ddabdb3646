"""What Key Vault answers when it refuses, in its own words.

Sources: replies recorded 2019 to 2023 (KeyNotFound, ForbiddenByPolicy, AKV10000), bodies quoted in public issues
(ForbiddenByRbac, ForbiddenByFirewall, ForbiddenByConnection, ObjectIsDeletedButRecoverable, KeyTypeNotSupported,
KeyDisabled, refused purge). COVERAGE.md says which status or wording is an assumption.
"""

from __future__ import annotations

from collections.abc import Mapping

from helpers.rehearsal.callers import Stranger
from helpers.rehearsal.wire import Response, WireError

AUDIENCE = "https://vault.azure.net"
"""For which a token must have been issued."""


def error(
    status: int, code: str, message: str, inner: str | None = None, headers: Mapping[str, str] | None = None
) -> WireError:
    """Any refusal; `inner` becomes `innererror.code`. Lines of a message end in CR LF."""
    body: dict[str, object] = {"code": code, "message": message}
    if inner is not None:
        body["innererror"] = {"code": inner}
    return WireError(Response(status, {"error": body}, headers or {}))


def no_such_host(host: str) -> WireError:
    """A vault that does not exist has no DNS name: a real client reaches nothing. Assumption: 502 stands for that."""
    return error(502, "NoSuchHost", f"No such host: {host} does not resolve, as there is no vault of that name")


def not_simulated(what: str) -> WireError:
    """Key Vault would do this; the rehearsal does not."""
    return error(501, "NotSimulated", f"The rehearsal cloud does not simulate {what}")


def unauthorized(tenant_id: str, message: str, more: str = "") -> WireError:
    """401 with the challenge that tells a client where to get a token, and perhaps more of it."""
    authority = f"https://login.microsoftonline.com/{tenant_id}"
    challenge = f'Bearer authorization="{authority}", resource="{AUDIENCE}"{more}'
    return error(401, "Unauthorized", message, headers={"www-authenticate": challenge})


def not_signed_in(tenant_id: str, why: Stranger) -> WireError:
    """401 for a token of nobody. Assumption: the wordings for a foreign token and another audience.

    The others are quoted in public issues, of 2023 (missing) and 2022 (expired).
    """
    messages = {
        Stranger.MISSING: "AKV10000: Request is missing a Bearer or PoP token.",
        Stranger.FOREIGN: f"AKV10032: Invalid issuer. Expected one of https://sts.windows.net/{tenant_id}/, "
        "found another.",
        Stranger.EXPIRED: "[TokenExpired] Error validating token: 'S2S12086'.",
        Stranger.OTHER_AUDIENCE: f"AKV10022: Invalid audience. Expected {AUDIENCE}, found another.",
    }
    return unauthorized(tenant_id, messages[why])


def forbidden(inner: str | None, *lines: str) -> WireError:
    return error(403, "Forbidden", "\r\n".join(lines), inner)


def bad_parameter(message: str, inner: str | None = None) -> WireError:
    return error(400, "BadParameter", message, inner)


def key_not_found(name: str) -> WireError:
    return error(404, "KeyNotFound", f"Key not found: {name}")


def deleted_key_not_found(name: str) -> WireError:
    return error(404, "KeyNotFound", f"Deleted Key not found: {name}")


def is_deleted(name: str) -> WireError:
    message = (
        f"Key {name} is currently in a deleted but recoverable state, and its name cannot be reused; "
        "in this state, the key can only be recovered or purged."
    )
    return error(409, "Conflict", message, "ObjectIsDeletedButRecoverable")


def is_being_deleted(name: str) -> WireError:
    """Assumption: the inner code; the status and the advice to try later are what a client library expects."""
    return error(409, "Conflict", f"Key {name} is currently being deleted. Please retry later.", "ObjectIsBeingDeleted")


def is_being_recovered(name: str) -> WireError:
    return error(
        409, "Conflict", f"Key {name} is currently being recovered. Please retry later.", "ObjectIsBeingRecovered"
    )
