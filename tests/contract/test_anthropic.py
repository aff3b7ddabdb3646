"""The Anthropic Admin API: external keys, workspaces, validation, and the attach that cannot be undone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any

import pytest

from helpers.rehearsal import anthropic
from helpers.rehearsal.anthropic.validation import Failed, check_key
from helpers.rehearsal.material import generate
from helpers.rehearsal.state import (
    LONG_AGO,
    ConditionalAccessPolicy,
    DenyAssignment,
    ExternalKey,
    Group,
    Key,
    KeyVersion,
    NetworkAcls,
    RoleAssignment,
    ServicePrincipal,
    State,
    Workspace,
)
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud

HOST = "api.anthropic.com"
ROOT = "/v1/organizations"
ADMIN_KEY = "sk-ant-admin01-rehearsal-only-not-a-real-key"
TENANT = "11111111-2222-4333-8444-555555555555"
ORGANIZATION = "33333333-4444-4555-8666-777777777777"
OTHER = "99999999-0000-4000-8000-000000000000"
APP = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
VAULT, KEY, VERSION = "kv-contoso-claude", "claude-cmek", "0123456789abcdef0123456789abcdef"
ROLE = "66666666-7777-4888-8999-aaaaaaaaaaaa"
TAG = f"anthropic-org-{ORGANIZATION}"
DEFAULT = "wrkspc_01REHEARSALDEFAULT"
EVERYBODY = "00000000-0000-0000-0000-000000000000"
CONFIG = {
    "type": "azure",
    "vault_uri": f"https://{VAULT}.vault.azure.net/",
    "key_name": KEY,
    "tenant_id": TENANT,
}


@cache
def material(kty: str = "RSA", size: int = 3072) -> KeyVersion:
    """One key pair for all tests, as making one takes long."""
    return generate(KeyVersion(kty=kty, size=size, key_ops=["wrapKey", "unwrapKey"], tags={TAG: "true"}))


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """Consent, key, tag and role are in place; no external key is registered."""
    cloud = make_cloud("healthy", anthropic.ROUTES)
    state = cloud.state
    state.service_principals[PRINCIPAL] = ServicePrincipal(
        app_id=APP, display_name="anthropic-cmek-client-us", owner_tenant=OTHER
    )
    vault = state.vaults[VAULT]
    vault.keys[KEY] = Key(versions={VERSION: material().model_copy(deep=True)})
    state.role_assignments[ROLE] = RoleAssignment(
        scope=(
            f"/subscriptions/{vault.subscription_id}/resourceGroups/{vault.resource_group}"
            f"/providers/Microsoft.KeyVault/vaults/{VAULT}/keys/{KEY}"
        ),
        role_definition="12338af0-0e69-4776-bea7-57ae8d297424",
        principal_id=PRINCIPAL,
    )
    return cloud


def send(cloud: TestCloud, method: str, path: str, body: Any = None, /, **query: str) -> Response:
    headers = {"x-api-key": ADMIN_KEY, "anthropic-version": "2023-06-01"}
    return cloud.send(method, HOST, f"{ROOT}/{path}", body, query=query, identity=None, headers=headers)


def register(cloud: TestCloud, /, **config: Any) -> str:
    """The id of a new external key."""
    reply = send(cloud, "POST", "external_keys", {"display_name": "cmek", "provider_config": {**CONFIG, **config}})
    assert reply.status == 200
    return str(reply.body["id"])


def make_workspace(cloud: TestCloud, /, **fields: Any) -> str:
    """The id of a new workspace."""
    reply = send(cloud, "POST", "workspaces", {"name": "cmek", **fields})
    assert reply.status == 200
    return str(reply.body["id"])


def attach(cloud: TestCloud, workspace: str, key: str) -> Response:
    return send(cloud, "POST", f"workspaces/{workspace}", {"external_key_id": key})


def refused(reply: Response, status: int = 400, kind: str = "invalid_request_error") -> bool:
    """Whether a reply is the refusal expected, in the documented envelope."""
    error = reply.body["error"]
    enveloped = reply.body["type"] == "error" and reply.body["request_id"] == reply.headers["request-id"]
    return enveloped and (reply.status, error["type"]) == (status, kind) and bool(error["message"])


def wrote(cloud: TestCloud) -> bool:
    """Whether the last request changed the world."""
    return bool(cloud.journal.rows()[-1]["wrote"])


# --- who asks


def test_organization(cloud: TestCloud) -> None:
    """The organization's id is the bare UUID that goes into the key's tag."""
    reply = send(cloud, "GET", "me")
    assert reply.body == {"type": "organization", "id": ORGANIZATION, "name": "Contoso (rehearsal)"}
    assert re.fullmatch(r"req_\w+", reply.headers["request-id"])


@pytest.mark.parametrize(
    "headers",
    [
        {"x-api-key": ADMIN_KEY},
        {"authorization": f"Bearer {ADMIN_KEY}"},
        {"authorization": f"Bearer {ADMIN_KEY}", "x-api-key": ADMIN_KEY},
    ],
)
def test_both_ways_to_sign_in(cloud: TestCloud, headers: dict[str, str]) -> None:
    """The admin key counts as x-api-key and as bearer token, with or without an API version."""
    assert cloud.send("GET", HOST, f"{ROOT}/me", query={}, identity=None, headers=headers).status == 200


OPERATIONS = [
    ("GET", "me"),
    ("GET", "external_keys"),
    ("POST", "external_keys"),
    ("GET", "external_keys/ekey_x"),
    ("POST", "external_keys/ekey_x"),
    ("DELETE", "external_keys/ekey_x"),
    ("POST", "external_keys/ekey_x/validate"),
    ("GET", "workspaces"),
    ("POST", "workspaces"),
    ("GET", f"workspaces/{DEFAULT}"),
    ("POST", f"workspaces/{DEFAULT}"),
    ("POST", f"workspaces/{DEFAULT}/archive"),
]


@pytest.mark.parametrize(("method", "path"), OPERATIONS)
@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"x-api-key": "sk-ant-admin01-of-somebody-else"},
        {"authorization": "Bearer sk-ant-admin01-of-somebody-else"},
        {"authorization": f"Bearer {ADMIN_KEY}", "x-api-key": "another"},
    ],
)
def test_not_signed_in(cloud: TestCloud, method: str, path: str, headers: dict[str, str]) -> None:
    """No key, a foreign key and two different keys are 401 everywhere, and no key is repeated."""
    reply = cloud.send(method, HOST, f"{ROOT}/{path}", query={}, identity=None, headers=headers)
    assert refused(reply, 401, "authentication_error")
    assert "sk-ant" not in str(reply.body)


@pytest.mark.parametrize(("method", "path"), [o for o in OPERATIONS if "external" in o[1]])
def test_not_enabled(cloud: TestCloud, method: str, path: str) -> None:
    """Until Anthropic switches customer-managed keys on, external keys are refused; workspaces go on."""
    cloud.state.organization.cmek_enabled = False
    assert refused(send(cloud, method, path, {} if method == "POST" else None), 403, "permission_error")
    assert send(cloud, "GET", "workspaces").status == 200
    assert refused(attach(cloud, DEFAULT, "ekey_x"), 403, "permission_error")


# --- external keys


def test_external_key_create(cloud: TestCloud) -> None:
    """A new external key is unattached and shows its coordinates as they were given."""
    reply = send(cloud, "POST", "external_keys", {"display_name": "contoso", "geo": "us", "provider_config": CONFIG})
    now = cloud.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    key_id = reply.body["id"]
    assert re.fullmatch(r"ekey_01\w{22}", key_id)
    assert reply.body == {
        "type": "external_key",
        "id": key_id,
        "attachment": {"type": "unattached"},
        "display_name": "contoso",
        "geo": "us",
        "provider_config": {**CONFIG, "client_id": None},
        "user_profile_id": None,
        "created_at": now,
        "updated_at": now,
    }
    assert wrote(cloud)


def test_external_key_create_does_not_dedupe(cloud: TestCloud) -> None:
    """The same coordinates twice are two external keys: a client must look before it creates."""
    assert register(cloud) != register(cloud)
    assert len(cloud.state.external_keys) == 2


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"provider_config": None},
        {"provider_config": CONFIG, "unknown": 1},
        {"provider_config": {**CONFIG, "key_version": VERSION}},
        {"provider_config": CONFIG, "display_name": ""},
        {"provider_config": CONFIG, "display_name": "x" * 256},
        {"provider_config": CONFIG, "geo": "eu"},
        {"provider_config": {**CONFIG, "type": "paper"}},
        {"provider_config": {**CONFIG, "vault_uri": "http://kv-contoso-claude.vault.azure.net/"}},
        {"provider_config": {**CONFIG, "vault_uri": "https://kv-contoso-claude.vault.azure.net/keys/x"}},
        {"provider_config": {**CONFIG, "vault_uri": "https://kv-contoso-claude.vault.azure.cn/"}},
        {"provider_config": {**CONFIG, "vault_uri": "https://hsm.managedhsm.azure.net/"}},
        {"provider_config": {**CONFIG, "vault_uri": None}},
        {"provider_config": {**CONFIG, "key_name": "under_score"}},
        {"provider_config": {**CONFIG, "tenant_id": "contoso.onmicrosoft.com"}},
        {"provider_config": {**CONFIG, "tenant_id": TENANT.replace("-", "")}},
        {"provider_config": {**CONFIG, "client_id": "x"}},
    ],
)
def test_external_key_create_refusals(cloud: TestCloud, body: dict[str, Any]) -> None:
    """A missing, unknown or malformed field is 400 and registers nothing."""
    assert refused(send(cloud, "POST", "external_keys", body))
    assert cloud.state.external_keys == {}


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff"])
def test_body_that_is_not_an_object(cloud: TestCloud, body: bytes) -> None:
    """A body that is not a JSON object is 400."""
    assert refused(send(cloud, "POST", "external_keys", body))


def test_user_profile_is_not_found(cloud: TestCloud) -> None:
    """A world has no user profiles: naming one gives the documented error code."""
    for path, body in (("external_keys", {"provider_config": CONFIG}), ("workspaces", {"name": "x"})):
        reply = send(cloud, "POST", path, {**body, "user_profile_id": "prof_1"})
        assert refused(reply)
        assert reply.body["error"]["details"] == {"error_code": "user_profile_not_found"}


@pytest.mark.parametrize("kind", ["aws", "gcp"])
def test_other_providers_are_not_simulated(cloud: TestCloud, kind: str) -> None:
    """Keys of another cloud are 501, told not to be sent again."""
    reply = send(cloud, "POST", "external_keys", {"provider_config": {"type": kind}})
    assert (reply.status, reply.headers["x-should-retry"]) == (501, "false")


def test_external_key_list_pages(cloud: TestCloud) -> None:
    """Newest first; following next_page gives every key once, also when one is made or deleted meanwhile."""
    made = []
    for _ in range(7):
        made.append(register(cloud))
        cloud.world.clock.advance(1)
    first = send(cloud, "GET", "external_keys", limit="3").body
    register(cloud)
    del cloud.state.external_keys[made[4]]
    second = send(cloud, "GET", "external_keys", limit="3", page=first["next_page"]).body
    third = send(cloud, "GET", "external_keys", limit="3", page=second["next_page"]).body
    assert set(first) == {"data", "next_page"}
    found = [item["id"] for page in (first, second, third) for item in page["data"]]
    assert found == made[::-1]
    assert third["next_page"] is None


def test_external_key_list_defaults(cloud: TestCloud) -> None:
    """A page has 20 items; keys of the same instant are not lost between pages."""
    for n in range(21):
        cloud.state.external_keys[f"ekey_{n:02}"] = ExternalKey(vault_uri="u", key_name="k", tenant_id=TENANT)
    first = send(cloud, "GET", "external_keys").body
    rest = send(cloud, "GET", "external_keys", page=first["next_page"]).body
    assert (len(first["data"]), len(rest["data"]), rest["next_page"]) == (20, 1, None)


@pytest.mark.parametrize("query", [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"page": "x"}, {"name": "cmek"}])
def test_external_key_list_refusals(cloud: TestCloud, query: dict[str, str]) -> None:
    """A page size out of range, a token nobody gave out and a parameter that does not exist are 400."""
    assert refused(send(cloud, "GET", "external_keys", **query))


def test_external_key_get(cloud: TestCloud) -> None:
    """A key can be read again by its id."""
    key = register(cloud)
    assert send(cloud, "GET", f"external_keys/{key}").body["provider_config"]["key_name"] == KEY
    assert refused(send(cloud, "GET", "external_keys/" + "x" * 2049))


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "external_keys/ekey_x"),
        ("POST", "external_keys/ekey_x"),
        ("DELETE", "external_keys/ekey_x"),
        ("POST", "external_keys/ekey_x/validate"),
        ("GET", "workspaces/wrkspc_x"),
        ("POST", "workspaces/wrkspc_x"),
        ("POST", "workspaces/wrkspc_x/archive"),
    ],
)
def test_unknown_id(cloud: TestCloud, method: str, path: str) -> None:
    """An id in the path that is not there is 404."""
    assert refused(send(cloud, method, path), 404, "not_found_error")


def test_external_key_update(cloud: TestCloud) -> None:
    """Fields left out stay; while no workspace refers to the key everything may change."""
    key = register(cloud)
    cloud.world.clock.advance(5)
    reply = send(cloud, "POST", f"external_keys/{key}", {"provider_config": {**CONFIG, "key_name": "other"}})
    assert (reply.body["display_name"], reply.body["provider_config"]["key_name"]) == ("cmek", "other")
    assert reply.body["updated_at"] > reply.body["created_at"]
    assert send(cloud, "POST", f"external_keys/{key}", {"display_name": None}).body["display_name"] is None
    assert send(cloud, "POST", f"external_keys/{key}", {}).status == 200
    assert not wrote(cloud)


@pytest.mark.parametrize("archived", [False, True])
def test_external_key_in_use_is_frozen(cloud: TestCloud, archived: bool) -> None:
    """While a workspace, an archived one too, refers to a key, only its display name changes and it stays."""
    key = register(cloud)
    workspace = make_workspace(cloud, external_key_id=key)
    if archived:
        assert send(cloud, "POST", f"workspaces/{workspace}/archive").status == 200
    assert send(cloud, "GET", f"external_keys/{key}").body["attachment"] == {"type": "attached"}
    assert refused(send(cloud, "POST", f"external_keys/{key}", {"provider_config": {**CONFIG, "key_name": "other"}}))
    assert refused(send(cloud, "POST", f"external_keys/{key}", {"geo": "us"}))
    assert refused(send(cloud, "DELETE", f"external_keys/{key}"))
    assert send(cloud, "POST", f"external_keys/{key}", {"display_name": "new"}).body["display_name"] == "new"
    assert cloud.state.external_keys[key].key_name == KEY


def test_external_key_delete(cloud: TestCloud) -> None:
    """An unattached key can be deleted."""
    key = register(cloud)
    assert send(cloud, "DELETE", f"external_keys/{key}").body == {"type": "external_key_deleted", "id": key}
    assert cloud.state.external_keys == {}


# --- validate


def validate(cloud: TestCloud, key: str) -> str | None:
    """None for success, else the sentence; HTTP is 200 either way and nothing is written."""
    reply = send(cloud, "POST", f"external_keys/{key}/validate")
    assert (reply.status, set(reply.body)) == (200, {"type", "status", "error"})
    assert reply.body["type"] == "external_key_validation"
    assert (reply.body["status"] == "success") == (reply.body["error"] is None)
    assert not wrote(cloud)
    error = reply.body["error"]
    return None if error is None else str(error)


@pytest.mark.parametrize("uri", [CONFIG["vault_uri"], CONFIG["vault_uri"].rstrip("/"), CONFIG["vault_uri"].upper()])
def test_validate_success(cloud: TestCloud, uri: str) -> None:
    """With everything in place validation succeeds, however the vault's address is written."""
    uri = uri.replace("HTTPS", "https")
    assert validate(cloud, register(cloud, vault_uri=uri)) is None


