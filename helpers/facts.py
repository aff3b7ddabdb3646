"""What a step saw. Whatever it did not look at is unknown, so that nothing can be concluded from not looking."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from helpers import published
from helpers.display import Shown
from helpers.jsonable import jsonable
from helpers.model import (
    NOT_LOOKED_AT,
    Absent,
    Caller,
    DeletedKey,
    DiagnosticSetting,
    ExternalKey,
    Found,
    Key,
    KeyVersion,
    Known,
    Organization,
    RoleAssignment,
    ServicePrincipal,
    Unknown,
    Validation,
    Vault,
    Workspace,
)
from helpers.view import Table, View


@dataclass(frozen=True)
class Facts(Shown):
    """Everything any step looks at; each step fills in its part."""

    read_at: datetime | None = None
    caller: Found[Caller] = NOT_LOOKED_AT
    vault: Found[Vault] = NOT_LOOKED_AT
    principals: Found[tuple[ServicePrincipal, ...]] = NOT_LOOKED_AT
    key: Found[Key] = NOT_LOOKED_AT
    versions: Found[tuple[KeyVersion, ...]] = NOT_LOOKED_AT
    deleted_key: Found[DeletedKey] = NOT_LOOKED_AT
    vault_keys: Found[tuple[str, ...]] = NOT_LOOKED_AT
    assignments: Found[tuple[RoleAssignment, ...]] = NOT_LOOKED_AT
    diagnostics: Found[tuple[DiagnosticSetting, ...]] = NOT_LOOKED_AT
    organization: Found[Organization] = NOT_LOOKED_AT
    admin_url: Found[str] = NOT_LOOKED_AT
    external_keys: Found[tuple[ExternalKey, ...]] = NOT_LOOKED_AT
    workspaces: Found[tuple[Workspace, ...]] = NOT_LOOKED_AT
    validation: Found[Validation] = NOT_LOOKED_AT

    @property
    def principal(self) -> Found[ServicePrincipal]:
        """The one service principal of the published app; several are unknown, for none of them is known to be it."""
        if not isinstance(self.principals, Known):
            return self.principals
        if len(self.principals.value) > 1:
            return Unknown(f"{len(self.principals.value)} service principals answer to the published app id")
        return Known(self.principals.value[0]) if self.principals.value else Absent()

    def view(self) -> View:
        looked = [(f.name, getattr(self, f.name)) for f in fields(self) if f.name in _TITLES]
        rows = [(_TITLES[name], *_row(name, found)) for name, found in looked if found is not NOT_LOOKED_AT]
        return View(
            "facts", "What is there", tables=[Table(("What", "Found", "Detail"), tuple(rows))], data=jsonable(self)
        )


_TITLES = {
    "caller": "Signed in as",
    "vault": "Key vault",
    "principals": "Service principal",
    "key": "Key",
    "versions": "Key versions",
    "deleted_key": "Soft-deleted key of that name",
    "vault_keys": "Keys in the vault",
    "assignments": "Role assignments of the service principal",
    "diagnostics": "Diagnostic settings",
    "organization": "Anthropic organization",
    "external_keys": "External keys",
    "workspaces": "Workspaces",
    "validation": "Validation by Anthropic",
}


def _row(name: str, found: Found[Any]) -> tuple[str, str]:
    match found:
        case Known(value):
            empty = isinstance(value, tuple) and not value
            return ("none" if empty else "yes"), ("" if empty else _DETAILS[name](value))
        case Absent():
            return "no", "the service says it is not there"
        case Unknown(reason, request_id):
            return "UNKNOWN", reason + (f" (request id {request_id})" if request_id else "")


def _said(value: object) -> str:
    """A property in words: what Azure left out is said to be not set."""
    return "not set" if value is None else str(value).lower() if isinstance(value, bool) else str(value)


def _vault(vault: Vault) -> str:
    rules = vault.network
    network = (
        "not set (allows all)" if rules is None else f"{rules.default_action}, {len(rules.ip_rules)} address rules"
    )
    return (
        f"{vault.name}, {vault.location}, {vault.sku}, tenant {vault.tenant_id}\n{vault.uri}\n"
        f"RBAC {_said(vault.rbac)}, purge protection {_said(vault.purge_protection)}, "
        f"soft delete {_said(vault.soft_delete)} {vault.retention_days or '?'} days\n"
        f"public network access {_said(vault.public_access)}, network rules {network}"
    )


def _principals(rows: tuple[ServicePrincipal, ...]) -> str:
    return "\n".join(
        f"{p.display_name}, object ID {p.object_id}, app ID {p.app_id}, enabled {_said(p.enabled)}, "
        f"owner organization {_said(p.owner_tenant)}"
        for p in rows
    )


def _key(key: Key) -> str:
    until = f", expires {key.expires:%Y-%m-%d}" if key.expires else ""
    return (
        f"{key.name} version {key.version}: {key.kty} {key.bits or '?'} bits, enabled {_said(key.enabled)}{until}\n"
        f"operations {', '.join(key.operations) or 'none'}\n"
        f"tags {', '.join(f'{k}={v}' for k, v in sorted(key.tags.items())) or 'none'}\n"
        f"public key SHA-256 {_said(key.public_sha256)}"
    )


def _versions(rows: tuple[KeyVersion, ...]) -> str:
    return "\n".join(f"{row.version} enabled {_said(row.enabled)}" for row in rows)


def _assignments(rows: tuple[RoleAssignment, ...]) -> str:
    return "\n".join(f"{published.role_name(row.role_id)} at {row.scope}" for row in rows)


def _diagnostics(rows: tuple[DiagnosticSetting, ...]) -> str:
    return "\n".join(
        f"{row.name}: {', '.join(row.categories) or 'no category'} to {', '.join(row.sinks) or 'nowhere'}"
        for row in rows
    )


def _deleted(key: DeletedKey) -> str:
    until = f"{key.purged_on:%Y-%m-%d}" if key.purged_on else "an unknown day"
    return f"{key.name}: its name stays taken until it is recovered, or until {until}"


def _external_keys(rows: tuple[ExternalKey, ...]) -> str:
    return "\n".join(f"{row.id} {row.display_name or ''}: {row.key_name} in {row.vault_uri}" for row in rows)


def _workspaces(rows: tuple[Workspace, ...]) -> str:
    return "\n".join(
        f"{row.id} {row.name}{' (archived)' if row.archived else ''}: external key {row.external_key_id or 'none'}"
        for row in rows
    )


_DETAILS: dict[str, Callable[[Any], str]] = {
    "caller": lambda who: f"{who.kind} {who.object_id}, tenant {who.tenant_id}",
    "vault": _vault,
    "principals": _principals,
    "key": _key,
    "versions": _versions,
    "deleted_key": _deleted,
    "vault_keys": ", ".join,
    "assignments": _assignments,
    "diagnostics": _diagnostics,
    "organization": lambda row: f"{row.name}, {row.id}",
    "external_keys": _external_keys,
    "workspaces": _workspaces,
    "validation": lambda row: row.status + (f": {row.error}" if row.error else ""),
}
