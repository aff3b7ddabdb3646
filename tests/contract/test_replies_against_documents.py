"""Replies of single operations against their OpenAPI document or recording, where no other test compares them."""

from __future__ import annotations

from pathlib import Path

from helpers.rehearsal.services import ROUTER
from tests.contract.conftest import MakeCloud
from tests.contract.contracts import DIAGNOSTIC_SETTINGS, LOCKS, VAULTS_2023, recording, schema_errors, structure_errors
from tests.contract.key_requests import HOST, SINCE_2019, vault, with_key

ARM, GRAPH = "management.azure.com", "graph.microsoft.com"
SUB = "/subscriptions/22222222-3333-4444-8555-666666666666"
VAULT = f"{SUB}/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
LOCK = f"{VAULT}/providers/Microsoft.Authorization/locks/keep-the-vault"
SETTINGS = f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings"


def test_removing_a_setting_and_a_lock_answers_as_documented(make_cloud: MakeCloud, contracts: Path) -> None:
    """200 when it was there and 204 when it was not, both without a body."""
    cloud = make_cloud("healthy", ROUTER.routes)
    for document, operation, path in (
        (LOCKS, "ManagementLocks_DeleteByScope", LOCK),
        (DIAGNOSTIC_SETTINGS, "DiagnosticSettings_Delete", f"{SETTINGS}/to-log-analytics"),
    ):
        for status in (200, 204):
            reply = cloud.send("DELETE", ARM, path)
            assert (reply.status, schema_errors(document, operation, status, reply.body)) == (status, [])


def test_a_deleted_vault_that_is_not_there_answers_as_documented(make_cloud: MakeCloud, contracts: Path) -> None:
    """The 404 has the shape of the document's error."""
    path = f"{SUB}/providers/Microsoft.KeyVault/locations/eastus2/deletedVaults/kv-contoso-claude"
    reply = make_cloud("healthy", ROUTER.routes).send("GET", ARM, path)
    assert (reply.status, schema_errors(VAULTS_2023, "Vaults_GetDeleted", 404, reply.body)) == (404, [])


def test_a_list_of_settings_has_the_recorded_structure(make_cloud: MakeCloud, contracts: Path) -> None:
    """A row has the recorded members; type is null in the recording of 2020 and a string since."""
    cloud = make_cloud("healthy", ROUTER.routes)
    setting = cloud.state.diagnostic_settings["to-log-analytics"]
    setting.storage_account_id = setting.event_hub_authorization_rule_id = setting.event_hub_name = VAULT
    reply = cloud.send("GET", ARM, SETTINGS)
    assert {row.pop("type") for row in reply.body["value"]} == {"Microsoft.Insights/diagnosticSettings"}
    name, older = "diagnostic_settings_list_2017_200", ("value[].type",)
    assert structure_errors(name, reply.body, newer=("value[].properties.logs[].categoryGroup",), older=older) == []


def test_a_deleted_key_has_the_recorded_structure(make_cloud: MakeCloud, contracts: Path) -> None:
    """GetDeletedKey of a key that expires and has tags shows the members of the recording."""
    cloud = make_cloud("healthy", ROUTER.routes)
    with_key(cloud, tags={"foo": "bar"}, expires=cloud.world.now())
    vault(cloud).enable_purge_protection = None
    cloud.send("DELETE", HOST, "/keys/cmk")
    cloud.world.clock.advance(1)
    reply = cloud.send("GET", HOST, "/deletedkeys/cmk")
    assert structure_errors("deleted_key_get_200", reply.body, free=["tags"], newer=SINCE_2019) == []


def test_a_role_and_an_application_not_found_answer_as_recorded(make_cloud: MakeCloud, contracts: Path) -> None:
    """A missing role definition is the recorded 404, a list without applications the recorded empty one."""
    cloud = make_cloud("healthy", ROUTER.routes)
    missing = f"{SUB}/providers/Microsoft.Authorization/roleDefinitions/7b266cd7-0bba-4ae2-8423-90ede5e1e898"
    for name, reply in (
        ("role_definition_not_found_404", cloud.send("GET", ARM, missing)),
        ("graph_applications_list_empty_200", cloud.send("GET", GRAPH, "/v1.0/applications", query={})),
    ):
        assert reply.status == recording(name)["status"]
        assert structure_errors(name, reply.body) == []
