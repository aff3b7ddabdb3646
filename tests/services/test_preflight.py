"""Reading what the caller may do: each identity's rights, bad replies, and nothing ever written."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from azure.core.pipeline.transport import RequestsTransport

from helpers import preflight
from helpers.display import bundle
from helpers.model import Unknown
from helpers.preflight import Preflight, Row
from helpers.preflight.rights import AdminKey, Azure, Graph
from helpers.rehearsal.material import base64url
from helpers.rehearsal.state import DenyAssignment, Identity, RoleAssignment
from helpers.rehearsal.wire import Request, Response
from tests.services.faults import Meets, changed, dropped, status, text
from tests.services.rehearsed import ADMIN_KEY, GIVEN, Rehearsed, given
from tests.steps.walking import Walk

ALL = ("operator", "consent-admin", "key-officer", "access-admin", "reader", "nobody")
STEPS = ("01", "02", "03", "04, 05", "05")
YES, NO, DARK = "yes", "NO", "UNKNOWN"
HAVE: dict[str, dict[str, str]] = {
    "operator": {
        "01": "yes yes",
        "02": "yes yes yes yes",
        "03": "yes yes yes yes yes",
        "04, 05": "yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes yes UNKNOWN",
    },
    "consent-admin": {
        "01": "yes yes",
        "02": "yes NO NO NO",
        "03": "yes yes NO yes NO",
        "04, 05": "yes yes yes yes yes yes yes yes NO NO yes NO NO NO NO NO UNKNOWN",
    },
    "key-officer": {
        "01": "UNKNOWN yes",
        "02": "yes yes yes yes",
        "03": "yes UNKNOWN yes yes NO",
        "04, 05": "yes NO yes yes yes yes yes yes yes yes UNKNOWN yes yes yes UNKNOWN UNKNOWN UNKNOWN",
    },
    "access-admin": {
        "01": "NO yes",
        "02": "yes yes NO NO",
        "03": "yes yes yes yes yes",
        "04, 05": "yes yes yes yes yes yes yes yes yes yes yes NO NO NO NO NO UNKNOWN",
    },
    "reader": {
        "01": "NO yes",
        "02": "yes yes NO NO",
        "03": "yes yes yes yes NO",
        "04, 05": "yes yes yes yes yes yes yes yes yes yes yes NO NO NO yes yes UNKNOWN",
    },
    "nobody": {
        "01": "UNKNOWN NO",
        "02": "NO NO NO NO",
        "03": "NO UNKNOWN NO NO NO",
        "04, 05": "NO NO NO NO NO NO NO NO NO NO UNKNOWN NO NO NO UNKNOWN UNKNOWN UNKNOWN",
    },
}
"""The have-it column of each identity of the healthy world, step by step. Their Graph tokens name no permissions where
they have none, so there nothing is known; Directory.Read.All only the operator and the
reader have; the log destination is not asked for."""


def looked(world: Rehearsed, identity: str = "operator", **changes: Any) -> Preflight:
    """The preflight of an identity."""
    return preflight.look(world.services(identity, **changes), given(**changes))


def columns(found: Preflight) -> dict[str, str]:
    """The have-it column, step by step."""
    return {step: " ".join(row.have for row in found.rows if ", ".join(row.need.steps) == step) for step in STEPS}


def rows(found: Preflight, kind: type) -> list[Row]:
    """The rows of one kind of right."""
    return [row for row in found.rows if isinstance(row.need.right, kind)]


@pytest.mark.parametrize("identity", ALL)
def test_what_each_identity_has(healthy: Rehearsed, identity: str) -> None:
    """The have-it column is exactly what the identity's roles and permissions give."""
    found = looked(healthy, identity)
    assert columns(found) == {**HAVE[identity], "05": "yes"}
    assert healthy.state.identities[identity].object_id in found.lines[0]


@pytest.mark.parametrize("identity", ALL)
def test_it_only_reads(healthy: Rehearsed, identity: str) -> None:
    """Nothing is written and nothing registered: one token a service, one read of permissions, one of the organization."""
    healthy.state.subscriptions[str(GIVEN["subscription_id"])].registered_providers.clear()
    looked(healthy, identity)
    assert healthy.cloud.wrote() == []
    asked = [(row["operation"], row["method"]) for row in healthy.cloud.journal.rows()]
    assert [row for row in asked if row[0] not in ("openid-configuration", "token")] == [
        ("Permissions_ListForScope", "GET"),
        ("organization retrieve", "GET"),
    ]


