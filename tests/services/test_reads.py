"""Every read of every service: known, absent, unknown, and never an exception."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from helpers.model import Absent, Found, Known, Unknown
from helpers.rehearsal.anthropic import responses
from helpers.rehearsal.state import ExternalKey, Workspace
from helpers.rehearsal.wire import Response
from helpers.services.connect import Services
from tests.services.faults import changed, dropped, status, text
from tests.services.rehearsed import GIVEN, Rehearsed, given

VAULT_ID = given().vault_id
KEY = str(GIVEN["key_name"])
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
EKEY, WORKSPACE = "ekey_01REHEARSALONBOARDED", "wrkspc_01REHEARSALCMEK"

Read = Callable[[Services], Found[Any]]
READS: dict[str, tuple[str, Read]] = {
    "vault": ("Vaults_Get", lambda s: s.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"])),
    "diagnostics": ("DiagnosticSettings_List", lambda s: s.resources.diagnostic_settings(VAULT_ID)),
    "key": ("GetKey", lambda s: s.keys.key(KEY)),
    "versions": ("GetKeyVersions", lambda s: s.keys.versions(KEY)),
    "names": ("GetKeys", lambda s: s.keys.names()),
    "deleted": ("GetDeletedKey", lambda s: s.keys.deleted(KEY)),
    "principals": ("servicePrincipal list", lambda s: s.principals.of_published_app()),
    "roles": ("RoleAssignments_ListForScope", lambda s: s.roles.of_principal(VAULT_ID, PRINCIPAL)),
    "organization": ("organization retrieve", lambda s: s.admin.organization()),
    "external keys": ("external key list", lambda s: s.admin.external_keys()),
    "external key": ("external key retrieve", lambda s: s.admin.external_key(EKEY)),
    "workspaces": ("workspace list", lambda s: s.admin.workspaces()),
    "workspace": ("workspace retrieve", lambda s: s.admin.workspace(WORKSPACE)),
    "validation": ("external key validate", lambda s: s.admin.validate(EKEY)),
}
AZURE = ("vault", "diagnostics", "key", "versions", "names", "deleted", "principals", "roles")
ADMIN = tuple(name for name in READS if name not in AZURE)
each = pytest.mark.parametrize("name", READS)


def test_what_is_there_is_known(onboarded: Rehearsed) -> None:
    """Each read of an onboarded world gives its value with what the steps rely on."""
    services = onboarded.services()
    found = {name: read(services) for name, (_, read) in READS.items() if name != "deleted"}
    assert [name for name, value in found.items() if not isinstance(value, Known)] == []
    values = {name: value.value for name, value in found.items() if isinstance(value, Known)}
    assert (values["vault"].tenant_id, values["vault"].rbac, values["vault"].network) == (
        GIVEN["tenant_id"],
        True,
        None,
    )
    assert values["diagnostics"][0].audits
    assert (values["key"].kty, values["key"].bits, set(values["key"].operations)) == (
        "RSA",
        3072,
        {"wrapKey", "unwrapKey"},
    )
    assert [row.version for row in values["versions"]] == [values["key"].version]
    assert values["names"] == (KEY,)
    assert values["principals"][0].object_id == PRINCIPAL
    assert values["roles"][0].principal_id == PRINCIPAL
    assert values["organization"].id == GIVEN["organization_id"]
    assert values["external keys"][0].attached is True
    assert values["workspace"].external_key_id == EKEY
    assert values["validation"].succeeded


def test_what_is_not_there_is_absent(healthy: Rehearsed) -> None:
    """The service's own "not found" is Absent; an empty list is a known empty list."""
    services = healthy.services()
    assert services.vaults.vault(GIVEN["resource_group"], "kv-of-nobody") == Absent()
    absent = ("key", "deleted", "external key", "workspace", "validation")
    assert {name: READS[name][1](services) for name in absent} == dict.fromkeys(absent, Absent())
    for name in ("external key", "workspace", "validation"):
        found = READS[name][1](services)
        said = str(healthy.cloud.journal.rows()[-1]["request_id"])
        assert found.request_id == f"req_{said.replace('-', '')}", name
    empty = ("names", "principals", "roles", "external keys")
    assert {name: READS[name][1](services) for name in empty} == {name: Known(()) for name in empty}


