"""Azure Resource Manager: sign-in, subscriptions, resource groups, providers, vaults and locks."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from helpers.rehearsal import arm
from helpers.rehearsal.state import Lock, NetworkAcls, Subscription
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.contracts import LOCKS, VAULTS, VAULTS_2023, recording, schema_errors, structure_errors

HOST = "management.azure.com"
LOCKS_2020 = LOCKS.replace("2016-09-01", "2020-05-01")
SUB = "/subscriptions/22222222-3333-4444-8555-666666666666"
GROUP = f"{SUB}/resourceGroups/rg-claude"
NAME = "kv-contoso-claude"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/{NAME}"
KEEP = f"{VAULT}/providers/Microsoft.Authorization/locks"
NEWER = ("systemData", "properties.publicNetworkAccess")


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world behind ARM alone."""
    return make_cloud("healthy", arm.ROUTES)


def get(cloud: TestCloud, path: str, identity: str | None = "operator", **query: str) -> Response:
    """A GET with `$`-less query names: `filter=`, `top=`."""
    asked = {"api-version": "2026-05-15"} | {f"${name}": value for name, value in query.items()}
    return cloud.send("GET", HOST, path, query=asked, identity=identity)


def follow(cloud: TestCloud, link: str) -> Response:
    """What a client gets that follows a nextLink."""
    parts = urlsplit(link)
    assert parts.netloc == HOST
    return cloud.send("GET", HOST, parts.path, query=dict(parse_qsl(parts.query)))


def code(reply: Response) -> str:
    """The error code; the shape is that of the recorded 404."""
    assert reply.body.keys() == {"error"}
    assert reply.body["error"].keys() == {"code", "message"}
    return str(reply.body["error"]["code"])


# Who calls


@pytest.mark.parametrize("headers", [{}, {"authorization": "Bearer a.b.c"}])
def test_without_a_token_of_this_world_the_answer_is_401_with_a_challenge(
    cloud: TestCloud, headers: dict[str, str]
) -> None:
    """No token and a foreign token are refused, with the tenant's authority in WWW-Authenticate."""
    reply = cloud.send("GET", HOST, VAULT, identity=None, headers=headers)
    assert (reply.status, code(reply)) == (401, "InvalidAuthenticationToken" if headers else "AuthenticationFailed")
    authority = 'Bearer authorization_uri="https://login.microsoftonline.com/11111111-2222-4333-8444-555555555555"'
    assert reply.headers["www-authenticate"].startswith(authority)


def test_a_token_for_key_vault_is_no_token_for_arm(cloud: TestCloud) -> None:
    """The audience counts."""
    token = cloud.token("operator", f"{NAME}.vault.azure.net")
    reply = cloud.send("GET", HOST, VAULT, headers={"authorization": f"Bearer {token}"})
    assert (reply.status, code(reply)) == (401, "InvalidAuthenticationToken")


def test_an_expired_token_is_refused(cloud: TestCloud) -> None:
    """A token is good for an hour of world time."""
    headers = {"authorization": f"Bearer {cloud.token('operator', HOST)}"}
    assert cloud.send("GET", HOST, VAULT, headers=headers).status == 200
    cloud.world.clock.advance(3600)
    assert cloud.send("GET", HOST, VAULT, headers=headers).status == 401


def test_an_api_version_is_needed_and_none_is_pinned(cloud: TestCloud) -> None:
    """Without one 400 MissingApiVersionParameter, with an old one the answer."""
    reply = cloud.send("GET", HOST, VAULT, query={})
    assert (reply.status, code(reply)) == (400, "MissingApiVersionParameter")
    assert cloud.send("GET", HOST, VAULT, query={"api-version": "2015-06-01"}).status == 200


def test_every_reply_carries_its_request_id(cloud: TestCloud) -> None:
    """Success and refusal alike."""
    for identity in ("operator", "nobody", None):
        assert cloud.send("GET", HOST, VAULT, identity=identity).headers["x-ms-request-id"].startswith("request-")