@pytest.mark.parametrize(("kty", "size"), [("RSA", 4096), ("RSA-HSM", 3072)])
def test_validate_other_keys(cloud: TestCloud, kty: str, size: int) -> None:
    """A larger key and one in hardware are accepted too."""
    cloud.state.vaults[VAULT].keys[KEY].versions[VERSION] = material(kty, size).model_copy(deep=True)
    assert validate(cloud, register(cloud)) is None


def version(state: State) -> KeyVersion:
    return state.vaults[VAULT].keys[KEY].versions[VERSION]


def firewall(*rules: str) -> NetworkAcls:
    return NetworkAcls(default_action="Deny", ip_rules=list(rules))


def no_role(state: State) -> None:
    del state.role_assignments[ROLE]


def role_just_made(state: State) -> None:
    state.role_assignments[ROLE].created = state.settings.now


def role_without_wrap(state: State) -> None:
    state.role_assignments[ROLE].role_definition = "21090545-7ca7-4776-b22c-e363652d74d2"


def denied(state: State) -> None:
    state.deny_assignments["d"] = DenyAssignment(
        name="d", scope="/", data_actions=["Microsoft.KeyVault/vaults/keys/unwrap/action"], principals=[PRINCIPAL]
    )


def denied_on_the_key(state: State) -> None:
    state.deny_assignments["d"] = DenyAssignment(
        name="d",
        scope=state.role_assignments[ROLE].scope,
        data_actions=["Microsoft.KeyVault/vaults/keys/*"],
        principals=[PRINCIPAL],
    )


