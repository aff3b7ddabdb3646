"""04: everything Azure holds of this set-up, read once, for the checks to judge. Changes nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from helpers.facts import Facts
from helpers.model import Absent, Known
from helpers.parameters import Parameters
from helpers.steps.rbac import assignments

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "04_verify"


def facts(services: Services, parameters: Parameters) -> Facts:
    """The caller, the vault and its diagnostic settings, the principal and its roles, the key and its versions."""
    unread = Facts()
    key = services.keys.key(parameters.key_name)
    found = Facts(
        read_at=services.clock.now(),
        caller=Known(services.caller),
        vault=services.vaults.vault(parameters.resource_group, parameters.vault_name),
        principals=services.principals.of_published_app(),
        key=key,
        versions=services.keys.versions(parameters.key_name) if isinstance(key, Known) else unread.versions,
        deleted_key=services.keys.deleted(parameters.key_name) if isinstance(key, Absent) else unread.deleted_key,
        vault_keys=services.keys.names() if parameters.role_scope == "vault" else unread.vault_keys,
        diagnostics=services.vaults.diagnostic_settings(parameters.vault_id),
    )
    return Facts(**{**vars(found), "assignments": assignments(services, parameters, found)})
