"""Who may do what at a vault: the challenge, tokens, the network, roles and access policies."""

from __future__ import annotations

from datetime import timedelta

import pytest

from helpers.rehearsal.callers import Caller
from helpers.rehearsal.state import DenyAssignment, NetworkAcls, RoleAssignment
from helpers.rehearsal.tokens import issue
from helpers.rehearsal.vault import ROUTES, perform
from helpers.rehearsal.wire import WireError
from tests.contract.contracts import recording, structure_errors
from tests.contract.key_requests import HOST, NAME, OLD, create, problems, refusal, vault, with_key

TENANT = "11111111-2222-4333-8444-555555555555"
VAULT_ID = (
    "/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/"
    + NAME
)
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
NOBODY = "b0000000-0000-4000-8000-000000000006"
WRAP = {"alg": "RSA-OAEP-256", "value": "c2VjcmV0"}


@pytest.fixture
def cloud(make_cloud):
    """A healthy world whose vault holds one key."""
    return with_key(make_cloud("healthy", ROUTES))


def grant(cloud, role, scope, principal=NOBODY):
    """A role assignment that has been there long enough to count."""
    assignment = RoleAssignment(scope=scope, role_definition=role, principal_id=principal)
    cloud.state.role_assignments["d0000000-0000-4000-8000-000000000001"] = assignment


def test_a_request_without_a_token_gets_the_recorded_challenge(cloud, contracts):
    """The first request of a client, without token and body, is told where to get a token for this vault's tenant."""
    recorded = recording("keyvault_challenge_401_2023")
    reply = cloud.send("POST", HOST, "/keys/cmk/create", identity=None)
    assert (reply.status, reply.body) == (401, recorded["body"])
    expected = f'Bearer authorization="https://login.microsoftonline.com/{TENANT}", resource="https://vault.azure.net"'
    assert reply.headers["www-authenticate"] == expected
    assert recorded["headers"].keys() <= reply.headers.keys()
    assert reply.headers["x-ms-request-id"].startswith("request-")


def test_only_a_valid_token_for_the_vault_is_believed(cloud, contracts):
    """Foreign, expired and other services' tokens are 401 with the challenge, and their value is not repeated."""
    operator = cloud.state.identities["operator"]
    expired = issue(cloud.world, operator, "https://vault.azure.net")
    cloud.world.clock.advance(3600)
    other = issue(cloud.world, operator, "https://management.azure.com")
    for token in ("eyJhbGciOiJub25lIn0.e30.x", "opaque", expired, other):
        reply = cloud.send("GET", HOST, "/keys/cmk/", headers={"authorization": f"Bearer {token}"})
        assert refusal(reply) == (401, "Unauthorized", None)
        assert "resource=" in reply.headers["www-authenticate"]
        assert token not in str(reply)
        assert problems("GetKey", reply) == []
    assert cloud.send("GET", HOST, "/keys/cmk/").status == 200


def test_a_token_of_another_tenant_than_the_vaults_is_refused(cloud):
    """A vault that belongs to another tenant names that tenant in its challenge and its AKV10032 message."""
    vault(cloud).tenant_id = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
    reply = cloud.send("GET", HOST, "/keys/cmk/")
    assert refusal(reply) == (401, "Unauthorized", None)
    assert reply.body["error"]["message"].startswith(
        "AKV10032: Invalid issuer. Expected one of https://sts.windows.net/9"
    )
    assert "login.microsoftonline.com/99999999-" in reply.headers["www-authenticate"]


def test_a_vault_that_does_not_exist_is_not_a_404(cloud):
    """A host without a vault answers 502 and not in Key Vault's words, as a real one has no DNS name."""
    reply = cloud.send("GET", "kv-mistyped.vault.azure.net", "/keys/cmk/")
    assert refusal(reply) == (502, "NoSuchHost", None)
    assert not [name for name in reply.headers if name.startswith("x-ms-keyvault")]


