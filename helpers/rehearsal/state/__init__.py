"""Everything a world holds, as it stands in a world file. Shapes only: the rules are in the services."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

from pydantic import AwareDatetime, Field

from helpers.rehearsal.state.anthropic import ExternalKey, Organization, Workspace
from helpers.rehearsal.state.directory import (
    Application,
    ConditionalAccessPolicy,
    Group,
    Identity,
    ServicePrincipal,
    Tenant,
)
from helpers.rehearsal.state.fault import Fault
from helpers.rehearsal.state.governance import (
    DenyAssignment,
    Lock,
    PolicyAssignment,
    PolicyDefinition,
    RoleAssignment,
    RoleDefinition,
)
from helpers.rehearsal.state.keys import Key, KeyVersion, NetworkAcls, RotationAction, RotationPolicy, Vault
from helpers.rehearsal.state.logs import (
    DiagnosticSetting,
    EventHubRule,
    ImmutabilityPolicy,
    ImmutableStorage,
    KeyEvent,
    LogAnalyticsWorkspace,
    LogRow,
    StorageAccount,
)
from helpers.rehearsal.state.part import LONG_AGO, Part, first_problem

__all__ = [
    "LONG_AGO",
    "Application",
    "ConditionalAccessPolicy",
    "DenyAssignment",
    "DiagnosticSetting",
    "EventHubRule",
    "ExternalKey",
    "Fault",
    "Group",
    "Identity",
    "ImmutabilityPolicy",
    "ImmutableStorage",
    "Key",
    "KeyEvent",
    "KeyVersion",
    "Lock",
    "LogAnalyticsWorkspace",
    "LogRow",
    "NetworkAcls",
    "Organization",
    "Part",
    "PolicyAssignment",
    "PolicyDefinition",
    "RoleAssignment",
    "RoleDefinition",
    "RotationAction",
    "RotationPolicy",
    "ServicePrincipal",
    "Settings",
    "State",
    "StorageAccount",
    "Subscription",
    "Tenant",
    "Vault",
    "Workspace",
    "first_problem",
]


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
    log_delay_seconds: float = 300.0
    """From a use of a key until a query of the log finds it."""
    shared_keys: bool = False
    """For drills: every RSA key of a size has one and the same private key, made once a process."""


class Subscription(Part):
    display_name: str
    state: str = "Enabled"
    resource_groups: dict[str, str] = {}
    """Resource group name to location."""
    registered_providers: list[str] = [
        "Microsoft.KeyVault",
        "Microsoft.Authorization",
        "Microsoft.Insights",
        "Microsoft.OperationalInsights",
        "Microsoft.Storage",
        "Microsoft.EventHub",
    ]


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
    groups: dict[str, Group] = {}
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
    log_analytics_workspaces: dict[str, LogAnalyticsWorkspace] = {}
    storage_accounts: dict[str, StorageAccount] = {}
    event_hub_rules: dict[Annotated[str, Field(pattern="^[^/]+/[^/]+$")], EventHubRule] = {}
    """By `NAMESPACE/RULE`."""
    policy_definitions: dict[str, PolicyDefinition] = {}
    policy_assignments: dict[str, PolicyAssignment] = {}
    organization: Organization
    admin_keys: dict[str, str] = Field(default={}, exclude=True, repr=False)
    """Admin API keys by a short name."""
    external_keys: dict[str, ExternalKey] = {}
    workspaces: dict[str, Workspace] = {}
    key_events: list[KeyEvent] = Field(default=[], exclude=True, repr=False)
    """What Key Vault logged so far: a log, and no part of what `GET /state` compares."""
    used_until: AwareDatetime | None = Field(default=None, exclude=True, repr=False)
    """Until when the hourly uses of attached keys are in it."""
    faults: list[Fault] = []
    """What goes wrong on order. A drill's own; set anew through the control interface while it runs."""
