"""Role assignments at any scope: a subscription, a resource group, a vault, or one key of a vault.

A new assignment is in every list at once, and honoured only after the world's role lag (see access).
"""

from __future__ import annotations

import re
from typing import Any

from pydantic import ValidationError

from helpers.rehearsal.access import and_groups, within
from helpers.rehearsal.arm.errors import bad_request
from helpers.rehearsal.arm.filters import Clause, clauses
from helpers.rehearsal.arm.gateway import HOST, Call, arm, normal
from helpers.rehearsal.arm.resources import require_existing
from helpers.rehearsal.authorization import errors, responses, rules
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import RoleAssignment
from helpers.rehearsal.wire import Response
from helpers.rehearsal.world import World

READ, WRITE, DELETE = (f"Microsoft.Authorization/roleAssignments/{verb}" for verb in ("read", "write", "delete"))
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)


def list_assignments(call: Call, scope: str) -> Response:
    """At, above and below the scope; `atScope()` leaves the lower ones out, inherited ones stay (recorded 2023).

    `principalId eq` narrows to one principal, `assignedTo()` to one principal and its groups, below the scope as well
    unless `atScope()` stands beside them.
    """
    scope = normal(scope)
    call.require(READ, scope)
    require_existing(call, scope)
    wanted = clauses(call.request, {"atscope", "principalid", "assignedto"})
    found = {n: a for n, a in call.world.state.role_assignments.items() if _fits(call.world, a, scope, wanted)}
    return Response(200, {"value": [responses.assignment(name, assignment) for name, assignment in found.items()]})


def get_assignment(call: Call, scope: str, name: str) -> Response:
    scope = normal(scope)
    call.require(READ, scope)
    found = _at(call, scope, name)
    if found is None:
        raise errors.no_role_assignment(name)
    return Response(200, responses.assignment(found, call.world.state.role_assignments[found]))


def put_assignment(call: Call, scope: str, name: str) -> Response:
    """201 for a new assignment and for a same-name update alike, which keeps the first createdOn (recorded 2023).

    Raises 403 AuthorizationFailed, 409 ScopeLocked or RoleAssignmentExists, 404 RoleDefinitionDoesNotExist, and 400 for
    a principal that is not there (yet) and for an update of scope, role or principal.
    """
    scope, name = normal(scope), name.lower()
    call.require(WRITE, scope)
    new = _asked(call, scope, name)
    rules.require_condition(call, WRITE, scope, new.role_definition)
    require_existing(call, scope)
    call.require_unlocked(scope, "write")
    rules.require_role(call, new.role_definition)
    stored = call.world.state.role_assignments
    old = stored.get(name)
    if old is not None and not rules.same_grant(old, new):
        raise errors.update_not_permitted()
    rules.require_principal(call, new.principal_id, call.properties().get("principalType"))
    for other, assignment in stored.items():
        if other != name and rules.same_grant(assignment, new):
            raise errors.assignment_exists(other)
    if old is not None:
        kept = {"scope": old.scope, "created": old.created, "created_by": old.created_by}
        new = new.model_copy(update=kept)
    stored[name] = new
    return Response(201, responses.written(name, new, call.caller.object_id))


def delete_assignment(call: Call, scope: str, name: str) -> Response:
    """200 with the old object (recorded 2023), or 204 when there is none."""
    scope = normal(scope)
    found = _at(call, scope, name)
    stored = call.world.state.role_assignments
    call.require(DELETE, scope)
    if found is None:
        return Response(204)
    rules.require_condition(call, DELETE, scope, stored[found].role_definition)
    call.require_unlocked(scope, "delete")
    return Response(200, responses.assignment(found, stored.pop(found)))


def _fits(world: World, assignment: RoleAssignment, scope: str, wanted: tuple[Clause, ...]) -> bool:
    names = {clause.name for clause in wanted}
    above = within(scope, assignment.scope)
    below = within(assignment.scope, scope) and "atscope" not in names
    whose = [
        and_groups(world, clause.value) if clause.name == "assignedto" else {clause.value}
        for clause in wanted
        if clause.name != "atscope"
    ]
    return (above or below) and all(assignment.principal_id.lower() in principals for principals in whose)


def _at(call: Call, scope: str, name: str) -> str | None:
    """The assignment of that name at exactly that scope."""
    found = call.world.state.role_assignments.get(name.lower())
    there = found is not None and found.scope.strip("/").lower() == scope.strip("/").lower()
    return name.lower() if there else None


def _asked(call: Call, scope: str, name: str) -> RoleAssignment:
    """The assignment a PUT asks for. Raises 400 for a name or body that is none."""
    if not GUID.fullmatch(name):
        raise bad_request(
            f"The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
            "InvalidRoleAssignmentId",
        )
    given: dict[str, Any] = call.properties()
    try:
        now = call.world.now()
        return RoleAssignment(
            scope=scope,
            role_definition=given["roleDefinitionId"].rstrip("/").rsplit("/", 1)[-1].lower(),
            principal_id=given["principalId"].lower(),
            principal_type=given.get("principalType") or rules.type_of(call, given["principalId"]),
            condition=given.get("condition"),
            condition_version=given.get("conditionVersion"),
            description=given.get("description"),
            created=now,
            updated=now,
            created_by=call.caller.object_id,
        )
    except (KeyError, AttributeError, ValidationError):
        raise bad_request(
            "The request to create role assignment is not valid: roleDefinitionId and principalId are needed.",
            "InvalidCreateRoleAssignmentRequest",
        ) from None


_ALL = f"{{scope*}}/{responses.PROVIDER}/roleAssignments"
_ONE = f"{_ALL}/{{name}}"
ROUTES = (
    Route("RoleAssignments_ListForScope", "GET", HOST, _ALL, arm(list_assignments)),
    Route("RoleAssignments_Get", "GET", HOST, _ONE, arm(get_assignment)),
    Route("RoleAssignments_Create", "PUT", HOST, _ONE, arm(put_assignment)),
    Route("RoleAssignments_Delete", "DELETE", HOST, _ONE, arm(delete_assignment)),
)