def test_with_public_access_disabled_nobody_gets_in(cloud, contracts):
    """Public network access is closed to every caller, whatever the firewall allows."""
    vault(cloud).public_network_access = "Disabled"
    vault(cloud).network_acls = NetworkAcls(ip_rules=["203.0.113.7"])
    reply = cloud.send("GET", HOST, "/keys/cmk/")
    assert refusal(reply) == (403, "Forbidden", "ForbiddenByConnection")
    assert problems("GetKey", reply) == []
    assert reply.body["error"]["message"].split("\r\n")[1:] == [caller_line("operator", cloud), vault_line()]


@pytest.mark.parametrize(
    ("default", "rules", "allowed"),
    [
        ("Allow", ["198.51.100.0/24"], True),
        ("Deny", [], False),
        ("Deny", ["203.0.113.8"], False),
        ("Deny", ["203.0.113.7"], True),
        ("Deny", ["198.51.100.0/24", "203.0.113.0/29"], True),
        ("Deny", ["203.0.113.8/29"], False),
        ("Deny", ["203.0.113.1/29"], True),
    ],
)
def test_the_firewall_is_a_matter_of_ranges(cloud, contracts, default, rules, allowed):
    """With a default of Deny an address gets in exactly when one of the IP rules contains it."""
    vault(cloud).network_acls = NetworkAcls(default_action=default, ip_rules=rules)
    reply = cloud.send("GET", HOST, "/keys/cmk/")
    assert (reply.status == 200) is allowed
    if not allowed:
        assert refusal(reply) == (403, "Forbidden", "ForbiddenByFirewall")
        assert "Client address: 203.0.113.7" in reply.body["error"]["message"].split("\r\n")


def test_the_firewall_hides_what_roles_would_say(cloud):
    """From a blocked address somebody without rights sees the firewall; without a token still the challenge."""
    vault(cloud).network_acls = NetworkAcls(default_action="Deny")
    assert refusal(cloud.send("GET", HOST, "/keys/cmk/", identity="nobody"))[2] == "ForbiddenByFirewall"
    assert cloud.send("GET", HOST, "/keys/cmk/", identity=None).status == 401


def test_without_a_role_the_refusal_says_what_was_missing(cloud, contracts):
    """ForbiddenByRbac names caller, action, lower-cased resource and vault, one to a line."""
    reply = cloud.send("GET", HOST, f"/keys/cmk/{OLD}", identity="nobody")
    assert refusal(reply) == (403, "Forbidden", "ForbiddenByRbac")
    assert problems("GetKey", reply) == []
    assert reply.body["error"]["message"].split("\r\n")[2:] == [
        caller_line("nobody", cloud),
        "Action: 'Microsoft.KeyVault/vaults/keys/read'",
        f"Resource: '{VAULT_ID.lower()}/keys/cmk'",
        "Assignment: (not found)",
        "DenyAssignmentId: null",
        "DecisionReason: 'DeniedWithNoValidRBAC'",
        vault_line(),
    ]


def test_a_role_on_one_key_opens_that_key_only(cloud):
    """Crypto User on a key allows reading and using it, neither another key nor the list nor making keys."""
    grant(cloud, CRYPTO_USER, f"{VAULT_ID}/keys/cmk")
    with_key(cloud, "other")
    allowed = cloud.send("GET", HOST, "/keys/cmk/", identity="nobody")
    assert allowed.status == 200
    assert allowed.headers["x-ms-keyvault-rbac-assignment-id"] == "d0000000-0000-4000-8000-000000000001"
    assert cloud.send("POST", HOST, "/keys/cmk//wrapkey", WRAP, identity="nobody").status == 200
    for method, path in (
        ("GET", "/keys/other/"),
        ("GET", "/keys"),
        ("GET", "/deletedkeys"),
        ("POST", "/keys/cmk/create"),
        ("POST", "/keys/cmk/rotate"),
        ("GET", "/keys/cmk/rotationpolicy"),
        ("DELETE", "/keys/cmk"),
    ):
        reply = cloud.send(method, HOST, path, {"kty": "RSA"}, identity="nobody")
        assert refusal(reply) == (403, "Forbidden", "ForbiddenByRbac"), path


