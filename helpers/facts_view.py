"""Facts in words: one row for each, whether it is there and what it is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers import published
from helpers.model import (
    Absent,
    DeletedKey,
    DiagnosticSetting,
    ExternalKey,
    Found,
    Grants,
    Key,
    KeyVersion,
    Known,
    LogSink,
    PolicyAssignment,
    RoleAssignment,
    ServicePrincipal,
    SinkState,
    Unknown,
    Vault,
    Workspace,
)

TITLES = {
    "caller": "Signed in as",
    "vault": "Key vault",
    "principals": "Service principal",
    "key": "Key",
    "versions": "Key versions",
    "deleted_key": "Soft-deleted key of that name",
    "vault_keys": "Keys in the vault",
    "assignments": "Role assignments of the service principal",
    "role_definitions": "Roles assigned at the key or above",
    "at_key": "Who has a role at the key or above",
    "denials": "Deny assignments",
    "groups": "Groups of the service principal",
    "grants": "Given to the service principal in this tenant",
    "conditional_access": "Conditional access policies for service principals",
    "rotation_policy": "Rotation policy",
    "probe": "Wrap and unwrap by the service",
    "locks": "Locks on the vault",
    "policies": "Policies at the vault",
    "diagnostics": "Diagnostic settings",
    "sinks": "Log destinations",
    "log_destination": "The log destination of the parameters",
    "organization": "Anthropic organization",
    "external_keys": "External keys",
    "workspaces": "Workspaces",
    "validation": "Validation by Anthropic",
}


def row(name: str, found: Found[Any]) -> tuple[str, str]:
    """Of one fact: whether it is there, and what it is."""
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
        f"owner organization {_said(p.owner_tenant)}, own credentials {_said(p.credentials)}"
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
    return "\n".join(
        f"{row.version} enabled {_said(row.enabled)}" + (f", made {row.created:%Y-%m-%d}" if row.created else "")
        for row in rows
    )


def _assignments(rows: tuple[RoleAssignment, ...]) -> str:
    return "\n".join(f"{published.role_name(row.role_id)} at {row.scope}" for row in rows)


def _at_key(rows: tuple[RoleAssignment, ...]) -> str:
    return "\n".join(
        f"{published.role_name(row.role_id)}: {row.principal_type or 'principal'} {row.principal_id} at {row.scope}"
        for row in rows
    )


def _grants(given: Grants) -> str:
    return (
        f"application permissions: {', '.join(given.app_roles) or 'none'}\n"
        f"delegated permissions: {', '.join(given.delegated) or 'none'}\n"
        f"owners: {', '.join(given.owners) or 'none'}"
    )


def _policies(rows: tuple[PolicyAssignment, ...]) -> str:
    return "\n".join(
        f"{row.name} at {row.scope}: {_effect(row)}{'' if row.enforced else ', not enforced'}" for row in rows
    )


def _effect(row: PolicyAssignment) -> str:
    match row.definition:
        case Known(definition):
            return f"effect {definition.effect}" + (" on the vault's openness" if definition.closes_the_vault else "")
        case Unknown(reason):
            return f"UNKNOWN ({reason})"
    return "its definition is not there"


def _sinks(rows: tuple[LogSink, ...]) -> str:
    return "\n".join(f"{row.kind} {row.id}: {_sink(row.found)}" for row in rows)


def _sink(found: Found[SinkState]) -> str:
    match found:
        case Known(there):
            kept = f", kept {there.retention_days} days" if there.retention_days is not None else ""
            fixed = "" if there.immutable is None else f", immutable {_said(there.immutable)}"
            return f"there{kept}{fixed}"
        case Unknown(reason):
            return f"UNKNOWN ({reason})"
    return "not there"


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
    return "\n".join(f"{row.id} {row.name}{_kind(row)}: external key {row.external_key_id or 'none'}" for row in rows)


def _kind(row: Workspace) -> str:
    return "".join(word for word, said in ((" (archived)", row.archived), (" (default)", row.is_default)) if said)


_DETAILS: dict[str, Callable[[Any], str]] = {
    "caller": lambda who: f"{who.kind} {who.object_id}, tenant {who.tenant_id}",
    "vault": _vault,
    "principals": _principals,
    "key": _key,
    "versions": _versions,
    "deleted_key": _deleted,
    "vault_keys": ", ".join,
    "assignments": _assignments,
    "role_definitions": lambda rows: ", ".join(row.name for row in rows),
    "at_key": _at_key,
    "denials": lambda rows: "\n".join(f"{row.name} at {row.scope}" for row in rows),
    "groups": ", ".join,
    "grants": _grants,
    "conditional_access": lambda rows: "\n".join(f"{row.name} ({row.state})" for row in rows),
    "rotation_policy": lambda row: (
        f"rotates {', '.join(row.rotates) or 'never'}, new versions expire "
        f"{'after ' + row.expiry if row.expiry else 'never'}"
    ),
    "probe": lambda row: (
        f"unwrapped what was wrapped: {_said(row.equal)}; {row.operation} refused: "
        f"{row.refused or 'no'}; allowed by the role assignment {row.assignment or 'not named'}\n"
        "This is this identity's own access. It does not prove Anthropic's; only Anthropic's validation does."
    ),
    "locks": lambda rows: "\n".join(f"{row.name}: {row.level} at {row.scope}" for row in rows),
    "policies": _policies,
    "diagnostics": _diagnostics,
    "sinks": _sinks,
    "log_destination": lambda row: _sink(Known(row)),
    "organization": lambda row: f"{row.name}, {row.id}",
    "external_keys": _external_keys,
    "workspaces": _workspaces,
    "validation": lambda row: row.status + (f": {row.error}" if row.error else ""),
}