def test_a_soft_deleted_key_is_known_with_its_dates(onboarded: Rehearsed) -> None:
    """A soft-deleted key is absent as a key, and known as a deleted one with the day it is purged."""
    onboarded.state.vaults["kv-contoso-claude"].keys[KEY].deleted = onboarded.state.settings.now.replace(day=1)
    services = onboarded.services()
    assert services.keys.key(KEY) == Absent()
    deleted = services.keys.deleted(KEY)
    assert isinstance(deleted, Known) and deleted.value.purged_on is not None


@each
def test_403_is_unknown_with_code_and_request_id(onboarded: Rehearsed, name: str) -> None:
    """A refused read says the service's status and code and keeps the request id."""
    operation, read = READS[name]
    services = onboarded.services()
    onboarded.cloud.before(operation, status(403, "NotForYou", "you may not look at this"))
    found = read(services)
    assert isinstance(found, Unknown)
    assert "403 NotForYou: you may not look at this" in found.reason
    assert (found.request_id or "").startswith("fault-")


@each
def test_a_404_that_is_not_the_services_own_is_unknown(onboarded: Rehearsed, name: str) -> None:
    """A proxy's page that says 404 does not make a thing absent."""
    operation, read = READS[name]
    services = onboarded.services()
    onboarded.cloud.before(operation, text("<html>404 Not Found</html>", 404))
    assert isinstance(read(services), Unknown)


@pytest.mark.parametrize("name", ["organization", "external keys", "workspaces"])
def test_a_list_of_the_admin_api_is_never_absent(onboarded: Rehearsed, name: str) -> None:
    """The organization and its lists always are there: a 404 in their place is Unknown."""
    operation, read = READS[name]
    onboarded.cloud.before(operation, status(404, "not_found_error", "not found"))
    found = read(onboarded.services())
    assert isinstance(found, Unknown)
    assert found.reason == "404: the Admin API says that there is no such thing here"


@pytest.mark.parametrize("name", AZURE)
def test_without_rights_nothing_is_known(onboarded: Rehearsed, name: str) -> None:
    """Somebody who may only sign in gets Unknown from every read in Azure, with a request id from the journal."""
    found = READS[name][1](onboarded.services("nobody"))
    assert isinstance(found, Unknown)
    assert found.reason.startswith("403 ")
    assert found.request_id in {row["request_id"] for row in onboarded.cloud.journal.rows()}


NONSENSE = (
    "{not json",
    "<html>Sign in to the network</html>",
    "",
    "[]",
    "null",
    '"text"',
    "{}",
    '{"value": null, "data": null}',
    '{"value": [{}], "data": [{}]}',
    '{"value": ["x"], "data": ["x"]}',
)
NOTHING_MADE_UP: dict[str, tuple[str, ...]] = {"names": ("{}",)}
"""The Key Vault SDK takes a list without `value` for an empty one; what reads the names asks for one name exactly."""


@each
def test_a_reply_that_makes_no_sense_is_unknown(onboarded: Rehearsed, name: str) -> None:
    """Malformed JSON, other JSON and missing fields are Unknown: no exception, and nothing is made up."""
    operation, read = READS[name]
    services = onboarded.services()
    read(services)
    found = {}
    for raw in NONSENSE:
        onboarded.cloud.mend()
        onboarded.cloud.before(operation, text(raw))
        found[raw] = read(services)
    known = tuple(raw for raw, value in found.items() if not isinstance(value, Unknown))
    assert known == NOTHING_MADE_UP.get(name, ())


@pytest.mark.parametrize("missing", ["id", "name", "location"])
@pytest.mark.parametrize("gone", [None, ""])
def test_a_vault_without_its_own_names_is_unknown(onboarded: Rehearsed, missing: str, gone: str | None) -> None:
    """A vault that lacks what every vault has is Unknown."""
    onboarded.cloud.after("Vaults_Get", changed(lambda body: {**body, missing: gone}))
    assert isinstance(READS["vault"][1](onboarded.services()), Unknown)