@pytest.mark.parametrize(
    ("method", "path", "action"),
    [
        ("GET", "/keys", "keys/read"),
        ("GET", "/keys/cmk/", "keys/read"),
        ("GET", "/keys/cmk/versions", "keys/read"),
        ("POST", "/keys/cmk/create", "keys/create/action"),
        ("PATCH", "/keys/cmk/", "keys/update/action"),
        ("DELETE", "/keys/cmk", "keys/delete"),
        ("GET", "/deletedkeys", "keys/read"),
        ("GET", "/deletedkeys/cmk", "keys/read"),
        ("POST", "/deletedkeys/cmk/recover", "keys/recover/action"),
        ("DELETE", "/deletedkeys/cmk", "keys/purge/action"),
        ("POST", "/keys/cmk//wrapkey", "keys/wrap/action"),
        ("POST", "/keys/cmk//unwrapkey", "keys/unwrap/action"),
        ("POST", "/keys/cmk//encrypt", "keys/encrypt/action"),
        ("POST", "/keys/cmk//decrypt", "keys/decrypt/action"),
        ("POST", "/keys/cmk//sign", "keys/sign/action"),
        ("POST", "/keys/cmk//verify", "keys/verify/action"),
        ("POST", "/keys/cmk/rotate", "keys/rotate/action"),
        ("GET", "/keys/cmk/rotationpolicy", "keyrotationpolicies/read"),
        ("PUT", "/keys/cmk/rotationpolicy", "keyrotationpolicies/write"),
    ],
)
def test_every_operation_needs_its_own_data_action(cloud, method, path, action):
    """Each operation is refused to somebody without roles, in the name of its data action, and changes nothing."""
    before = cloud.world.fingerprint()
    reply = cloud.send(method, HOST, path, {}, identity="nobody")
    assert refusal(reply) == (403, "Forbidden", "ForbiddenByRbac")
    assert f"Action: 'Microsoft.KeyVault/vaults/{action}'" in reply.body["error"]["message"].split("\r\n")
    assert cloud.world.fingerprint() == before


def test_a_new_role_counts_after_a_while(cloud):
    """A role assignment made just now is refused until the world's role lag has passed."""
    grant(cloud, CRYPTO_USER, VAULT_ID)
    assignment = cloud.state.role_assignments["d0000000-0000-4000-8000-000000000001"]
    assignment.created = cloud.world.now() - timedelta(seconds=1)
    assert cloud.send("GET", HOST, "/keys/cmk/", identity="nobody").status == 403
    cloud.world.clock.advance(1.5)
    assert cloud.send("GET", HOST, "/keys/cmk/", identity="nobody").status == 200


def test_a_deny_assignment_wins(cloud):
    """A deny assignment on reading keys is stronger than a role, and the refusal names it."""
    cloud.state.deny_assignments["e0000000-0000-4000-8000-000000000001"] = DenyAssignment(
        name="keep out",
        scope=VAULT_ID,
        data_actions=["Microsoft.KeyVault/vaults/keys/read"],
        principals=[cloud.state.identities["operator"].object_id],
    )
    message = cloud.send("GET", HOST, "/keys/cmk/").body["error"]["message"]
    assert "DenyAssignmentId: 'e0000000-0000-4000-8000-000000000001'" in message


