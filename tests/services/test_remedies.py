"""The writes of remedies: what is sent, and that everything that was there stays."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.errors import ServiceFailed
from helpers.rehearsal.state import DiagnosticSetting, EventHubRule, Lock, LogRow, StorageAccount
from tests.services.faults import Meets, changed, status, text
from tests.services.rehearsed import GIVEN, Rehearsed
from tests.services.remedying import (
    ADDED,
    FIRST,
    GROUP,
    LOCK,
    RULE,
    SETTING,
    STORAGE,
    SUBNETS,
    VAULT,
    VAULT_ID,
    WORKSPACE,
    ready,
    sent,
)


def test_purge_protection_is_the_only_thing_that_is_set(healthy: Rehearsed) -> None:
    """The PATCH holds that one property, the vault comes back with it, and nothing else of it is another."""
    services = ready(healthy)
    before = healthy.state.vaults[VAULT].model_copy(deep=True)
    assert services.remedies.protect_from_purge().purge_protection is True
    assert sent(healthy, "Vaults_Update") == [{"properties": {"enablePurgeProtection": True}}]
    assert healthy.state.vaults[VAULT] == before.model_copy(update={"enable_purge_protection": True})


def test_every_rule_that_is_there_is_sent_back_in_order(healthy: Rehearsed) -> None:
    """Azure replaces the whole set: bypass, default action, address rules and subnets stay, the new ranges come last."""
    services = ready(healthy)
    changed_vault = services.remedies.let_in((FIRST, ADDED))
    (body,) = sent(healthy, "Vaults_Update")
    assert body == {
        "properties": {
            "networkAcls": {
                "bypass": "None",
                "defaultAction": "Deny",
                "ipRules": [{"value": v} for v in ("203.0.113.7/32", "198.51.100.0/24", FIRST, ADDED)],
                "virtualNetworkRules": [{"id": subnet} for subnet in SUBNETS],
            }
        }
    }
    assert changed_vault.network is not None and changed_vault.network.ip_rules[-2:] == (FIRST, ADDED)
    assert healthy.state.vaults[VAULT].network_acls.virtual_network_rules == SUBNETS  # type: ignore[union-attr]


def test_what_this_suite_has_no_name_for_is_sent_back_as_it_came(healthy: Rehearsed) -> None:
    """A property of a rule, or of the rules, that the model does not hold is in the PATCH as it was in the reply."""
    services = ready(healthy)

    def more(body: Any) -> Any:
        rules = body["properties"]["networkAcls"]
        subnets = [{**row, "ignoreMissingVnetServiceEndpoint": True} for row in rules["virtualNetworkRules"]]
        more = {**rules, "virtualNetworkRules": subnets, "serviceTags": [{"value": "Later"}]}
        return {**body, "properties": {**body["properties"], "networkAcls": more}}

    healthy.cloud.after("Vaults_Get", changed(more))
    services.remedies.let_in((FIRST,))
    (rules,) = [body["properties"]["networkAcls"] for body in sent(healthy, "Vaults_Update")]
    assert rules["virtualNetworkRules"] == [
        {"id": subnet, "ignoreMissingVnetServiceEndpoint": True} for subnet in SUBNETS
    ]
    assert rules["serviceTags"] == [{"value": "Later"}]


def test_a_rule_that_came_meanwhile_stays_and_none_is_sent_twice(healthy: Rehearsed) -> None:
    """Rules are read right before: one that somebody added since the plan is kept, and one of ours is not repeated."""
    services = ready(healthy)
    acls = healthy.state.vaults[VAULT].network_acls
    assert acls is not None
    acls.ip_rules = [*acls.ip_rules, "192.0.2.0/24", ADDED]
    services.remedies.let_in((FIRST, ADDED))
    assert healthy.state.vaults[VAULT].network_acls.ip_rules == [  # type: ignore[union-attr]
        "203.0.113.7/32", "198.51.100.0/24", "192.0.2.0/24", ADDED, FIRST,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("meets", "said"),
    [
        (None, "the vault has none any more"),
        (status(403, "AuthorizationFailed", "no"), "403 AuthorizationFailed: no"),
        (text("{}"), "could not be understood"),
    ],
)
def test_rules_that_cannot_be_read_again_are_not_replaced(healthy: Rehearsed, meets: Meets | None, said: str) -> None:
    """Without the rules as they are now nothing is sent: the set would be replaced by a guess."""
    services = ready(healthy)
    if meets is None:
        healthy.state.vaults[VAULT].network_acls = None
    else:
        healthy.cloud.before("Vaults_Get", meets)
    with pytest.raises(ServiceFailed, match=said) as caught:
        services.remedies.let_in((FIRST,))
    assert caught.value.next_step and "Nothing was changed" in caught.value.why
    assert healthy.cloud.asked("Vaults_Update") == 0


@pytest.mark.parametrize(
    ("destination", "field"),
    [
        (WORKSPACE, "workspaceId"),
        (STORAGE, "storageAccountId"),
        (RULE, "eventHubAuthorizationRuleId"),
        (WORKSPACE.lower(), "workspaceId"),
    ],
    ids=["workspace", "storage", "event hub", "lower case"],
)
def test_a_destination_is_set_by_its_kind(healthy: Rehearsed, destination: str, field: str) -> None:
    """The audit category goes to the one property that takes the destination; a setting that is there stays."""
    services = ready(healthy)
    place = {"subscription_id": GIVEN["subscription_id"], "resource_group": GIVEN["resource_group"]}
    healthy.state.storage_accounts["stcontosologs"] = StorageAccount(**place)
    healthy.state.event_hub_rules["eh-contoso/send"] = EventHubRule(**place)
    other = DiagnosticSetting(resource=VAULT_ID, storage_account_id=STORAGE, logs=[LogRow(category_group="audit")])
    healthy.state.diagnostic_settings["theirs"] = other.model_copy(deep=True)
    made = services.remedies.send_audit_log(SETTING, destination)
    assert made.name == SETTING and made.audits and made.sinks == (destination,)
    assert sent(healthy, "DiagnosticSettings_CreateOrUpdate") == [
        {"properties": {field: destination, "logs": [{"category": "AuditEvent", "enabled": True}]}}
    ]
    assert healthy.state.diagnostic_settings["theirs"] == other


def test_a_lock_is_added_beside_the_others(healthy: Rehearsed) -> None:
    """CanNotDelete at the vault, with its notes; a lock at the group stays as it is."""
    services = ready(healthy)
    above = Lock(scope=GROUP, level="NotSpecified", notes="theirs")
    healthy.state.locks["theirs"] = above.model_copy(deep=True)
    made = services.remedies.lock(LOCK, "why")
    assert (made.name, made.level, made.scope) == (LOCK, "CanNotDelete", VAULT_ID.lower())
    assert sent(healthy, "ManagementLocks_CreateOrUpdateByScope") == [
        {"properties": {"level": "CanNotDelete", "notes": "why"}}
    ]
    assert healthy.state.locks["theirs"] == above and healthy.state.locks[LOCK].notes == "why"
