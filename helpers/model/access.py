"""Azure RBAC: assignments, what roles permit, and what is denied."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache

from helpers.model.outcomes import same_id


@dataclass(frozen=True)
class RoleAssignment:
    id: str
    name: str
    role_id: str
    """The role definition's GUID; its path differs from reply to reply."""
    principal_id: str
    principal_type: str | None
    scope: str
    condition: str | None = None
    created: datetime | None = None

    def gives(self, role_id: str, principal_id: str, scope: str) -> bool:
        """Whether this is the very grant wanted: same role, principal and scope, and no condition on it."""
        return (
            same_id(self.role_id, role_id)
            and same_id(self.principal_id, principal_id)
            and same_id(self.scope, scope)
            and self.condition is None
        )


def assignment_name(scope: str, role_id: str, principal_id: str) -> str:
    """The name a role assignment gets here: the same for the same grant, so that a repeat is the same request.

    Rule: uuid5, in the URL namespace, of lower-cased scope | role GUID | principal object id.
    """
    return str(uuid.uuid5(uuid.NAMESPACE_URL, "|".join((scope.lower(), role_id.lower(), principal_id.lower()))))


@dataclass(frozen=True)
class DataPermission:
    """Patterns of data actions that are named, and those that are taken out of them again."""

    named: tuple[str, ...]
    without: tuple[str, ...] = ()

    def covers(self, data_action: str) -> bool:
        """Whether a data action is one of them."""
        return matches(self.named, data_action) and not matches(self.without, data_action)


@dataclass(frozen=True)
class RoleDefinition:
    id: str
    """Its GUID."""
    name: str
    data: tuple[DataPermission, ...] = ()

    def permits(self, data_action: str) -> bool:
        """Whether the role permits a data action."""
        return any(permission.covers(data_action) for permission in self.data)


@dataclass(frozen=True)
class DenyAssignment:
    name: str
    scope: str
    data: tuple[DataPermission, ...]
    principals: tuple[str, ...]
    excluded: tuple[str, ...]

    def covers(self, data_action: str) -> bool:
        """Whether it is about a data action, whoever asks."""
        return any(permission.covers(data_action) for permission in self.data)

    def denies(self, data_action: str, principals: tuple[str, ...]) -> bool:
        """Whether it keeps these principals (one and its groups) from a data action. The zero GUID means everybody."""
        meant = {row.lower() for row in principals}
        covered = {row.lower() for row in self.principals} & (meant | {EVERYBODY})
        spared = {row.lower() for row in self.excluded} & meant
        return bool(covered) and not spared and self.covers(data_action)


EVERYBODY = "00000000-0000-0000-0000-000000000000"


def matches(patterns: tuple[str, ...], action: str) -> bool:
    """Whether an action matches one of the patterns with `*`; case does not count."""
    return any(_matches(pattern.lower(), action.lower()) for pattern in patterns)


@lru_cache(maxsize=4096)
def _matches(pattern: str, action: str) -> bool:
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), action) is not None