def group_denied_on_the_key(state: State) -> None:
    denied_on_the_key(state)
    state.groups["g"] = Group(display_name="Key users")
    state.deny_assignments["d"].principals = ["g"]
    state.service_principals[PRINCIPAL].member_of = ["g"]


def no_principal(state: State) -> None:
    state.service_principals.clear()


def principal_disabled(state: State) -> None:
    state.service_principals[PRINCIPAL].account_enabled = False


def conditional_access(state: State) -> None:
    state.conditional_access["p"] = ConditionalAccessPolicy(
        display_name="Block workloads", include_service_principals=["ServicePrincipalsInMyTenant"]
    )


def conditional_access_by_id(state: State) -> None:
    state.conditional_access["p"] = ConditionalAccessPolicy(
        display_name="Block workloads", include_service_principals=[PRINCIPAL]
    )


def public_access_off(state: State) -> None:
    state.vaults[VAULT].public_network_access = "Disabled"


def firewall_closed(state: State) -> None:
    state.vaults[VAULT].network_acls = firewall()


def firewall_half_open(state: State) -> None:
    state.vaults[VAULT].network_acls = firewall("160.79.104.0/21")


def access_policies(state: State) -> None:
    state.vaults[VAULT].enable_rbac_authorization = None


def other_tenant(state: State) -> None:
    state.vaults[VAULT].tenant_id = OTHER


