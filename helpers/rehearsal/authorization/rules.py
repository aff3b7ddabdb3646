"""Who may assign which role to whom.

The built-in Key Vault Data Access Administrator carries an ABAC condition: its holder may assign and remove eight Key
Vault roles only (facts, from the role reference). Conditions that a world or a client writes on a role assignment are
kept and shown, not evaluated.
"""

from __future__ import annotations

from datetime import timedelta

from helpers.rehearsal.access import effective, matches, permissions, within
from helpers.rehearsal.arm.gateway import Call
from helpers.rehearsal.authorization import errors
from helpers.rehearsal.roles import BUILT_IN
from helpers.rehearsal.state import RoleAssignment

GROUP = "Group"
DATA_ACCESS_ADMINISTRATOR = "8b54135c-b56d-4d72-a534-26097cfdc8d8"
ASSIGNABLE_UNDER_CONDITION = frozenset(
    {
        "00482a5a-887f-4fb3-b363-3b7fe8e74483",  # Key Vault Administrator
        "a4417e6f-fecd-4de8-b567-7b0420556985",  # Key Vault Certificates Officer
        "14b46e9e-c2b7-41b4-b07b-48a6ebf60603",  # Key Vault Crypto Officer
        "e147488a-f6f5-4113-8e2d-b22465e65bf6",  # Key Vault Crypto Service Encryption User
        "12338af0-0e69-4776-bea7-57ae8d297424",  # Key Vault Crypto User
        "21090545-7ca7-4776-b22c-e363652d74d2",  # Key Vault Reader
        "b86a8fe4-44ce-4948-aee5-eccb2c155cd7",  # Key Vault Secrets Officer
        "4633458b-17de-408a-b874-0445c86b69e6",  # Key Vault Secrets User
    }
)


def require_condition(call: Call, action: str, scope: str, role: str) -> None:
    """The caller's right to do this must hold for this very role. Raises 403 AuthorizationFailed."""
    if role in ASSIGNABLE_UNDER_CONDITION or _unconditionally(call, action, scope):
        return
    raise errors.condition_not_met(call.caller, action, scope)


def require_role(call: Call, role: str) -> None:
    """The role must exist. Raises 404 RoleDefinitionDoesNotExist."""
    if role not in BUILT_IN and role not in call.world.state.role_definitions:
        raise errors.no_role_definition(role)


def require_principal(call: Call, principal_id: str, given_type: str | None) -> None:
    """The principal must have been there for the world's principal lag, and be of the type given; groups have no lag.

    A principalType does not shorten the wait (facts: reported despite it). Raises 400 PrincipalNotFound,
    UnmatchedPrincipalType.
    """
    state = call.world.state
    principal = next((p for id_, p in state.service_principals.items() if id_.lower() == principal_id), None)
    lag = timedelta(seconds=state.settings.principal_lag_seconds)
    replicated = principal is not None and call.world.now() >= principal.created + lag
    kind = type_of(call, principal_id)
    if not replicated and kind != GROUP and call.world.identity_of(principal_id) is None:
        raise errors.no_principal(principal_id, state.tenant.id)
    if given_type not in (None, kind):
        raise errors.other_principal_type(principal_id, kind, str(given_type))


def type_of(call: Call, principal_id: str) -> str:
    """The principalType of an id; whatever is not a group is taken for a service principal."""
    is_group = any(group.lower() == principal_id.lower() for group in call.world.state.groups)
    return GROUP if is_group else "ServicePrincipal"


def same_grant(one: RoleAssignment, other: RoleAssignment) -> bool:
    """Whether two assignments give the same role to the same principal at the same scope."""
    return _grant(one) == _grant(other)


def _grant(assignment: RoleAssignment) -> tuple[str, str, str]:
    scope = assignment.scope.strip("/").lower()
    return scope, assignment.role_definition.lower(), assignment.principal_id.lower()


def _unconditionally(call: Call, action: str, scope: str) -> bool:
    for _, assignment in effective(call.world, call.caller.object_id):
        role = permissions(call.world, assignment)
        if (
            assignment.role_definition != DATA_ACCESS_ADMINISTRATOR
            and within(scope, assignment.scope)
            and any(matches(pattern, action) for pattern in role.actions)
            and not any(matches(pattern, action) for pattern in role.not_actions)
        ):
            return True
    return False
