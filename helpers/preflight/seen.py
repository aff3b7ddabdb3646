"""What was read of the caller's rights: what Azure permits, what a Graph token claims, whose Admin API key there is."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.model import Caller, Found, Organization, matches
from helpers.preflight.rights import Azure


@dataclass(frozen=True)
class Permission:
    """One element of what the caller may do, as one role assignment gives it."""

    actions: tuple[str, ...]
    not_actions: tuple[str, ...]
    data_actions: tuple[str, ...]
    not_data_actions: tuple[str, ...]

    def gives(self, right: Azure) -> bool:
        """Whether it permits an action: named, and not taken out again in this element."""
        named, without = (self.data_actions, self.not_data_actions) if right.data else (self.actions, self.not_actions)
        return matches(named, right.action) and not matches(without, right.action)


@dataclass(frozen=True)
class Claims:
    """What a Graph token says: None is a claim that it does not have, which is not the same as an empty one."""

    permissions: tuple[str, ...] | None
    """`roles`: application permissions, in a token without a user."""
    scopes: tuple[str, ...] | None
    """`scp`: what the program may do for a user. Only a user's token has it."""
    directory_roles: tuple[str, ...] | None
    """`wids`: template ids of directory roles. That every user's token carries them is unverified."""


@dataclass(frozen=True)
class Useless:
    """There is a key, and it is no use here."""

    reason: str


@dataclass(frozen=True)
class Seen:
    """What was read of the caller's rights."""

    caller: Caller
    azure: Found[tuple[Permission, ...]]
    graph: Found[Claims]
    admin: Found[Organization | Useless]