def no_vault(state: State) -> None:
    state.vaults.clear()


def no_key(state: State) -> None:
    state.vaults[VAULT].keys.clear()


def key_disabled(state: State) -> None:
    version(state).enabled = False


def key_expired(state: State) -> None:
    version(state).expires = LONG_AGO


def key_not_yet_valid(state: State) -> None:
    version(state).not_before = state.settings.now + timedelta(days=1)


def no_unwrap(state: State) -> None:
    version(state).key_ops = ["wrapKey"]


def no_wrap(state: State) -> None:
    version(state).key_ops = ["unwrapKey"]


def no_tag(state: State) -> None:
    version(state).tags = {"anthropic-org-" + OTHER: "true"}


def wrong_tag(state: State) -> None:
    version(state).tags = {TAG: "True"}


def tag_on_an_old_version(state: State) -> None:
    state.vaults[VAULT].keys[KEY].versions["f" * 32] = material().model_copy(update={"tags": {}})


def too_small(state: State) -> None:
    # The size is read from the modulus, whatever the world says of it.
    small = material("RSA", 2048)
    state.vaults[VAULT].keys[KEY].versions[VERSION] = small.model_copy(update={"size": 3072})


def no_address(state: State) -> None:
    state.settings.vendor_addresses = []


@pytest.mark.parametrize(
    ("breaks", "says"),
    [
        (no_role, "GetKey .* no role on the key"),
        (role_just_made, "no role on the key"),
        (role_without_wrap, "wrapKey .* no role on the key"),
        (denied, "unwrapKey .* no role on the key"),
        (denied_on_the_key, "GetKey .* no role on the key"),
        (group_denied_on_the_key, "GetKey .* no role on the key"),
        (no_principal, f"no service principal for application {APP}"),
        (principal_disabled, "is disabled in tenant"),
        (conditional_access, "conditional access policy 'Block workloads'"),
        (conditional_access_by_id, "conditional access policy 'Block workloads'"),
        (public_access_off, "[Pp]ublic network access"),
        (firewall_closed, r"160\.79\.104\.10 .* firewall"),
        (firewall_half_open, r"153\.61\.208\.10 .* firewall"),
        (access_policies, "uses access policies"),
        (other_tenant, "belongs to another tenant"),
        (no_vault, "no key vault at this address"),
        (no_key, "no key of this name"),
        (key_disabled, "is disabled"),
        (key_expired, "has expired"),
        (key_not_yet_valid, "not valid yet"),
        (no_unwrap, "unwrapKey .* does not permit"),
        (no_wrap, "wrapKey .* does not permit"),
        (no_tag, f"does not have the tag {TAG}"),
        (wrong_tag, "must have the value true"),
        (tag_on_an_old_version, f"does not have the tag {TAG}"),
        (too_small, "has 2048 bits"),
        (no_address, "no published address"),
    ],
)
def test_each_cause_fails_validation_and_attach(cloud: TestCloud, breaks: Callable[[State], None], says: str) -> None:
    """Each cause makes validate fail with a sentence that names it, and an attach with the documented error code."""
    key, workspace = register(cloud), make_workspace(cloud)
    breaks(cloud.state)
    error = validate(cloud, key)
    assert error is not None
    assert re.search(says, error)
    for reply in (
        attach(cloud, workspace, key),
        send(cloud, "POST", "workspaces", {"name": "x", "external_key_id": key}),
    ):
        assert refused(reply)
        assert reply.body["error"]["details"] == {"error_code": "external_key_validation_failed"}
        assert not wrote(cloud)
    assert cloud.state.workspaces[workspace].external_key_id is None


