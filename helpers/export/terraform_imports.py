"""What of the onboarding is in the cloud already, as import blocks: so that Terraform takes it over and makes nothing.

The service principal needs none: `use_existing` adopts it. That is as well, because the form of its id for an import
changed within azuread 3 (hashicorp/terraform-provider-azuread issue 1604 and pull request 1922, read 2026-11-27).
Forms of the other ids: the import sections of hashicorp/terraform-provider-azurerm, read 2026-11-27.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from helpers.errors import Refused, Unproven
from helpers.export.hcl import Attribute, Block, Note, Ref
from helpers.facts import Facts
from helpers.model import Absent, Found, Key, Known, RoleAssignment, Unknown, Vault
from helpers.parameters import Parameters
from helpers.published import CRYPTO_USER
from helpers.steps.remedy_changes import LOCK, SETTING
from helpers.targets import wanted_scope

T = TypeVar("T")


@dataclass(frozen=True)
class There:
    """What was found of each resource of the configuration; nothing of anything where the cloud was not read."""

    vault_uri: str = ""
    vault: Vault | None = None
    key: Key | None = None
    assignment: RoleAssignment | None = None
    own_setting: str | None = None
    """The id for an import, where this suite's own diagnostic setting is there."""
    logged_by: str | None = None
    """Another setting that logs key use already."""
    own_lock: str | None = None
    locked_by: str | None = None

    def blocks(self, *, with_vault: bool) -> tuple[Block | Note, ...]:
        """The import blocks, in the order of the configuration."""
        found = {
            "azurerm_key_vault.this": self.vault.id if self.vault and with_vault else None,
            "azurerm_key_vault_key.claude": f"{self.vault_uri}keys/{self.key.name}/{self.key.version}"
            if self.key
            else None,
            "azurerm_role_assignment.anthropic": self.assignment.id if self.assignment else None,
            "azurerm_monitor_diagnostic_setting.audit": self.own_setting,
            "azurerm_management_lock.keep": self.own_lock,
        }
        blocks = [_import(address, place) for address, place in found.items() if place]
        return (
            (Note("What was there when this was exported. Remove these blocks once they were applied."), *blocks)
            if (blocks)
            else ()
        )


def of(parameters: Parameters, found: Facts | None) -> There:
    """Raises Unproven for what could not be read, and Refused for a resource of our name that is another one."""
    if found is None:
        return There()
    principal = found.principal.value if isinstance(found.principal, Known) else None
    assigned = _read("role assignments", found.assignments) or ()
    scope = wanted_scope(parameters)
    granted = [row for row in assigned if principal and row.gives(CRYPTO_USER, principal.object_id, scope)]
    vault = _read("vault", found.vault)
    own_setting, logged_by = _logs(parameters, found, vault)
    own_lock, locked_by = _locks(parameters, found)
    return There(
        vault_uri=parameters.vault_uri,
        vault=vault,
        key=_read("key", found.key),
        assignment=granted[0] if granted else None,
        own_setting=own_setting,
        logged_by=logged_by,
        own_lock=own_lock,
        locked_by=locked_by,
    )


def _logs(parameters: Parameters, found: Facts, vault: Vault | None) -> tuple[str | None, str | None]:
    if parameters.log_destination is None or vault is None:
        return None, None
    rows = _read("diagnostic settings", found.diagnostics) or ()
    own = next((row for row in rows if row.name.lower() == SETTING), None)
    if own is not None and not (own.audits and [s.lower() for s in own.sinks] == [parameters.log_destination.lower()]):
        raise Refused(
            f"a diagnostic setting named {SETTING} is there, and it is another one",
            why="Terraform would change it, and somebody may rely on it.",
            next_step="Find out who made it; have it changed or removed, then export again.",
        )
    if own is not None:
        return f"{vault.id}|{own.name}", None
    return None, next((row.name for row in rows if row.audits), None)


def _locks(parameters: Parameters, found: Facts) -> tuple[str | None, str | None]:
    rows = _read("locks", found.locks) or ()
    keeping = [row for row in rows if row.level.lower() == "cannotdelete"]
    own = next((row for row in keeping if row.name.lower() == LOCK and row.scope == parameters.vault_id.lower()), None)
    if own is not None:
        return f"{parameters.vault_id}/providers/Microsoft.Authorization/locks/{own.name}", None
    return None, next((row.name for row in keeping), None)


def _read(what: str, found: Found[T]) -> T | None:
    """What is there, or None; what could not be read is not taken for absent."""
    match found:
        case Known(value):
            return value
        case Absent():
            return None
        case Unknown(reason, request_id):
            raise Unproven(
                f"nothing is exported: whether the {what} can be imported could not be read",
                why=f"Terraform would make a second one, or fail in the middle. {reason}",
                next_step="python runbook.py check names the right that is missing.",
                request_id=request_id,
            )


def _import(address: str, place: str) -> Block:
    return Block("import", (), (Attribute("to", Ref(address)), Attribute("id", place)))
