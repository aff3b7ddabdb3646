"""Who there is in Microsoft Entra: the caller, service principals, what was given to them, sign-in policies."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.model.outcomes import same_id


@dataclass(frozen=True)
class Caller:
    """Who the Azure token says we are."""

    object_id: str
    tenant_id: str
    kind: Literal["user", "service principal"]


@dataclass(frozen=True)
class ServicePrincipal:
    object_id: str
    app_id: str
    display_name: str | None
    enabled: bool | None
    owner_tenant: str | None
    created: str | None = None
    credentials: int | None = None
    """How many certificates and secrets were added to it in this tenant."""


@dataclass(frozen=True)
class Grants:
    """What was given to a service principal in this tenant beside Azure roles, and who owns it there."""

    app_roles: tuple[str, ...]
    delegated: tuple[str, ...]
    owners: tuple[str, ...]


@dataclass(frozen=True)
class ConditionalAccessPolicy:
    id: str
    name: str
    state: str
    includes: tuple[str, ...]
    excludes: tuple[str, ...]
    filtered: bool = False
    """Whether it selects service principals by a filter on their attributes, which cannot be told from here."""

    @property
    def is_on(self) -> bool:
        """Whether it is enforced, and not only reported or off; in whatever case that is written."""
        return self.state.lower() == "enabled"

    def reaches(self, object_id: str) -> bool:
        """Whether it is on and covers this service principal, by its object id or as one of all in the tenant.

        Source: Microsoft Graph v1.0, conditionalAccessClientApplications, read 2026-11-23.
        """
        included = any(same_id(row, object_id) or row == "ServicePrincipalsInMyTenant" for row in self.includes)
        return self.is_on and included and not any(same_id(row, object_id) for row in self.excludes)