def test_a_key_that_is_not_rsa(cloud: TestCloud) -> None:
    """Only RSA keys will do; a world holds no others, so the reply is made up."""
    with pytest.raises(Failed, match="of type EC"):
        check_key(cloud.world, {"key": {"kty": "EC", "n": ""}})


def test_validate_after_the_lag(cloud: TestCloud) -> None:
    """A role that was just assigned counts once it has propagated."""
    key = register(cloud)
    cloud.state.role_assignments[ROLE].created = cloud.world.now()
    assert validate(cloud, key) is not None
    cloud.world.clock.advance(cloud.state.settings.role_lag_seconds)
    assert validate(cloud, key) is None


def test_validate_with_a_role_of_a_group(cloud: TestCloud) -> None:
    """A role that a group of Anthropic's principal has is as good as its own; that of another group is not."""
    key = register(cloud)
    cloud.state.groups["g"] = Group(display_name="Key users")
    cloud.state.role_assignments[ROLE].principal_id = "g"
    assert validate(cloud, key) is not None
    cloud.state.service_principals[PRINCIPAL].member_of = ["g"]
    assert validate(cloud, key) is None


def test_a_deny_assignment_elsewhere_is_no_obstacle(cloud: TestCloud) -> None:
    """One on another key, and one that leaves Anthropic's principal out, stop nothing."""
    key = register(cloud)
    denied_on_the_key(cloud.state)
    denial = cloud.state.deny_assignments["d"]
    denial.scope += "-2"
    assert validate(cloud, key) is None
    denial.scope, denial.principals, denial.exclude_principals = "/", [EVERYBODY], [PRINCIPAL]
    assert validate(cloud, key) is None


