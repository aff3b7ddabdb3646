"""Log Analytics: what is logged of the use of keys, when it is found, who may ask, and which queries are answered."""

from __future__ import annotations

from datetime import timedelta
from itertools import pairwise
from typing import Any

import pytest

from helpers.rehearsal import anthropic, log_analytics, monitor, vault
from helpers.rehearsal.destinations import customer_id
from helpers.rehearsal.router import Router
from helpers.rehearsal.state import LogRow, RoleAssignment, State
from helpers.rehearsal.vault.audit import MOST
from helpers.rehearsal.wire import Response
from helpers.rehearsal.world import World
from helpers.rehearsal.worldfile import load
from helpers.services.logs import query
from tests.contract.conftest import TestCloud

HOST = "api.loganalytics.io"
VAULT = "/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
SETTING = f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings/to-log-analytics"
KEY_HOST = "kv-contoso-claude.vault.azure.net"
ANTHROPIC = "44444444-5555-4666-8777-888888888888"
ADMIN = {"x-api-key": "sk-ant-admin01-rehearsal-only-not-a-real-key"}
EVER = "2026-01-01T00:00:00Z/2027-01-01T00:00:00Z"
SHARED, DEDICATED = "AzureDiagnostics", "AZKVAuditLogs"
COLUMNS = ["OperationName", "ResultSignature", "PrincipalId", "Address", "KeyId", "Count", "First", "Last"]


def registered() -> State:
    state = load("registered")
    state.settings.shared_keys = True
    return state


@pytest.fixture
def cloud() -> TestCloud:
    """The registered world: a validation succeeds, and no workspace has the key."""
    routes = (vault.ROUTES, anthropic.ROUTES, monitor.ROUTES, log_analytics.ROUTES)
    return TestCloud(World(registered), Router.of(*routes))


def ask(
    cloud: TestCloud, table: str = SHARED, identity: str | None = "reader", text: str = "", timespan: Any = EVER
) -> Response:
    (name, stored), *_ = cloud.state.log_analytics_workspaces.items()
    path = f"/v1/workspaces/{customer_id(name, stored)}/query"
    body = {"query": text or query(table, VAULT), "timespan": timespan, "workspaces": None}
    return cloud.send("POST", HOST, path, body, query={}, identity=identity)


def rows(reply: Response) -> list[dict[str, Any]]:
    (table,) = reply.body["tables"]
    assert [column["name"] for column in table["columns"]] == COLUMNS
    return [dict(zip(COLUMNS, row, strict=True)) for row in table["rows"]]


def validate(cloud: TestCloud) -> None:
    path = "/v1/organizations/external_keys/ekey_01REHEARSALONBOARDED/validate"
    cloud.send("POST", "api.anthropic.com", path, {}, query={}, identity=None, headers=ADMIN)


def attach(cloud: TestCloud) -> None:
    body = {"name": "contoso-cmek", "external_key_id": "ekey_01REHEARSALONBOARDED"}
    made = cloud.send(
        "POST", "api.anthropic.com", "/v1/organizations/workspaces", body, query={}, identity=None, headers=ADMIN
    )
    assert made.status == 200, made.body


def test_a_validation_is_found_in_the_log_after_a_while(cloud: TestCloud) -> None:
    """Until the delay is over the table is not there; then its uses are, by Anthropic's principal, counted, once."""
    validate(cloud)
    early = ask(cloud)
    assert (early.status, early.body["error"]["innererror"]["innererror"]["code"]) == (400, "SEM0100")
    assert f"'{SHARED}'" in early.body["error"]["innererror"]["innererror"]["message"]
    cloud.world.clock.advance(cloud.state.settings.log_delay_seconds)
    found = rows(ask(cloud))
    seen = {(r["OperationName"], r["ResultSignature"], r["PrincipalId"], r["Address"], r["Count"]) for r in found}
    addresses = ("160.79.104.10", "153.61.208.10")
    assert seen == {
        (did, "OK", ANTHROPIC, address, 1) for did in ("KeyGet", "KeyWrap", "KeyUnwrap") for address in addresses
    }
    wrapped = next(row for row in found if row["OperationName"] == "KeyWrap")
    assert wrapped["KeyId"] == f"https://{KEY_HOST}/keys/claude-cmek/0123456789abcdef0123456789abcdef"
    assert wrapped["First"] == wrapped["Last"] and wrapped["First"].startswith("2026-11-23T09:00:0")
    assert rows(ask(cloud, timespan="2026-11-23T09:01:00Z/2027-01-01T00:00:00Z")) == []
    assert ask(cloud, DEDICATED).status == 400


