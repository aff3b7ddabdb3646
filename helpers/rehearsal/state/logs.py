"""What is logged of a resource, and where logs are sent."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import AwareDatetime

from helpers.rehearsal.state.part import LONG_AGO, Part


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


class KeyEvent(Part):
    """One use of a key, as the vault's audit log has it, and where the log went at that time."""

    time: AwareDatetime
    vault: str
    """Resource id."""
    operation: str
    result: str
    principal_id: str
    address: str
    key_id: str
    tables: dict[str, str] = {}
    """Resource id of each workspace it was sent to, in lower case, to the table it is in there."""


class LogAnalyticsWorkspace(Part):
    subscription_id: str
    resource_group: str
    location: str = "eastus2"
    sku: str = "PerGB2018"
    retention_in_days: int = 30
    provisioning_state: str = "Succeeded"
    created: datetime = LONG_AGO


class ImmutabilityPolicy(Part):
    """How long a storage account keeps a new blob from being changed; `Locked` can never be undone."""

    days: int
    state: Literal["Unlocked", "Locked", "Disabled"] = "Unlocked"
    allow_protected_append_writes: bool = False


class ImmutableStorage(Part):
    enabled: bool = True
    policy: ImmutabilityPolicy | None = None


class StorageAccount(Part):
    subscription_id: str
    resource_group: str
    location: str = "eastus2"
    sku: str = "Standard_LRS"
    provisioning_state: str = "Succeeded"
    immutable_storage: ImmutableStorage | None = None
    created: datetime = LONG_AGO


class EventHubRule(Part):
    """An authorization rule of an Event Hubs namespace, which is there when one of its rules is."""

    subscription_id: str
    resource_group: str
    location: str = "eastus2"
    rights: list[Literal["Listen", "Send", "Manage"]] = ["Send"]