def test_a_refusal_names_client_action_and_scope(cloud: TestCloud) -> None:
    """403 AuthorizationFailed says who may not do what where."""
    reply = get(cloud, VAULT, "nobody")
    assert (reply.status, code(reply)) == (403, "AuthorizationFailed")
    for part in ("a0000000-0000-4000-8000-000000000006", "b0000000", "Microsoft.KeyVault/vaults/read", VAULT):
        assert part in reply.body["error"]["message"]


# Subscriptions, groups, providers


def test_subscriptions_are_those_with_a_role_assignment(cloud: TestCloud) -> None:
    """An assignment on a vault is enough to see its subscription; without any the list is empty."""
    listed = get(cloud, "/subscriptions", "consent-admin").body
    assert [row["subscriptionId"] for row in listed["value"]] == [SUB.rpartition("/")[2]]
    assert get(cloud, "/subscriptions", "nobody").body["value"] == []
    assert get(cloud, SUB, "consent-admin").body == listed["value"][0]
    assert get(cloud, SUB, "nobody").status == 403


def test_a_subscription_that_is_not_there_is_404(cloud: TestCloud) -> None:
    """SubscriptionNotFound, also for what would lie in it."""
    other = "/subscriptions/00000000-0000-4000-8000-000000000000"
    for path in (other, VAULT.replace(SUB, other)):
        reply = get(cloud, path)
        assert (reply.status, code(reply)) == (404, "SubscriptionNotFound")


def test_the_tenant_is_listed(cloud: TestCloud) -> None:
    """One tenant a world."""
    assert [row["tenantId"] for row in get(cloud, "/tenants").body["value"]] == [cloud.state.tenant.id]


def test_resource_groups_are_found_in_any_case(cloud: TestCloud) -> None:
    """`resourcegroups` and `resourceGroups` are one path, and names compare without case."""
    listed = get(cloud, f"{SUB}/resourcegroups").body["value"]
    assert [row["id"] for row in listed] == [GROUP]
    assert get(cloud, GROUP.lower().replace("rg-claude", "RG-Claude")).body == listed[0]


def test_a_missing_resource_group_is_404(cloud: TestCloud) -> None:
    """ResourceGroupNotFound, for the group and for a vault in it."""
    for path in (f"{SUB}/resourceGroups/none", VAULT.replace("rg-claude", "none")):
        reply = get(cloud, path)
        assert (reply.status, code(reply)) == (404, "ResourceGroupNotFound")


def test_an_unregistered_provider_is_409_until_it_is_registered(cloud: TestCloud) -> None:
    """The SDK registers by itself on this 409, with a POST that is a write; a reader may not send it."""
    cloud.state.subscriptions[SUB.rpartition("/")[2]] = Subscription(
        display_name="new", resource_groups={"rg-claude": "eastus2"}, registered_providers=[]
    )
    reply = get(cloud, VAULT)
    assert (reply.status, code(reply)) == (409, "MissingSubscriptionRegistration")
    provider = f"{SUB}/providers/Microsoft.KeyVault"
    assert get(cloud, provider).body["registrationState"] == "NotRegistered"
    assert cloud.send("POST", HOST, f"{provider}/register", identity="reader").status == 403
    assert cloud.send("POST", HOST, f"{provider}/register").status == 200
    assert [row["wrote"] for row in cloud.journal.rows()] == [False, False, False, True]
    assert get(cloud, provider).body["registrationState"] == "Registered"
    assert get(cloud, VAULT).status == 200


# Vaults


def test_a_vault_has_the_recorded_shape(cloud: TestCloud, contracts: Path) -> None:
    """GET is valid against both OpenAPI versions and has the structure of a vault with purge protection."""
    reply = get(cloud, VAULT)
    assert reply.status == 200
    assert schema_errors(VAULTS, "Vaults_Get", 200, reply.body) == []
    assert schema_errors(VAULTS_2023, "Vaults_Get", 200, reply.body) == []
    rbac = ("properties.enableRbacAuthorization",)
    assert structure_errors("vault_get_purge_protection_200", reply.body, newer=rbac, older=POLICIES) == []


POLICIES = ("properties.accessPolicies[]",)