def test_a_log_is_no_part_of_the_world_that_is_compared(cloud: TestCloud) -> None:
    """What was logged changes neither the state nor what counts as a write."""
    before = cloud.world.fingerprint()
    validate(cloud)
    ask(cloud)
    assert len(cloud.state.key_events) == 6 and cloud.world.fingerprint() == before
    assert not any(row["wrote"] for row in cloud.journal.rows())


def test_it_is_logged_only_while_a_setting_sends_it(cloud: TestCloud) -> None:
    """Without a setting nothing is; a Dedicated one logs into a table of its own; what was before is never made up."""
    assert cloud.send("DELETE", "management.azure.com", SETTING).status == 409  # locked
    cloud.state.locks.clear()
    cloud.send("DELETE", "management.azure.com", SETTING)
    validate(cloud)
    assert cloud.state.key_events == []
    workspace = VAULT.replace(
        "Microsoft.KeyVault/vaults/kv-contoso-claude", "Microsoft.OperationalInsights/workspaces/log-contoso"
    )
    properties = {
        "workspaceId": workspace.upper(),
        "logAnalyticsDestinationType": "Dedicated",
        "logs": [{"categoryGroup": "audit", "enabled": True}],
    }
    assert cloud.send("PUT", "management.azure.com", SETTING, {"properties": properties}).status == 200
    cloud.send("GET", KEY_HOST, "/keys/claude-cmek/", identity="key-officer")
    cloud.world.clock.advance(3600)
    (row,) = rows(ask(cloud, DEDICATED))
    assert (row["PrincipalId"], row["Address"]) == ("b0000000-0000-4000-8000-000000000003", "203.0.113.7")
    assert row["KeyId"] == f"https://{KEY_HOST}/keys/claude-cmek"
    assert ask(cloud, SHARED).status == 400


def test_an_attached_key_is_used_every_hour_from_then_on(cloud: TestCloud) -> None:
    """Hours before the attach leave nothing, each one after it does, and what is refused is logged as that."""
    cloud.state.settings.vendor_addresses = ["198.51.100.7"]
    cloud.world.clock.advance(3600)
    attach(cloud)
    ask(cloud)
    assert len(cloud.state.key_events) == 3  # what attaching itself tried
    cloud.world.clock.advance(3 * 3600)
    assert rows(ask(cloud))[0]["Address"] == "198.51.100.7"
    events = [event for event in cloud.state.key_events if event.operation == "KeyUnwrap"]
    hours = [later.time - earlier.time for earlier, later in pairwise(events[1:])]
    assert len(events) == 4 and set(hours) == {timedelta(hours=1)}
    cloud.state.role_assignments.pop("66666666-7777-4888-8999-aaaaaaaaaaaa")
    cloud.world.clock.advance(2 * 3600 + 600)
    refused = [row for row in rows(ask(cloud)) if row["ResultSignature"] == "Forbidden"]
    assert [(row["OperationName"], row["Count"]) for row in refused] == [("KeyGet", 2)]


def test_a_full_log_drops_the_oldest_and_still_gets_each_hour(cloud: TestCloud) -> None:
    """At its cap too the hours since the last look are all there, at their own times, and what is dropped is oldest."""
    attach(cloud)
    ask(cloud)
    log = cloud.state.key_events
    old = log[0].model_copy(update={"time": log[0].time - timedelta(days=1), "operation": "KeyGet"})
    log[:0] = [old] * (MOST - len(log))
    cloud.world.clock.advance(3 * 3600)
    ask(cloud)
    log = cloud.state.key_events
    times = [event.time for event in log if event.operation == "KeyUnwrap"][2:]  # without those of attaching itself
    assert len(log) == MOST and times == sorted(times) and len(times) == 3 * 2
    assert {late - early for early, late in pairwise(dict.fromkeys(times))} == {timedelta(hours=1)}
    assert sum(event.time == old.time for event in log) == MOST - 6 - 3 * 6


