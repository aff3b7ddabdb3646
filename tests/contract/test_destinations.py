"""Where logs are sent: Log Analytics workspaces, storage accounts, Event Hubs authorization rules."""

from __future__ import annotations

import pytest

from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import EventHubRule, ImmutabilityPolicy, ImmutableStorage, StorageAccount
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud

HOST = "management.azure.com"
ID = "22222222-3333-4444-8555-666666666666"
GROUP = f"/subscriptions/{ID}/resourceGroups/rg-claude"
WORKSPACE = f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/log-contoso"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/stcontoso"
NAMESPACE = f"{GROUP}/providers/Microsoft.EventHub/namespaces/evh-contoso"
RULE = f"{NAMESPACE}/authorizationRules/send-only"
SINKS = (WORKSPACE, ACCOUNT, RULE)


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world, which has a workspace, with a storage account and an event hub rule."""
    cloud = make_cloud("healthy", ROUTER.routes)
    cloud.state.storage_accounts["stcontoso"] = StorageAccount(subscription_id=ID, resource_group="rg-claude")
    cloud.state.event_hub_rules["evh-contoso/send-only"] = EventHubRule(
        subscription_id=ID, resource_group="rg-claude", rights=["Send", "Listen"]
    )
    return cloud


def get(cloud: TestCloud, path: str, identity: str = "operator") -> Response:
    return cloud.send("GET", HOST, path, query={"api-version": "2022-10-01"}, identity=identity)


def code(reply: Response) -> tuple[int, str]:
    return reply.status, reply.body["error"]["code"]


def test_a_workspace_says_how_long_it_keeps_logs(cloud: TestCloud) -> None:
    """The one that the healthy world's diagnostic setting names is there, in any case of its id, and keeps 90 days."""
    (setting,) = cloud.state.diagnostic_settings.values()
    reply = get(cloud, str(setting.workspace_id).lower(), "reader")
    assert (reply.status, reply.body["id"]) == (200, WORKSPACE)
    assert (reply.body["name"], reply.body["location"]) == ("log-contoso", "eastus2")
    properties = reply.body["properties"]
    assert (properties["provisioningState"], properties["retentionInDays"]) == ("Succeeded", 90)
    assert properties["sku"]["name"] == "PerGB2018"
    assert len(properties["customerId"]) == 36


def test_a_storage_account_says_whether_blobs_are_immutable(cloud: TestCloud) -> None:
    """Immutability is absent unless it was set, and its policy too."""
    account = cloud.state.storage_accounts["stcontoso"]
    body = get(cloud, ACCOUNT).body
    assert (body["id"], body["sku"]) == (ACCOUNT, {"name": "Standard_LRS", "tier": "Standard"})
    assert body["properties"]["provisioningState"] == "Succeeded"
    assert "immutableStorageWithVersioning" not in body["properties"]
    account.immutable_storage = ImmutableStorage()
    assert get(cloud, ACCOUNT).body["properties"]["immutableStorageWithVersioning"] == {"enabled": True}
    account.immutable_storage = ImmutableStorage(policy=ImmutabilityPolicy(days=365, state="Locked"))
    assert get(cloud, ACCOUNT).body["properties"]["immutableStorageWithVersioning"] == {
        "enabled": True,
        "immutabilityPolicy": {
            "immutabilityPeriodSinceCreationInDays": 365,
            "state": "Locked",
            "allowProtectedAppendWrites": False,
        },
    }


def test_an_event_hub_rule_says_what_it_allows(cloud: TestCloud) -> None:
    """Its id has namespace and rule, and its properties are its rights."""
    body = get(cloud, RULE.lower()).body
    assert (body["id"], body["name"]) == (RULE, "send-only")
    assert (body["type"], body["properties"]) == (
        "Microsoft.EventHub/namespaces/authorizationRules",
        {"rights": ["Send", "Listen"]},
    )


@pytest.mark.parametrize("sink", SINKS)
def test_a_destination_that_is_not_there_is_404(cloud: TestCloud, sink: str) -> None:
    """Its group, its subscription and itself are each missed by name."""
    assert code(get(cloud, sink.replace("rg-claude", "rg-other"))) == (404, "ResourceGroupNotFound")
    assert code(get(cloud, sink.replace(ID, ID.replace("2", "9")))) == (404, "SubscriptionNotFound")
    missing = get(cloud, f"{sink}2")
    assert code(missing) == (404, "ResourceNotFound")
    assert f"'{sink.partition('/providers/')[2]}2'" in missing.body["error"]["message"]


@pytest.mark.parametrize("sink", SINKS)
def test_a_destination_needs_the_right_and_the_provider(cloud: TestCloud, sink: str) -> None:
    """Who may read a vault only is refused, naming the right; without its provider it is 409 until it is registered."""
    refused = get(cloud, sink, "key-officer")
    assert code(refused) == (403, "AuthorizationFailed")
    _, _, path = sink.partition("/providers/")
    namespace, *rest = path.split("/")
    assert f"'{'/'.join((namespace, *rest[::2]))}/read'" in refused.body["error"]["message"]
    subscription = cloud.state.subscriptions[ID]
    subscription.registered_providers = [p for p in subscription.registered_providers if p != namespace]
    assert code(get(cloud, sink)) == (409, "MissingSubscriptionRegistration")
    register = f"/subscriptions/{ID}/providers/{namespace}/register"
    assert cloud.send("POST", HOST, register).status == 200
    assert get(cloud, sink).status == 200


@pytest.mark.parametrize("scope", [WORKSPACE, ACCOUNT, NAMESPACE, RULE])
@pytest.mark.parametrize(
    "kind", ["Authorization/locks", "Authorization/roleAssignments", "Insights/diagnosticSettings"]
)
def test_a_destination_is_a_scope_like_any_other(cloud: TestCloud, scope: str, kind: str) -> None:
    """What is set at one can be listed; at one that is not there it is 404."""
    assert get(cloud, f"{scope}/providers/Microsoft.{kind}").status == 200
    other = scope.replace("contoso", "other")
    assert get(cloud, f"{other}/providers/Microsoft.{kind}").status == 404
