"""Access tokens of the world: shaped like Entra's, signed by the world, worthless elsewhere."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

from helpers.rehearsal.material import base64url, unbase64url
from helpers.rehearsal.state import Identity
from helpers.rehearsal.wire import Request
from helpers.rehearsal.world import World

LIFETIME_SECONDS = 3599
GRAPH = "https://graph.microsoft.com"


def issue(world: World, identity: Identity, audience: str) -> str:
    """A token for one audience (`https://vault.azure.net`), with the claims real app tokens have.

    `roles` holds the application permissions of Microsoft Graph, in its own tokens only; without any there is no such
    claim (assumption: from general knowledge of app-only tokens). What Graph permits is read from the world all the
    same, not from the token.
    """
    issued = int(world.now().timestamp())
    claims: dict[str, Any] = {
        "aud": audience,
        "iss": f"https://sts.windows.net/{world.state.tenant.id}/",
        "iat": issued,
        "nbf": issued,
        "exp": issued + LIFETIME_SECONDS,
        "appid": identity.client_id,
        "appidacr": "1",
        "idtyp": "app",
        "oid": identity.object_id,
        "sub": identity.object_id,
        "tid": world.state.tenant.id,
        "ver": "1.0",
    }
    if audience == GRAPH and identity.graph_permissions:
        claims["roles"] = list(identity.graph_permissions)
    head = base64url(json.dumps({"typ": "JWT", "alg": "HS256", "kid": world.id}).encode())
    body = base64url(json.dumps(claims).encode())
    return f"{head}.{body}.{_sign(world, head, body)}"


def claims(world: World, token: str) -> dict[str, Any] | None:
    """The claims of a token this world issued, expired or not; None for any other token."""
    parts = token.split(".")
    if len(parts) != 3 or not hmac.compare_digest(parts[2], _sign(world, parts[0], parts[1])):
        return None
    found: dict[str, Any] = json.loads(unbase64url(parts[1]))
    return found


def bearer(request: Request) -> str | None:
    """The bearer token a request carries, if it carries one."""
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token else None


def _sign(world: World, head: str, body: str) -> str:
    return base64url(hmac.new(world.token_key, f"{head}.{body}".encode(), hashlib.sha256).digest())