@pytest.mark.parametrize("identity", ALL)
def test_the_column_agrees_with_the_cloud(healthy: Rehearsed, identity: str) -> None:
    """What is yes works and what is NO is refused, for each read that a step makes first."""
    services = healthy.services(identity)
    have = {str(row.need.right): row.have for row in looked(healthy, identity).rows}
    tried = {
        "Microsoft.KeyVault/vaults/read": services.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]),
        "Microsoft.KeyVault/vaults/keys/read (data action)": services.keys.key(str(GIVEN["key_name"])),
        "Microsoft.Authorization/roleAssignments/read": services.roles.at(given().vault_id),
        "Microsoft.Insights/diagnosticSettings/read": services.resources.diagnostic_settings(given().vault_id),
    }
    refused = {right: isinstance(found, Unknown) for right, found in tried.items()}
    assert {right: have[right] == NO for right in tried} == refused


NONSENSE = ("{not json", "", "[]", "null", '"text"', "{}", '{"value": null}', '{"value": [{}]}', '{"value": ["x"]}')
ODD = (
    '{"value": [{"actions": "*", "notActions": [], "dataActions": [], "notDataActions": []}]}',
    '{"value": [{"actions": [5], "notActions": [], "dataActions": [], "notDataActions": []}]}',
    '{"value": [{"actions": ["*"], "dataActions": ["*"]}]}',
)
BAD: dict[str, Meets] = {
    **{f"{number}": status(number, "Broken") for number in (403, 404, 429, 500, 503)},
    **{raw: text(raw) for raw in (*NONSENSE, *ODD)},
    "dropped": dropped,
}


@pytest.fixture
def hasty(monkeypatch: pytest.MonkeyPatch) -> None:
    """Retries do not wait."""
    monkeypatch.setattr(RequestsTransport, "sleep", lambda _, seconds: None)


@pytest.mark.parametrize("reply", BAD)
def test_permissions_that_could_not_be_read_are_unknown(healthy: Rehearsed, hasty: None, reply: str) -> None:
    """A bad reply leaves every Azure row UNKNOWN with its reason, the other sources as they are, and stops nothing."""
    healthy.cloud.before("Permissions_ListForScope", BAD[reply])
    found = looked(healthy)
    assert {row.have for row in rows(found, Azure)} == {DARK}
    assert found.lines[1].startswith("01: it is not known whether you have Microsoft.KeyVault/vaults/read")
    assert any(line.startswith("What Azure permits could not be read: ") for line in found.lines)
    assert rows(found, Graph)[0].have == YES
    if reply in ("403", "429", "500", "503"):
        told = [row for row in found.view().data["rows"] if row["right"] == "Microsoft.KeyVault/vaults/read"]
        assert told[0]["reason"].startswith(f"{reply} Broken") and told[0]["request_id"].startswith("fault-")
        assert any("(request id fault-" in line for line in found.lines)


def test_without_the_right_to_ask_nothing_is_known(healthy: Rehearsed) -> None:
    """On Azure asking takes permissions/read: a refusal is no proof that other rights are missing."""
    healthy.cloud.before("Permissions_ListForScope", status(403, "AuthorizationFailed", "no permissions/read"))
    found = looked(healthy, "nobody")
    assert not any(row.missing for row in rows(found, Azure))


def claims(**said: Any) -> Meets:
    """A token reply whose token makes these claims."""
    token = ".".join(base64url(json.dumps(part).encode()) for part in ({"typ": "JWT"}, {"aud": "graph", **said}, {}))
    return changed(lambda body: {**body, "access_token": token})


def with_graph_token(world: Rehearsed, meets: Meets, identity: str = "operator") -> Preflight:
    """The preflight of a caller whose Graph token is met by this; the one for Azure is as always."""

    def only_graph(request: Request, reply: Response | None) -> Response:
        assert reply is not None
        return meets(request, reply) if b"graph.microsoft.com" in request.body else reply

    world.cloud.after("token", only_graph)
    return looked(world, identity)


@pytest.mark.parametrize(
    ("said", "have"),
    [
        ({"roles": ["Application.ReadWrite.All"]}, "yes"),
        ({"roles": ["Application.ReadWrite.OwnedBy"]}, "NO"),
        ({"roles": []}, "NO"),
        ({}, "UNKNOWN"),
        ({"roles": "Application.ReadWrite.All"}, "UNKNOWN"),
        ({"roles": [7]}, "UNKNOWN"),
        (
            {"scp": "User.Read Application.ReadWrite.All", "wids": ["9B895D92-2CD3-44C7-9D02-A6AC2D5EA5C3"]},
            "yes",
        ),
        ({"scp": "Application.ReadWrite.All", "wids": ["b79fbf4d-3ef9-4689-8143-76b194e85509"]}, "NO"),
        ({"scp": "Application.ReadWrite.All"}, "UNKNOWN"),
        ({"scp": "User.Read", "wids": ["9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3"]}, "NO"),
        ({"scp": "Application.ReadWrite.All", "wids": {"x": 1}}, "UNKNOWN"),
    ],
)
def test_graph_rights_are_the_claims_of_the_token(healthy: Rehearsed, said: dict[str, Any], have: str) -> None:
    """`roles` count for a program, `scp` with `wids` for a user; a claim that is missing or odd leaves it unknown."""
    found = with_graph_token(healthy, claims(**said))
    assert rows(found, Graph)[0].have == have
    assert rows(found, Azure)[0].have == YES


