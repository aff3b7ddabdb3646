"""Azure Monitor: diagnostic settings of a vault."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.rehearsal import monitor
from helpers.rehearsal.state import DiagnosticSetting, Lock, LogRow
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.contracts import DIAGNOSTIC_SETTINGS, schema_errors, structure_errors

HOST = "management.azure.com"
SUB = "/subscriptions/22222222-3333-4444-8555-666666666666"
VAULT = f"{SUB}/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
SETTINGS = f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings"
WORKSPACE = f"{SUB}/resourceGroups/rg-claude/providers/Microsoft.OperationalInsights/workspaces/log"
FREE = ("properties.logs", "properties.metrics")


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world behind Azure Monitor alone."""
    return make_cloud("healthy", monitor.ROUTES)


def send(
    cloud: TestCloud,
    method: str,
    path: str,
    body: Any = None,
    identity: str = "operator",
    version: str = "2021-05-01-preview",
) -> Response:
    return cloud.send(method, HOST, path, body, query={"api-version": version}, identity=identity)


def test_the_settings_of_a_vault_are_listed_in_the_recorded_shape(cloud: TestCloud, contracts: Path) -> None:
    """Unused destinations are null, the id is lower-cased but for its last type, any case of the path will do."""
    cloud.state.diagnostic_settings["elsewhere"] = DiagnosticSetting(resource=f"{VAULT}2", workspace_id=WORKSPACE)
    setting = cloud.state.diagnostic_settings["to-log-analytics"]
    setting.storage_account_id, setting.log_analytics_destination_type = f"{SUB}/s", "Dedicated"
    reply = send(cloud, "GET", SETTINGS.lower(), identity="reader")
    assert schema_errors(DIAGNOSTIC_SETTINGS, "DiagnosticSettings_List", 200, reply.body) == []
    (row,) = reply.body["value"]
    assert row["id"] == f"{VAULT.lower()}/providers/microsoft.insights/diagnosticSettings/to-log-analytics"
    assert row["properties"]["logs"][0]["category"] == "AuditEvent"
    assert structure_errors("diagnostic_settings_put_200", row, free=FREE) == []


def test_an_old_api_version_lists_nothing(cloud: TestCloud) -> None:
    """2017-05-01-preview answers an empty list for a vault with settings: an empty list proves nothing there."""
    assert send(cloud, "GET", SETTINGS, version="2017-05-01-preview").body == {"value": []}
    assert send(cloud, "GET", f"{SETTINGS}/to-log-analytics", version="2017-05-01-preview").status == 200


def test_a_log_row_has_a_category_or_a_group(cloud: TestCloud, contracts: Path) -> None:
    """`audit` and `allLogs` are groups; the row of a category is as recorded, with the group beside it."""
    setting = cloud.state.diagnostic_settings["to-log-analytics"]
    setting.logs = [LogRow(category_group="allLogs"), LogRow(category="AuditEvent", enabled=False)]
    reply = send(cloud, "GET", f"{SETTINGS}/to-log-analytics")
    assert schema_errors(DIAGNOSTIC_SETTINGS, "DiagnosticSettings_Get", 200, reply.body) == []
    rows = [(row["category"], row["categoryGroup"], row["enabled"]) for row in reply.body["properties"]["logs"]]
    assert rows == [(None, "allLogs", True), ("AuditEvent", None, False)]
    setting.storage_account_id = setting.event_hub_authorization_rule_id = setting.event_hub_name = WORKSPACE
    setting.logs = [LogRow(category="AuditEvent")]
    reply = send(cloud, "GET", f"{SETTINGS}/to-log-analytics")
    reply.body["type"] = None  # null in 2020, a string since
    newer = ("properties.logs[].categoryGroup",)
    recorded = "diagnostic_settings_get_2017_200"
    assert structure_errors(recorded, reply.body, newer=newer, older=("properties.metrics[]",)) == []


def test_a_setting_is_put_read_and_deleted(cloud: TestCloud, contracts: Path) -> None:
    """200 with what is then read; removed with 200, then 204, then 404 in the flat error shape."""
    properties = {
        "workspaceId": WORKSPACE,
        "storageAccountId": f"{SUB}/s",
        "logAnalyticsDestinationType": "Dedicated",
        "logs": [{"categoryGroup": "audit", "enabled": True}],
    }
    made = send(cloud, "PUT", f"{SETTINGS}/audit", {"properties": properties})
    assert schema_errors(DIAGNOSTIC_SETTINGS, "DiagnosticSettings_CreateOrUpdate", made.status, made.body) == []
    assert structure_errors("diagnostic_settings_put_200", made.body, free=FREE) == []
    assert send(cloud, "GET", f"{SETTINGS}/audit").body == made.body
    cloud.state.locks.clear()
    assert [send(cloud, "DELETE", f"{SETTINGS}/audit").status for _ in range(2)] == [200, 204]
    gone = send(cloud, "GET", f"{SETTINGS}/audit")
    assert (gone.status, gone.body.keys()) == (404, {"code", "message"})
    assert schema_errors(DIAGNOSTIC_SETTINGS, "DiagnosticSettings_Get", 404, gone.body) == []


@pytest.mark.parametrize(
    ("properties", "status"),
    [
        ({"logs": []}, 400),
        ({"workspaceId": WORKSPACE, "logs": ["AuditEvent"]}, 400),
        ({"workspaceId": WORKSPACE, "serviceBusRuleId": "x"}, 501),
    ],
)
def test_a_setting_that_makes_no_sense_is_refused(cloud: TestCloud, properties: dict[str, Any], status: int) -> None:
    """Without a destination or with rows that are none it is 400; what is left out is loud."""
    assert send(cloud, "PUT", f"{SETTINGS}/x", {"properties": properties}).status == status
    assert "x" not in cloud.state.diagnostic_settings


def test_settings_need_the_right(cloud: TestCloud) -> None:
    """The key officer may not even look, the reader may not write; refusals of ARM itself stay wrapped."""
    reply = send(cloud, "GET", SETTINGS, identity="key-officer")
    assert (reply.status, reply.body["error"]["code"]) == (403, "AuthorizationFailed")
    body = {"properties": {"workspaceId": WORKSPACE}}
    assert send(cloud, "PUT", f"{SETTINGS}/x", body, identity="reader").status == 403


def test_locks_hold_for_settings(cloud: TestCloud) -> None:
    """ReadOnly stops a new setting; CanNotDelete stops removing one."""
    assert send(cloud, "DELETE", f"{SETTINGS}/to-log-analytics").body["error"]["code"] == "ScopeLocked"
    cloud.state.locks["stop"] = Lock(scope=VAULT, level="ReadOnly")
    body = {"properties": {"workspaceId": WORKSPACE}}
    assert send(cloud, "PUT", f"{SETTINGS}/x", body).body["error"]["code"] == "ScopeLocked"
