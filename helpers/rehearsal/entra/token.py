"""Tokens for client credentials: who asks, with which secret, for which resource.

Rule: tenant, grant, parameters, application, secret and scope are looked at in this order (assumption); the claims
parameter (CAE, capability CP1) is accepted and changes nothing, though the log names what it asks for. Source: the
request measured with MSAL 1.39, 2026-11; the reply recorded 2022.
"""

from __future__ import annotations

import hmac
import json
import re
from urllib.parse import parse_qs

from helpers.rehearsal.entra.discovery import ANY_TENANT, HOST
from helpers.rehearsal.entra.errors import missing_parameter, no_store, refuse, unknown_tenant
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import Identity
from helpers.rehearsal.tokens import LIFETIME_SECONDS, issue
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

AUDIENCES = {
    "https://management.azure.com": "https://management.azure.com",
    "https://management.core.windows.net": "https://management.azure.com",
    "https://vault.azure.net": "https://vault.azure.net",
    "https://graph.microsoft.com": "https://graph.microsoft.com",
    "https://api.loganalytics.io": "https://api.loganalytics.io",
}
"""Resources a token can be asked for, and the audience it gets: Azure Resource Manager has two names for one thing."""

OPERATION = "token"
_DEFAULT = "/.default"


def token(world: World, request: Request, tenant: str) -> Response:
    """POST /{tenant}/oauth2/v2.0/token. Raises the AADSTS error that fits what is wrong; no secret is repeated."""
    _check_tenant(world, request, tenant)
    form = _form(request)
    _check_grant(world, request, form)
    identity = _identity(world, request, form)
    audience = _audience(world, request, form)
    body = {
        "token_type": "Bearer",
        "expires_in": LIFETIME_SECONDS,
        "ext_expires_in": LIFETIME_SECONDS,
        "access_token": issue(world, identity, audience),
    }
    return Response(200, body, no_store(request))


def claims_asked_for(request: Request) -> tuple[str, ...]:
    """The names of the claims that a token request wants in its token, sorted; `xms_cc` says what the client can do.

    After a claims challenge there is more: what the challenge asked for. Source: measured with MSAL 1.39.
    """
    try:
        wanted = json.loads(_form(request).get("claims", "{}"))["access_token"]
    except (KeyError, ValueError, TypeError):
        return ()
    if not isinstance(wanted, dict):
        return ()
    return tuple(sorted(name for name in wanted if re.fullmatch(r"\w{1,32}", name)))


def _check_tenant(world: World, request: Request, tenant: str) -> None:
    if tenant.lower() in ANY_TENANT:
        text = "No tenant-identifying information found in either the request or implied by any provided credentials."
        raise refuse(world, request, "invalid_request", 50059, text)
    if tenant.lower() != world.state.tenant.id:
        raise unknown_tenant(world, request, tenant)


def _form(request: Request) -> dict[str, str]:
    fields = parse_qs(request.body.decode("utf-8", errors="replace"))
    return {name: values[0] for name, values in fields.items()}


def _check_grant(world: World, request: Request, form: dict[str, str]) -> None:
    if "grant_type" not in form:
        raise missing_parameter(world, request, "grant_type")
    if form["grant_type"] != "client_credentials":
        text = f"The app requested an unsupported grant type '{form['grant_type']}'."
        raise refuse(world, request, "unsupported_grant_type", 70003, text)


def _identity(world: World, request: Request, form: dict[str, str]) -> Identity:
    if "client_id" not in form:
        raise missing_parameter(world, request, "client_id")
    asked = form["client_id"]
    found = next((i for i in world.state.identities.values() if i.client_id.lower() == asked.lower()), None)
    if found is None:
        text = (
            f"Application with identifier '{asked}' was not found in the directory "
            f"'{world.state.tenant.display_name}'. This can happen if the application has not been installed by the "
            "administrator of the tenant or consented to by any user in the tenant. You may have sent your "
            "authentication request to the wrong tenant."
        )
        raise refuse(world, request, "unauthorized_client", 700016, text)
    if "client_secret" not in form:
        text = "The request body must contain the following parameter: 'client_assertion' or 'client_secret'."
        raise refuse(world, request, "invalid_client", 7000218, text, status=401)
    if not hmac.compare_digest(form["client_secret"].encode(), found.client_secret.encode()):
        text = (
            "Invalid client secret provided. Ensure the secret being sent in the request is the client secret value, "
            f"not the client secret ID, for a secret added to app '{found.client_id}'."
        )
        raise refuse(world, request, "invalid_client", 7000215, text, status=401)
    return found


def _audience(world: World, request: Request, form: dict[str, str]) -> str:
    if "scope" not in form:
        raise missing_parameter(world, request, "scope")
    scope = form["scope"].strip()
    if not scope.endswith(_DEFAULT) or " " in scope:
        text = (
            f"The provided value for scope {scope} is not valid. Client credential flows must have a scope value "
            "with /.default suffixed to the resource identifier (application ID URI)."
        )
        raise refuse(world, request, "invalid_scope", 1002012, text)
    resource = scope.removesuffix(_DEFAULT).rstrip("/")
    if resource not in AUDIENCES:
        text = (
            f"The resource principal named {resource} was not found in the tenant named "
            f"{world.state.tenant.display_name}. This can happen if the application has not been installed by the "
            "administrator of the tenant or consented to by any user in the tenant. You might have sent your "
            "authentication request to the wrong tenant."
        )
        raise refuse(world, request, "invalid_resource", 500011, text)
    return AUDIENCES[resource]


ROUTES = (Route(OPERATION, "POST", HOST, "/{tenant}/oauth2/v2.0/token", token),)
