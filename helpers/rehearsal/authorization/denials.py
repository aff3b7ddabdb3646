"""Deny assignments, read only: customers cannot make them either."""

from __future__ import annotations

from helpers.rehearsal.access import within
from helpers.rehearsal.arm.filters import clauses
from helpers.rehearsal.arm.gateway import HOST, Call, arm, normal
from helpers.rehearsal.arm.resources import require_existing
from helpers.rehearsal.authorization import errors, responses
from helpers.rehearsal.router import Route
from helpers.rehearsal.wire import Response

READ = "Microsoft.Authorization/denyAssignments/read"


def list_denials(call: Call, scope: str) -> Response:
    """At, above and below the scope; `atScope()` leaves the lower ones out, other filters narrow."""
    scope = normal(scope)
    call.require(READ, scope)
    require_existing(call, scope)
    wanted = clauses(call.request, {"atscope", "principalid", "denyassignmentname"})
    only_at = any(clause.name == "atscope" for clause in wanted)
    rows = []
    for name, stored in call.world.state.deny_assignments.items():
        near = within(scope, stored.scope) or (within(stored.scope, scope) and not only_at)
        facts = {"principalid": set(map(str.lower, stored.principals)), "denyassignmentname": {stored.name.lower()}}
        if near and all(c.value in facts[c.name] for c in wanted if c.name != "atscope"):
            rows.append(responses.deny(name, stored, call.world.state.groups))
    return Response(200, {"value": rows})


def get_denial(call: Call, scope: str, name: str) -> Response:
    scope = normal(scope)
    call.require(READ, scope)
    for own, stored in call.world.state.deny_assignments.items():
        if own.lower() == name.lower() and stored.scope.strip("/").lower() == scope.strip("/").lower():
            return Response(200, responses.deny(own, stored, call.world.state.groups))
    raise errors.no_deny_assignment(name)


_ALL = f"{{scope*}}/{responses.PROVIDER}/denyAssignments"
ROUTES = (
    Route("DenyAssignments_ListForScope", "GET", HOST, _ALL, arm(list_denials)),
    Route("DenyAssignments_Get", "GET", HOST, f"{_ALL}/{{name}}", arm(get_denial)),
)