@pytest.mark.parametrize("missing", ["tenantId", "vaultUri", "sku"])
def test_a_vault_without_its_tenant_is_unknown(onboarded: Rehearsed, missing: str) -> None:
    """A vault without tenant, address or SKU is Unknown; a setting Azure left out stays None."""

    def without(body: Any) -> Any:
        kept = {k: v for k, v in body["properties"].items() if k not in (missing, "enablePurgeProtection")}
        return {**body, "properties": kept}

    onboarded.cloud.after("Vaults_Get", changed(without), times=1)
    services = onboarded.services()
    assert isinstance(READS["vault"][1](services), Unknown)


def test_what_azure_leaves_out_is_none(onboarded: Rehearsed) -> None:
    """Settings that are absent or null are None: neither false nor true."""

    def sparse(body: Any) -> Any:
        dropped = ("enablePurgeProtection", "enableRbacAuthorization", "networkAcls")
        kept = {k: v for k, v in body["properties"].items() if k not in dropped}
        return {**body, "properties": {**kept, "publicNetworkAccess": None}}

    onboarded.cloud.after("Vaults_Get", changed(sparse))
    found = READS["vault"][1](onboarded.services())
    assert isinstance(found, Known)
    vault = found.value
    assert (vault.purge_protection, vault.rbac, vault.network, vault.public_access) == (None, None, None, None)


@pytest.mark.parametrize("name", ADMIN)
@pytest.mark.parametrize("meets", [status(500), status(502), dropped], ids=["500", "502", "cut"])
def test_an_admin_api_that_fails_is_unknown(onboarded: Rehearsed, name: str, meets: Any) -> None:
    """A failing or broken-off reply of the Admin API is Unknown, after one request."""
    operation, read = READS[name]
    onboarded.cloud.before(operation, meets)
    assert isinstance(read(onboarded.services()), Unknown)
    assert onboarded.cloud.asked(operation) == 1


def test_lists_are_read_to_the_last_page(onboarded: Rehearsed) -> None:
    """External keys and workspaces beyond the first page are found, archived and default ones too."""
    template, now = onboarded.state.external_keys[EKEY], onboarded.state.settings.now
    for number in range(230):
        onboarded.state.external_keys[f"ekey_{number:04}"] = ExternalKey(**{**dict(template), "key_name": f"k{number}"})
        onboarded.state.workspaces[f"wrkspc_{number:04}"] = Workspace(name=f"w{number}", archived=now)
    services = onboarded.services()
    keys, workspaces = services.admin.external_keys(), services.admin.workspaces()
    assert isinstance(keys, Known) and len(keys.value) == 231
    assert isinstance(workspaces, Known) and len(workspaces.value) == 232
    assert onboarded.cloud.asked("external key list") == 3


def test_a_list_without_end_is_unknown(onboarded: Rehearsed) -> None:
    """A list whose pages never end is given up at the bound, and nothing is concluded from the part read."""

    rows = [responses.external_key(onboarded.world, EKEY)] * 100
    page = {"data": rows, "has_more": True, "first_id": EKEY, "last_id": EKEY, "next_page": "again"}
    onboarded.cloud.before("external key list", lambda *_: Response(200, page))
    found = onboarded.services().admin.external_keys()
    assert isinstance(found, Unknown) and "more than" in found.reason
    assert onboarded.cloud.asked("external key list") < 60


def test_a_token_that_cannot_be_had_is_unknown(onboarded: Rehearsed) -> None:
    """A read that fails at sign-in is Unknown and shows Entra's own number."""
    onboarded.state.identities["operator"].client_secret = "changed"
    found = READS["vault"][1](onboarded.services())
    assert isinstance(found, Unknown)
    assert "AADSTS7000215" in found.reason
    assert json.dumps(found.reason).find("rehearsal-only-operator") == -1