def test_validate_with_both_ranges_open(cloud: TestCloud) -> None:
    """A firewall that admits every published range, and nobody else, is no obstacle."""
    cloud.state.vaults[VAULT].network_acls = firewall("160.79.104.0/21", "153.61.208.0/20")
    assert validate(cloud, register(cloud)) is None


@pytest.mark.parametrize(
    "change", [{"state": "disabled"}, {"state": "enabledForReportingButNotEnforced"}, {"exclude": [PRINCIPAL]}]
)
def test_validate_with_a_policy_that_does_not_block(cloud: TestCloud, change: dict[str, Any]) -> None:
    """A policy that is off, only reports, or excludes the principal is no obstacle."""
    cloud.state.conditional_access["p"] = ConditionalAccessPolicy(
        display_name="Block",
        state=change.get("state", "enabled"),
        include_service_principals=["ServicePrincipalsInMyTenant"],
        exclude_service_principals=change.get("exclude", []),
    )
    assert validate(cloud, register(cloud)) is None


def test_validate_wrong_coordinates(cloud: TestCloud) -> None:
    """A tenant, vault, key or application that is not there fails validation, not registration."""
    assert "could not sign in to tenant" in str(validate(cloud, register(cloud, tenant_id=OTHER)))
    assert "no key vault" in str(validate(cloud, register(cloud, vault_uri="https://kv-nobody.vault.azure.net")))
    assert "no role on the key" in str(validate(cloud, register(cloud, key_name="other")))
    assert "no service principal" in str(validate(cloud, register(cloud, client_id=OTHER)))


# --- workspaces


def test_workspace_create(cloud: TestCloud) -> None:
    """A new workspace has no key unless one is given, and a compartment of its own."""
    reply = send(cloud, "POST", "workspaces", {"name": "prod", "tags": {"team": "ml"}, "external_key_id": None})
    assert re.fullmatch(r"wrkspc_01\w{22}", reply.body["id"])
    assert set(reply.body) == {
        *("type", "id", "name", "compartment_id", "external_key_id", "created_at", "archived_at", "display_color"),
        *("data_residency", "tags", "user_profile_id"),
    }
    assert (reply.body["external_key_id"], reply.body["tags"]) == (None, {"team": "ml"})
    assert reply.body["compartment_id"] != send(cloud, "POST", "workspaces", {"name": "p"}).body["compartment_id"]


