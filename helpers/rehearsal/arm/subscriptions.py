"""Subscriptions, tenants, resource groups and resource providers.

No recording: the shapes are those of the public reference for Microsoft.Resources (assumption).
"""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.access import effective, within
from helpers.rehearsal.arm import errors
from helpers.rehearsal.arm.gateway import HOST, Call, arm
from helpers.rehearsal.arm.resources import find_group, group_id
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import Subscription
from helpers.rehearsal.wire import Response

PROVIDERS = (
    "Microsoft.Authorization",
    "Microsoft.EventHub",
    "Microsoft.Insights",
    "Microsoft.KeyVault",
    "Microsoft.OperationalInsights",
    "Microsoft.Resources",
    "Microsoft.Storage",
)
ALWAYS_REGISTERED = ("Microsoft.Authorization", "Microsoft.Resources")


def list_subscriptions(call: Call) -> Response:
    """Those in which the caller has any role assignment, at whatever depth."""
    rows = [
        _subscription(call, id_, subscription)
        for id_, subscription in call.world.state.subscriptions.items()
        if _sees(call, id_)
    ]
    return Response(200, {"value": rows, "count": {"type": "Total", "value": len(rows)}})


def get_subscription(call: Call, subscription_id: str) -> Response:
    """Readable to whoever has a role assignment in it, as in the list."""
    scope = f"/subscriptions/{subscription_id}"
    subscription = call.subscription(scope)
    if subscription is None or not _sees(call, subscription_id):
        raise errors.not_allowed(call.caller, "Microsoft.Resources/subscriptions/read", scope)
    return Response(200, _subscription(call, subscription_id.lower(), subscription))


def list_tenants(call: Call) -> Response:
    """The one tenant of the world."""
    tenant = call.world.state.tenant
    row = {
        "id": f"/tenants/{tenant.id}",
        "tenantId": tenant.id,
        "displayName": tenant.display_name,
        "tenantCategory": "Home",
    }
    return Response(200, {"value": [row]})


def list_groups(call: Call, subscription_id: str) -> Response:
    scope = f"/subscriptions/{subscription_id}"
    call.require("Microsoft.Resources/subscriptions/resourceGroups/read", scope)
    subscription = call.subscription(scope)
    groups = subscription.resource_groups if subscription else {}
    return Response(200, {"value": [_group(subscription_id, name, where) for name, where in groups.items()]})


def get_group(call: Call, subscription_id: str, group: str) -> Response:
    call.require("Microsoft.Resources/subscriptions/resourceGroups/read", group_id(subscription_id, group))
    return Response(200, _group(subscription_id, *find_group(call, subscription_id, group)))


def get_provider(call: Call, subscription_id: str, namespace: str) -> Response:
    """A resource provider and whether the subscription is registered for it."""
    namespace = _known(namespace)
    scope = f"/subscriptions/{subscription_id}"
    call.subscription(scope)
    if not _sees(call, subscription_id):
        raise errors.not_allowed(call.caller, f"{namespace}/read", scope)
    return Response(200, _provider(call, subscription_id, namespace))


def register_provider(call: Call, subscription_id: str, namespace: str) -> Response:
    """Registers the subscription: a write, which a read-only client must never send.

    The reply says `Registering` and a later GET `Registered`, as registration takes a while (assumption).
    """
    namespace = _known(namespace)
    scope = f"/subscriptions/{subscription_id}"
    call.require(f"{namespace}/register/action", scope)
    subscription = call.subscription(scope)
    if subscription is None or _registered(subscription, namespace):
        return Response(200, _provider(call, subscription_id, namespace))
    subscription.registered_providers = [*subscription.registered_providers, namespace]
    return Response(200, _provider(call, subscription_id, namespace) | {"registrationState": "Registering"})


def _sees(call: Call, subscription_id: str) -> bool:
    scope = f"/subscriptions/{subscription_id}"
    return any(
        within(assignment.scope, scope) or within(scope, assignment.scope)
        for _, assignment in effective(call.world, call.caller.object_id)
    )


def _known(namespace: str) -> str:
    for known in PROVIDERS:
        if known.lower() == namespace.lower():
            return known
    raise errors.error(404, "InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.")


def _registered(subscription: Subscription, namespace: str) -> bool:
    registered = (*subscription.registered_providers, *ALWAYS_REGISTERED)
    return namespace.lower() in map(str.lower, registered)


def _subscription(call: Call, id_: str, subscription: Subscription) -> dict[str, Any]:
    return {
        "id": f"/subscriptions/{id_}",
        "authorizationSource": "RoleBased",
        "managedByTenants": [],
        "subscriptionId": id_,
        "tenantId": call.world.state.tenant.id,
        "displayName": subscription.display_name,
        "state": subscription.state,
        "subscriptionPolicies": {
            "locationPlacementId": "Public_2014-09-01",
            "quotaId": "PayAsYouGo_2014-09-01",
            "spendingLimit": "Off",
        },
    }


def _group(subscription_id: str, name: str, location: str) -> dict[str, Any]:
    return {
        "id": group_id(subscription_id, name),
        "name": name,
        "type": "Microsoft.Resources/resourceGroups",
        "location": location,
        "properties": {"provisioningState": "Succeeded"},
    }


def _provider(call: Call, subscription_id: str, namespace: str) -> dict[str, Any]:
    subscription = call.subscription(f"/subscriptions/{subscription_id}")
    registered = subscription is not None and _registered(subscription, namespace)
    always = namespace in ALWAYS_REGISTERED
    return {
        "id": f"/subscriptions/{subscription_id}/providers/{namespace}",
        "namespace": namespace,
        "registrationPolicy": "RegistrationFree" if always else "RegistrationRequired",
        "registrationState": "Registered" if registered else "NotRegistered",
        "resourceTypes": [],
    }


_ONE = "/subscriptions/{subscription_id}"
ROUTES = (
    Route("Subscriptions_List", "GET", HOST, "/subscriptions", arm(list_subscriptions)),
    Route("Subscriptions_Get", "GET", HOST, _ONE, arm(get_subscription)),
    Route("Tenants_List", "GET", HOST, "/tenants", arm(list_tenants)),
    Route("ResourceGroups_List", "GET", HOST, f"{_ONE}/resourceGroups", arm(list_groups)),
    Route("ResourceGroups_Get", "GET", HOST, f"{_ONE}/resourceGroups/{{group}}", arm(get_group)),
    Route("Providers_Get", "GET", HOST, f"{_ONE}/providers/{{namespace}}", arm(get_provider)),
    Route("Providers_Register", "POST", HOST, f"{_ONE}/providers/{{namespace}}/register", arm(register_provider)),
)