@pytest.mark.parametrize(
    "changes",
    [
        {"resource": f"{VAULT}2"},
        {"logs": [LogRow(category="AzurePolicyEvaluationDetails")]},
        {"logs": [LogRow(category="AuditEvent", enabled=False)]},
        {"workspace_id": None, "storage_account_id": "/subscriptions/x"},
    ],
)
def test_a_setting_of_something_else_logs_nothing(cloud: TestCloud, changes: dict[str, Any]) -> None:
    """Of another vault, another category, one that is off, or to another kind of destination."""
    for name, value in changes.items():
        setattr(cloud.state.diagnostic_settings["to-log-analytics"], name, value)
    validate(cloud)
    assert cloud.state.key_events == []


def test_a_changed_setting_does_not_change_what_was_logged(cloud: TestCloud) -> None:
    """The hours of an attached key before a change are where the setting of then sent them."""
    attach(cloud)
    before = len(cloud.state.key_events)
    cloud.world.clock.advance(2 * 3600)
    workspace = cloud.state.diagnostic_settings["to-log-analytics"].workspace_id
    properties = {
        "workspaceId": workspace,
        "logAnalyticsDestinationType": "Dedicated",
        "logs": [{"category": "AuditEvent", "enabled": True}],
    }
    assert cloud.send("PUT", "management.azure.com", SETTING, {"properties": properties}).status == 200
    cloud.world.clock.advance(3 * 3600)
    ask(cloud)
    tables = [table for event in cloud.state.key_events[before:] for table in event.tables.values()]
    assert [tables.count(table) for table in (SHARED, DEDICATED)] == [2 * 6, 3 * 6]


def test_who_may_ask(cloud: TestCloud) -> None:
    """Reader, or Log Analytics Data Reader, of the workspace; 403 without, 401 for another audience, 404 elsewhere."""
    cloud.send("GET", KEY_HOST, "/keys/claude-cmek/", identity="key-officer")
    cloud.world.clock.advance(600)
    reply = ask(cloud, identity="nobody")
    assert (reply.status, reply.body["error"]["code"]) == (403, "InsufficientAccessError")
    data_reader = RoleAssignment(
        scope=VAULT.rpartition("/providers/")[0],
        role_definition="3b03c2da-16b3-4a49-8834-0f8130efdd3b",
        principal_id=cloud.state.identities["nobody"].object_id,
    )
    cloud.state.role_assignments["00000000-0000-4000-8000-000000000001"] = data_reader
    assert ask(cloud, identity="nobody").status == ask(cloud).status == 200
    assert ask(cloud, identity=None).status == 401
    path = "/v1/workspaces/00000000-0000-4000-8000-000000000001/query"
    body = {"query": query(SHARED, VAULT), "timespan": EVER}
    foreign = {"authorization": f"Bearer {cloud.token('reader', 'management.azure.com')}"}
    assert cloud.send("POST", HOST, path, body, query={}, headers=foreign).status == 401
    assert cloud.send("POST", HOST, path, body, query={}).status == 404


@pytest.mark.parametrize(
    ("text", "timespan", "status"),
    [
        (f"{SHARED} | count", EVER, 501),
        (query(SHARED, VAULT).replace(SHARED, "SigninLogs", 1), EVER, 501),
        (query(SHARED, VAULT).replace("id_s", "Resource"), EVER, 501),
        (query(SHARED, VAULT) + "\n| where Count > 1", EVER, 501),
        (query(SHARED, VAULT), "P7D", 501),
    ],
)
def test_any_other_query_is_not_interpreted(cloud: TestCloud, text: str, timespan: str, status: int) -> None:
    """Loudly: nothing is guessed of KQL."""
    assert ask(cloud, text=text, timespan=timespan).status == status