def test_workspace_create_with_a_key(cloud: TestCloud) -> None:
    """A workspace can be under a key from the start."""
    key = register(cloud)
    workspace = make_workspace(cloud, external_key_id=key)
    assert cloud.state.workspaces[workspace].external_key_id == key


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"name": ""},
        {"name": None},
        {"name": "x" * 256},
        {"name": "x", "colour": "#000000"},
        {"name": "x", "display_color": "red"},
        {"name": "x", "tags": {"anthropic-org": "y"}},
        {"name": "x", "tags": {"a": 1}},
        {"name": "x", "tags": []},
        {"name": "x", "external_key_id": "ekey_unknown"},
        {"name": "x", "external_key_id": 7},
        {"name": "x", "data_residency": {"geo": "us"}},
    ],
)
def test_workspace_create_refusals(cloud: TestCloud, body: dict[str, Any]) -> None:
    """A missing, unknown or malformed field is 400 and creates nothing."""
    assert refused(send(cloud, "POST", "workspaces", body))
    assert set(cloud.state.workspaces) == {DEFAULT}


def test_workspace_data_residency(cloud: TestCloud) -> None:
    """The default data residency may be spelled out; another one is 501."""
    given = {"workspace_geo": "us", "default_inference_geo": None}
    assert send(cloud, "POST", "workspaces", {"name": "x", "data_residency": given}).status == 200
    other = {"default_inference_geo": "us"}
    assert send(cloud, "POST", "workspaces", {"name": "x", "data_residency": other}).status == 501


def test_workspace_limit(cloud: TestCloud) -> None:
    """An organization has 100 workspaces; archived ones do not count."""
    for n in range(99):
        cloud.state.workspaces[f"wrkspc_{n}"] = Workspace(name="many")
    assert refused(send(cloud, "POST", "workspaces", {"name": "x"}))
    assert send(cloud, "POST", "workspaces/wrkspc_0/archive").status == 200
    assert send(cloud, "POST", "workspaces", {"name": "x"}).status == 200


def test_attach_is_write_once(cloud: TestCloud) -> None:
    """A key is attached once: the same id again changes nothing, another one and null are refused."""
    key, other, workspace = register(cloud), register(cloud), make_workspace(cloud)
    reply = attach(cloud, workspace, key)
    assert (reply.status, reply.body["external_key_id"], wrote(cloud)) == (200, key, True)
    again = attach(cloud, workspace, key)
    assert (again.status, again.body, wrote(cloud)) == (200, reply.body, False)
    assert refused(attach(cloud, workspace, other))
    assert refused(send(cloud, "POST", f"workspaces/{workspace}", {"external_key_id": None}))
    assert refused(send(cloud, "POST", f"workspaces/{workspace}", {"name": "new", "external_key_id": other}))
    assert cloud.state.workspaces[workspace].external_key_id == key
    assert cloud.state.workspaces[workspace].name == "cmek"
    assert send(cloud, "GET", f"external_keys/{key}").body["attachment"] == {"type": "attached"}
    assert send(cloud, "GET", f"external_keys/{other}").body["attachment"] == {"type": "unattached"}


def test_attached_key_stays_when_it_fails(cloud: TestCloud) -> None:
    """Once attached, the same id is accepted even if the key no longer works: nothing is tried again."""
    key = register(cloud)
    workspace = make_workspace(cloud, external_key_id=key)
    no_role(cloud.state)
    assert attach(cloud, workspace, key).status == 200


@pytest.mark.parametrize("key", [None, "", "ekey_unknown", 7])
def test_attach_of_no_key(cloud: TestCloud, key: Any) -> None:
    """Attaching needs the id of a key that is there; null is no id, attached or not."""
    assert refused(attach(cloud, make_workspace(cloud), key))


def test_one_key_for_two_workspaces(cloud: TestCloud) -> None:
    """A key may serve several workspaces."""
    key = register(cloud)
    assert {attach(cloud, make_workspace(cloud), key).status for _ in range(2)} == {200}


def test_workspace_get(cloud: TestCloud) -> None:
    """A workspace, the default one too, is read by its id; reading twice shows the same compartment."""
    reply = send(cloud, "GET", f"workspaces/{DEFAULT}")
    assert (reply.status, reply.body["name"]) == (200, "Default")
    assert send(cloud, "GET", f"workspaces/{DEFAULT}").body == reply.body


def test_workspace_update(cloud: TestCloud) -> None:
    """Fields left out stay; a tag is removed by null."""
    workspace = make_workspace(cloud, tags={"a": "1", "b": "2"})
    body = {"name": "new", "display_color": "#00ff00", "tags": {"a": None, "c": "3"}, "data_residency": None}
    reply = send(cloud, "POST", f"workspaces/{workspace}", body)
    assert (reply.body["name"], reply.body["display_color"]) == ("new", "#00ff00")
    assert reply.body["tags"] == {"b": "2", "c": "3"}
    assert send(cloud, "POST", f"workspaces/{workspace}", {}).body == reply.body


