"""What the clouds hold, as frozen values, and how looking can turn out.

Predicates live here, each written once: steps and checks judge by the same ones.
"""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Generic, Literal, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Known(Generic[T]):
    """It was read, and this is it."""

    value: T


@dataclass(frozen=True)
class Absent:
    """The service was asked and says that it is not there."""


@dataclass(frozen=True)
class Unknown:
    """It could not be read: not the same as absent, and never a pass."""

    reason: str
    request_id: str | None = None


Found = Known[T] | Absent | Unknown

NOT_LOOKED_AT = Unknown("not looked at in this step")


def same_id(one: str | None, other: str | None) -> bool:
    """Whether two Azure ids are the same: case and slashes at the ends do not count; None equals nothing."""
    return one is not None and other is not None and one.strip("/").lower() == other.strip("/").lower()


def same_uri(one: str, other: str) -> bool:
    """Whether two vault URIs are the same: Azure varies their case and the slash at the end."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()


@dataclass(frozen=True)
class Caller:
    """Who the Azure token says we are."""

    object_id: str
    tenant_id: str
    kind: Literal["user", "service principal"]


@dataclass(frozen=True)
class NetworkRules:
    """A vault's firewall. Azure leaves the whole of it out of a reply when it allows all and has no rules."""

    default_action: str | None
    ip_rules: tuple[str, ...] = ()
    bypass: str | None = None


@dataclass(frozen=True)
class Vault:
    """A vault as ARM describes it. None stands for a property that Azure left out or sent as null: never for true."""

    id: str
    name: str
    location: str
    sku: str
    tenant_id: str
    uri: str
    rbac: bool | None
    purge_protection: bool | None
    soft_delete: bool | None
    retention_days: int | None
    public_access: str | None
    network: NetworkRules | None
    provisioning_state: str | None = None

    def key_scope(self, key_name: str) -> str:
        """The scope of one key, as role assignments name it."""
        return f"{self.id}/keys/{key_name}"


@dataclass(frozen=True)
class ServicePrincipal:
    object_id: str
    app_id: str
    display_name: str | None
    enabled: bool | None
    owner_tenant: str | None
    created: str | None = None


@dataclass(frozen=True)
class KeyVersion:
    """One row of a key's version list; key material is not in it."""

    version: str
    enabled: bool | None
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """The current version of a key. `bits` is counted from the modulus; `public_sha256` is over its DER public key."""

    name: str
    version: str
    kty: str
    bits: int | None
    operations: tuple[str, ...]
    enabled: bool | None
    not_before: datetime | None
    expires: datetime | None
    tags: Mapping[str, str]
    public_sha256: str | None
    created: datetime | None = None

    def usable_at(self, now: datetime) -> bool:
        """Whether wrapping works at this time: enabled is true, not before its start, not after its end."""
        started = self.not_before is None or self.not_before <= now
        ended = self.expires is not None and self.expires <= now
        return self.enabled is True and started and not ended


@dataclass(frozen=True)
class DeletedKey:
    """A soft-deleted key: its name stays taken until it is recovered or purged."""

    name: str
    deleted_on: datetime | None
    purged_on: datetime | None


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
class DiagnosticSetting:
    name: str
    categories: tuple[str, ...]
    """Enabled log categories, and enabled category groups as `group:audit`."""
    sinks: tuple[str, ...]
    """Ids of the destinations that are set."""

    @property
    def audits(self) -> bool:
        """Whether key operations are written somewhere: AuditEvent, or the audit or allLogs group, to a sink."""
        wanted = {"auditevent", "group:audit", "group:alllogs"}
        return bool(self.sinks) and any(category.lower() in wanted for category in self.categories)


@dataclass(frozen=True)
class Organization:
    id: str
    name: str


@dataclass(frozen=True)
class ExternalKey:
    id: str
    display_name: str | None
    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None
    attached: bool | None

    def is_for(self, vault_uri: str, key_name: str, tenant_id: str) -> bool:
        """Whether this registers that key: same vault, key name and tenant. Whose application uses it is client_id."""
        return (
            same_uri(self.vault_uri, vault_uri)
            and self.key_name.lower() == key_name.lower()
            and same_id(self.tenant_id, tenant_id)
        )


@dataclass(frozen=True)
class Workspace:
    id: str
    name: str
    external_key_id: str | None
    archived: bool
    user_profile_id: str | None = None


@dataclass(frozen=True)
class Validation:
    """What Anthropic answered when asked to use the key. Only the word `success` is success."""

    status: str
    error: str | None
    request_id: str | None = None

    @property
    def succeeded(self) -> bool:
        return self.status == "success"
