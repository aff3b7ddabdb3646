"""What tests of remedies share: a world in which everything that can be mended is wrong, and how it is once mended."""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.state import DiagnosticSetting, Lock, LogRow, NetworkAcls, State
from tests.services.rehearsed import GIVEN, given
from tests.steps.walking import Walk

VAULT, KEY, VAULT_ID = str(GIVEN["vault_name"]), str(GIVEN["key_name"]), given().vault_id
GROUP = VAULT_ID.partition("/providers/")[0]
LOGS = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-contoso"
TAG = f"anthropic-org-{GIVEN['organization_id']}"
SUBNET = f"{GROUP.lower()}/providers/microsoft.network/virtualnetworks/vnet/subnets/apps"
OWN_RULE, RANGES = "203.0.113.7", ["153.61.208.0/20", "160.79.104.0/21"]
THEIRS = DiagnosticSetting(resource=VAULT_ID, workspace_id=LOGS, logs=[LogRow(category="AzurePolicyEvaluationDetails")])
REVERSIBLE = ["organization_tag", "diagnostic_settings", "network_rules", "delete_lock"]
ALL: dict[str, Any] = {"remediate": [*REVERSIBLE, "purge_protection"], "log_destination": LOGS}
WRITES = {
    "organization_tag": "UpdateKey",
    "diagnostic_settings": "DiagnosticSettings_CreateOrUpdate",
    "network_rules": "Vaults_Update",
    "delete_lock": "ManagementLocks_CreateOrUpdateByScope",
    "purge_protection": "Vaults_Update",
}


def break_all(state: State) -> None:
    """Everything that can be mended is wrong, and beside it stands what other people set."""
    vault = state.vaults[VAULT]
    vault.enable_purge_protection = None
    vault.network_acls = NetworkAcls(
        bypass="None", default_action="Deny", ip_rules=[OWN_RULE], virtual_network_rules=[SUBNET]
    )
    vault.keys[KEY].current[1].tags = {"owner": "security"}
    state.diagnostic_settings = {"theirs": THEIRS.model_copy(deep=True)}
    state.locks = {"theirs": Lock(scope=GROUP, level="NotSpecified", notes="theirs")}


def mended(state: State) -> None:
    """Assert that all is right, that it is there once, and that what others set is still there."""
    vault = state.vaults[VAULT]
    assert vault.enable_purge_protection is True and vault.network_acls is not None
    assert vault.network_acls == NetworkAcls(
        bypass="None",
        default_action="Deny",
        ip_rules=[f"{OWN_RULE}/32", *RANGES],
        virtual_network_rules=[SUBNET],
    )
    assert vault.keys[KEY].current[1].tags == {"owner": "security", TAG: "true"}
    assert len(vault.keys[KEY].versions) == 1
    assert set(state.diagnostic_settings) == {"theirs", "claude-cmek-audit"}
    assert state.diagnostic_settings["theirs"] == THEIRS
    assert state.diagnostic_settings["claude-cmek-audit"].workspace_id == LOGS
    assert set(state.locks) == {"theirs", "claude-cmek-keep"} and state.locks["theirs"].notes == "theirs"
    assert (state.locks["claude-cmek-keep"].scope, state.locks["claude-cmek-keep"].level) == (VAULT_ID, "CanNotDelete")


def verdicts(walk: Walk) -> list[dict[str, str]]:
    """What each check said, for each time the verdicts were told in the ledger."""
    told = [row["verdicts"]["checks"] for row in walk.rows() if row["event"] == "verdicts"]
    return [{check["id"]: check["verdict"] for check in checks} for checks in told]
