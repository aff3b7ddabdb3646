"""Everything a world holds, as it stands in a world file. Shapes only: the rules are in the services.

A field whose default is None and that Azure leaves out until it is set (enable_purge_protection, network_acls) is
left out of replies while it is None: absent and false are different things.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field

LONG_AGO = datetime(2026, 10, 1, 8, 0, 0, tzinfo=UTC)
"""When the things a world file starts with came into being, so that no propagation lag applies to them."""


class Part(BaseModel):
    """A part of the world; unknown keys in a world file are refused."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, ser_json_bytes="base64")


class Settings(Part):
    now: datetime = datetime(2026, 11, 23, 9, 0, 0, tzinfo=UTC)
    role_lag_seconds: float = 2.0
    """From the creation of a role assignment until Key Vault and ARM honour it."""
    principal_lag_seconds: float = 1.0
    """From the creation of a service principal until ARM can find it (PrincipalNotFound before)."""
    deletion_lag_seconds: float = 0.5
    """From a key's deletion or recovery until its new state can be read."""
    operator_address: str = "203.0.113.7"
    """The address from which the operator's requests seem to come, for the vault firewall."""
    vendor_addresses: list[str] = ["160.79.104.10", "153.61.208.10"]
    """One address out of each published range from which Anthropic calls the vault."""


class Tenant(Part):
    id: str
    display_name: str


class Identity(Part):
    """Somebody who can sign in with client credentials; its rights are its role assignments and these permissions."""

    client_id: str
    client_secret: str = Field(repr=False)
    object_id: str
    graph_permissions: list[str] = []


class Application(Part):
    """An application registration, here or in another tenant; only one that exists can be consented to."""

    display_name: str
    owner_tenant: str
    multitenant: bool = True


class ServicePrincipal(Part):
    app_id: str
    display_name: str
    owner_tenant: str
    account_enabled: bool = True
    created: datetime = LONG_AGO
    app_roles_granted: list[str] = []


class ConditionalAccessPolicy(Part):
    display_name: str
    state: Literal["enabled", "disabled", "enabledForReportingButNotEnforced"] = "enabled"
    include_service_principals: list[str] = []
    exclude_service_principals: list[str] = []


class Subscription(Part):
    display_name: str
    state: str = "Enabled"
    resource_groups: dict[str, str] = {}
    """Resource group name to location."""
    registered_providers: list[str] = ["Microsoft.KeyVault", "Microsoft.Authorization", "Microsoft.Insights"]


class NetworkAcls(Part):
    bypass: str = "AzureServices"
    default_action: Literal["Allow", "Deny"] = "Allow"
    ip_rules: list[str] = []
    virtual_network_rules: list[str] = []


class KeyVersion(Part):
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    enabled: bool = True
    not_before: datetime | None = None
    expires: datetime | None = None
    key_ops: list[str] = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
    tags: dict[str, str] = {}
    kty: str = "RSA"
    size: int = 3072
    n: str = ""
    """Modulus, base64url; filled when the key is made."""
    pem: str = Field(default="", exclude=True, repr=False)
    """The private key; made when the world is loaded if empty, and never part of a reply or of the state shown."""


class RotationAction(Part):
    action: Literal["Rotate", "Notify"]
    time_after_create: str | None = None
    time_before_expiry: str | None = None


class RotationPolicy(Part):
    expiry_time: str | None = None
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    actions: list[RotationAction] = []


class Key(Part):
    """A key: its versions by their 32 hex digits, oldest first. `deleted` holds while it is soft-deleted."""

    versions: dict[str, KeyVersion]
    rotation_policy: RotationPolicy | None = None
    deleted: datetime | None = None
    recovered: datetime | None = None

    @property
    def current(self) -> tuple[str, KeyVersion]:
        """The newest version and its id; a disabled one counts."""
        return list(self.versions.items())[-1]


class Vault(Part):
    subscription_id: str
    resource_group: str
    location: str = "eastus2"
    sku: Literal["standard", "premium"] = "standard"
    tenant_id: str
    enable_rbac_authorization: bool | None = True
    enable_purge_protection: bool | None = True
    enable_soft_delete: bool | None = True
    soft_delete_retention_in_days: int = 90
    public_network_access: str | None = "Enabled"
    network_acls: NetworkAcls | None = None
    access_policies: list[dict[str, object]] = []
    provisioning_state: str = "Succeeded"
    tags: dict[str, str] = {}
    created: datetime = LONG_AGO
    keys: dict[str, Key] = {}


class RoleDefinition(Part):
    """A custom role; the built-in ones are in roles.py."""

    role_name: str
    actions: list[str] = []
    not_actions: list[str] = []
    data_actions: list[str] = []
    not_data_actions: list[str] = []
    assignable_scopes: list[str] = ["/"]


class RoleAssignment(Part):
    scope: str
    role_definition: str
    """The role's GUID."""
    principal_id: str
    principal_type: str = "ServicePrincipal"
    condition: str | None = None
    condition_version: str | None = None
    description: str | None = None
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    created_by: str | None = None


class DenyAssignment(Part):
    name: str
    scope: str
    actions: list[str] = []
    data_actions: list[str] = []
    principals: list[str] = []
    exclude_principals: list[str] = []


class Lock(Part):
    scope: str
    level: Literal["CanNotDelete", "ReadOnly", "NotSpecified"] = "CanNotDelete"
    notes: str | None = None


class LogRow(Part):
    category: str | None = None
    category_group: str | None = None
    enabled: bool = True


class DiagnosticSetting(Part):
    resource: str
    """Resource id of what is observed."""
    workspace_id: str | None = None
    storage_account_id: str | None = None
    event_hub_authorization_rule_id: str | None = None
    event_hub_name: str | None = None
    log_analytics_destination_type: str | None = None
    metrics: list[dict[str, object]] = []
    logs: list[LogRow] = []


class Organization(Part):
    id: str
    name: str
    cmek_enabled: bool = True
    default_workspace: str = ""


class ExternalKey(Part):
    display_name: str | None = None
    geo: str = "us"
    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None = None
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO


class Workspace(Part):
    name: str
    external_key_id: str | None = None
    created: datetime = LONG_AGO
    archived: datetime | None = None
    display_color: str = "#6C5BB9"
    compartment_id: str = ""
    tags: dict[str, str] = {}
    user_profile_id: str | None = None


class State(Part):
    """The whole world. Things with a name or an id of their own are kept under it."""

    about: str = "A rehearsal world"
    settings: Settings = Settings()
    tenant: Tenant
    identities: dict[str, Identity]
    """By a short name; `operator` signs in unless another is asked for."""
    applications: dict[str, Application] = {}
    """By app id."""
    service_principals: dict[str, ServicePrincipal] = {}
    """By object id."""
    conditional_access: dict[str, ConditionalAccessPolicy] = {}
    subscriptions: dict[str, Subscription]
    vaults: dict[str, Vault] = {}
    role_definitions: dict[str, RoleDefinition] = {}
    role_assignments: dict[str, RoleAssignment] = {}
    """By assignment name, a GUID."""
    deny_assignments: dict[str, DenyAssignment] = {}
    locks: dict[str, Lock] = {}
    diagnostic_settings: dict[str, DiagnosticSetting] = {}
    organization: Organization
    admin_keys: dict[str, str] = Field(default={}, exclude=True, repr=False)
    """Admin API keys by a short name."""
    external_keys: dict[str, ExternalKey] = {}
    workspaces: dict[str, Workspace] = {}
