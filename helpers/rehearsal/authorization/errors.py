"""What the authorization service answers when it refuses; the shape is ARM's.

PrincipalNotFound and RoleDefinitionDoesNotExist are recorded (2019); RoleAssignmentExists and
RoleAssignmentUpdateNotPermitted are quoted in public issues, the newer text of the first with the conflicting id as 32
hex digits. The rest is an assumption.
"""

from __future__ import annotations

from helpers.rehearsal.arm.errors import bad_request, error
from helpers.rehearsal.callers import Caller
from helpers.rehearsal.wire import WireError


def no_role_definition(role_id: str) -> WireError:
    return error(
        404, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{role_id}' does not exist."
    )


def no_role_assignment(name: str) -> WireError:
    return error(404, "RoleAssignmentNotFound", f"The role assignment '{name}' is not found.")


def no_deny_assignment(name: str) -> WireError:
    return error(404, "DenyAssignmentNotFound", f"The deny assignment '{name}' is not found.")


def no_principal(principal_id: str, tenant_id: str) -> WireError:
    """The principal id is written without dashes (recorded 2019); the hint is of the newer text."""
    return bad_request(
        f"Principal {_hex(principal_id)} does not exist in the directory {tenant_id}. Check that you have the correct "
        "principal ID. If you are creating this principal and then immediately assigning a role, this error might be "
        "related to a replication delay. In this case, set the role assignment principalType property to a value, "
        "such as ServicePrincipal, User, or Group.  See https://aka.ms/docs-principaltype",
        "PrincipalNotFound",
    )


def other_principal_type(principal_id: str, kind: str, given: str) -> WireError:
    return bad_request(
        f"The PrincipalId '{_hex(principal_id)}' has type '{kind}', which is different from specified "
        f"PrincipalType '{given}'.",
        "UnmatchedPrincipalType",
    )


def update_not_permitted() -> WireError:
    return bad_request(
        "Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
        "RoleAssignmentUpdateNotPermitted",
    )


def assignment_exists(name: str) -> WireError:
    return error(
        409,
        "RoleAssignmentExists",
        f"The role assignment already exists. The ID of the conflicting role assignment is {_hex(name)}.",
    )


def condition_not_met(caller: Caller, action: str, scope: str) -> WireError:
    """403 AuthorizationFailed, where the caller's right has a condition that the request does not meet."""
    return error(
        403,
        "AuthorizationFailed",
        f"The client '{caller.app_id}' with object id '{caller.object_id}' has an authorization with ABAC condition "
        f"that is not fulfilled to perform action '{action}' over scope '{scope}' or the scope is invalid. If access "
        "was recently granted, please refresh your credentials.",
    )


def _hex(guid: str) -> str:
    return guid.replace("-", "").lower()
