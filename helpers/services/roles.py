"""Role assignments in Azure RBAC: who holds what, and the one grant 03 makes."""

from __future__ import annotations

from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.mgmt.authorization import AuthorizationManagementClient, __version__
from azure.mgmt.authorization.v2022_04_01.models import RoleAssignmentCreateParameters

from helpers.model import (
    Absent,
    DataPermission,
    DenyAssignment,
    Found,
    Known,
    RoleAssignment,
    RoleDefinition,
    assignment_name,
    same_id,
)
from helpers.services.arm import pipeline
from helpers.services.once import lost_or_failed, once
from helpers.services.replies import code, listed, look, needed, request_id, whole
from helpers.services.witness import Witness
from helpers.waiting import NotYet

HOST = "management.azure.com"


class Roles:
    """Role assignments of one subscription's resources."""

    def __init__(self, credential: TokenCredential, subscription_id: str, witness: Witness, **options: Any) -> None:
        """`options` are the SDK's own, such as a transport."""
        self._subscription = subscription_id
        policies = pipeline(credential, witness.azure, f"azure-mgmt-authorization/{__version__}")
        self._client = AuthorizationManagementClient(credential, subscription_id, policies=policies, **options)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()  # type: ignore[no-untyped-call]

    def of_principal(self, scope: str, principal_id: str) -> Found[tuple[RoleAssignment, ...]]:
        """Every assignment of a principal at, above or below a scope."""
        rows = self._client.role_assignments.list_for_scope
        return look(
            lambda: tuple(
                _assignment(row) for row in whole(rows(scope, filter=f"principalId eq '{principal_id}'"), HOST)
            )
        )

    def at(self, scope: str) -> Found[tuple[RoleAssignment, ...]]:
        """Everybody's assignments at a scope and above it."""
        rows = self._client.role_assignments.list_for_scope
        return look(lambda: tuple(_assignment(row) for row in whole(rows(scope, filter="atScope()"), HOST)))

    def definitions(self, scope: str) -> Found[tuple[RoleDefinition, ...]]:
        """All roles that can be assigned at a scope, built-in and custom, with the data actions they permit."""
        return look(lambda: tuple(_definition(row) for row in whole(self._client.role_definitions.list(scope), HOST)))

    def denials(self, scope: str) -> Found[tuple[DenyAssignment, ...]]:
        """Deny assignments at a scope and above it, as far as they reach down to it."""
        rows = self._client.deny_assignments.list_for_scope

        def read() -> tuple[DenyAssignment, ...]:
            found = whole(rows(scope, filter="atScope()"), HOST)
            return tuple(
                _denial(r) for r in found if same_id(r.scope, scope) or r.do_not_apply_to_child_scopes is not True
            )

        return look(read)

    def grant(self, scope: str, role_id: str, principal_id: str) -> RoleAssignment | NotYet:
        """Assign a role to a service principal; NotYet while Azure RBAC cannot see a new principal.

        The name is derived from the grant, so a repeat is the same request. An equal assignment under another name
        (409 RoleAssignmentExists) is that grant, and is returned. Raises ServiceFailed.
        """
        name = assignment_name(scope, role_id, principal_id)
        body = RoleAssignmentCreateParameters(
            role_definition_id=f"/subscriptions/{self._subscription}/providers/Microsoft.Authorization"
            f"/roleDefinitions/{role_id}",
            principal_id=principal_id,
            principal_type="ServicePrincipal",
        )

        def write() -> RoleAssignment | NotYet:
            try:
                return _assignment(self._client.role_assignments.create(scope, name, body, retry_total=0))
            except HttpResponseError as error:
                return self._refused(error, scope, role_id, principal_id)
            except AzureError as error:
                raise lost_or_failed("assigning the role", error) from None

        return once("assigning the role", write, lambda: self._equal(scope, role_id, principal_id))

    def _refused(
        self, error: HttpResponseError, scope: str, role_id: str, principal_id: str
    ) -> RoleAssignment | NotYet:
        if code(error) == "PrincipalNotFound":
            return NotYet("the new service principal has not reached Azure RBAC.", request_id(error))
        if code(error) == "RoleAssignmentExists":
            existing = self._equal(scope, role_id, principal_id)
            if isinstance(existing, Known):
                return existing.value
        raise lost_or_failed("assigning the role", error) from None

    def _equal(self, scope: str, role_id: str, principal_id: str) -> Found[RoleAssignment | NotYet]:
        found = self.of_principal(scope, principal_id)
        if not isinstance(found, Known):
            return found
        equal = (row for row in found.value if row.gives(role_id, principal_id, scope))
        first = next(equal, None)
        return Absent() if first is None else Known(first)


def _definition(raw: Any) -> RoleDefinition:
    return RoleDefinition(needed(raw.name, "name"), needed(raw.role_name, "roleName"), _data(raw.permissions))


def _denial(raw: Any) -> DenyAssignment:
    return DenyAssignment(
        name=needed(raw.deny_assignment_name, "denyAssignmentName"),
        scope=needed(raw.scope, "scope"),
        data=_data(raw.permissions),
        principals=tuple(needed(row.id, "id") for row in listed(raw.principals)),
        excluded=tuple(needed(row.id, "id") for row in raw.exclude_principals or ()),
    )


def _data(permissions: Any) -> tuple[DataPermission, ...]:
    rows = ((tuple(row.data_actions or ()), tuple(row.not_data_actions or ())) for row in listed(permissions))
    return tuple(DataPermission(named, without) for named, without in rows if named)


def _assignment(raw: Any) -> RoleAssignment:
    return RoleAssignment(
        id=needed(raw.id, "id"),
        name=needed(raw.name, "name"),
        role_id=needed(raw.role_definition_id, "roleDefinitionId").rsplit("/", 1)[-1],
        principal_id=needed(raw.principal_id, "principalId"),
        principal_type=None
        if raw.principal_type is None
        else str(getattr(raw.principal_type, "value", raw.principal_type)),
        scope=needed(raw.scope, "scope"),
        condition=raw.condition,
        created=raw.created_on,
    )
