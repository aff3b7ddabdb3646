"""How vaults and locks look on the wire."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from helpers.rehearsal.arm.resources import VAULT_TYPE, vault_id
from helpers.rehearsal.state import Lock, NetworkAcls, Vault
from helpers.rehearsal.world import World


def vault_body(world: World, name: str, vault: Vault) -> dict[str, Any]:
    """A whole vault. What was never set is absent, not null (recorded 2020-2023).

    `vaultUri` is lower case with a trailing slash once Succeeded; while RegisteringDns it has neither (recorded 2021).
    """
    succeeded = vault.provisioning_state == "Succeeded"
    acls = vault.network_acls
    properties = {
        "sku": {"family": "A", "name": vault.sku},
        "tenantId": vault.tenant_id,
        "networkAcls": _acls(acls) if acls is not None and _returned(acls) else None,
        "accessPolicies": vault.access_policies,
        "enabledForDeployment": False,
        "enableSoftDelete": vault.enable_soft_delete,
        "softDeleteRetentionInDays": vault.soft_delete_retention_in_days if vault.enable_soft_delete else None,
        "enableRbacAuthorization": vault.enable_rbac_authorization,
        "enablePurgeProtection": vault.enable_purge_protection,
        "vaultUri": f"https://{name.lower()}.vault.azure.net/" if succeeded else f"https://{name}.vault.azure.net",
        "provisioningState": vault.provisioning_state,
        "publicNetworkAccess": vault.public_network_access,
    }
    return {
        **vault_row(name, vault),
        "systemData": _system_data(world, vault),
        "properties": {key: value for key, value in properties.items() if value is not None},
    }


def vault_row(name: str, vault: Vault) -> dict[str, Any]:
    """A vault in the generic resource list: no properties (recorded 2020)."""
    return {
        "id": vault_id(name, vault),
        "name": name,
        "type": VAULT_TYPE,
        "location": vault.location,
        "tags": dict(vault.tags),
    }


def lock_body(name: str, lock: Lock) -> dict[str, Any]:
    """A lock; `notes` only when set (recorded 2021)."""
    properties = {"level": lock.level} | ({} if lock.notes is None else {"notes": lock.notes})
    return {
        "properties": properties,
        "id": f"{lock.scope}/providers/Microsoft.Authorization/locks/{name}",
        "type": "Microsoft.Authorization/locks",
        "name": name,
    }


def _returned(acls: NetworkAcls) -> bool:
    """Network rules are left out unless there are rules or the default is Deny (recorded for the rules, 2022)."""
    return bool(acls.ip_rules or acls.virtual_network_rules) or acls.default_action == "Deny"


def _acls(acls: NetworkAcls) -> dict[str, Any]:
    """Single addresses come back as /32, subnet ids in lower case (recorded 2022)."""
    return {
        "bypass": acls.bypass,
        "defaultAction": acls.default_action,
        "ipRules": [{"value": rule if "/" in rule else f"{rule}/32"} for rule in acls.ip_rules],
        "virtualNetworkRules": [{"id": rule.lower()} for rule in acls.virtual_network_rules],
    }


def _system_data(world: World, vault: Vault) -> dict[str, str]:
    """Made by the world's first identity; later changes are not tracked."""
    by = next((identity.client_id for identity in world.state.identities.values()), world.state.tenant.id)
    at = milliseconds(vault.created)
    return {
        "createdBy": by,
        "createdByType": "Application",
        "createdAt": at,
        "lastModifiedBy": by,
        "lastModifiedByType": "Application",
        "lastModifiedAt": at,
    }


def milliseconds(time: datetime) -> str:
    """A time as vaults write it: `2023-07-04T09:03:11.224Z`."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
