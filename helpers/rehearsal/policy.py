"""Azure Policy, read only: what is assigned at a scope, and the definitions behind it.

Nothing here is enforced: a write that a real policy would deny or change goes through. No recording; the shapes are
those of the public reference for Microsoft.Authorization 2023-04-01 (assumption). Policy sets (initiatives) can be
assigned in a world; reading one is not simulated.
"""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.access import within
from helpers.rehearsal.arm.errors import error
from helpers.rehearsal.arm.filters import clauses
from helpers.rehearsal.arm.gateway import HOST, Call, arm, normal
from helpers.rehearsal.arm.resources import require_existing
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import PolicyAssignment, PolicyDefinition
from helpers.rehearsal.wire import Response, WireError

ASSIGNMENTS, DEFINITIONS = (f"Microsoft.Authorization/policy{kind}" for kind in ("Assignments", "Definitions"))
MANAGEMENT_GROUPS = "/providers/Microsoft.Management/managementGroups"


def list_assignments(call: Call, scope: str) -> Response:
    """At, above and below the scope; `atScope()` leaves out what is below (documented)."""
    scope = normal(scope)
    call.require(f"{ASSIGNMENTS}/read", scope)
    require_existing(call, scope)
    only_at = bool(clauses(call.request, {"atscope"}))
    rows = [
        _assignment(name, stored)
        for name, stored in call.world.state.policy_assignments.items()
        if _applies(scope, stored.scope) or (not only_at and within(stored.scope, scope))
    ]
    return Response(200, {"value": rows})


def get_built_in(call: Call, name: str) -> Response:
    """A built-in definition; everybody signed in may read it (assumption)."""
    return Response(200, _definition(*_find(call, name, None)))


def get_custom(call: Call, subscription_id: str, name: str) -> Response:
    """A definition kept in a subscription; built-in ones are not found here (assumption)."""
    call.require(f"{DEFINITIONS}/read", f"/subscriptions/{subscription_id}")
    return Response(200, _definition(*_find(call, name, subscription_id)))


def _applies(scope: str, assigned: str) -> bool:
    """At or above. Every subscription lies below every management group (assumption: a world has no tree of them)."""
    above_subscriptions = within(assigned, MANAGEMENT_GROUPS) and within(scope, "/subscriptions")
    return within(scope, assigned) or above_subscriptions


def _find(call: Call, name: str, subscription_id: str | None) -> tuple[str, PolicyDefinition]:
    for own, stored in call.world.state.policy_definitions.items():
        same_place = (stored.subscription_id or "").lower() == (subscription_id or "").lower()
        if own.lower() == name.lower() and same_place:
            return own, stored
    raise _not_found(name)


def _not_found(name: str) -> WireError:
    """404 (assumption: the code)."""
    return error(404, "PolicyDefinitionNotFound", f"The policy definition '{name}' could not be found.")


def _assignment(name: str, stored: PolicyAssignment) -> dict[str, Any]:
    scope = "" if stored.scope.strip("/") == "" else f"/{stored.scope.strip('/')}"
    return {
        "properties": {
            "displayName": stored.display_name,
            "policyDefinitionId": stored.definition,
            "scope": stored.scope,
            "notScopes": [],
            "parameters": {parameter: {"value": value} for parameter, value in stored.parameters.items()},
            "metadata": {},
            "enforcementMode": stored.enforcement_mode,
        },
        "id": f"{scope}/providers/{ASSIGNMENTS}/{name}",
        "type": ASSIGNMENTS,
        "name": name,
    }


def _definition(name: str, stored: PolicyDefinition) -> dict[str, Any]:
    place = "" if stored.subscription_id is None else f"/subscriptions/{stored.subscription_id}"
    return {
        "properties": {
            "displayName": stored.display_name,
            "policyType": stored.policy_type,
            "mode": stored.mode,
            "metadata": {},
            "parameters": stored.parameters,
            "policyRule": stored.policy_rule,
        },
        "id": f"{place}/providers/{DEFINITIONS}/{name}",
        "type": DEFINITIONS,
        "name": name,
    }


_BUILT_IN = f"/providers/{DEFINITIONS}/{{name}}"
_CUSTOM = f"/subscriptions/{{subscription_id}}{_BUILT_IN}"
ROUTES = (
    Route("PolicyAssignments_List", "GET", HOST, f"{{scope*}}/providers/{ASSIGNMENTS}", arm(list_assignments)),
    Route("PolicyDefinitions_GetBuiltIn", "GET", HOST, _BUILT_IN, arm(get_built_in)),
    Route("PolicyDefinitions_Get", "GET", HOST, _CUSTOM, arm(get_custom)),
)
