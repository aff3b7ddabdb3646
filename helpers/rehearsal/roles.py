"""The built-in Azure roles this world knows, by GUID, with what they permit.

Source: Azure built-in roles reference (security, privileged, general), read 2026-11; the Crypto User data actions are
the ones the facts list for it.
"""

from __future__ import annotations

from dataclasses import dataclass

VAULT = "Microsoft.KeyVault/vaults"


@dataclass(frozen=True)
class Permissions:
    """One role's name and what it permits on the control plane and on the data plane."""

    role_name: str
    actions: tuple[str, ...] = ()
    not_actions: tuple[str, ...] = ()
    data_actions: tuple[str, ...] = ()
    not_data_actions: tuple[str, ...] = ()
    description: str = ""


_VAULT_READER = (
    "Microsoft.Authorization/*/read",
    "Microsoft.Insights/alertRules/*",
    "Microsoft.Resources/deployments/*",
    "Microsoft.Resources/subscriptions/resourceGroups/read",
    "Microsoft.Support/*",
    "Microsoft.KeyVault/checkNameAvailability/read",
    "Microsoft.KeyVault/deletedVaults/read",
    "Microsoft.KeyVault/locations/*/read",
    "Microsoft.KeyVault/vaults/*/read",
    "Microsoft.KeyVault/vaults/read",
    "Microsoft.KeyVault/operations/read",
)
_CRYPTO_USER = tuple(
    f"{VAULT}/keys/{action}"
    for action in (
        "read",
        "update/action",
        "backup/action",
        "encrypt/action",
        "decrypt/action",
        "wrap/action",
        "unwrap/action",
        "sign/action",
        "verify/action",
    )
)

BUILT_IN: dict[str, Permissions] = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": Permissions(
        "Owner", ("*",), description="Grants full access to manage all resources."
    ),
    "b24988ac-6180-42a0-ab88-20f7382dd24c": Permissions(
        "Contributor",
        ("*",),
        (
            "Microsoft.Authorization/*/Delete",
            "Microsoft.Authorization/*/Write",
            "Microsoft.Authorization/elevateAccess/Action",
        ),
        description="Lets you manage everything except access to resources.",
    ),
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": Permissions(
        "Reader", ("*/read",), description="View all resources, but does not allow you to make any changes."
    ),
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": Permissions(
        "User Access Administrator",
        ("*/read", "Microsoft.Authorization/*", "Microsoft.Support/*"),
        description="Lets you manage user access to Azure resources.",
    ),
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": Permissions(
        "Role Based Access Control Administrator",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "*/read",
            "Microsoft.Support/*",
        ),
        description="Manage access to Azure resources by assigning roles using Azure RBAC.",
    ),
    "3b03c2da-16b3-4a49-8834-0f8130efdd3b": Permissions(
        "Log Analytics Data Reader",
        ("Microsoft.OperationalInsights/workspaces/query/read", "Microsoft.OperationalInsights/workspaces/read"),
        data_actions=("Microsoft.OperationalInsights/workspaces/tables/data/read",),
        description="Log Analytics Data Reader can query and search the logs it is allowed to view over Log Analytics "
        "workspaces and tables",
    ),
    "749f88d5-cbae-40b8-bcfc-e573ddc772fa": Permissions(
        "Monitoring Contributor",
        ("*/read", "Microsoft.Insights/*", "Microsoft.Support/*"),
        description="Can read all monitoring data and update monitoring settings.",
    ),
    "12338af0-0e69-4776-bea7-57ae8d297424": Permissions(
        "Key Vault Crypto User",
        data_actions=_CRYPTO_USER,
        description="Perform cryptographic operations using keys. Only works for key vaults that use the "
        "'Azure role-based access control' permission model.",
    ),
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": Permissions(
        "Key Vault Crypto Officer",
        _VAULT_READER,
        data_actions=(f"{VAULT}/keys/*", f"{VAULT}/keyrotationpolicies/*"),
        description="Perform any action on the keys of a key vault, except manage permissions.",
    ),
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": Permissions(
        "Key Vault Crypto Service Encryption User",
        (
            "Microsoft.EventGrid/eventSubscriptions/write",
            "Microsoft.EventGrid/eventSubscriptions/read",
            "Microsoft.EventGrid/eventSubscriptions/delete",
        ),
        data_actions=(f"{VAULT}/keys/read", f"{VAULT}/keys/wrap/action", f"{VAULT}/keys/unwrap/action"),
        description="Read metadata of keys and perform wrap/unwrap operations.",
    ),
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": Permissions(
        "Key Vault Administrator",
        _VAULT_READER,
        data_actions=(f"{VAULT}/*",),
        description="Perform all data plane operations on a key vault and all objects in it.",
    ),
    "8b54135c-b56d-4d72-a534-26097cfdc8d8": Permissions(
        "Key Vault Data Access Administrator",
        (
            "Microsoft.Authorization/roleAssignments/write",
            "Microsoft.Authorization/roleAssignments/delete",
            "Microsoft.Authorization/*/read",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Resources/subscriptions/read",
            "Microsoft.Management/managementGroups/read",
            "Microsoft.Support/*",
            "Microsoft.KeyVault/vaults/*/read",
        ),
        description="Manage access to Azure Key Vault by adding or removing role assignments for the Key Vault roles.",
    ),
    "f25e0fa2-a7c8-4377-a976-54943a77a395": Permissions(
        "Key Vault Contributor",
        (
            "Microsoft.Authorization/*/read",
            "Microsoft.Insights/alertRules/*",
            "Microsoft.KeyVault/*",
            "Microsoft.Resources/deployments/*",
            "Microsoft.Resources/subscriptions/resourceGroups/read",
            "Microsoft.Support/*",
        ),
        (
            "Microsoft.KeyVault/locations/deletedVaults/purge/action",
            "Microsoft.KeyVault/hsmPools/*",
            "Microsoft.KeyVault/managedHsms/*",
        ),
        description="Manage key vaults, but does not allow you to assign roles, and does not allow access to "
        "secrets, keys, or certificates.",
    ),
    "21090545-7ca7-4776-b22c-e363652d74d2": Permissions(
        "Key Vault Reader",
        _VAULT_READER,
        data_actions=(f"{VAULT}/*/read", f"{VAULT}/secrets/readMetadata/action"),
        description="Read metadata of key vaults and its certificates, keys, and secrets.",
    ),
}
