"""What Anthropic does to see whether it can use a key: read it, look at it, wrap and unwrap with it.

As Anthropic's service principal in the customer's tenant, from each published address, under Key Vault's own rules.
Documented causes of failure: role not propagated, network rules, conditional access, organization tag (troubleshooting
page, 2026-11). The other causes follow from the requirements. The real sentences are not published and the wrap
algorithm is not either: the wording and RSA-OAEP-256 are assumptions.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from helpers.rehearsal.anthropic.responses import Object
from helpers.rehearsal.callers import Caller
from helpers.rehearsal.material import base64url, unbase64url
from helpers.rehearsal.state import ExternalKey
from helpers.rehearsal.vault import perform
from helpers.rehearsal.wire import WireError
from helpers.rehearsal.world import World

APP_ID = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
"""The published multitenant application of Anthropic's customer-managed keys, US (guide, 2026-11)."""

SMALLEST_BITS = 3072
ALGORITHM = "RSA-OAEP-256"
EVERY_PRINCIPAL = "ServicePrincipalsInMyTenant"

_CAUSES = {
    "NoSuchHost": "There is no key vault at this address.",
    "Unauthorized": "The key vault belongs to another tenant than the one given.",
    "ForbiddenByConnection": "Public network access to the key vault is disabled; Anthropic cannot reach it.",
    "ForbiddenByFirewall": "The key vault's firewall does not allow Anthropic's published address range.",
    "ForbiddenByRbac": (
        "Anthropic's service principal has no role on the key that allows this. If the role was assigned within the "
        "last minutes it may not have taken effect yet."
    ),
    "ForbiddenByPolicy": "The key vault uses access policies, and none lets Anthropic's service principal do this.",
    "KeyNotFound": "The key vault has no key of this name.",
    "KeyDisabled": "The key is disabled.",
    "KeyExpired": "The key has expired.",
    "KeyNotYetValid": "The key is not valid yet.",
    "KeyOperationForbidden": "The key does not permit this operation; wrapKey and unwrapKey are needed.",
}
"""Causes by the code Key Vault refuses with."""


class Failed(Exception):
    """Why the key cannot be used: a sentence for a person."""


def failure(world: World, key: ExternalKey) -> str | None:
    """What keeps Anthropic from using the key, in a sentence or two; None when nothing does. Changes nothing."""
    try:
        principal = _principal(world, key)
        addresses = world.state.settings.vendor_addresses
        if not addresses:
            raise Failed("There is no published address to call from.")
        for address in addresses:
            _try(world, key, principal, address)
    except Failed as failed:
        return str(failed)
    return None


def _principal(world: World, key: ExternalKey) -> Caller:
    """Anthropic signed in to the tenant given, with the customer's own application when the key names one."""
    tenant = world.state.tenant.id
    if key.tenant_id.lower() != tenant:
        raise Failed(f"Anthropic could not sign in to tenant {key.tenant_id}: its application was not found there.")
    app_id = (key.client_id or APP_ID).lower()
    for object_id, principal in world.state.service_principals.items():
        if principal.app_id == app_id:
            if not principal.account_enabled:
                raise Failed(f"The service principal of application {app_id} is disabled in tenant {tenant}.")
            _check_conditional_access(world, object_id)
            return Caller(object_id, app_id, tenant)
    raise Failed(f"There is no service principal for application {app_id} in tenant {tenant}.")


def _check_conditional_access(world: World, object_id: str) -> None:
    for policy in world.state.conditional_access.values():
        included = {object_id, EVERY_PRINCIPAL} & set(policy.include_service_principals)
        if policy.state == "enabled" and included and object_id not in policy.exclude_service_principals:
            raise Failed(
                f"The conditional access policy '{policy.display_name}' blocks the sign-in of Anthropic's service "
                "principal."
            )


def _try(world: World, key: ExternalKey, principal: Caller, address: str) -> None:
    def call(operation: str, payload: Mapping[str, Any], version: str | None = None) -> Object:
        host = urlsplit(key.vault_uri).hostname or ""
        try:
            reply = perform(world, host, operation, key.key_name, version, principal, address, payload)
        except WireError as refused:
            raise Failed(_sentence(operation, address, refused.response.body)) from refused
        found: Object = reply.body
        return found

    bundle = call("GetKey", {})
    check_key(world, bundle)
    version = bundle["key"]["kid"].rpartition("/")[2]
    secret = secrets.token_bytes(32)
    wrapped = call("wrapKey", {"alg": ALGORITHM, "value": base64url(secret)}, version)
    unwrapped = call("unwrapKey", {"alg": ALGORITHM, "value": wrapped["value"]}, version)
    if unbase64url(unwrapped["value"]) != secret:
        raise Failed("Unwrapping did not give back what was wrapped.")


def check_key(world: World, bundle: Object) -> None:
    """What the guide asks of the key: its type, its size by the modulus itself, and this organization's tag.

    `bundle` is Key Vault's reply to GetKey. Raises Failed.
    """
    kty = bundle["key"]["kty"]
    if not kty.startswith("RSA"):
        raise Failed(f"The key is of type {kty}; an RSA key is needed.")
    bits = int.from_bytes(unbase64url(bundle["key"]["n"])).bit_length()
    if bits < SMALLEST_BITS:
        raise Failed(f"The RSA key has {bits} bits; at least {SMALLEST_BITS} are needed.")
    tag = f"anthropic-org-{world.state.organization.id}"
    value = (bundle.get("tags") or {}).get(tag)
    if value is None:
        raise Failed(f"The key's current version does not have the tag {tag}.")
    if value != "true":
        raise Failed(f"The tag {tag} of the key's current version must have the value true.")


def _sentence(operation: str, address: str, body: Any) -> str:
    error = body["error"]
    code = error.get("innererror", {}).get("code", error["code"])
    cause = _CAUSES.get(code, f"Key Vault answered {code}.")
    return f"{operation} from {address} failed. {cause}"
