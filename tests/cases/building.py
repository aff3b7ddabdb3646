"""Parameters and facts for tests of pure code, as after a healthy onboarding just before the key is attached.

A test or a case file says only what differs. In a case a fact is written as `{known: {what: differs}}`, for a fact that
is a list `{known: [{what: differs}, ...]}`, `absent`, or `{unknown: reason, request_id: id}`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from datetime import UTC, datetime
from functools import cache
from typing import Any

from pydantic import TypeAdapter

from helpers import parameters as parameter_files
from helpers import published
from helpers.facts import Facts
from helpers.model import (
    EVERYBODY,
    Absent,
    Caller,
    ConditionalAccessPolicy,
    DataPermission,
    DeletedKey,
    DenyAssignment,
    DiagnosticSetting,
    ExternalKey,
    Found,
    Grants,
    Key,
    KeyVersion,
    Known,
    Lock,
    LogSink,
    Organization,
    PolicyAssignment,
    PolicyDefinition,
    Probe,
    RoleAssignment,
    RoleDefinition,
    RotationPolicy,
    ServicePrincipal,
    SinkState,
    Unknown,
    Validation,
    Vault,
    Workspace,
    assignment_name,
)
from helpers.parameters import Parameters

NOW = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
TENANT = "11111111-2222-4333-8444-555555555555"
SUBSCRIPTION = "22222222-3333-4444-8555-666666666666"
ORGANIZATION = "33333333-4444-4555-8666-777777777777"
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
OTHER = "99999999-8888-4777-8666-555555555555"
VAULT_ID = (
    f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
)
KEY_ID = f"{VAULT_ID}/keys/claude-cmek"
VAULT_URI = "https://kv-contoso-claude.vault.azure.net/"
VERSION = "0f1e2d3c4b5a69788796a5b4c3d2e1f0"
TAG = f"anthropic-org-{ORGANIZATION}"
SINK = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-claude/providers/Microsoft.OperationalInsights/workspaces/logs"

GIVEN: dict[str, Any] = {
    "tenant_id": TENANT,
    "subscription_id": SUBSCRIPTION,
    "resource_group": "rg-claude",
    "vault_name": "kv-contoso-claude",
    "key_name": "claude-cmek",
    "organization_id": ORGANIZATION,
    "external_key_name": "contoso-claude-cmek",
    "workspace": {"create": "contoso-cmek"},
}

_HEALTHY: dict[str, Any] = {
    "caller": Caller("55555555-6666-4777-8888-999999999999", TENANT, "user"),
    "vault": Vault(
        id=VAULT_ID,
        name="kv-contoso-claude",
        location="northcentralus",
        sku="standard",
        tenant_id=TENANT,
        uri=VAULT_URI,
        rbac=True,
        purge_protection=True,
        soft_delete=True,
        retention_days=90,
        public_access="Enabled",
        network=None,
    ),
    "principals": ServicePrincipal(PRINCIPAL, published.APP_ID, published.APP_DISPLAY_NAME, True, OTHER, credentials=0),
    "key": Key(
        name="claude-cmek",
        version=VERSION,
        kty="RSA",
        bits=3072,
        operations=("wrapKey", "unwrapKey"),
        enabled=True,
        not_before=None,
        expires=None,
        tags={TAG: "true"},
        public_sha256="ab" * 32,
    ),
    "versions": KeyVersion(VERSION, True, NOW),
    "deleted_key": DeletedKey("claude-cmek", NOW, datetime(2027, 2, 21, tzinfo=UTC)),
    "vault_keys": "claude-cmek",
    "assignments": RoleAssignment(
        id=f"{KEY_ID}/providers/Microsoft.Authorization/roleAssignments/"
        f"{assignment_name(KEY_ID, published.CRYPTO_USER, PRINCIPAL)}",
        name=assignment_name(KEY_ID, published.CRYPTO_USER, PRINCIPAL),
        role_id=published.CRYPTO_USER,
        principal_id=PRINCIPAL,
        principal_type="ServicePrincipal",
        scope=KEY_ID,
    ),
    "at_key": RoleAssignment(
        id=f"{KEY_ID}/providers/Microsoft.Authorization/roleAssignments/own",
        name="own",
        role_id=published.CRYPTO_USER,
        principal_id=PRINCIPAL,
        principal_type="ServicePrincipal",
        scope=KEY_ID,
    ),
    "role_definitions": RoleDefinition(
        published.CRYPTO_USER,
        published.CRYPTO_USER_NAME,
        (DataPermission(("Microsoft.KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/wrap/action")),),
    ),
    "denials": DenyAssignment(
        "others", KEY_ID, (DataPermission(("Microsoft.KeyVault/vaults/keys/*",)),), (EVERYBODY,), (PRINCIPAL,)
    ),
    "groups": "77777777-0000-4000-8000-000000000001",
    "grants": Grants((), (), ()),
    "conditional_access": ConditionalAccessPolicy("ca-1", "Block the rest", "enabled", (OTHER,), ()),
    "rotation_policy": RotationPolicy(("P180D",), "P2Y"),
    "probe": Probe(True, "KeyOperationForbidden", "decrypt", "00000000-0000-4000-8000-00000000aaaa"),
    "locks": Lock("keep", "CanNotDelete", VAULT_ID.lower()),
    "policies": PolicyAssignment("Audit it", VAULT_ID, True, Known(PolicyDefinition(("name",), "Audit"))),
    "diagnostics": DiagnosticSetting("audit", ("AuditEvent",), (SINK,)),
    "sinks": LogSink(SINK, "Log Analytics workspace", Known(SinkState("Succeeded", 90))),
    "log_destination": SinkState("Succeeded", 90),
    "organization": Organization(ORGANIZATION, "Contoso"),
    "admin_url": published.ADMIN_API,
    "external_keys": ExternalKey(
        "cmek_01Ours", "contoso-claude-cmek", VAULT_URI, "claude-cmek", TENANT, client_id=None, attached=False
    ),
    "workspaces": Workspace("wrkspc_01Contoso", "contoso-cmek", None, archived=False),
    "validation": Validation("success", None, "req_validate"),
}
_LISTS = (
    "principals",
    "versions",
    "vault_keys",
    "assignments",
    "at_key",
    "role_definitions",
    "denials",
    "groups",
    "conditional_access",
    "locks",
    "policies",
    "diagnostics",
    "sinks",
    "external_keys",
    "workspaces",
)
_NOT_THERE = {"workspaces": Known(()), "deleted_key": Facts().deleted_key}


def parameters(**changes: Any) -> Parameters:
    """Valid parameters with some changed."""
    return parameter_files.load({**GIVEN, **changes})


def facts(**changes: Any) -> Facts:
    """Healthy facts with some replaced by model values."""
    healthy = {
        name: Known((value,)) if name in _LISTS else Known(value)
        for name, value in _HEALTHY.items()
        if name not in _NOT_THERE
    }
    return Facts(**{"read_at": NOW, **healthy, **_NOT_THERE, **changes})


def one(fact: str, **changes: Any) -> Any:
    """The healthy value of a fact, or of one row of it, with some of its fields changed."""
    return _changed(_HEALTHY[fact], changes)


def known(fact: str, **changes: Any) -> Known[Any]:
    """The same as a fact that was read."""
    value = one(fact, **changes)
    return Known((value,) if fact in _LISTS else value)


def as_found(fact: str, said: Any) -> Found[Any]:
    """A fact as a case file says it."""
    if said == "absent":
        return Absent()
    if "unknown" in said:
        return Unknown(said["unknown"], said.get("request_id"))
    value = said["known"]
    if fact in _LISTS:
        return Known(tuple(_changed(_HEALTHY[fact], row) for row in value))
    return Known(_changed(_HEALTHY[fact], value))


def _changed(healthy: Any, changes: Any) -> Any:
    if not isinstance(changes, Mapping):
        return changes
    if not changes:
        return healthy
    names = {field.name for field in fields(healthy)}
    assert set(changes) <= names, f"no such field: {set(changes) - names}"
    whole = {name: getattr(healthy, name) for name in names}
    checked = _adapter(type(healthy)).validate_python({**whole, **changes})
    return replace(healthy, **{name: getattr(checked, name) for name in changes})


@cache
def _adapter(kind: type[Any]) -> TypeAdapter[Any]:
    return TypeAdapter(kind)
