"""Role definitions and the caller's own permissions, at any scope."""

from __future__ import annotations

from helpers.rehearsal.access import effective, permissions, within
from helpers.rehearsal.arm.filters import clauses
from helpers.rehearsal.arm.gateway import HOST, Call, arm, normal
from helpers.rehearsal.arm.resources import require_existing
from helpers.rehearsal.authorization.errors import no_role_definition
from helpers.rehearsal.authorization.responses import PROVIDER, definition, permission
from helpers.rehearsal.roles import BUILT_IN, Permissions
from helpers.rehearsal.router import Route
from helpers.rehearsal.wire import Response

READ = "Microsoft.Authorization/roleDefinitions/read"


def list_definitions(call: Call, scope: str) -> Response:
    """All roles that can be assigned there; `roleName` and `type` match without case (name: recorded 2023)."""
    scope = normal(scope)
    call.require(READ, scope)
    wanted = clauses(call.request, {"rolename", "type", "atscopeandbelow"})
    rows = []
    for role_id, (role, kind, assignable) in _roles(call).items():
        facts = {"rolename": role.role_name.lower(), "type": kind.lower(), "atscopeandbelow": ""}
        here = any(within(scope, above) for above in assignable)
        if here and all(facts[clause.name] == clause.value for clause in wanted):
            rows.append(definition(scope, role_id, role, kind=kind, assignable=assignable))
    return Response(200, {"value": rows})


def get_definition(call: Call, scope: str, role_id: str) -> Response:
    scope = normal(scope)
    call.require(READ, scope)
    found = _roles(call).get(role_id.lower())
    if found is None:
        raise no_role_definition(role_id)
    role, kind, assignable = found
    return Response(200, definition(scope, role_id.lower(), role, kind=kind, assignable=assignable))


def list_permissions(call: Call, scope: str) -> Response:
    """What the caller's own effective role assignments at or above the scope permit, one element each.

    Everybody signed in may ask, and deny assignments are not subtracted (assumptions).
    """
    scope = normal(scope)
    call.subscription(scope)
    require_existing(call, scope)
    rows = [
        permission(permissions(call.world, assignment))
        for _, assignment in effective(call.world, call.caller.object_id)
        if within(scope, assignment.scope)
    ]
    return Response(200, {"value": rows})


def _roles(call: Call) -> dict[str, tuple[Permissions, str, tuple[str, ...]]]:
    """Every role by GUID: what it permits, its kind, where it can be assigned."""
    roles = {role_id: (role, "BuiltInRole", ("/",)) for role_id, role in BUILT_IN.items()}
    custom: dict[str, tuple[Permissions, str, tuple[str, ...]]] = {
        role_id: (
            Permissions(
                role.role_name,
                tuple(role.actions),
                tuple(role.not_actions),
                tuple(role.data_actions),
                tuple(role.not_data_actions),
            ),
            "CustomRole",
            tuple(role.assignable_scopes),
        )
        for role_id, role in call.world.state.role_definitions.items()
    }
    return {**roles, **custom}


_ALL = f"{{scope*}}/{PROVIDER}/roleDefinitions"
ROUTES = (
    Route("RoleDefinitions_List", "GET", HOST, _ALL, arm(list_definitions)),
    Route("RoleDefinitions_Get", "GET", HOST, f"{_ALL}/{{role_id}}", arm(get_definition)),
    Route("Permissions_ListForScope", "GET", HOST, f"{{scope*}}/{PROVIDER}/permissions", arm(list_permissions)),
)