def test_what_was_never_set_is_absent(cloud: TestCloud, contracts: Path) -> None:
    """Absent, not null: purge protection, RBAC, network rules, public access of an old vault."""
    vault = cloud.state.vaults[NAME]
    vault.enable_purge_protection = vault.enable_rbac_authorization = vault.public_network_access = None
    vault.enable_soft_delete = None
    reply = get(cloud, VAULT)
    assert reply.body["properties"].keys() == {
        "sku", "tenantId", "accessPolicies", "enabledForDeployment", "vaultUri", "provisioningState"
    }  # fmt: skip
    extra = ("properties.enableRbacAuthorization",)
    assert structure_errors("vault_get_rbac_200", reply.body, newer=("systemData",), older=extra) == []


def test_network_rules_show_only_when_they_say_something(cloud: TestCloud, contracts: Path) -> None:
    """Allow without rules is left out; with rules or Deny they come back, addresses as ranges, subnets lower-cased."""
    vault = cloud.state.vaults[NAME]
    vault.network_acls = NetworkAcls()
    assert "networkAcls" not in get(cloud, VAULT).body["properties"]
    vault.network_acls = NetworkAcls(default_action="Deny")
    assert get(cloud, VAULT).body["properties"]["networkAcls"]["defaultAction"] == "Deny"
    vault.network_acls = NetworkAcls(ip_rules=["1.2.3.4", "2.3.4.0/24"], virtual_network_rules=[f"{GROUP}/Net"])
    reply = get(cloud, VAULT)
    assert reply.body["properties"]["networkAcls"] == {
        "bypass": "AzureServices",
        "defaultAction": "Allow",
        "ipRules": [{"value": "1.2.3.4/32"}, {"value": "2.3.4.0/24"}],
        "virtualNetworkRules": [{"id": f"{GROUP}/Net".lower()}],
    }
    newer = ("properties.enablePurgeProtection", "properties.enableRbacAuthorization")
    assert structure_errors("vault_get_network_acls_200", reply.body, newer=newer, older=POLICIES) == []


def test_a_vault_that_registers_its_name_has_no_trailing_slash(cloud: TestCloud, contracts: Path) -> None:
    """RegisteringDns writes the URI in the case of the name and without slash."""
    assert get(cloud, VAULT).body["properties"]["vaultUri"] == f"https://{NAME}.vault.azure.net/"
    cloud.state.vaults[NAME.upper()] = cloud.state.vaults.pop(NAME)
    cloud.state.vaults[NAME.upper()].provisioning_state = "RegisteringDns"
    reply = get(cloud, VAULT)
    assert reply.body["properties"]["vaultUri"] == f"https://{NAME.upper()}.vault.azure.net"
    kinds = ("provisioningState", "vaultUri")
    recorded = recording("vault_put_registering_dns_200")["body"]["properties"]
    assert {k: type(reply.body["properties"][k]) for k in kinds} == {k: type(recorded[k]) for k in kinds}


def test_a_missing_vault_is_404_from_the_gateway(cloud: TestCloud, contracts: Path) -> None:
    """As recorded, header and wording included."""
    reply = get(cloud, VAULT.replace(NAME, "kv-other"))
    recorded = recording("vault_not_found_404")
    assert reply.status == 404
    assert reply.headers["x-ms-failure-cause"] == recorded["headers"]["x-ms-failure-cause"]
    wording = recorded["body"]["error"]["message"]
    wording = wording.replace("cli-test-kv-mgmt-000002", "kv-other").replace(
        "cli_test_keyvault_mgmt000001", "rg-claude"
    )
    assert reply.body == {"error": {"code": "ResourceNotFound", "message": wording}}


def three_vaults(cloud: TestCloud) -> None:
    for name in ("kv-b", "kv-c"):
        cloud.state.vaults[name] = cloud.state.vaults[NAME].model_copy()
    cloud.state.vaults["kv-c"].resource_group = "rg-other"
    cloud.state.subscriptions[SUB.rpartition("/")[2]].resource_groups["rg-other"] = "eastus2"


