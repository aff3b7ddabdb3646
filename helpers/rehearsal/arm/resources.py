"""What there is: ids of vaults, and whether a subscription, resource group or vault exists.

Ids compare without case and answer in the case they were made with (facts: ids come back in mixed case).
"""

from __future__ import annotations

from helpers.rehearsal.arm import errors
from helpers.rehearsal.arm.gateway import Call
from helpers.rehearsal.state import Subscription, Vault

VAULT_TYPE = "Microsoft.KeyVault/vaults"
NAMESPACE = "Microsoft.KeyVault"


def vault_id(name: str, vault: Vault) -> str:
    """The resource id of a vault, in its own case."""
    return f"{group_id(vault.subscription_id, vault.resource_group)}/providers/{VAULT_TYPE}/{name}"


def group_id(subscription_id: str, name: str) -> str:
    """The resource id of a resource group."""
    return f"/subscriptions/{subscription_id}/resourceGroups/{name}"


def find_group(call: Call, subscription_id: str, name: str) -> tuple[str, str]:
    """A resource group's own name and its location. Raises 404 SubscriptionNotFound, ResourceGroupNotFound."""
    subscription = call.subscription(f"/subscriptions/{subscription_id}")
    groups = subscription.resource_groups if isinstance(subscription, Subscription) else {}
    for own, location in groups.items():
        if own.lower() == name.lower():
            return own, location
    raise errors.no_resource_group(name)


def find_vault(call: Call, subscription_id: str, group: str, name: str) -> tuple[str, Vault]:
    """A vault and its own name. Raises 404 ResourceGroupNotFound, ResourceNotFound."""
    find_group(call, subscription_id, group)
    wanted = f"/subscriptions/{subscription_id}/resourceGroups/{group}/providers/{VAULT_TYPE}/{name}".lower()
    for own, vault in call.world.state.vaults.items():
        if vault_id(own, vault).lower() == wanted:
            return own, vault
    raise errors.no_resource(VAULT_TYPE, name, group)


def require_existing(call: Call, scope: str) -> None:
    """The resource group and vault a scope names must exist; what lies below a vault is not looked at (assumption).

    Raises the 404 of the first that is missing.
    """
    parts = scope.strip("/").split("/")
    if len(parts) < 4 or parts[0].lower() != "subscriptions" or parts[2].lower() != "resourcegroups":
        return
    _, subscription_id, _, group, *rest = parts
    find_group(call, subscription_id, group)
    if len(rest) >= 4:
        _, namespace, kind, name, *_ = rest
        if f"{namespace}/{kind}".lower() != VAULT_TYPE.lower():
            raise errors.no_resource(f"{namespace}/{kind}", name, group)
        find_vault(call, subscription_id, group, name)