@pytest.mark.parametrize("token", ["opaque", "a.b.c", "", "a.e30.c", "a.W10.c"])
def test_a_token_that_cannot_be_read_is_unknown(healthy: Rehearsed, token: str) -> None:
    """A token that is no JWT, or holds no claims, leaves every Graph row UNKNOWN and is in no line."""
    found = with_graph_token(healthy, changed(lambda body: {**body, "access_token": token}))
    assert {row.have for row in rows(found, Graph)} == {DARK}
    assert any(line.startswith("What Microsoft Graph permits could not be read") for line in found.lines)


@pytest.mark.parametrize("reply", ["403", "404", "429", "500", "503", "{not json", "null", "{}", "dropped"])
def test_no_token_for_graph_is_unknown(healthy: Rehearsed, hasty: None, reply: str) -> None:
    """A sign-in that fails for Graph leaves the Graph rows UNKNOWN, with a reason, and stops nothing."""
    found = with_graph_token(healthy, BAD[reply])
    assert {row.have for row in rows(found, Graph)} == {DARK}
    assert any("no token for Microsoft Graph" in line for line in found.lines)
    assert rows(found, Azure)[0].have == YES


@pytest.mark.parametrize("reply", BAD)
def test_an_admin_api_that_does_not_answer_is_unknown(healthy: Rehearsed, reply: str) -> None:
    """A bad reply to organizations/me leaves the key UNKNOWN, with a reason in its note."""
    healthy.cloud.before("organization retrieve", BAD[reply])
    (row,) = rows(looked(healthy), AdminKey)
    assert row.have == DARK and row.note.startswith("05 needs it; whoever runs 05 brings it. ")
    if reply in ("403", "429", "500", "503"):
        assert f"{reply} Broken" in row.note and "(request id fault-" in row.note


