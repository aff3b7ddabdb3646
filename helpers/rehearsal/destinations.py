"""Where logs are sent, read only: Log Analytics workspaces, storage accounts, Event Hubs authorization rules.

No recording; the shapes are those of the public references for Microsoft.OperationalInsights 2022-10-01,
Microsoft.Storage 2023-01-01 and Microsoft.EventHub 2021-11-01, cut to what a world knows (assumption). Of logs, only
the use of keys arrives, and only in workspaces (log_analytics.py).
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from helpers.rehearsal.arm.gateway import HOST, Call, arm
from helpers.rehearsal.arm.resources import (
    EVENT_HUB_RULE_TYPE,
    STORAGE_TYPE,
    WORKSPACE_TYPE,
    P,
    Placed,
    below_group,
    find,
    group_id,
    resource_id,
)
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import EventHubRule, LogAnalyticsWorkspace, StorageAccount
from helpers.rehearsal.wire import Response

Object = dict[str, Any]


def get_workspace(call: Call, subscription_id: str, group: str, name: str) -> Response:
    found = _find(call, call.world.state.log_analytics_workspaces, WORKSPACE_TYPE, subscription_id, group, name)
    return Response(200, _workspace(*found))


def get_storage_account(call: Call, subscription_id: str, group: str, name: str) -> Response:
    found = _find(call, call.world.state.storage_accounts, STORAGE_TYPE, subscription_id, group, name)
    return Response(200, _storage_account(*found))


def get_event_hub_rule(call: Call, subscription_id: str, group: str, namespace: str, rule: str) -> Response:
    rules, name = call.world.state.event_hub_rules, f"{namespace}/{rule}"
    return Response(200, _event_hub_rule(*_find(call, rules, EVENT_HUB_RULE_TYPE, subscription_id, group, name)))


def _find(call: Call, held: Mapping[str, P], kind: str, subscription_id: str, group: str, name: str) -> tuple[str, P]:
    """What is asked for, when the caller may read it and the provider is registered. Raises 403, 404, 409."""
    scope = f"{group_id(subscription_id, group)}/providers/{below_group(kind, name)}"
    call.require(f"{kind}/read", scope)
    call.require_provider(kind.partition("/")[0], scope)
    return find(call, held, kind, subscription_id, group, name)


def customer_id(name: str, stored: LogAnalyticsWorkspace) -> str:
    """The id by which a workspace is queried."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, resource_id(WORKSPACE_TYPE, name, stored)))


def _workspace(name: str, stored: LogAnalyticsWorkspace) -> Object:
    made = _time(stored.created)
    properties = {
        "customerId": customer_id(name, stored),
        "provisioningState": stored.provisioning_state,
        "sku": {"name": stored.sku, "lastSkuUpdate": made},
        "retentionInDays": stored.retention_in_days,
        "features": {"enableLogAccessUsingOnlyResourcePermissions": True},
        "publicNetworkAccessForIngestion": "Enabled",
        "publicNetworkAccessForQuery": "Enabled",
        "createdDate": made,
        "modifiedDate": made,
    }
    return {**_resource(WORKSPACE_TYPE, name, stored), "tags": {}, "properties": properties}


def _storage_account(name: str, stored: StorageAccount) -> Object:
    """`immutableStorageWithVersioning` is absent unless it was set."""
    properties: Object = {
        "creationTime": _time(stored.created),
        "provisioningState": stored.provisioning_state,
        "primaryLocation": stored.location,
        "statusOfPrimary": "available",
        "supportsHttpsTrafficOnly": True,
        "primaryEndpoints": {"blob": f"https://{name}.blob.core.windows.net/"},
    }
    held = stored.immutable_storage
    if held is not None:
        policy = held.policy and {
            "immutabilityPeriodSinceCreationInDays": held.policy.days,
            "state": held.policy.state,
            "allowProtectedAppendWrites": held.policy.allow_protected_append_writes,
        }
        given = {"immutabilityPolicy": policy} if policy else {}
        properties["immutableStorageWithVersioning"] = {"enabled": held.enabled, **given}
    sku = {"name": stored.sku, "tier": stored.sku.partition("_")[0]}
    whole = {**_resource(STORAGE_TYPE, name, stored), "tags": {}, "sku": sku, "kind": "StorageV2"}
    return {**whole, "properties": properties}


def _event_hub_rule(name: str, stored: EventHubRule) -> Object:
    return {
        **_resource(EVENT_HUB_RULE_TYPE, name, stored),
        "name": name.rpartition("/")[2],
        "properties": {"rights": list(stored.rights)},
    }


def _resource(kind: str, name: str, stored: Placed) -> Object:
    return {"id": resource_id(kind, name, stored), "name": name, "type": kind, "location": stored.location}


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_GROUP = "/subscriptions/{subscription_id}/resourceGroups/{group}/providers"
_RULE = f"{_GROUP}/Microsoft.EventHub/namespaces/{{namespace}}/authorizationRules/{{rule}}"
ROUTES = (
    Route("Workspaces_Get", "GET", HOST, f"{_GROUP}/{WORKSPACE_TYPE}/{{name}}", arm(get_workspace)),
    Route("StorageAccounts_GetProperties", "GET", HOST, f"{_GROUP}/{STORAGE_TYPE}/{{name}}", arm(get_storage_account)),
    Route("Namespaces_GetAuthorizationRule", "GET", HOST, _RULE, arm(get_event_hub_rule)),
)
