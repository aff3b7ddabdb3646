"""What 04 reads beside the vault, the key and the principal, each with the operation it asks first, for tests of reads."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers.model import EVERYBODY, Found
from helpers.rehearsal import state
from helpers.services.connect import Services
from tests.services.rehearsed import GIVEN, given

VAULT_ID, KEY = given().vault_id, str(GIVEN["key_name"])
KEY_ID, SUBSCRIPTION = f"{VAULT_ID}/keys/{KEY}", f"/subscriptions/{GIVEN['subscription_id']}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/{GIVEN['resource_group']}"
VERSION = "0123456789abcdef0123456789abcdef"
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-contoso"
STORE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/contosologs"
HUB = f"{GROUP}/providers/Microsoft.EventHub/namespaces/contoso-hubs/authorizationRules/send"
TEAM = "77777777-0000-4000-8000-000000000001"
DEFINITIONS = "/providers/Microsoft.Authorization/policyDefinitions"

Read = Callable[[Services], Found[Any]]
READS: dict[str, tuple[str, Read]] = {
    "locks": ("ManagementLocks_ListByScope", lambda s: s.resources.locks(VAULT_ID)),
    "diagnostics": ("DiagnosticSettings_List", lambda s: s.resources.diagnostic_settings(VAULT_ID)),
    "policies": ("PolicyAssignments_List", lambda s: s.resources.policies(VAULT_ID)),
    "workspace of logs": ("Workspaces_Get", lambda s: s.resources.sink(LOGS).found),
    "storage account": ("StorageAccounts_GetProperties", lambda s: s.resources.sink(STORE).found),
    "event hub": ("Namespaces_GetAuthorizationRule", lambda s: s.resources.sink(HUB).found),
    "at": ("RoleAssignments_ListForScope", lambda s: s.roles.at(KEY_ID)),
    "definitions": ("RoleDefinitions_List", lambda s: s.roles.definitions(VAULT_ID)),
    "denials": ("DenyAssignments_ListForScope", lambda s: s.roles.denials(KEY_ID)),
    "rotation": ("GetKeyRotationPolicy", lambda s: s.keys.rotation_policy(KEY)),
    "probe: wrap": ("wrapKey", lambda s: s.keys.probe(KEY, VERSION)),
    "probe: unwrap": ("unwrapKey", lambda s: s.keys.probe(KEY, VERSION)),
    "probe: decrypt": ("decrypt", lambda s: s.keys.probe(KEY, VERSION)),
    "grants: roles": ("servicePrincipal appRoleAssignments list", lambda s: s.principals.grants(PRINCIPAL)),
    "grants: delegated": ("servicePrincipal oauth2PermissionGrants list", lambda s: s.principals.grants(PRINCIPAL)),
    "grants: owners": ("servicePrincipal owners list", lambda s: s.principals.grants(PRINCIPAL)),
    "groups": ("servicePrincipal transitiveMemberOf list", lambda s: s.principals.groups(PRINCIPAL)),
    "conditional access": ("conditionalAccess policy list", lambda s: s.principals.conditional_access()),
    "workspaces": ("workspace list", lambda s: s.admin.workspaces()),
    "external keys": ("external key list", lambda s: s.admin.external_keys()),
    "organization": ("organization retrieve", lambda s: s.admin.organization()),
}
ADMIN = ("workspaces", "external keys", "organization")
GRAPH = tuple(name for name, (operation, _) in READS.items() if operation.startswith(("servicePrincipal", "cond")))
PROBES = tuple(name for name in READS if name.startswith("probe"))
SINKS = ("workspace of logs", "storage account", "event hub")


def fill(there: state.State) -> None:
    """Something of everything that is read, in an onboarded world."""
    placed = {"subscription_id": str(GIVEN["subscription_id"]), "resource_group": str(GIVEN["resource_group"])}
    there.storage_accounts["contosologs"] = state.StorageAccount(**placed)
    there.event_hub_rules["contoso-hubs/send"] = state.EventHubRule(**placed)
    there.deny_assignments["d1"] = state.DenyAssignment(
        name="No purge",
        scope=GROUP,
        principals=[EVERYBODY],
        data_actions=["Microsoft.KeyVault/vaults/keys/purge/action"],
        exclude_principals=[PRINCIPAL],
    )
    there.conditional_access["ca-1"] = state.ConditionalAccessPolicy(
        display_name="Block", include_service_principals=[TEAM], exclude_service_principals=[PRINCIPAL]
    )
    there.service_principals[PRINCIPAL].member_of = [TEAM]
    there.service_principals[PRINCIPAL].owners = [TEAM]
    there.policy_assignments["p1"] = state.PolicyAssignment(
        scope=GROUP, definition=f"{DEFINITIONS}/nobody-has-it", display_name="Lost"
    )