def test_vaults_of_a_group_are_paged_to_an_empty_page(cloud: TestCloud, contracts: Path) -> None:
    """A page links on while it has rows; the link carries $top and leads to the rest, then to nothing."""
    three_vaults(cloud)
    first = get(cloud, f"{GROUP}/providers/Microsoft.KeyVault/vaults", top="1")
    assert schema_errors(VAULTS_2023, "Vaults_ListByResourceGroup", 200, first.body) == []
    newer = tuple(
        f"value[].{path}" for path in (*NEWER, "properties.enableRbacAuthorization", "properties.enablePurgeProtection")
    )
    newer += ("value[].properties.softDeleteRetentionInDays",)
    assert structure_errors("vault_list_by_resource_group_200", first.body, newer=newer) == []
    second = follow(cloud, first.body["nextLink"])
    last = follow(cloud, second.body["nextLink"])
    names = [[row["name"] for row in page.body["value"]] for page in (first, second, last)]
    assert names == [["kv-b"], [NAME], []]
    assert "nextLink" not in last.body
    assert get(cloud, f"{GROUP}/providers/Microsoft.KeyVault/vaults", "consent-admin").status == 403


def test_vaults_of_a_subscription_come_from_all_groups(cloud: TestCloud, contracts: Path) -> None:
    """The reader sees all; who has a right on one vault only is refused."""
    three_vaults(cloud)
    reply = get(cloud, f"{SUB}/providers/Microsoft.KeyVault/vaults", "reader")
    assert schema_errors(VAULTS_2023, "Vaults_ListBySubscription", 200, reply.body) == []
    assert [row["name"] for row in reply.body["value"]] == ["kv-b", "kv-c", NAME]
    assert get(cloud, f"{SUB}/providers/Microsoft.KeyVault/vaults", "key-officer").status == 403


def test_paging_refuses_a_token_that_is_none(cloud: TestCloud) -> None:
    """$skiptoken and $top of nonsense are 400."""
    path = f"{SUB}/providers/Microsoft.KeyVault/vaults"
    assert [get(cloud, path, **q).status for q in ({"skiptoken": "?"}, {"top": "0"}, {"top": "x"})] == [400, 400, 400]


def test_the_generic_list_has_no_properties_and_filters(cloud: TestCloud, contracts: Path) -> None:
    """Rows carry no properties, only what the caller may read is in it, and both filters match without case."""
    three_vaults(cloud)
    kind = "resourceType eq 'Microsoft.KeyVault/vaults'"
    reply = get(cloud, f"{SUB}/resources", filter=kind)
    assert schema_errors(VAULTS, "Vaults_List", 200, reply.body) == []
    assert structure_errors("vault_list_generic_resources_200", reply.body) == []
    assert [row["name"] for row in reply.body["value"]] == ["kv-b", "kv-c", NAME]

    def names(filter: str, identity: str = "operator") -> list[str]:
        return [row["name"] for row in get(cloud, f"{SUB}/resources", identity, filter=filter).body["value"]]

    assert names(f"{kind} and name eq 'KV-B'") == ["kv-b"]
    assert names("resourceType eq 'Microsoft.Storage/storageAccounts'") == []
    assert names(kind, "key-officer") == [NAME]
    assert names(kind, "nobody") == []
    refused = get(cloud, f"{SUB}/resources", filter="location eq 'eastus'")
    assert (refused.status, code(refused)) == (400, "InvalidFilterInQueryString")


def patch(cloud: TestCloud, body: dict[str, Any], identity: str = "operator") -> Response:
    return cloud.send("PATCH", HOST, VAULT, body, identity=identity)


def test_purge_protection_can_be_turned_on_and_never_off(cloud: TestCloud, contracts: Path) -> None:
    """true answers 200 with the whole vault; false is 400 BadRequest, irreversible, and changes nothing."""
    cloud.state.vaults[NAME].enable_purge_protection = None
    keys = cloud.state.vaults[NAME].keys
    reply = patch(cloud, {"properties": {"enablePurgeProtection": True}})
    assert schema_errors(VAULTS, "Vaults_Update", reply.status, reply.body) == []
    assert (reply.status, reply.body) == (200, get(cloud, VAULT).body)
    newer = (*NEWER, *(f"properties.enable{name}" for name in ("PurgeProtection", "RbacAuthorization")))
    newer += ("properties.softDeleteRetentionInDays",)
    older = (*POLICIES, *(f"properties.enabledFor{name}" for name in ("DiskEncryption", "TemplateDeployment")))
    assert structure_errors("vault_patch_200", reply.body, newer=newer, older=older) == []
    assert cloud.state.vaults[NAME].enable_purge_protection is True
    assert cloud.state.vaults[NAME].keys is keys
    refused = patch(cloud, {"properties": {"enablePurgeProtection": False}})
    assert (refused.status, code(refused)) == (400, "BadRequest")
    assert "irreversible" in refused.body["error"]["message"]
    assert [row["wrote"] for row in cloud.journal.rows()] == [True, False, False]


