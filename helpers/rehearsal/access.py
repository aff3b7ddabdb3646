"""Azure RBAC: may this principal do this action at this scope, now?

Rule: allowed when an effective role assignment at or above the scope grants the action and no deny assignment covers
it. Actions match with `*` and without regard to case; not_actions subtract within one role. A new assignment counts
only after the world's role lag. What is assigned or denied to a group counts for its
members. Source: Azure RBAC overview and the facts measured for the data plane, 2026-11-23.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache

from helpers.rehearsal.roles import BUILT_IN, Permissions
from helpers.rehearsal.state import RoleAssignment
from helpers.rehearsal.world import World

EVERYBODY = "00000000-0000-0000-0000-000000000000"
"""As a principal of a deny assignment."""


@dataclass(frozen=True)
class Decision:
    """Allowed or not, by which role assignment, and which deny assignment stood against it."""

    allowed: bool
    assignment: str | None = None
    deny: str | None = None


def decide(world: World, principal_id: str, action: str, scope: str, *, data: bool) -> Decision:
    """Whether a principal may do one action (`Microsoft.KeyVault/vaults/keys/read`) at one scope."""
    own = and_groups(world, principal_id)
    for name, deny in world.state.deny_assignments.items():
        denied = deny.data_actions if data else deny.actions
        covered = (own | {EVERYBODY}) & set(map(str.lower, deny.principals))
        if (
            covered
            and not own & set(map(str.lower, deny.exclude_principals))
            and within(scope, deny.scope)
            and any(matches(pattern, action) for pattern in denied)
        ):
            return Decision(False, deny=name)
    for name, assignment in effective(world, principal_id):
        if within(scope, assignment.scope) and _grants(permissions(world, assignment), action, data=data):
            return Decision(True, assignment=name)
    return Decision(False)


def effective(world: World, principal_id: str) -> list[tuple[str, RoleAssignment]]:
    """The principal's role assignments, its groups' too, that have had time to take effect."""
    own = and_groups(world, principal_id)
    lag = timedelta(seconds=world.state.settings.role_lag_seconds)
    return [
        (name, assignment)
        for name, assignment in world.state.role_assignments.items()
        if assignment.principal_id.lower() in own and world.now() >= assignment.created + lag
    ]


def and_groups(world: World, principal_id: str) -> frozenset[str]:
    """A principal's id and those of the groups it belongs to, in lower case."""
    wanted = principal_id.lower()
    principal = next((p for id_, p in world.state.service_principals.items() if id_.lower() == wanted), None)
    identity = world.identity_of(principal_id)
    groups = [*(principal.member_of if principal else ()), *(identity.groups if identity else ())]
    return frozenset({wanted, *map(str.lower, groups)})


def permissions(world: World, assignment: RoleAssignment) -> Permissions:
    """What the role of an assignment permits; a role that no longer exists permits nothing."""
    custom = world.state.role_definitions.get(assignment.role_definition)
    if custom is not None:
        return Permissions(
            custom.role_name,
            tuple(custom.actions),
            tuple(custom.not_actions),
            tuple(custom.data_actions),
            tuple(custom.not_data_actions),
        )
    return BUILT_IN.get(assignment.role_definition, Permissions("unknown"))


def within(scope: str, at_or_above: str) -> bool:
    """Whether a scope is the other or lies below it; case does not count, whole segments do."""
    inner, outer = scope.strip("/").lower(), at_or_above.strip("/").lower()
    return outer == "" or inner == outer or inner.startswith(outer + "/")


@lru_cache(maxsize=4096)
def matches(pattern: str, action: str) -> bool:
    """Whether an action matches a pattern with `*`."""
    expression = ".*".join(re.escape(part) for part in pattern.split("*"))
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


def _grants(role: Permissions, action: str, *, data: bool) -> bool:
    granted, withheld = (role.data_actions, role.not_data_actions) if data else (role.actions, role.not_actions)
    return any(matches(p, action) for p in granted) and not any(matches(p, action) for p in withheld)
