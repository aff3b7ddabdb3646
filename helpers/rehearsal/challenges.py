"""A token that is no longer enough, or no longer good, as the service asked says it.

- `claims`: continuous access evaluation. The token was revoked, so the service asks for one issued after now: it names
  a claim (`nbf`) for the client to ask Entra for. Form of the header: the page on claims challenges of the Microsoft
  identity platform; Key Vault adds it to its own challenge (its SDK reads it there). Assumptions: that all three
  services ask for nbf and say insufficient_claims, and every text but Graph's.
- `expired`: in the words of the service's own module.

The claims are base64url, padded. No byte that could become `-` or `_` is in them, so that clients that read plain
base64 (kiota) and those that read base64url (azure-core) both can.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Literal

from helpers.rehearsal.arm import errors as arm
from helpers.rehearsal.arm.gateway import HOST as ARM
from helpers.rehearsal.arm.gateway import request_ids
from helpers.rehearsal.callers import Stranger
from helpers.rehearsal.graph import errors as graph
from helpers.rehearsal.graph.routes import HOST as GRAPH
from helpers.rehearsal.router import host_matches
from helpers.rehearsal.tokens import bearer
from helpers.rehearsal.vault import errors as vault
from helpers.rehearsal.vault.routes import HOST as VAULTS
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

REVOKED = (
    "Continuous access evaluation resulted in claims challenge with result: InteractionRequired and code: "
    "TokenIssuedBeforeRevocationTimestamp"
)
"""As quoted of Graph in a public issue, 2023."""
_AUTHORIZE = "https://login.microsoftonline.com/common/oauth2/authorize"


def takes_tokens(host: str) -> bool:
    """Whether a service, by its host or the pattern of its hosts, is asked with a token of Entra."""
    return host in (ARM, GRAPH, VAULTS) or host_matches(VAULTS, host)


def can_meet(request: Request) -> bool:
    """Whether a request has a token that can be found wanting."""
    return takes_tokens(request.host) and bearer(request) is not None


def reply(world: World, request: Request, kind: Literal["claims", "expired"]) -> Response:
    """The 401 of the service asked, which is one that takes tokens."""
    if kind == "expired":
        return _expired(world, request)
    return _claims(world, request)


def _expired(world: World, request: Request) -> Response:
    if request.host == GRAPH:
        return graph.not_signed_in(world, request, Stranger.EXPIRED).response
    if request.host == ARM:
        now = world.now()
        refusal = arm.expired(now - timedelta(seconds=11), now, world.state.tenant.id)
        return _with(refusal.response, request_ids(request))
    refusal = vault.not_signed_in(_tenant(world, request), Stranger.EXPIRED)
    return _with(refusal.response, _vault_headers(request))


def _claims(world: World, request: Request) -> Response:
    directive = f'error="insufficient_claims", claims="{_revocation(world)}"'
    if request.host == GRAPH:
        challenge = {"www-authenticate": f'Bearer realm="", authorization_uri="{_AUTHORIZE}", {directive}'}
        return graph.refuse(world, request, 401, "InvalidAuthenticationToken", REVOKED, extra=challenge).response
    if request.host == ARM:
        where = f"https://login.microsoftonline.com/{world.state.tenant.id}"
        challenge = {"www-authenticate": f'Bearer authorization_uri="{where}", {directive}'}
        refusal = arm.error(401, "InvalidAuthenticationToken", REVOKED, challenge)
        return _with(refusal.response, request_ids(request))
    refusal = vault.unauthorized(_tenant(world, request), REVOKED, f", {directive}")
    return _with(refusal.response, _vault_headers(request))


def _revocation(world: World) -> str:
    """The claims to ask for: a token that is not of before now. As in the example of Key Vault's SDK."""
    wanted = {"access_token": {"nbf": {"essential": True, "value": str(int(world.now().timestamp()))}}}
    return base64.urlsafe_b64encode(json.dumps(wanted, separators=(",", ":")).encode()).decode()


def _tenant(world: World, request: Request) -> str:
    """The tenant of the vault asked; of the world where there is no such vault."""
    label = request.host.partition(".")[0]
    found = next((held for name, held in world.state.vaults.items() if name.lower() == label), None)
    return world.state.tenant.id if found is None else found.tenant_id


def _vault_headers(request: Request) -> dict[str, str]:
    return {"content-type": "application/json; charset=utf-8", "x-ms-request-id": request.id}


def _with(response: Response, headers: Mapping[str, str]) -> Response:
    return Response(response.status, response.body, {**headers, **response.headers})
