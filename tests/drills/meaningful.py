"""Values for leaves of the onboarded world that mean something to a check: just across a threshold, or set at all."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from helpers.rehearsal.material import shared
from helpers.rehearsal.state import (
    ConditionalAccessPolicy,
    DenyAssignment,
    EventHubRule,
    ExternalKey,
    Fault,
    Group,
    ImmutableStorage,
    KeyVersion,
    Lock,
    LogRow,
    NetworkAcls,
    PolicyAssignment,
    PolicyDefinition,
    RoleDefinition,
    RotationAction,
    StorageAccount,
)

SUBSCRIPTION = "22222222-3333-4444-8555-666666666666"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-claude"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
PRINCIPAL, OPERATOR = "44444444-5555-4666-8777-888888888888", "b0000000-0000-4000-8000-000000000001"
SOMEBODY = "d0000000-0000-4000-8000-00000000000d"
EVERYBODY = "00000000-0000-0000-0000-000000000000"
TAG = "anthropic-org-33333333-4444-4555-8666-777777777777"
OTHER_TAGS = {f"tag-{number}": "x" for number in range(1, 16)}


def _day(month: int, day: int, year: int = 2026) -> datetime:
    return datetime(year, month, day, tzinfo=UTC)


_PLACED = {"subscription_id": SUBSCRIPTION, "resource_group": "rg-claude"}
_TENANT = "11111111-2222-4333-8444-555555555555"
_VERSION = KeyVersion(key_ops=["wrapKey", "unwrapKey"], tags={TAG: "true"})

MEANINGFUL: dict[str, dict[str, Any]] = {
    "settings.now": {"a day earlier": _day(11, 22), "forty days later": _day(1, 2, 2027)},
    "settings.operator_address": {"another": "198.51.100.7"},
    "settings.vendor_addresses": {"one more": ["160.79.104.10", "153.61.208.10", "198.51.100.9"], "none": []},
    "settings.vendor_addresses.*": {"another": "198.51.100.9"},
    "identities.*.graph_permissions": {"none": []},
    "identities.*.groups": {"one more": ["abcdef00-0000-4000-8000-000000000001"]},
    "groups": {"one more": {"abcdef00-0000-4000-8000-000000000001": Group(display_name="Visitors")}},
    "conditional_access": {
        "one that reaches it": {
            "e0000000-0000-4000-8000-000000000009": ConditionalAccessPolicy(
                display_name="Block", include_service_principals=["ServicePrincipalsInMyTenant"]
            )
        }
    },
    "conditional_access.*.exclude_service_principals": {"none": []},
    "service_principals.*.app_roles_granted": {"one more": ["7ab1d382-f21e-4acd-a863-ba3e13f7da61"]},
    "service_principals.*.delegated_grants": {"one more": ["User.Read.All"]},
    "service_principals.*.owners": {"one more": [SOMEBODY]},
    "service_principals.*.key_credentials": {"one more": ["by hand"]},
    "service_principals.*.password_credentials": {"one more": ["by hand"]},
    "service_principals.*.member_of": {"one more": ["abcdef00-0000-4000-8000-000000000001"]},
    "subscriptions.*.state": {"Disabled": "Disabled"},
    "vaults.*.subscription_id": {"another": "22222222-3333-4444-8555-000000000000"},
    "vaults.*.location": {"another": "westeurope"},
    "vaults.*.soft_delete_retention_in_days": {"below": 89, "least": 7},
    "vaults.*.public_network_access": {"Disabled": "Disabled", "SecuredByPerimeter": "SecuredByPerimeter"},
    "vaults.*.network_acls": {
        "Deny": NetworkAcls(default_action="Deny"),
        "Deny without Anthropic": NetworkAcls(default_action="Deny", ip_rules=["203.0.113.7"]),
        "Allow": NetworkAcls(),
    },
    "vaults.*.network_acls.ip_rules": {
        "one more": ["203.0.113.7", "160.79.104.0/21", "153.61.208.0/20", "198.51.100.9"]
    },
    "vaults.*.network_acls.ip_rules.*": {"another": "198.51.100.9"},
    "vaults.*.network_acls.virtual_network_rules": {"none": []},
    "vaults.*.access_policies": {
        "one more": [{"tenantId": _TENANT, "objectId": SOMEBODY, "permissions": {"keys": ["all"]}}]
    },
    "vaults.*.provisioning_state": {"RegisteringDns": "RegisteringDns"},
    "vaults.*.tags": {"one more": {"team": "platform"}},
    "vaults.*.keys.*.deleted": {"before": _day(11, 20)},
    "vaults.*.keys.*.recovered": {"before": _day(11, 20), "after": _day(11, 24)},
    "vaults.*.keys.*.versions": {
        "a newer one without the tag": {
            "0123456789abcdef0123456789abcdef": _VERSION,
            "fedcba9876543210fedcba9876543210": KeyVersion(created=_day(11, 22), key_ops=["wrapKey", "unwrapKey"]),
        },
        "an older one that is disabled": {
            "fedcba9876543210fedcba9876543210": KeyVersion(created=_day(9, 1), enabled=False),
            "0123456789abcdef0123456789abcdef": _VERSION,
        },
    },
    "vaults.*.keys.*.versions.*.not_before": {"before": _day(11, 22), "after": _day(12, 1)},
    "vaults.*.keys.*.versions.*.expires": {
        "before": _day(11, 22),
        "soon": _day(12, 20),
        "late": _day(6, 1, 2027),
    },
    "vaults.*.keys.*.versions.*.key_ops": {"one more": ["wrapKey", "unwrapKey", "decrypt"]},
    "vaults.*.keys.*.versions.*.key_ops.*": {"another": "sign"},
    "vaults.*.keys.*.versions.*.tags": {
        "one more": {TAG: "true", "team": "platform"},
        "fifteen others": OTHER_TAGS,
    },
    "vaults.*.keys.*.versions.*.kty": {"another": "RSA-HSM"},
    "vaults.*.keys.*.versions.*.size": {"below": 2048, "above": 4096},
    "vaults.*.keys.*.versions.*.n": {"of 2048 bits": shared(KeyVersion(size=2048)).n},
    "vaults.*.keys.*.versions.*.pem": {"another": shared(KeyVersion(size=2048)).pem},
    "vaults.*.keys.*.rotation_policy.expiry_time": {"another": "P3Y"},
    "vaults.*.keys.*.rotation_policy.actions": {
        "none": [],
        "one more": [
            RotationAction(action="Rotate", time_after_create="P1Y"),
            RotationAction(action="Notify", time_before_expiry="P30D"),
        ],
    },
    "vaults.*.keys.*.rotation_policy.actions.*.time_after_create": {"another": "P2Y"},
    "vaults.*.keys.*.rotation_policy.actions.*.time_before_expiry": {"set": "P30D"},
    "role_definitions": {"one more": {"f0000000-0000-4000-8000-00000000000e": RoleDefinition(role_name="Other")}},
    "role_definitions.*.*actions": {"one more": ["*"]},
    "role_definitions.*.assignable_scopes": {"another": [GROUP]},
    "role_assignments.*.scope": {"resource group": GROUP, "another key": f"{VAULT}/keys/payroll"},
    "role_assignments.*.role_definition": {"Owner": "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"},
    "role_assignments.*.principal_id": {"another": SOMEBODY, "Anthropic": PRINCIPAL},
    "role_assignments.*.principal_type": {"another": "User"},
    "role_assignments.*.condition": {"set": "@Resource[name] StringEquals 'x'"},
    "role_assignments.*.condition_version": {"set": "2.0"},
    "role_assignments.*.description": {"set": "by hand"},
    "role_assignments.*.created_by": {"set": SOMEBODY},
    "deny_assignments": {
        "one that reaches it": {
            "dddddddd-0000-4000-8000-000000000009": DenyAssignment(
                name="Deny",
                scope=VAULT,
                data_actions=["Microsoft.KeyVault/vaults/keys/wrap/action"],
                principals=[PRINCIPAL],
            )
        }
    },
    "deny_assignments.*.actions": {"one more": ["*"]},
    "deny_assignments.*.data_actions": {"none": [], "everything": ["*"]},
    "deny_assignments.*.data_actions.*": {"another": "Microsoft.KeyVault/vaults/secrets/*"},
    "deny_assignments.*.principals": {"none": []},
    "deny_assignments.*.exclude_principals": {"only the operator": [OPERATOR]},
    "locks": {"a second one": {"keep": Lock(scope=VAULT), "freeze": Lock(scope=GROUP, level="ReadOnly")}},
    "locks.*.scope": {"resource group": GROUP, "key": f"{VAULT}/keys/claude-cmek", "another": f"{VAULT}-other"},
    "locks.*.notes": {"another": "Other words."},
    "diagnostic_settings.*.workspace_id": {
        "another": f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-other"
    },
    "diagnostic_settings.*.storage_account_id": {
        "one that is gone": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/gone"
    },
    "diagnostic_settings.*.event_hub_authorization_rule_id": {
        "one that is gone": f"{GROUP}/providers/Microsoft.EventHub/namespaces/evh-gone/authorizationRules/send"
    },
    "diagnostic_settings.*.event_hub_name": {"set": "hub"},
    "diagnostic_settings.*.log_analytics_destination_type": {"set": "Dedicated"},
    "diagnostic_settings.*.metrics": {"one more": [{"category": "AllMetrics", "enabled": True}]},
    "diagnostic_settings.*.logs": {"none": [], "audit group": [LogRow(category_group="audit")]},
    "diagnostic_settings.*.logs.*.category": {"another": "AzurePolicyEvaluationDetails"},
    "diagnostic_settings.*.logs.*.category_group": {"set": "allLogs"},
    "log_analytics_workspaces.*.resource_group": {"another": "rg-security"},
    "log_analytics_workspaces.*.provisioning_state": {"another": "Deleting"},
    "storage_accounts": {"one more": {"stother": StorageAccount(**_PLACED)}},
    "storage_accounts.*.immutable_storage": {"without a policy": ImmutableStorage()},
    "event_hub_rules": {"one more": {"evh-other/send": EventHubRule(**_PLACED)}},
    "event_hub_rules.*.rights": {"Listen": ["Listen"]},
    "policy_definitions": {
        "one more": {"0e0e0e0e-1111-4222-8333-444444444444": PolicyDefinition(display_name="Other")}
    },
    "policy_definitions.*.parameters": {"another default": {"effect": {"type": "String", "defaultValue": "Deny"}}},
    "policy_definitions.*.policy_rule.then.effect": {
        "another": "deny",
        "an expression": "[if(equals(parameters('effect'), 'Audit'), 'deny', 'audit')]",
    },
    "policy_definitions.*.policy_rule": {
        "deny at once": {
            "if": {"field": "Microsoft.KeyVault/vaults/publicNetworkAccess", "notEquals": "Disabled"},
            "then": {"effect": "deny"},
        },
        "about something else": {
            "if": {"field": "Microsoft.KeyVault/vaults/sku.name", "notEquals": "premium"},
            "then": {"effect": "[parameters('effect')]"},
        },
    },
    "policy_assignments": {
        "an initiative": {
            "baseline": PolicyAssignment(
                scope=GROUP,
                definition="/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9",
                display_name="Baseline",
            )
        }
    },
    "policy_assignments.*.parameters": {"Deny": {"effect": "Deny"}, "none": {}},
    "policy_assignments.*.parameters.effect": {"Deny": "Deny", "Audit": "Audit", "another": "Modify"},
    "policy_assignments.*.definition": {
        "an initiative": "/providers/Microsoft.Authorization/policySetDefinitions/1f3afdf9-d0c9-4c3d-847f-89da613e70a8"
    },
    "external_keys": {
        "a second one": {
            name: ExternalKey(
                vault_uri="https://kv-contoso-claude.vault.azure.net/", key_name="claude-cmek", tenant_id=_TENANT
            )
            for name in ("ekey_01REHEARSALONBOARDED", "ekey_01REHEARSALSECONDONE")
        }
    },
    "external_keys.*.client_id": {"set": "12345678-1234-4234-8234-123456789abc"},
    "external_keys.*.key_name": {"another": "payroll"},
    "external_keys.*.vault_uri": {
        "another": "https://kv-contoso-other.vault.azure.net/",
        "in capitals": "https://KV-CONTOSO-CLAUDE.VAULT.AZURE.NET",
    },
    "workspaces.*.archived": {"before": _day(11, 1)},
    "workspaces.*.user_profile_id": {"set": "uprof_01REHEARSAL"},
    "workspaces.*.tags": {"one more": {"team": "platform"}},
    "workspaces.*.external_key_id": {"another": "ekey_01REHEARSALOTHERKEY", "ours": "ekey_01REHEARSALONBOARDED"},
    "faults": {"one": [Fault(operation="ManagementLocks_ListByScope", status=403)]},
    "admin_keys.*": {"another": "sk-ant-admin01-rehearsal-only-another-key"},
}
"""By a pattern of leaf paths: the name of each flip, and the value."""

IMPOSSIBLE: dict[str, tuple[str, ...]] = {
    "identities.operator": ("removed", "renamed"),  # nobody would sign in
    "vaults.*.keys.*.versions.*": ("removed",),  # a key has a version
    "policy_definitions.*.policy_type": ("Custom",),  # a world file that says only this is refused, and so for the next
    "policy_definitions.*.subscription_id": ("another",),
}
"""Flips that make no world."""
