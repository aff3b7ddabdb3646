"""What 04 can change on request, each with what it brings along in its sentence. Tagging the key is 02's change."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import TYPE_CHECKING, ClassVar

from helpers.model import Vault
from helpers.parameters import Parameters
from helpers.plan import Done

if TYPE_CHECKING:
    from helpers.services.connect import Services

SETTING, LOCK = "claude-cmek-audit", "claude-cmek-keep"
NOTES = (
    "Set by the CMEK runbook: this vault holds a key that Claude data is encrypted under. Without it the data is lost."
)


@dataclass(frozen=True)
class SendAuditLog:
    """Add a diagnostic setting of its own name."""

    parameters: Parameters
    permanent: ClassVar[bool] = False

    @property
    def destination(self) -> str:
        return str(self.parameters.log_destination)

    def __str__(self) -> str:
        return (
            f"add the diagnostic setting {SETTING} to {self.parameters.vault_name}: the category AuditEvent, to "
            f"{self.destination}. Requests to the vault are recorded there from then on, for whoever may read there. "
            "Other settings stay as they are"
        )

    def intent(self) -> Mapping[str, str]:
        return {
            "change": "add diagnostic setting",
            "vault": self.parameters.vault_id.lower(),
            "setting": SETTING,
            "category": "AuditEvent",
            "destination": self.destination.lower(),
        }

    def seen(self) -> Mapping[str, str]:
        return {}

    def perform(self, services: Services) -> Done:
        made = services.remedies.send_audit_log(SETTING, self.destination)
        kept = {
            "diagnostic setting": made.name,
            "sends": " ".join(made.categories),
            "destination": " ".join(made.sinks),
        }
        return Done("added the diagnostic setting", kept, services.witness.request_id)


@dataclass(frozen=True)
class LetIn:
    """Add the ranges that the vault's network rules do not let in whole."""

    parameters: Parameters
    vault: Vault
    missing: tuple[IPv4Network, ...]
    permanent: ClassVar[bool] = False

    @property
    def addresses(self) -> tuple[str, ...]:
        return tuple(map(str, self.missing))

    def __str__(self) -> str:
        rules = self.vault.network
        held = (len(rules.ip_rules), len(rules.subnets)) if rules else (0, 0)
        return (
            f"let {', '.join(self.addresses)} in by the network rules of {self.vault.name}, beside those that are "
            f"there (address rules: {held[0]}, virtual network rules: {held[1]}). Whoever can send from these "
            "addresses, not only Anthropic on your behalf, can then reach the vault's endpoint, and not the key: that "
            f"still takes a role{self._only_if_open()}"
        )

    def _only_if_open(self) -> str:
        """Public access overrides the rules (Azure, Vaults, publicNetworkAccess), and is not changed here."""
        closed = (self.vault.public_access or "").lower() == "disabled"
        return ". It has no effect while public network access is Disabled (V08)" if closed else ""

    def intent(self) -> Mapping[str, str]:
        return {
            "change": "let addresses in",
            "vault": self.parameters.vault_id.lower(),
            "addresses": " ".join(self.addresses),
        }

    def seen(self) -> Mapping[str, str]:
        return {}

    def perform(self, services: Services) -> Done:
        changed = services.remedies.let_in(self.addresses)
        rules = changed.network.ip_rules if changed.network else ()
        return Done("let addresses in", {"address rules": " ".join(rules)}, services.witness.request_id)


@dataclass(frozen=True)
class AddLock:
    """Lock the vault against deletion."""

    parameters: Parameters
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        return (
            f"add the lock {LOCK} (CanNotDelete) to {self.parameters.vault_name}. While it is there nobody can delete "
            "the vault, nor what Azure keeps at it: role assignments at the vault and at its keys, and diagnostic "
            "settings. So taking Anthropic's role away takes removing the lock first. It does not protect the keys: "
            "they are data, and soft delete and purge protection are for them. Whoever may write locks can remove it"
        )

    def intent(self) -> Mapping[str, str]:
        vault = self.parameters.vault_id.lower()
        return {"change": "add lock", "vault": vault, "lock": LOCK, "level": "CanNotDelete"}

    def seen(self) -> Mapping[str, str]:
        return {}

    def perform(self, services: Services) -> Done:
        made = services.remedies.lock(LOCK, NOTES)
        kept = {"lock": made.name, "level": made.level, "scope": made.scope}
        return Done("locked the vault against deletion", kept, services.witness.request_id)


@dataclass(frozen=True)
class ProtectFromPurge:
    """Switch purge protection on. For good."""

    parameters: Parameters
    vault: Vault | None
    """As it was read; None while planning ahead, when nothing is changed."""
    permanent: ClassVar[bool] = True

    def __str__(self) -> str:
        days = f"{self.vault.retention_days} days" if self.vault else "days"
        return (
            f"FOR GOOD: switch purge protection on for {self.parameters.vault_name}. It can never be switched off "
            f"again, and the {days} that a deleted key or vault is kept are fixed: until they are over nobody can "
            "purge it, and its name cannot be used again"
        )

    def intent(self) -> Mapping[str, str]:
        p = self.parameters
        return {"change": "enable purge protection", "vault": p.vault_id.lower(), "tenant": p.tenant_id}

    def seen(self) -> Mapping[str, str]:
        if self.vault is None:
            return {}
        now = self.vault.purge_protection
        return {
            "vault": self.vault.id.lower(),
            "retention days": str(self.vault.retention_days),
            "purge protection": "not set" if now is None else str(now).lower(),
        }

    def perform(self, services: Services) -> Done:
        changed = services.remedies.protect_from_purge()
        kept = {
            "vault": changed.id,
            "purge protection": str(changed.purge_protection).lower(),
            "retention days": str(changed.retention_days),
        }
        return Done("switched purge protection on, for good", kept, services.witness.request_id)
