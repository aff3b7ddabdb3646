"""What there is: ids of resources, and whether a subscription, resource group or resource exists.

Ids compare without case and answer in the case they were made with (facts: ids come back in mixed case).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, TypeVar

from helpers.rehearsal.arm import errors
from helpers.rehearsal.arm.gateway import Call
from helpers.rehearsal.state import State, Subscription, Vault

VAULT_TYPE = "Microsoft.KeyVault/vaults"
NAMESPACE = "Microsoft.KeyVault"
WORKSPACE_TYPE = "Microsoft.OperationalInsights/workspaces"
STORAGE_TYPE = "Microsoft.Storage/storageAccounts"
EVENT_HUBS_TYPE = "Microsoft.EventHub/namespaces"
EVENT_HUB_RULE_TYPE = f"{EVENT_HUBS_TYPE}/authorizationRules"


class Placed(Protocol):
    """A resource of a world, in its resource group."""

    subscription_id: str
    resource_group: str
    location: str


P = TypeVar("P", bound=Placed)


def resources_of(state: State) -> dict[str, Mapping[str, Placed]]:
    """Everything that lies directly in a resource group, by type and name."""
    return {
        VAULT_TYPE: state.vaults,
        WORKSPACE_TYPE: state.log_analytics_workspaces,
        STORAGE_TYPE: state.storage_accounts,
        EVENT_HUBS_TYPE: {name.partition("/")[0]: rule for name, rule in state.event_hub_rules.items()},
    }


def below_group(kind: str, name: str) -> str:
    """What a resource id has after `providers/`; a nested type has a name such as `NAMESPACE/RULE`."""
    namespace, *types = kind.split("/")
    return "/".join([namespace, *(f"{part}/{own}" for part, own in zip(types, name.split("/"), strict=True))])


def resource_id(kind: str, name: str, resource: Placed) -> str:
    """The id of a resource, in its own case."""
    return f"{group_id(resource.subscription_id, resource.resource_group)}/providers/{below_group(kind, name)}"


def vault_id(name: str, vault: Vault) -> str:
    """The resource id of a vault, in its own case."""
    return resource_id(VAULT_TYPE, name, vault)


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
    return find(call, call.world.state.vaults, VAULT_TYPE, subscription_id, group, name)


def find(call: Call, held: Mapping[str, P], kind: str, subscription_id: str, group: str, name: str) -> tuple[str, P]:
    """One resource of those held and its own name. Raises 404 ResourceGroupNotFound, ResourceNotFound."""
    find_group(call, subscription_id, group)
    below = below_group(kind, name)
    wanted = f"{group_id(subscription_id, group)}/providers/{below}".lower()
    for own, resource in held.items():
        if resource_id(kind, own, resource).lower() == wanted:
            return own, resource
    namespace, _, rest = below.partition("/")
    raise errors.no_resource(namespace, rest, group)


def require_existing(call: Call, scope: str) -> None:
    """The resource group and resource a scope names must exist; what lies below a resource is not looked at.

    Raises the 404 of the first that is missing, also for a type a world does not hold. That the key of a vault need not
    exist is an assumption.
    """
    parts = scope.strip("/").split("/")
    if len(parts) < 4 or parts[0].lower() != "subscriptions" or parts[2].lower() != "resourcegroups":
        return
    _, subscription_id, _, group, *rest = parts
    find_group(call, subscription_id, group)
    if len(rest) >= 4:
        _, namespace, kind, name, *_ = rest
        known = {own.lower(): (own, held) for own, held in resources_of(call.world.state).items()}
        if f"{namespace}/{kind}".lower() not in known:
            raise errors.no_resource(f"{namespace}/{kind}", name, group)
        own_type, held = known[f"{namespace}/{kind}".lower()]
        find(call, held, own_type, subscription_id, group, name)
