"""Vaults on the control plane: read, list, and the few changes a PATCH may make. PUT and DELETE are not simulated."""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from helpers.rehearsal.arm import errors
from helpers.rehearsal.arm.filters import clauses, page
from helpers.rehearsal.arm.gateway import HOST, Call, arm
from helpers.rehearsal.arm.resources import NAMESPACE, VAULT_TYPE, find_group, find_vault, group_id, vault_id
from helpers.rehearsal.arm.responses import vault_body, vault_row
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import NetworkAcls, Vault
from helpers.rehearsal.wire import Response

READ, WRITE = f"{VAULT_TYPE}/read", f"{VAULT_TYPE}/write"
CHANGEABLE = {"enablePurgeProtection", "publicNetworkAccess", "networkAcls", "softDeleteRetentionInDays"}


def get_vault(call: Call, subscription_id: str, group: str, name: str) -> Response:
    _require(call, READ, subscription_id, group, name)
    return Response(200, vault_body(call.world, *find_vault(call, subscription_id, group, name)))


def list_in_group(call: Call, subscription_id: str, group: str) -> Response:
    scope = group_id(subscription_id, group)
    call.require(READ, scope)
    call.require_provider(NAMESPACE, scope)
    own, _ = find_group(call, subscription_id, group)
    return _page(call, {n: v for n, v in _of(call, subscription_id).items() if v.resource_group.lower() == own.lower()})


def list_in_subscription(call: Call, subscription_id: str) -> Response:
    scope = f"/subscriptions/{subscription_id}"
    call.require(READ, scope)
    call.require_provider(NAMESPACE, scope)
    return _page(call, _of(call, subscription_id))


def list_resources(call: Call, subscription_id: str) -> Response:
    """The generic resource list: only what the caller may read, without properties, no 403 (the last: assumption)."""
    call.subscription(f"/subscriptions/{subscription_id}")
    wanted = clauses(call.request, {"resourcetype", "name"})
    rows = {
        name: vault_row(name, vault)
        for name, vault in _of(call, subscription_id).items()
        if call.may(READ, vault_id(name, vault))
        and all(c.value == {"resourcetype": VAULT_TYPE, "name": name}[c.name].lower() for c in wanted)
    }
    return page(call.request, rows, ends_empty=False)


def update_vault(call: Call, subscription_id: str, group: str, name: str) -> Response:
    """PATCH answers 200 with the whole vault (recorded 2021)."""
    scope = _require(call, WRITE, subscription_id, group, name)
    name, vault = find_vault(call, subscription_id, group, name)
    call.require_unlocked(scope, "write")
    call.world.state.vaults[name] = _changed(vault, call.body(), call.properties())
    return Response(200, vault_body(call.world, name, call.world.state.vaults[name]))


def list_deleted(call: Call, subscription_id: str) -> Response:
    """No vault of this world was ever deleted."""
    call.require("Microsoft.KeyVault/deletedVaults/read", f"/subscriptions/{subscription_id}")
    return Response(200, {"value": []})


def get_deleted(call: Call, subscription_id: str, location: str, name: str) -> Response:
    """No vault of this world was ever deleted; the code is an assumption."""
    call.require("Microsoft.KeyVault/locations/deletedVaults/read", f"/subscriptions/{subscription_id}")
    raise errors.error(404, "DeletedVaultNotFound", f"The specified deleted vault '{name}' does not exist.")


def _require(call: Call, action: str, subscription_id: str, group: str, name: str) -> str:
    scope = f"{group_id(subscription_id, group)}/providers/{VAULT_TYPE}/{name}"
    call.require(action, scope)
    call.require_provider(NAMESPACE, scope)
    return scope


def _of(call: Call, subscription_id: str) -> dict[str, Vault]:
    vaults = call.world.state.vaults
    return {n: v for n, v in vaults.items() if v.subscription_id.lower() == subscription_id.lower()}


def _page(call: Call, vaults: dict[str, Vault]) -> Response:
    return page(call.request, {n: vault_body(call.world, n, v) for n, v in vaults.items()}, ends_empty=True)


def _changed(vault: Vault, body: dict[str, Any], properties: dict[str, Any]) -> Vault:
    """The vault after a PATCH, where null means not given.

    Raises 400 for what Key Vault refuses, 501 for what is left out. That retention can never be changed: assumption.
    """
    given = {key: value for key, value in properties.items() if value is not None}
    if other := {*body} - {"properties", "tags"} | {*given} - CHANGEABLE:
        raise errors.not_simulated(f"a change of a vault's {', '.join(sorted(other))}")
    if given.get("enablePurgeProtection") is False:
        raise errors.bad_request(
            'The property "enablePurgeProtection" cannot be set to false. Enabling the purge protection for a vault '
            "is an irreversible action."
        )
    retention = vault.soft_delete_retention_in_days
    if given.get("softDeleteRetentionInDays", retention) != retention:
        raise errors.bad_request(
            'The property "softDeleteRetentionInDays" has been set already and it can\'t be modified.'
        )
    changed = vault.model_copy()
    try:
        if "enablePurgeProtection" in given:
            changed.enable_purge_protection = given["enablePurgeProtection"]
        if "publicNetworkAccess" in given:
            changed.public_network_access = given["publicNetworkAccess"]
        if "networkAcls" in given:
            changed.network_acls = _acls(given["networkAcls"], vault.network_acls or NetworkAcls())
        if body.get("tags") is not None:
            changed.tags = body["tags"]
    except (ValidationError, KeyError, TypeError, AttributeError) as error:
        raise errors.bad_request(f"The request content was invalid: {error}", "InvalidRequestContent") from None
    return changed


def _acls(given: dict[str, Any], before: NetworkAcls) -> NetworkAcls:
    """The rules after a PATCH: members that are not given stay as they were (assumption: ARM's merge of a PATCH)."""
    sent = {name: value for name, value in given.items() if value is not None}
    ip_rules, subnets = sent.get("ipRules"), sent.get("virtualNetworkRules")
    return NetworkAcls(
        bypass=sent.get("bypass", before.bypass),
        default_action=sent.get("defaultAction", before.default_action),
        ip_rules=before.ip_rules if ip_rules is None else [rule["value"] for rule in ip_rules],
        virtual_network_rules=before.virtual_network_rules if subnets is None else [rule["id"] for rule in subnets],
    )


_SUB = "/subscriptions/{subscription_id}"
_GROUP = f"{_SUB}/resourceGroups/{{group}}/providers/{VAULT_TYPE}"
_DELETED = f"{_SUB}/providers/{NAMESPACE}/locations/{{location}}/deletedVaults/{{name}}"
ROUTES = (
    Route("Vaults_List", "GET", HOST, f"{_SUB}/resources", arm(list_resources)),
    Route("Vaults_ListBySubscription", "GET", HOST, f"{_SUB}/providers/{VAULT_TYPE}", arm(list_in_subscription)),
    Route("Vaults_ListByResourceGroup", "GET", HOST, _GROUP, arm(list_in_group)),
    Route("Vaults_Get", "GET", HOST, f"{_GROUP}/{{name}}", arm(get_vault)),
    Route("Vaults_Update", "PATCH", HOST, f"{_GROUP}/{{name}}", arm(update_vault)),
    Route("Vaults_ListDeleted", "GET", HOST, f"{_SUB}/providers/{NAMESPACE}/deletedVaults", arm(list_deleted)),
    Route("Vaults_GetDeleted", "GET", HOST, _DELETED, arm(get_deleted)),
)
