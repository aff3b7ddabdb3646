"""Which checks look at a fact: those whose own `looks_at` names what it is called at its service."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

_PRINCIPAL = "role assignments of the service principal"
_CALLED: dict[str, str] = {
    "vault": r"vault\b",
    "vault.id": "vault: id",
    "vault.name": "vault: id",
    "vault.location": "vault: id, location",
    "vault.sku": r"vault: .*\bsku",
    "vault.tenant_id": r"vault: .*\btenantId",
    "vault.uri": r"vault: .*\bvaultUri",
    "vault.rbac": r"vault: .*\benableRbacAuthorization",
    "vault.purge_protection": r"vault: .*\benablePurgeProtection",
    "vault.soft_delete": r"vault: .*\benableSoftDelete",
    "vault.retention_days": r"vault: .*\bsoftDeleteRetentionInDays",
    "vault.public_access": r"vault: .*\bpublicNetworkAccess",
    "vault.network": "networkAcls",
    "vault.provisioning_state": "provisioningState",
    "vault.access_policies": "accessPolicies",
    "principals": "service principals? ?(:|with)",
    "key": r"key( versions)?:|at the current version|reading the key",
    "key.name": "key: kid",
    "key.version": "key: kid",
    "key.created": "key: kid",
    "key.kty": "key: kty",
    "key.bits": "modulus",
    "key.public_sha256": "modulus",
    "key.operations": "key_ops",
    "key.enabled": r"key: attributes\.enabled",
    "key.not_before": r"\bnbf\b",
    "key.expires": r"\bexp\b",
    "key.tags": "tags of the current version",
    "versions": "key versions:",
    "deleted_key": "key: kid",
    "vault_keys": _PRINCIPAL,
    "assignments": _PRINCIPAL,
    "role_definitions": "what their roles permit",
    "at_key": "its groups and their role assignments",
    "denials": "deny assignments",
    "groups": "its groups|principals and those excluded",
    "grants": "appRoleAssignments",
    "conditional_access": "conditional access policies",
    "rotation_policy": "rotationpolicy",
    "probe": "wrapkey, unwrapkey",
    "locks": "locks on the vault",
    "policies": "policy assignments at the vault",
    "diagnostics": "diagnostic settings",
    "sinks": "each destination",
    "organization": "organization id",
    "admin_url": "the address the Anthropic client works with",
    "external_keys": "external key, its provider_config|external key's attachment",
    "workspaces": "the workspace",
    "validation": "status and error of the validation",
}
"""The path of a fact, or of a part of it: a pattern for its name in `looks_at`. The longest path that fits counts."""


def looking_at(path: str, checks: Iterable[Mapping[str, Any]]) -> tuple[str, ...]:
    """The ids of the checks, as JSON, that look at the fact of this path; none where nothing is judged by it."""
    plain = re.sub(r"\[.*?\]", "", path)
    fitting = [name for name in _CALLED if plain == name or plain.startswith(f"{name}.")]
    if not fitting:
        return ()
    pattern = re.compile(_CALLED[max(fitting, key=len)])
    return tuple(str(check["id"]) for check in checks if pattern.search(str(check.get("looks_at", ""))))
