"""What tests of the writes of remedies share: the writes, and a world in which nothing is as it should be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from helpers.rehearsal.state import NetworkAcls, State
from helpers.services.connect import Services
from tests.services.rehearsed import GIVEN, Rehearsed, given

VAULT, VAULT_ID = str(GIVEN["vault_name"]), given().vault_id
GROUP = VAULT_ID.partition("/providers/")[0]
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-contoso"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stcontosologs"
RULE = f"{GROUP}/providers/Microsoft.EventHub/namespaces/eh-contoso/authorizationRules/send"
FIRST, ADDED = "160.79.104.0/21", "153.61.208.0/20"
SUBNETS = [f"{GROUP.lower()}/providers/microsoft.network/virtualnetworks/vnet/subnets/{name}" for name in ("b", "a")]
HELD = NetworkAcls(
    bypass="None",
    default_action="Deny",
    ip_rules=["203.0.113.7", "198.51.100.0/24"],
    virtual_network_rules=SUBNETS,
)
SETTING, LOCK = "claude-cmek-audit", "claude-cmek-keep"


@dataclass(frozen=True)
class Write:
    """One write: its operation, the call, and whether a world has what it makes."""

    operation: str
    call: Callable[[Services], Any]
    there: Callable[[State], bool]


WRITES = {
    "purge protection": Write(
        "Vaults_Update",
        lambda s: s.remedies.protect_from_purge(),
        lambda state: state.vaults[VAULT].enable_purge_protection is True,
    ),
    "network rules": Write(
        "Vaults_Update",
        lambda s: s.remedies.let_in((FIRST, ADDED)),
        lambda state: ADDED in (state.vaults[VAULT].network_acls or NetworkAcls()).ip_rules,
    ),
    "diagnostic setting": Write(
        "DiagnosticSettings_CreateOrUpdate",
        lambda s: s.remedies.send_audit_log(SETTING, WORKSPACE),
        lambda state: SETTING in state.diagnostic_settings,
    ),
    "lock": Write(
        "ManagementLocks_CreateOrUpdateByScope",
        lambda s: s.remedies.lock(LOCK, "why"),
        lambda state: LOCK in state.locks,
    ),
}
each = pytest.mark.parametrize("name", WRITES)


def ready(world: Rehearsed, identity: str = "operator") -> Services:
    """Services that have signed in, in a world where nothing is as it should be."""
    vault = world.state.vaults[VAULT]
    vault.enable_purge_protection, vault.network_acls = None, HELD.model_copy(deep=True)
    world.state.diagnostic_settings.clear()
    world.state.locks.clear()
    services = world.services(identity)
    services.vaults.vault(str(GIVEN["resource_group"]), VAULT)
    world.cloud.mend()
    return services


def sent(world: Rehearsed, operation: str) -> list[Any]:
    """The bodies that an operation was sent."""
    routes = [route for route in world.cloud.router.routes if route.operation == operation]
    return [request.json() for request in world.cloud.requests if any(r.match(request) is not None for r in routes)]
