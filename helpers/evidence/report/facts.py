"""Facts of the ledger as objects with properties: what they are called, and how one is told from another."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.evidence.report.told import Told, words

TITLES = {
    "principals": "Service principal",
    "key": "Key",
    "versions": "Key version",
    "assignments": "Role assignment of the service principal",
    "external_keys": "External key",
    "workspaces": "Workspace",
    "validation": "Validation by Anthropic",
    "vault": "Key vault",
    "diagnostics": "Diagnostic setting",
    "locks": "Lock on the vault",
    "deleted_key": "Soft-deleted key of that name",
    "vault_keys": "Keys in the vault",
    "rotation_policy": "Rotation policy",
    "probe": "Wrap and unwrap under this run's own sign-in",
    "at_key": "Role assignment at the key or above",
    "role_definitions": "Role that is assigned at the key or above",
    "denials": "Deny assignment",
    "groups": "Groups of the service principal",
    "grants": "Given to the service principal in this tenant",
    "conditional_access": "Conditional access policy for service principals",
    "policies": "Policy at the vault",
    "sinks": "Log destination",
    "log_destination": "Log destination of the parameters",
    "organization": "Anthropic organization",
    "admin_url": "Address of the Admin API",
    "caller": "Signed in as",
}
"""What facts are called here, what this suite can change first."""

WRITES = {
    "create service principal": "principals",
    "create key": "key",
    "tag key": "key",
    "narrow key": "key",
    "rotate key": "key",
    "assign role": "assignments",
    "register external key": "external_keys",
    "attach external key": "workspaces",
    "add diagnostic setting": "diagnostics",
    "let addresses in": "vault",
    "add lock": "locks",
    "enable purge protection": "vault",
}
"""Which fact each kind of change writes."""

_IDENTITIES = ("object_id", "version", "id", "name")
_LONGEST_LABEL = 60


def title_of(name: str) -> str:
    return TITLES.get(name, name.replace("_", " "))


def names_read(told: Told) -> list[str]:
    """The names of all facts that were read, those that have a title in the order of the titles, then the others."""
    read = dict.fromkeys(name for row in told.of("facts") for name in row.mapping("facts") if name != "read_at")
    return [*(name for name in TITLES if name in read), *sorted(name for name in read if name not in TITLES)]


def objects(found: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """A fact that was known or absent, as objects by a label, each with its properties in words."""
    value = found.get("value")
    match value:
        case None:
            return {}
        case list() if all(isinstance(row, dict) for row in value):
            named: dict[str, dict[str, str]] = {}
            for row in value:
                label, number = _label(row), 2
                while label in named:
                    label, number = f"{_label(row)} ({number})", number + 1
                named[label] = _properties(row)
            return named
        case dict():
            return {"": _properties(value)}
    return {"": {"": words(value)}}


def _label(row: Mapping[str, Any]) -> str:
    said = next((words(row[name]) for name in _IDENTITIES if row.get(name)), "without a name")
    return said if len(said) <= _LONGEST_LABEL else said.rstrip("/").rpartition("/")[2]


def _properties(value: Mapping[str, Any]) -> dict[str, str]:
    return {name.replace("_", " "): words(inner) for name, inner in value.items()}