def test_a_patch_changes_network_access_and_tags_and_not_the_retention(cloud: TestCloud) -> None:
    """Public access, network rules and tags are taken; another retention is 400; anything else is loudly left out."""
    rules = {"defaultAction": "Deny", "ipRules": [{"value": "160.79.104.0/23"}]}
    properties = {"publicNetworkAccess": "Disabled", "networkAcls": rules, "softDeleteRetentionInDays": 90}
    reply = patch(cloud, {"tags": {"a": "b"}, "properties": properties})
    assert reply.body["tags"] == {"a": "b"}
    assert reply.body["properties"]["publicNetworkAccess"] == "Disabled"
    assert reply.body["properties"]["networkAcls"]["ipRules"] == rules["ipRules"]
    assert patch(cloud, {"properties": {"softDeleteRetentionInDays": 7}}).status == 400
    assert patch(cloud, {"properties": {"networkAcls": {"ipRules": "all"}}}).status == 400
    assert patch(cloud, {"properties": {"sku": {"name": "standard"}}}).status == 501
    assert cloud.send("PATCH", HOST, VAULT, b"[]").status == 400


def test_a_patch_keeps_network_rules_that_it_does_not_name(cloud: TestCloud) -> None:
    """A change of the addresses, or of something else, leaves the virtual network rules; an empty list takes them."""
    subnet = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/n/subnets/s"
    before = NetworkAcls(default_action="Deny", bypass="None", ip_rules=["1.2.3.4"], virtual_network_rules=[subnet])
    cloud.state.vaults[NAME].network_acls = before

    def rules(**changes: Any) -> dict[str, Any]:
        acls: dict[str, Any] = patch(cloud, {"properties": changes}).body["properties"]["networkAcls"]
        return acls

    shown = rules(publicNetworkAccess="Enabled")
    assert shown["virtualNetworkRules"] == [{"id": subnet.lower()}]
    added = [{"value": "1.2.3.4/32"}, {"value": "160.79.104.0/21"}]
    assert rules(networkAcls={"ipRules": added}) == shown | {"ipRules": added}
    assert rules(networkAcls={"virtualNetworkRules": None, "bypass": "None"}) == shown | {"ipRules": added}
    assert rules(networkAcls={"virtualNetworkRules": []}) == shown | {"ipRules": added, "virtualNetworkRules": []}


def test_access_policies_are_shown_as_the_world_has_them(cloud: TestCloud, contracts: Path) -> None:
    """Also those left over in a vault that uses roles."""
    left = {
        "tenantId": cloud.state.tenant.id,
        "objectId": cloud.state.identities["reader"].object_id,
        "permissions": {"keys": ["get", "wrapKey"], "secrets": [], "certificates": []},
    }
    cloud.state.vaults[NAME].access_policies = [left]
    reply = get(cloud, VAULT)
    assert schema_errors(VAULTS, "Vaults_Get", 200, reply.body) == []
    assert reply.body["properties"]["accessPolicies"] == [left]


def test_a_patch_needs_the_right_to_write(cloud: TestCloud) -> None:
    """A reader is refused."""
    assert patch(cloud, {"properties": {"enablePurgeProtection": True}}, "reader").status == 403


def test_no_vault_is_soft_deleted(cloud: TestCloud, contracts: Path) -> None:
    """The list of deleted vaults is empty and each of them is 404."""
    deleted = f"{SUB}/providers/Microsoft.KeyVault/deletedVaults"
    reply = get(cloud, deleted)
    assert schema_errors(VAULTS_2023, "Vaults_ListDeleted", 200, reply.body) == []
    assert reply.body == {"value": []}
    reply = get(cloud, f"{SUB}/providers/Microsoft.KeyVault/locations/eastus2/deletedVaults/{NAME}")
    assert (reply.status, code(reply)) == (404, "DeletedVaultNotFound")


# Locks


