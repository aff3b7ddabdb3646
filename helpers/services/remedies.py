"""The writes of remedies: purge protection, network rules, a diagnostic setting, a lock. Each asked for by a person.

Rule: every write is a PATCH or a PUT that says the whole of what it sets, so a repeat changes nothing. It is sent once
all the same, and after an unclear answer the vault is looked at before anything is concluded. Versions as in the reads
(resources); no installed SDK has a client for settings and locks.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from azure.mgmt.keyvault.models import IPRule, VaultPatchParameters, VaultPatchProperties

from helpers.errors import ServiceFailed
from helpers.model import Absent, DiagnosticSetting, Found, Known, Lock, Unknown, Vault, same_id
from helpers.parameters import Parameters
from helpers.services.once import lost_or_failed, once
from helpers.services.replies import code, look
from helpers.services.resources import DIAGNOSTICS, LOCKS, Resources, as_lock, as_setting
from helpers.services.vaults import Vaults, as_vault

T = TypeVar("T")

AUDIT = "AuditEvent"
CAN_NOT_DELETE = "CanNotDelete"
_FIELDS = {
    "microsoft.operationalinsights": "workspaceId",
    "microsoft.storage": "storageAccountId",
    "microsoft.eventhub": "eventHubAuthorizationRuleId",
}
"""Which property of a diagnostic setting takes a destination, by the provider that its resource id names."""

_MENDS: dict[str | None, tuple[str, str]] = {
    "ScopeLocked": (
        "A ReadOnly lock at the vault or above it keeps every change away. Nothing was changed by it.",
        "Ask whoever set the lock to replace it by CanNotDelete, then run this step again.",
    ),
    "AuthorizationFailed": (
        "This identity may not do it. Nothing was changed by it.",
        "It takes {role}. Get it, or have somebody who has it run this step.",
    ),
    "LinkedAuthorizationFailed": (
        "This identity may do it at the vault, but not use the log destination. Nothing was changed by it.",
        "Get the right that the message names at the log destination, or have somebody who has it run this step.",
    ),
}
"""Why a change was refused and what to do, by Azure's code. LinkedAuthorizationFailed: as quoted in public issues."""


class Remedies:
    """Writes to the one vault of the parameters. Each raises ServiceFailed when it was refused, or nobody knows."""

    def __init__(self, vaults: Vaults, resources: Resources, parameters: Parameters) -> None:
        self._vaults = vaults
        self._resources = resources
        self._client = vaults.client
        self._group, self._name, self._id = parameters.resource_group, parameters.vault_name, parameters.vault_id

    def protect_from_purge(self) -> Vault:
        """Switch purge protection on. Azure never takes it back (it refuses false)."""
        change = VaultPatchProperties(enable_purge_protection=True)
        return self._patch("switching purge protection on", change, lambda vault: vault.purge_protection is True)

    def let_in(self, addresses: tuple[str, ...]) -> Vault:
        """Add address rules to the vault's network rules, beside all that is there.

        The service replaces the whole set, so it is read here as the SDK holds it and sent back with the new rules at
        its end: what this suite has no name for is kept too. Raises ServiceFailed, also when no rules are left.
        """
        what = "letting addresses in by the network rules"
        rules = self._rules(what)
        there = [*(rules.ip_rules or ())]
        held = {rule.value for rule in there}
        rules.ip_rules = [*there, *(IPRule(value=address) for address in addresses if address not in held)]

        def done(vault: Vault) -> bool:
            return vault.network is not None and set(addresses) <= set(vault.network.ip_rules)

        return self._patch(what, VaultPatchProperties(network_acls=rules), done)

    def send_audit_log(self, name: str, destination: str) -> DiagnosticSetting:
        """Add a diagnostic setting that sends the vault's audit events to a destination; no other one is touched."""
        field = _FIELDS[destination.lower().partition("/providers/")[2].partition("/")[0]]
        body = {"properties": {field: destination, "logs": [{"category": AUDIT, "enabled": True}]}}
        path = f"{self._id}/providers/Microsoft.Insights/diagnosticSettings/{name}?api-version={DIAGNOSTICS}"

        def made(row: DiagnosticSetting) -> bool:
            return same_id(row.name, name) and row.audits and any(same_id(sink, destination) for sink in row.sinks)

        def there() -> Found[DiagnosticSetting]:
            return _one(self._resources.diagnostic_settings(self._id), made)

        role = "Monitoring Contributor on the vault"
        return self._put("adding the diagnostic setting", path, body, as_setting, there, role)

    def lock(self, name: str, notes: str) -> Lock:
        """Add a lock against deletion at the vault; no other one is touched."""
        body = {"properties": {"level": CAN_NOT_DELETE, "notes": notes}}
        path = f"{self._id}/providers/Microsoft.Authorization/locks/{name}?api-version={LOCKS}"

        def made(row: Lock) -> bool:
            return same_id(row.name, name) and same_id(row.scope, self._id) and same_id(row.level, CAN_NOT_DELETE)

        def there() -> Found[Lock]:
            return _one(self._resources.locks(self._id), made)

        role = "Owner or User Access Administrator on the vault"
        return self._put("locking the vault against deletion", path, body, as_lock, there, role)

    def _rules(self, what: str) -> Any:
        """The network rules as the SDK holds them, now."""
        found = look(lambda: self._client.vaults.get(self._group, self._name).properties.network_acls)
        if isinstance(found, Known) and found.value is not None:
            return found.value
        trouble = found if isinstance(found, Unknown) else Unknown("the vault has none any more")
        raise ServiceFailed(
            f"{what}: the rules could not be read again: {trouble.reason}",
            why="Azure replaces all of them at once, so they are read right before. Nothing was changed.",
            next_step="Run this step again: it starts by looking.",
            request_id=trouble.request_id,
        )

    def _patch(self, what: str, properties: VaultPatchProperties, done: Callable[[Vault], bool]) -> Vault:
        change = VaultPatchParameters(properties=properties)

        def write() -> Vault:
            try:
                return as_vault(self._client.vaults.update(self._group, self._name, change, retry_total=0))
            except AzureError as error:
                raise _told(what, error, "Key Vault Contributor on the vault") from None

        def there() -> Found[Vault]:
            found = self._vaults.vault(self._group, self._name)
            return Absent() if isinstance(found, Known) and not done(found.value) else found

        return once(what, write, there)

    def _put(
        self,
        what: str,
        url: str,
        body: dict[str, Any],
        parsed: Callable[[dict[str, Any]], T],
        there: Callable[[], Found[T]],
        role: str,
    ) -> T:
        def write() -> T:
            try:
                response = self._client.send_request(HttpRequest("PUT", url, json=body), retry_total=0)
                response.raise_for_status()
                return parsed(response.json())
            except AzureError as error:
                raise _told(what, error, role) from None

        return once(what, write, there)


def _one(found: Found[tuple[T, ...]], wanted: Callable[[T], bool]) -> Found[T]:
    """The first row that is wanted; absent where none is, and unknown where the rows are."""
    if not isinstance(found, Known):
        return found
    return next((Known(row) for row in found.value if wanted(row)), Absent())


def _told(what: str, error: AzureError, role: str) -> Exception:
    """Lost when it may have happened, else the refusal in one error; what to do about it where Azure's code says so."""
    told = lost_or_failed(what, error)
    if isinstance(told, ServiceFailed) and code(error) in _MENDS:
        told.why, told.next_step = (text.format(role=role) for text in _MENDS[code(error)])
    return told
