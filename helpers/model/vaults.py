"""The vault, and what is set on and around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from helpers.model.outcomes import Found


@dataclass(frozen=True)
class NetworkRules:
    """A vault's firewall. Azure leaves the whole of it out of a reply when it allows all and has no rules."""

    default_action: str | None
    ip_rules: tuple[str, ...] = ()
    bypass: str | None = None
    subnets: tuple[str, ...] = ()


@dataclass(frozen=True)
class Vault:
    """A vault as ARM describes it. None stands for a property that Azure left out or sent as null: never for true."""

    id: str
    name: str
    location: str
    sku: str
    tenant_id: str
    uri: str
    rbac: bool | None
    purge_protection: bool | None
    soft_delete: bool | None
    retention_days: int | None
    public_access: str | None
    network: NetworkRules | None
    provisioning_state: str | None = None
    access_policies: tuple[str, ...] = ()
    """Object ids that access policies name; they do not count while Azure RBAC is on."""


@dataclass(frozen=True)
class Lock:
    name: str
    level: str
    scope: str

    @property
    def stops_writing(self) -> bool:
        """Whether nothing at its scope and below can be changed, new role assignments among it."""
        return self.level.lower() == "readonly"


@dataclass(frozen=True)
class SinkState:
    """How a log destination is. None where the service does not say, or has no such setting."""

    state: str | None
    retention_days: int | None = None
    immutable: bool | None = None

    @property
    def works(self) -> bool:
        """Whether it takes logs: it is not being deleted, and making it did not fail. Not every kind names a state."""
        return (self.state or "Succeeded").lower() not in {"deleting", "deleted", "failed", "canceled"}


@dataclass(frozen=True)
class LogSink:
    """A destination of diagnostic settings: its resource id, and how it is."""

    id: str
    kind: Literal["Log Analytics workspace", "storage account", "event hub", "partner solution"]
    found: Found[SinkState]


@dataclass(frozen=True)
class DiagnosticSetting:
    name: str
    categories: tuple[str, ...]
    """Enabled log categories, and enabled category groups as `group:audit`."""
    sinks: tuple[str, ...]
    """Ids of the destinations that are set."""

    @property
    def audits(self) -> bool:
        """Whether key operations are written somewhere: AuditEvent, or the audit or allLogs group, to a sink."""
        wanted = {"auditevent", "group:audit", "group:alllogs"}
        return bool(self.sinks) and any(category.lower() in wanted for category in self.categories)


@dataclass(frozen=True)
class PolicyDefinition:
    """What a policy looks at (`fields` of its rule) and what it then does (`effect`), as far as that can be told."""

    fields: tuple[str, ...]
    effect: str | None

    @property
    def about_openness(self) -> bool:
        """Whether it looks at the public access or the firewall of vaults.

        Source: the aliases of Microsoft.KeyVault in Azure Policy, read 2026-11-24.
        """
        own = [row.lower() for row in self.fields if row.lower().startswith("microsoft.keyvault/vaults/")]
        return any("publicnetworkaccess" in row or "networkacls" in row for row in own)

    @property
    def harmless(self) -> bool:
        """Whether its effect is one that changes and refuses nothing. Source: Azure Policy, effects."""
        return (self.effect or "").lower() in {"audit", "auditifnotexists", "disabled", "manual", "denyaction"}

    @property
    def closes_the_vault(self) -> bool:
        """Whether it can take public access away: it is about it, and does not only look."""
        closing = {"deny", "modify", "append", "deployifnotexists", "mutate"}
        return self.about_openness and (self.effect or "").lower() in closing


@dataclass(frozen=True)
class PolicyAssignment:
    """`definition` is unknown for an initiative: what is in it is not opened."""

    name: str
    scope: str
    enforced: bool
    definition: Found[PolicyDefinition]
