"""Discovery: where a tenant's endpoints are, and which hosts are the same cloud.

Source: both documents recorded 2022; the version 1 document is an assumption from general knowledge of the service.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from helpers.rehearsal.entra.errors import headers, refuse, unknown_tenant
from helpers.rehearsal.router import Route
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

HOST = "login.microsoftonline.com"
AUTHORITY = f"https://{HOST}"
ANY_TENANT = ("common", "organizations")
_CACHE = "max-age=86400, private"

_CLAIMS = [
    *("sub", "iss", "cloud_instance_name", "cloud_instance_host_name", "cloud_graph_host_name", "msgraph_host", "aud"),
    *("exp", "iat", "auth_time", "acr", "nonce", "preferred_username", "name", "tid", "ver", "at_hash", "c_hash"),
    "email",
]

_CLOUDS = (
    (
        "login.microsoftonline.com",
        "login.windows.net",
        ("login.microsoftonline.com", "login.windows.net", "login.microsoft.com", "sts.windows.net"),
    ),
    (
        "login.partner.microsoftonline.cn",
        "login.partner.microsoftonline.cn",
        ("login.partner.microsoftonline.cn", "login.chinacloudapi.cn"),
    ),
    ("login.microsoftonline.de", "login.microsoftonline.de", ("login.microsoftonline.de",)),
    (
        "login.microsoftonline.us",
        "login.microsoftonline.us",
        ("login.microsoftonline.us", "login.usgovcloudapi.net"),
    ),
    ("login-us.microsoftonline.com", "login-us.microsoftonline.com", ("login-us.microsoftonline.com",)),
)
"""Preferred network, preferred cache and aliases of each cloud, as recorded."""


def openid_configuration(world: World, request: Request, tenant: str) -> Response:
    """GET /{tenant}/v2.0/.well-known/openid-configuration; `common` and `organizations` stand for any tenant."""
    said = _tenant(world, request, tenant)
    version = f"{AUTHORITY}/{said}/oauth2/v2.0"
    # The issuer of a multitenant document names no tenant: the real one has this literal placeholder.
    issuer = f"{AUTHORITY}/{'{tenantid}' if said in ANY_TENANT else said}/v2.0"
    body = {
        "token_endpoint": f"{version}/token",
        **_methods(f"{AUTHORITY}/{said}/discovery/v2.0/keys"),
        "response_types_supported": ["code", "id_token", "code id_token", "id_token token"],
        "scopes_supported": ["openid", "profile", "email", "offline_access"],
        "issuer": issuer,
        "request_uri_parameter_supported": False,
        "userinfo_endpoint": "https://graph.microsoft.com/oidc/userinfo",
        "authorization_endpoint": f"{version}/authorize",
        "device_authorization_endpoint": f"{version}/devicecode",
        "end_session_endpoint": f"{version}/logout",
        "claims_supported": _CLAIMS,
        **_cloud(said),
    }
    return Response(200, body, headers(request, cache=_CACHE))


def openid_configuration_v1(world: World, request: Request, tenant: str) -> Response:
    """GET /{tenant}/.well-known/openid-configuration; the version 1 endpoints it names are not simulated."""
    said = _tenant(world, request, tenant)
    version = f"{AUTHORITY}/{said}/oauth2"
    body = {
        "token_endpoint": f"{version}/token",
        **_methods(f"{AUTHORITY}/common/discovery/keys"),
        "response_types_supported": ["code", "id_token", "code id_token", "token id_token", "token"],
        "scopes_supported": ["openid"],
        "issuer": f"https://sts.windows.net/{'{tenantid}' if said in ANY_TENANT else said}/",
        "authorization_endpoint": f"{version}/authorize",
        "device_authorization_endpoint": f"{version}/devicecode",
        "end_session_endpoint": f"{version}/logout",
        "userinfo_endpoint": f"{AUTHORITY}/{said}/openid/userinfo",
        "claims_supported": _CLAIMS,
        **_cloud(said),
    }
    return Response(200, body, headers(request, cache=_CACHE))


def instance(world: World, request: Request) -> Response:
    """GET /common/discovery/instance; also without an authorization_endpoint, so that no client loses an error text.

    Raises AADSTS50049 for a host of no known cloud (assumption).
    """
    asked = urlsplit(request.query.get("authorization_endpoint") or f"{AUTHORITY}/common/oauth2/authorize")
    if not any(asked.hostname in aliases for *_, aliases in _CLOUDS):
        raise refuse(world, request, "invalid_instance", 50049, "Unknown or invalid instance.")
    tenant = asked.path.strip("/").partition("/")[0] or "common"
    version = "/v2.0" if "/v2.0/" in asked.path else ""
    body = {
        "tenant_discovery_endpoint": f"https://{asked.hostname}/{tenant}{version}/.well-known/openid-configuration",
        "api-version": request.query.get("api-version", "1.1"),
        "metadata": [
            {"preferred_network": network, "preferred_cache": cache, "aliases": list(aliases)}
            for network, cache, aliases in _CLOUDS
        ],
    }
    return Response(200, body, headers(request, cache=_CACHE))


def _tenant(world: World, request: Request, tenant: str) -> str:
    """The tenant as the document writes it. Raises AADSTS90002 for one that is not of this world."""
    said = tenant.lower()
    if said not in (*ANY_TENANT, world.state.tenant.id):
        raise unknown_tenant(world, request, tenant, error="invalid_tenant")
    return said


def _methods(keys: str) -> dict[str, Any]:
    return {
        "token_endpoint_auth_methods_supported": ["client_secret_post", "private_key_jwt", "client_secret_basic"],
        "jwks_uri": keys,
        "response_modes_supported": ["query", "fragment", "form_post"],
        "subject_types_supported": ["pairwise"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }


def _cloud(tenant: str) -> dict[str, Any]:
    return {
        "http_logout_supported": True,
        "frontchannel_logout_supported": True,
        "kerberos_endpoint": f"{AUTHORITY}/{tenant}/kerberos",
        "tenant_region_scope": None if tenant in ANY_TENANT else "WW",
        "cloud_instance_name": "microsoftonline.com",
        "cloud_graph_host_name": "graph.windows.net",
        "msgraph_host": "graph.microsoft.com",
        "rbac_url": "https://pas.windows.net",
    }


_WELL_KNOWN = ".well-known/openid-configuration"

ROUTES = (
    Route("openid-configuration", "GET", HOST, f"/{{tenant}}/v2.0/{_WELL_KNOWN}", openid_configuration),
    Route("openid-configuration v1", "GET", HOST, f"/{{tenant}}/{_WELL_KNOWN}", openid_configuration_v1),
    Route("instance discovery", "GET", HOST, "/common/discovery/instance", instance),
)
