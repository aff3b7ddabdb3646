"""How role definitions, role assignments, permissions and deny assignments look on the wire (recorded 2020-2023)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.rehearsal.access import EVERYBODY
from helpers.rehearsal.roles import Permissions
from helpers.rehearsal.state import LONG_AGO, DenyAssignment, RoleAssignment

ANSWERED_BEFORE_STORED = timedelta(seconds=0.7)
"""`createdOn` in the 201 is about a second off the stored one (recorded 2023)."""
PROVIDER = "providers/Microsoft.Authorization"


def ticks(time: datetime) -> str:
    """A time as this service writes it, with seven decimals: `2023-08-23T13:05:57.6621925Z`."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")


def permission(role: Permissions) -> dict[str, list[str]]:
    """One element of `permissions`."""
    return {
        "actions": list(role.actions),
        "notActions": list(role.not_actions),
        "dataActions": list(role.data_actions),
        "notDataActions": list(role.not_data_actions),
    }


def definition_id(scope: str, role_id: str) -> str:
    """Qualified by the subscription of the scope, where there is one (recorded 2023)."""
    parts = scope.strip("/").split("/")
    prefix = f"/subscriptions/{parts[1]}" if len(parts) > 1 and parts[0].lower() == "subscriptions" else ""
    return f"{prefix}/{PROVIDER}/roleDefinitions/{role_id}"


def definition(scope: str, role_id: str, role: Permissions, *, kind: str, assignable: Iterable[str]) -> dict[str, Any]:
    """A role definition; `kind` is BuiltInRole or CustomRole."""
    return {
        "properties": {
            "roleName": role.role_name,
            "type": kind,
            "description": role.description,
            "assignableScopes": list(assignable),
            "permissions": [permission(role)],
            "createdOn": ticks(LONG_AGO),
            "updatedOn": ticks(LONG_AGO),
            "createdBy": None,
            "updatedBy": None,
        },
        "id": definition_id(scope, role_id),
        "type": "Microsoft.Authorization/roleDefinitions",
        "name": role_id,
    }


def assignment(name: str, stored: RoleAssignment) -> dict[str, Any]:
    """A stored role assignment. Who changed it last is not tracked: updatedBy is who made it."""
    prefix = "" if stored.scope.strip("/") == "" else f"/{stored.scope.strip('/')}"
    return {
        "properties": {
            "roleDefinitionId": definition_id(stored.scope, stored.role_definition),
            "principalId": stored.principal_id,
            "principalType": stored.principal_type,
            "scope": stored.scope,
            "condition": stored.condition,
            "conditionVersion": stored.condition_version,
            "createdOn": ticks(stored.created),
            "updatedOn": ticks(stored.updated),
            "createdBy": stored.created_by,
            "updatedBy": stored.created_by,
            "delegatedManagedIdentityResourceId": None,
            "description": stored.description,
        },
        "id": f"{prefix}/{PROVIDER}/roleAssignments/{name}",
        "type": "Microsoft.Authorization/roleAssignments",
        "name": name,
    }


def written(name: str, stored: RoleAssignment, by: str) -> dict[str, Any]:
    """The 201 to a PUT: createdBy null, and a createdOn that is not the stored one (recorded 2023)."""
    body = assignment(name, stored)
    times = {"createdOn": ticks(stored.updated - ANSWERED_BEFORE_STORED), "createdBy": None, "updatedBy": by}
    return {**body, "properties": {**body["properties"], **times}}


def deny(name: str, stored: DenyAssignment, groups: Iterable[str]) -> dict[str, Any]:
    """A deny assignment; `groups` tells which of its principals are groups.

    No recording, the shape is the OpenAPI document's (2022-04-01).
    """
    prefix = "" if stored.scope.strip("/") == "" else f"/{stored.scope.strip('/')}"
    return {
        "properties": {
            "denyAssignmentName": stored.name,
            "description": None,
            "permissions": [
                permission(Permissions("", tuple(stored.actions), (), tuple(stored.data_actions), ())),
            ],
            "scope": stored.scope,
            "doNotApplyToChildScopes": False,
            "principals": [_principal(id_, groups) for id_ in stored.principals],
            "excludePrincipals": [_principal(id_, groups) for id_ in stored.exclude_principals],
            "isSystemProtected": True,
        },
        "id": f"{prefix}/{PROVIDER}/denyAssignments/{name}",
        "type": "Microsoft.Authorization/denyAssignments",
        "name": name,
    }


def _principal(object_id: str, groups: Iterable[str]) -> dict[str, str]:
    kind = "Group" if object_id.lower() in map(str.lower, groups) else "ServicePrincipal"
    return {"id": object_id, "type": "SystemDefined" if object_id == EVERYBODY else kind}