@pytest.mark.parametrize("mode", [None, False])
def test_a_vault_without_rbac_goes_by_its_access_policies(cloud, contracts, mode):
    """Roles do not count there: with wrapKey and unwrapKey only, reading is refused as recorded and use goes on."""
    vault(cloud).enable_rbac_authorization = mode
    assert refusal(cloud.send("GET", HOST, "/keys/cmk/"))[2] == "ForbiddenByPolicy"
    operator = cloud.state.identities["operator"].object_id
    vault(cloud).access_policies = [{"objectId": operator, "permissions": {"keys": ["wrapKey", "UnwrapKey"]}}]
    refused = cloud.send("GET", HOST, f"/keys/cmk/{OLD}")
    assert refused.status == 403
    assert problems("GetKey", refused) == []
    assert structure_errors("key_get_forbidden_by_policy_403", refused.body) == []
    expected = recording("key_get_forbidden_by_policy_403")["body"]["error"]["message"].split("\r\n")
    lines = refused.body["error"]["message"].split("\r\n")
    assert (lines[:2], lines[3]) == (expected[:2], vault_line())
    assert [part.split("=")[0] for part in lines[2].split(";")] == [
        part.split("=")[0] for part in expected[2].split(";")
    ]

    sent = recording("key_wrap_200")["request_body"]
    wrapped = cloud.send("POST", HOST, f"/keys/cmk/{OLD}/wrapkey", sent)
    assert structure_errors("key_wrap_200", wrapped.body) == []
    assert "x-ms-keyvault-rbac-assignment-id" not in wrapped.headers
    opened = cloud.send("POST", HOST, f"/keys/cmk/{OLD}/unwrapkey", {**sent, "value": wrapped.body["value"]})
    assert structure_errors("key_unwrap_200", opened.body) == []
    assert opened.body["value"] == sent["value"]


def test_the_policy_permission_all_allows_everything(cloud):
    """A policy entry with `all` allows its principal every operation, and nobody else any."""
    vault(cloud).enable_rbac_authorization = None
    operator = cloud.state.identities["operator"].object_id
    vault(cloud).access_policies = [{"objectId": operator, "permissions": {"keys": ["all"]}}]
    assert create(cloud).status == 200
    assert cloud.send("GET", HOST, "/keys/cmk/", identity="nobody").status == 403


def test_a_vendor_meets_the_same_rules_as_a_request(cloud):
    """`perform` applies tenant, network, role and key rules to a caller from another address, and answers alike."""
    vendor = Caller("f0000000-0000-4000-8000-000000000001", "8635ae1a-3e5d-44e8-a4ed-e0f614466f87", TENANT)
    address = cloud.state.settings.vendor_addresses[0]

    def ask(operation, payload=None, who=vendor):
        return perform(cloud.world, HOST, operation, "cmk", None, who, address, payload or {})

    def refused(operation, payload=None, who=vendor):
        with pytest.raises(WireError) as caught:
            ask(operation, payload, who)
        return refusal(caught.value.response)

    assert refused("GetKey") == (403, "Forbidden", "ForbiddenByRbac")
    grant(cloud, CRYPTO_USER, f"{VAULT_ID}/keys/cmk", vendor.object_id)
    assert ask("GetKey").body == cloud.send("GET", HOST, "/keys/cmk/").body
    wrapped = ask("wrapKey", WRAP).body
    assert ask("unwrapKey", {**WRAP, "value": wrapped["value"]}).body == {"kid": wrapped["kid"], "value": WRAP["value"]}
    with_key(cloud, key_ops=["wrapKey"])
    assert refused("unwrapKey", WRAP) == (403, "Forbidden", "KeyOperationForbidden")
    assert refused("GetKey", who=Caller(vendor.object_id, vendor.app_id, "other")) == (401, "Unauthorized", None)
    vault(cloud).network_acls = NetworkAcls(default_action="Deny", ip_rules=["203.0.113.7"])
    assert refused("GetKey") == (403, "Forbidden", "ForbiddenByFirewall")
    assert cloud.send("GET", HOST, "/keys/cmk/").status == 200


def caller_line(name, cloud):
    """The line of a refusal that names the caller."""
    identity = cloud.state.identities[name]
    return f"Caller: appid={identity.client_id};oid={identity.object_id};iss=https://sts.windows.net/{TENANT}/"


def vault_line():
    """The line of a refusal that names the vault."""
    return f"Vault: {NAME};location=eastus2"