@pytest.mark.parametrize(
    "body", [{"name": None}, {"display_color": None}, {"retention": 30}, {"tags": {"Anthropic": "x"}}]
)
def test_workspace_update_refusals(cloud: TestCloud, body: dict[str, Any]) -> None:
    """What cannot be set is 400 and changes nothing."""
    assert refused(send(cloud, "POST", f"workspaces/{make_workspace(cloud)}", body))
    assert not wrote(cloud)


def test_archive(cloud: TestCloud) -> None:
    """An archived workspace keeps its key and takes no more changes; archiving again changes nothing."""
    key = register(cloud)
    workspace, bare = make_workspace(cloud, external_key_id=key), make_workspace(cloud)
    reply = send(cloud, "POST", f"workspaces/{workspace}/archive")
    assert (reply.body["external_key_id"], reply.body["archived_at"] is None) == (key, False)
    cloud.world.clock.advance(5)
    assert send(cloud, "POST", f"workspaces/{workspace}/archive").body == reply.body
    send(cloud, "POST", f"workspaces/{bare}/archive")
    assert refused(attach(cloud, bare, key))


def test_default_workspace(cloud: TestCloud) -> None:
    """The default workspace is neither renamed nor archived, but a key can be attached to it."""
    assert refused(send(cloud, "POST", f"workspaces/{DEFAULT}", {"name": "x"}))
    assert refused(send(cloud, "POST", f"workspaces/{DEFAULT}/archive"))
    assert attach(cloud, DEFAULT, register(cloud)).status == 200


def ids(reply: Response) -> list[str]:
    return [item["id"] for item in reply.body["data"]]


def test_workspace_list(cloud: TestCloud) -> None:
    """Newest first; the default and archived workspaces only when asked for; by id when ids are given."""
    made = []
    for _ in range(3):
        made.append(make_workspace(cloud))
        cloud.world.clock.advance(1)
    send(cloud, "POST", f"workspaces/{made[0]}/archive")
    assert ids(send(cloud, "GET", "workspaces")) == [made[2], made[1]]
    everything = send(cloud, "GET", "workspaces", include_archived="true", include_default="true")
    assert ids(everything) == [made[2], made[1], made[0], DEFAULT]
    assert (everything.body["first_id"], everything.body["last_id"]) == (made[2], DEFAULT)
    assert ids(send(cloud, "GET", "workspaces", **{"ids[]": f"{made[1]},{made[0]}"})) == [made[1]]
    assert send(cloud, "GET", "workspaces", **{"ids[]": "wrkspc_x"}).body == {
        **{"data": [], "has_more": False},
        **{"first_id": None, "last_id": None},
    }


def test_workspace_list_pages(cloud: TestCloud) -> None:
    """after_id goes on behind a workspace, even one archived meanwhile; before_id gives the page just before one."""
    for n in range(5):
        cloud.state.workspaces[f"wrkspc_{n}"] = Workspace(name="many", created=LONG_AGO + timedelta(days=n))
    first = send(cloud, "GET", "workspaces", limit="2")
    assert (ids(first), first.body["has_more"]) == (["wrkspc_4", "wrkspc_3"], True)
    second = send(cloud, "GET", "workspaces", limit="3", after_id="wrkspc_3")
    assert (ids(second), second.body["has_more"]) == (["wrkspc_2", "wrkspc_1", "wrkspc_0"], False)
    send(cloud, "POST", "workspaces/wrkspc_3/archive")
    assert ids(send(cloud, "GET", "workspaces", limit="3", after_id="wrkspc_3")) == ids(second)
    back = send(cloud, "GET", "workspaces", limit="2", before_id="wrkspc_0")
    assert (ids(back), back.body["has_more"]) == (["wrkspc_2", "wrkspc_1"], True)


@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"after_id": "wrkspc_x"},
        {"after_id": DEFAULT, "before_id": DEFAULT},
        {"include_default": "yes"},
        {"ids[]": ",".join(f"wrkspc_{n}" for n in range(101))},
        {"external_key_id": "ekey_x"},
    ],
)
def test_workspace_list_refusals(cloud: TestCloud, query: dict[str, str]) -> None:
    """A query that cannot be carried out is 400."""
    assert refused(send(cloud, "GET", "workspaces", **query))


def test_beta_query_is_accepted(cloud: TestCloud) -> None:
    """The SDK's older name space adds `beta=true` to the same paths."""
    assert send(cloud, "GET", "workspaces", beta="true").status == 200
