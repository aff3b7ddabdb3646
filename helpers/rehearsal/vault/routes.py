"""Key Vault over HTTP: which request is which operation, and who is asking.

A version may be left out (`/keys/{name}/`), and an empty one leaves two slashes (`/keys/{name}//wrapkey`): both mean
the newest version. Source: requests of azure-keyvault-keys 4.11, measured 2026-11.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from helpers.rehearsal.callers import Caller, caller
from helpers.rehearsal.router import Handler, Route
from helpers.rehearsal.vault import errors, gate, responses
from helpers.rehearsal.vault.gate import Site
from helpers.rehearsal.vault.operations import perform
from helpers.rehearsal.wire import Request, Response, WireError
from helpers.rehearsal.world import World

HOST = "*.vault.azure.net"

_PATHS = (
    # The fixed words come before GetKey, whose version could be any of them.
    ("CreateKey", "POST", "/keys/{name}/create"),
    ("RotateKey", "POST", "/keys/{name}/rotate"),
    ("GetKeyVersions", "GET", "/keys/{name}/versions"),
    ("GetKeyRotationPolicy", "GET", "/keys/{name}/rotationpolicy"),
    ("UpdateKeyRotationPolicy", "PUT", "/keys/{name}/rotationpolicy"),
    ("wrapKey", "POST", "/keys/{name}{version*}/wrapkey"),
    ("unwrapKey", "POST", "/keys/{name}{version*}/unwrapkey"),
    ("encrypt", "POST", "/keys/{name}{version*}/encrypt"),
    ("decrypt", "POST", "/keys/{name}{version*}/decrypt"),
    ("sign", "POST", "/keys/{name}{version*}/sign"),
    ("verify", "POST", "/keys/{name}{version*}/verify"),
    ("GetKeys", "GET", "/keys"),
    ("GetKey", "GET", "/keys/{name}{version*}"),
    ("UpdateKey", "PATCH", "/keys/{name}{version*}"),
    ("DeleteKey", "DELETE", "/keys/{name}"),
    ("GetDeletedKeys", "GET", "/deletedkeys"),
    ("GetDeletedKey", "GET", "/deletedkeys/{name}"),
    ("RecoverDeletedKey", "POST", "/deletedkeys/{name}/recover"),
    ("PurgeDeletedKey", "DELETE", "/deletedkeys/{name}"),
)
_PAGED = ("GetKeys", "GetKeyVersions", "GetDeletedKeys")


def _handler(operation: str) -> Handler:
    def handle(world: World, request: Request, name: str = "", version: str = "") -> Response:
        address = world.state.settings.operator_address
        try:
            at = gate.site(world, request.host)
        except WireError as error:
            return replace(error.response, headers={"x-ms-request-id": request.id})
        try:
            who = _signed_in(world, request, at)
            payload = request.query if operation in _PAGED else _body(request)
            reply = perform(world, request.host, operation, name, _version(request, version), who, address, payload)
        except WireError as error:
            reply = error.response
        return replace(reply, headers={**responses.headers(at, request, address), **reply.headers})

    return handle


def _signed_in(world: World, request: Request, at: Site) -> Caller:
    """Who sent the token. Raises 401 with the challenge."""
    who = caller(world, request, errors.AUDIENCE)
    if isinstance(who, Caller):
        return who
    raise errors.not_signed_in(at.vault.tenant_id, who)


def _body(request: Request) -> Mapping[str, Any]:
    try:
        return request.json()
    except ValueError:
        raise errors.bad_parameter("The request body is not a JSON object") from None


def _version(request: Request, text: str) -> str | None:
    """The version out of `/abc`, `/` or nothing."""
    version = text.strip("/")
    if "/" in version:
        raise errors.not_simulated(f"{request.method} https://{request.host}{request.path}")
    return version or None


ROUTES: tuple[Route, ...] = tuple(Route(name, method, HOST, path, _handler(name)) for name, method, path in _PATHS)