def test_a_key_that_the_admin_api_does_not_accept_is_none(healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    """401 to organizations/me is NO, with the service's words and the request id, and without the key."""
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant-admin01-canary-0123456789")
    found = looked(healthy)
    (row,) = rows(found, AdminKey)
    assert row.have == NO and "401" in row.note and "request id" in row.note
    assert "canary" not in json.dumps(bundle(found.view()))


def test_no_key_is_usual_and_stops_nothing(healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the reference has nothing, the key is UNKNOWN, named by its reference, and nobody is asked for one."""
    monkeypatch.delenv("ANTHROPIC_ADMIN_KEY")
    found = looked(healthy, "consent-admin")
    (row,) = rows(found, AdminKey)
    assert row.have == DARK and "whoever runs 05 brings it" in row.note and "env:ANTHROPIC_ADMIN_KEY" in row.note
    assert not any(line.startswith("For 05") for line in found.lines)
    assert healthy.cloud.asked("organization retrieve") == 0


def test_a_key_of_another_kind_is_none(healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> None:
    """An Enterprise key is NO, with a note that it is not enough; it is sent nowhere and shown nowhere."""
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", "sk-ant-api01-canary-0123456789")
    found = looked(healthy)
    (row,) = rows(found, AdminKey)
    assert row.have == NO and "An Enterprise key" in row.note and row.missing
    assert any(line.startswith("For 05 somebody needs an Admin API key") for line in found.lines)
    assert "canary" not in json.dumps(bundle(found.view()))
    assert healthy.cloud.asked("organization retrieve") == 0


def test_a_key_of_another_organization_is_none(healthy: Rehearsed) -> None:
    """A key that works for another organization cannot register this one's key."""
    other = "99999999-4444-4555-8666-777777777777"
    (row,) = rows(looked(healthy, organization_id=other), AdminKey)
    assert row.have == NO and GIVEN["organization_id"] in row.note


def page(body: dict[str, Any], link: str) -> dict[str, Any]:
    """The first element of a reply, and where the others are said to be."""
    return {"value": body["value"][:1], "nextLink": link}


def test_all_pages_are_read(healthy: Rehearsed) -> None:
    """A second page counts like the first."""
    link = f"https://management.azure.com{given().vault_id}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01&$skiptoken=2"
    healthy.cloud.after("Permissions_ListForScope", changed(lambda body: page(body, link)), times=1)
    assert columns(looked(healthy)) == {**HAVE["operator"], "05": "yes"}
    assert healthy.cloud.asked("Permissions_ListForScope") == 2


@pytest.mark.parametrize(
    "link", ["https://example.com/x", "http://management.azure.com/x", "https://management.azure.com:8443/x"]
)
def test_a_next_page_elsewhere_is_never_asked_for(healthy: Rehearsed, link: str) -> None:
    """A next link to another host leaves it unknown, and the token goes nowhere else."""
    healthy.cloud.after("Permissions_ListForScope", changed(lambda body: page(body, link)))
    assert {row.have for row in rows(looked(healthy), Azure)} == {DARK}
    assert not any("example.com" in request.host for request in healthy.cloud.requests)


def test_permissions_that_are_no_list_are_unknown(healthy: Rehearsed) -> None:
    """They are not read as none."""
    healthy.cloud.after("Permissions_ListForScope", changed(lambda body: {"value": {}}))
    assert {row.have for row in rows(looked(healthy), Azure)} == {DARK}


def test_pages_without_end_are_unknown(healthy: Rehearsed) -> None:
    """A next link that always comes again is given up."""
    link = f"https://management.azure.com{given().vault_id}/providers/Microsoft.Authorization/permissions?api-version=2022-04-01"
    healthy.cloud.after("Permissions_ListForScope", changed(lambda body: page(body, link)))
    assert {row.have for row in rows(looked(healthy), Azure)} == {DARK}


ROLES: dict[str, tuple[str, str]] = {
    "Contributor": ("b24988ac-6180-42a0-ab88-20f7382dd24c", "cannot assign roles"),
    "Key Vault Contributor": ("f25e0fa2-a7c8-4377-a976-54943a77a395", "cannot assign roles"),
    "Key Vault Data Access Administrator": ("8b54135c-b56d-4d72-a534-26097cfdc8d8", "A condition is not seen"),
}


@pytest.mark.parametrize("role", ROLES)
def test_roles_that_look_enough_to_assign(healthy: Rehearsed, role: str) -> None:
    """What the cloud answers for these roles leads to their notes."""
    guid, note = ROLES[role]
    _only(healthy, guid)
    (row,) = [row for row in looked(healthy, "somebody").rows if "roleAssignments/write" in str(row.need.right)]
    assert note in row.note and row.have == (YES if role.endswith("Administrator") else NO)


def test_a_deny_assignment_is_not_subtracted_and_that_is_said(healthy: Rehearsed) -> None:
    """What Azure answers leaves deny assignments out, so the column does too, and a line says so."""
    healthy.state.deny_assignments["d0000000-0000-4000-8000-000000000001"] = DenyAssignment(
        name="no keys", scope=given().vault_id, data_actions=["*"], principals=["b0000000-0000-4000-8000-000000000001"]
    )
    found = looked(healthy)
    assert columns(found) == {**HAVE["operator"], "05": "yes"}
    assert any("Deny assignments are not subtracted" in note for note in found.view().notes)


def _only(world: Rehearsed, role: str) -> None:
    world.state.identities["somebody"] = Identity(
        client_id="a0000000-0000-4000-8000-0000000000ff",
        client_secret="rehearsal-only-somebody",
        object_id="b0000000-0000-4000-8000-0000000000ff",
    )
    world.state.role_assignments["c0000000-0000-4000-8000-0000000000ff"] = RoleAssignment(
        scope=given().vault_id, role_definition=role, principal_id="b0000000-0000-4000-8000-0000000000ff"
    )


def walked(world: Rehearsed, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Walk:
    """Somebody who walks through steps, recorded in a run folder."""
    notebooks = folder / "run" / "notebooks"
    notebooks.mkdir(parents=True)
    (notebooks.parent / "ledger.jsonl").touch()
    monkeypatch.chdir(notebooks)
    return Walk(world, notebooks.parent)


@pytest.mark.parametrize("key", [ADMIN_KEY, "sk-ant-api01-canary-0123456789", ""])
def test_a_step_shows_it_and_records_it(
    healthy: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    """`step.preflight()` returns the value and writes the same to the ledger; no token and no key is in either."""
    monkeypatch.setenv("ANTHROPIC_ADMIN_KEY", key)
    walk = walked(healthy, tmp_path, monkeypatch)
    found = walk.begin("01_consent", "reader").preflight()
    walk.show(found)
    assert walk.events() == ["identity", "facts"]
    assert walk.rows()[-1]["preflight"] == json.loads(json.dumps(found.view().data))
    everything = walk.written() + "".join(walk.shown)
    assert not any(token in everything for token in healthy.cloud.tokens()) and "canary" not in everything
    assert healthy.cloud.wrote() == []