def test_a_lock_is_made_changed_read_and_removed(cloud: TestCloud, contracts: Path) -> None:
    """201 for a new one, 200 for a change, notes only when set, 200 then 204 when it is removed."""
    path = f"{GROUP}/providers/Microsoft.Authorization/locks/stop"
    made = cloud.send("PUT", HOST, path, {"properties": {"level": "CanNotDelete"}})
    assert made.status == 201
    assert structure_errors("lock_put_201", made.body) == []
    changed = cloud.send("PUT", HOST, path, {"properties": {"level": "ReadOnly", "notes": "hands off"}})
    assert (changed.status, changed.body["properties"]) == (200, {"level": "ReadOnly", "notes": "hands off"})
    read = get(cloud, path)
    for document in (LOCKS, LOCKS_2020):
        for operation, reply in (("CreateOrUpdateByScope", made), ("GetByScope", read)):
            assert schema_errors(document, f"ManagementLocks_{operation}", reply.status, reply.body) == []
    assert read.body == changed.body
    assert [cloud.send("DELETE", HOST, path).status for _ in range(2)] == [200, 204]
    assert get(cloud, path).status == 404


def test_locks_are_listed_with_the_inherited_ones(cloud: TestCloud, contracts: Path) -> None:
    """At a vault: its own, those of its group, those below; atScope() leaves out what is below."""
    cloud.state.locks["keep-the-vault"].notes = None
    cloud.state.locks["of-the-group"] = Lock(scope=GROUP, level="ReadOnly")
    cloud.state.locks["of-a-key"] = Lock(scope=f"{VAULT}/keys/cmk")
    cloud.state.locks["elsewhere"] = Lock(scope=f"{SUB}/resourceGroups/rg-other")
    reply = get(cloud, KEEP, "key-officer")
    assert schema_errors(LOCKS, "ManagementLocks_ListByScope", 200, reply.body) == []
    assert structure_errors("lock_list_at_resource_200", reply.body) == []
    assert [row["name"] for row in reply.body["value"]] == ["keep-the-vault", "of-the-group", "of-a-key"]
    narrowed = get(cloud, KEEP, filter="atScope()").body["value"]
    assert [row["name"] for row in narrowed] == ["keep-the-vault", "of-the-group"]
    assert get(cloud, KEEP, "nobody").status == 403


def test_a_lock_needs_a_level_and_the_right(cloud: TestCloud) -> None:
    """No level or one that does not exist is 400; a reader is 403."""
    path = f"{KEEP}/other"
    for properties in ({}, {"level": "Sometimes"}):
        assert cloud.send("PUT", HOST, path, {"properties": properties}).status == 400
    assert cloud.send("PUT", HOST, path, {"properties": {"level": "ReadOnly"}}, identity="reader").status == 403


@pytest.mark.parametrize("scope", [VAULT, GROUP, SUB])
def test_a_read_only_lock_stops_writes_below_it(cloud: TestCloud, scope: str) -> None:
    """409 ScopeLocked naming the locked scope, wherever above the vault the lock is."""
    cloud.state.locks["stop"] = Lock(scope=scope, level="ReadOnly")
    reply = patch(cloud, {"properties": {"enablePurgeProtection": True}})
    assert (reply.status, code(reply)) == (409, "ScopeLocked")
    assert f"'{scope}'" in reply.body["error"]["message"]


def test_a_lock_against_deletion_does_not_stop_writes(cloud: TestCloud) -> None:
    """CanNotDelete is in the healthy world, and the vault can be changed under it."""
    assert cloud.state.locks["keep-the-vault"].level == "CanNotDelete"
    assert patch(cloud, {"tags": {"a": "b"}}).status == 200


def test_a_right_counts_only_after_the_role_lag(cloud: TestCloud) -> None:
    """A role assigned a moment ago is not honoured yet."""
    lag = cloud.state.settings.role_lag_seconds
    assignment = cloud.state.role_assignments["c0000000-0000-4000-8000-000000000007"]
    assignment.created = cloud.world.now() + timedelta(seconds=1)
    assert get(cloud, GROUP, "reader").status == 403
    cloud.world.clock.advance(lag + 1)
    assert get(cloud, GROUP, "reader").status == 200
