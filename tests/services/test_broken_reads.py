"""What 04 reads, from services that refuse, break off, answer nonsense or page without end: Unknown, and never less."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

import pytest

from helpers.model import Absent, Found, Known, Unknown
from helpers.rehearsal.state import Fault
from helpers.rehearsal.wire import Request, Response
from helpers.services.connect import Services
from helpers.services.replies import MOST_PAGES
from tests.services.faults import Meets, changed, status, text
from tests.services.reads import ADMIN, GRAPH, KEY, PROBES, READS, TEAM, VAULT_ID, Read, fill
from tests.services.rehearsed import Rehearsed

pytestmark = pytest.mark.slow  # every read against every kind of broken reply

each = pytest.mark.parametrize("name", READS)
AZURE = tuple(name for name in READS if name not in (*ADMIN, *GRAPH))
ONE_OF_EACH = tuple(name for name in READS if name not in ("probe: unwrap", "probe: decrypt", "grants: delegated", "grants: owners"))  # fmt: skip
LISTS: dict[str, tuple[str, Read]] = {
    **{name: READS[name] for name in ("locks", "diagnostics", "policies", "at", "definitions", "denials", *GRAPH)},
    "roles of the principal": ("RoleAssignments_ListForScope", lambda s: s.roles.of_principal(VAULT_ID, "x")),
    "principals": ("servicePrincipal list", lambda s: s.principals.of_published_app()),
    "versions": ("GetKeyVersions", lambda s: s.keys.versions(KEY)),
    "names": ("GetKeys", lambda s: s.keys.names()),
}
OF_GRAPH = (*GRAPH, "principals")
OBJECT = '{"value": {}, "data": {}}'
EMPTY_ROW = '{"value": [{}], "data": [{}]}'
OTHER = ("null", '"text"', "[]", '{"value": [7], "data": [7]}', '{"value": "text", "data": "text"}')


@dataclass(frozen=True)
class SignedIn:
    """A full world, and services that are signed in everywhere, so that the next request is a read's own."""

    world: Rehearsed
    services: Services


@pytest.fixture(scope="module")
def all_tests(onboarded_world: Rehearsed) -> Iterator[SignedIn]:
    """One for all tests here, as they change nothing in the world."""
    onboarded_world.reset()
    fill(onboarded_world.state)
    with onboarded_world.inside():
        services = onboarded_world.services()
        _ = (services.caller, services.admin)
        services.keys.key(KEY)
        services.principals.conditional_access()
    yield SignedIn(onboarded_world, services)


@pytest.fixture
def full(all_tests: SignedIn, request: pytest.FixtureRequest) -> Iterator[SignedIn]:
    """The same without the faults of the test before."""
    all_tests.world.cloud.mend()
    all_tests.world.state.faults = []
    with all_tests.world.inside():
        yield all_tests
        if "grants" in request.node.name:
            all_tests.services.principals.conditional_access()  # by then the lists beside a refused one are read too


def request_ids(world: Rehearsed) -> set[str]:
    """Every request id in the journal, in the forms that the services give it."""
    ids = {str(row["request_id"]) for row in world.cloud.journal.rows()}
    return ids | {f"req_{one.replace('-', '')}" for one in ids}


def said(name: str, number: int, words: str) -> str:
    """Status and words of a refusal as they are told; with them, for what clients try again, what `fault` asks for."""
    seconds = 1 if name in GRAPH else 0
    wait = f"; the service asks to be left alone for {seconds} s: try again after that"
    return f"{number} {words}" + (wait if number in (429, 500, 503) else "")


def fault(name: str, **what: Any) -> Fault:
    """What the requests of a read meet. Clients try some statuses again, as soon as the reply's header lets them."""
    if what.get("status", 0) in (429, 500, 503):
        what["retry_after"] = 1 if name in GRAPH else 0.01  # the Graph client knows whole seconds only
    return Fault(operation=READS[name][0], **what)


# --- refused


@pytest.mark.parametrize(("name", "number"), [(n, s) for n in READS for s in (403, 500) if (n, s) != ("probe: decrypt", 403)])  # fmt: skip
def test_a_refusal_is_unknown_with_its_words_and_request_id(full: SignedIn, name: str, number: int) -> None:
    """Status, code and message of the service are the reason, and the id is the one in its journal."""
    full.world.state.faults = [fault(name, status=number, code="NotNow", message="you may not look at this")]
    found = READS[name][1](full.services)
    assert isinstance(found, Unknown)
    assert found.reason == said(name, number, "NotNow: you may not look at this")
    assert found.request_id in request_ids(full.world)


@pytest.mark.parametrize("number", [429, 503])
def test_a_service_that_is_busy_to_the_end_is_unknown(full: SignedIn, number: int) -> None:
    """Each is asked again a few times, and then says that it was busy, with a request id."""
    full.world.state.faults = [fault(name, status=number, code="Busy", message="later") for name in ONE_OF_EACH]
    found = full.services.together(**{name: lambda name=name: READS[name][1](full.services) for name in ONE_OF_EACH})
    assert {name: outcome.reason for name, outcome in found.items()} == {name: said(name, number, "Busy: later") for name in ONE_OF_EACH}  # fmt: skip
    assert {outcome.request_id for outcome in found.values()} <= request_ids(full.world)
    assert (
        full.world.cloud.asked("ManagementLocks_ListByScope")
        == full.world.cloud.asked("conditionalAccess policy list")
        == 4
    )
    assert full.world.cloud.asked("wrapKey") == full.world.cloud.asked("workspace list") == 1


@each
def test_a_404_of_anybody_else_proves_nothing(full: SignedIn, name: str) -> None:
    """Not found by a code that is not the service's own for it is Unknown, with the request id."""
    full.world.state.faults = [fault(name, status=404, code="NoRoute", message="nothing here")]
    found = READS[name][1](full.services)
    assert isinstance(found, Unknown)
    assert found.reason.startswith("404")
    assert found.request_id in request_ids(full.world)


@each
def test_only_azure_says_that_a_thing_is_not_there(full: SignedIn, name: str) -> None:
    """ResourceNotFound is absent; a list of Graph or the Admin API always is there, so its 404 is Unknown."""
    full.world.state.faults = [fault(name, status=404, code="ResourceNotFound", message="gone")]
    found = READS[name][1](full.services)
    assert isinstance(found, Absent) == (name in AZURE)
    assert isinstance(found, Unknown) == (name not in AZURE)


# --- not understood


@each
@pytest.mark.parametrize("body", ["nonsense", "empty", "truncated", "wrong_type"])
def test_a_reply_that_is_broken_is_unknown(full: SignedIn, name: str, body: Any) -> None:
    """A page of HTML, nothing, half a reply, and JSON of another shape: Unknown with a reason, and no exception."""
    full.world.state.faults = [fault(name, body=body)]
    found = READS[name][1](full.services)
    assert isinstance(found, Unknown)
    assert found.reason


@each
@pytest.mark.parametrize("raw", ["{}", OBJECT, EMPTY_ROW, *OTHER])
def test_a_reply_of_another_shape_is_unknown(full: SignedIn, name: str, raw: str) -> None:
    """JSON that is not what the service sends is not read as nothing, and nothing is made up for what is missing."""
    full.world.cloud.before(READS[name][0], text(raw))
    found = READS[name][1](full.services)
    assert isinstance(found, Unknown)
    assert found.reason


def test_a_connection_that_breaks_is_unknown(full: SignedIn) -> None:
    """No reply at all, from any of the clients, is Unknown once it was tried again."""
    names = ("locks", "at", "rotation", "probe: wrap", "groups", "workspaces")
    full.world.state.faults = [fault(name, reset=True) for name in names]
    found = full.services.together(**{name: lambda name=name: READS[name][1](full.services) for name in names})
    assert {name: type(outcome) for name, outcome in found.items()} == dict.fromkeys(names, Unknown)


def test_a_definition_that_cannot_be_opened_is_unknown_and_its_policy_is_kept(full: SignedIn) -> None:
    """One refused definition does not take the list away, and is not taken for a harmless one."""
    full.world.state.faults = [Fault(operation="PolicyDefinitions_GetBuiltIn", status=403, code="AuthorizationFailed", message="no")]  # fmt: skip
    found = full.services.resources.policies(VAULT_ID)
    assert isinstance(found, Known)
    definition = found.value[0].definition
    assert isinstance(definition, Unknown)
    assert definition.reason == "403 AuthorizationFailed: no"
    assert definition.request_id in request_ids(full.world)


@pytest.mark.parametrize("name", PROBES)
def test_a_reply_about_another_key_version_is_unknown(full: SignedIn, name: str) -> None:
    """What came out of using a key counts only where the reply names the version that was asked for."""
    other = f"https://kv-contoso-claude.vault.azure.net/keys/{KEY}/{'f' * 32}"

    def wrong(body: Any) -> Any:
        return {**body, "kid": other, "value": "AA"}

    full.world.cloud.after(READS[name][0], changed(wrong))
    if name == "probe: decrypt":  # which this key refuses
        full.world.cloud.mend()
        full.world.cloud.before("decrypt", text(json.dumps(wrong({}))))
    found = READS[name][1](full.services)
    assert isinstance(found, Unknown)
    assert "another key version" in found.reason


@pytest.mark.parametrize("missing", ["permissions", "principals"])
def test_a_deny_assignment_that_lacks_a_part_is_unknown(full: SignedIn, missing: str) -> None:
    """Without what it denies, or to whom, it would deny nothing to nobody: it is not taken for that."""

    def without(body: Any) -> Any:
        row = body["value"][0]
        kept = {name: value for name, value in row["properties"].items() if name != missing}
        return {**body, "value": [{**row, "properties": kept}]}

    full.world.cloud.after("DenyAssignments_ListForScope", changed(without))
    assert isinstance(READS["denials"][1](full.services), Unknown)


NOT_OF_THEIR_KIND: list[tuple[str, str, Any]] = [
    ("principals", "accountEnabled", "true"),
    ("principals", "displayName", 7),
    ("principals", "appOwnerOrganizationId", "nobody"),
    ("principals", "createdDateTime", 20261127),
    ("principals", "keyCredentials", {}),
    ("grants: roles", "appRoleId", "everything"),
    ("grants: delegated", "scope", ["User.Read"]),
    ("grants: owners", "id", 7),
    ("groups", "id", None),
    ("conditional access", "state", True),
    ("conditional access", "conditions", "none"),
    ("conditional access", "conditions", {"clientApplications": []}),
    ("conditional access", "conditions", {"clientApplications": {"includeServicePrincipals": "all"}}),
    ("conditional access", "conditions", {"clientApplications": {"excludeServicePrincipals": [None]}}),
]
"""A value of a row of Microsoft Graph that is of another kind than documented."""


@pytest.mark.parametrize(("name", "value", "other"), NOT_OF_THEIR_KIND)
def test_a_value_of_another_kind_from_graph_is_unknown(full: SignedIn, name: str, value: str, other: Any) -> None:
    """Nothing is made of it: no false for a text, no empty list for an object. The same row without it is read."""
    operation, read = {**READS, "principals": LISTS["principals"]}[name]
    ids = dict.fromkeys(("id", "appId", "appRoleId", "resourceId"), TEAM)
    row = {**ids, "scope": "User.Read", "state": "enabled"}
    right = {**row, "keyCredentials": [], "passwordCredentials": []}
    full.world.cloud.after(operation, changed(lambda body: {**body, "value": [right]}))
    assert isinstance(read(full.services), Known)
    full.world.cloud.mend()
    full.world.cloud.after(operation, changed(lambda body: {**body, "value": [{**right, value: other}]}))
    assert isinstance(read(full.services), Unknown)


def test_a_link_of_graph_that_is_no_text_is_unknown(full: SignedIn) -> None:
    """It is not taken for the last page."""
    full.world.cloud.after("servicePrincipal list", changed(lambda body: {**body, "@odata.nextLink": 7}))
    assert isinstance(full.services.principals.of_published_app(), Unknown)


# --- pages


def linked(link: str) -> Meets:
    """The handler's own page, with a link to a next one; in it, {own} and {path} are those of what is asked."""

    def meets(request: Request, reply: Response | None) -> Response:
        assert reply is not None
        whole = link.format(own=request.host, path=f"{request.path}?{urlencode(request.query)}")
        return Response(reply.status, {**reply.body, "nextLink": whole, "@odata.nextLink": whole}, reply.headers)

    return meets


def rows(name: str, found: Found[Any]) -> tuple[Any, ...]:
    """The rows of a list of LISTS."""
    assert isinstance(found, Known), found
    part = {"grants: roles": "app_roles", "grants: delegated": "delegated", "grants: owners": "owners"}.get(name)
    return getattr(found.value, part) if part else found.value


SAME = "https://{own}{path}"
every_list = pytest.mark.parametrize("name", LISTS)


@every_list
def test_a_list_is_read_to_its_last_page(full: SignedIn, name: str) -> None:
    """The rows of a second page are there, and where it is refused the first page is not taken for the whole."""
    operation, read = LISTS[name]
    once = rows(name, read(full.services))
    full.world.cloud.mend()
    full.world.cloud.after(operation, linked(SAME), times=1)
    assert rows(name, read(full.services)) == once * 2
    assert full.world.cloud.asked(operation) == 2
    full.world.cloud.mend()
    full.world.cloud.before(operation, status(403, "NotForYou", "no"), skip=1)
    full.world.cloud.after(operation, linked(SAME))
    assert isinstance(read(full.services), Unknown)


@pytest.mark.parametrize("name", [name for name in LISTS if name not in OF_GRAPH])
def test_the_port_of_https_written_out_is_the_same_host(full: SignedIn, name: str) -> None:
    """Key Vault writes its links so, and Azure Resource Manager may."""
    operation, read = LISTS[name]
    full.world.cloud.after(operation, linked("https://{own}:443{path}"), times=1)
    assert isinstance(read(full.services), Known)
    assert full.world.cloud.asked(operation) == 2


@every_list
def test_a_next_page_on_another_host_is_never_asked_for(full: SignedIn, name: str) -> None:
    """A link to another service is not followed, so it gets no token either; the list is Unknown."""
    operation, read = LISTS[name]
    other = "management.azure.com" if name in OF_GRAPH else "graph.microsoft.com"
    full.world.cloud.after(operation, linked(f"https://{other}/next"))
    assert isinstance(read(full.services), Unknown)
    assert [request.host for request in full.world.cloud.requests if request.host == other] == []


@every_list
@pytest.mark.parametrize(
    "where",
    [
        "http://{own}",
        "https://example.com",
        "https://{own}.example.com",
        "https://{own}@example.com",
        "https://{own}:444",
        "https://{own}:",
        "//{own}",
    ],
)
def test_a_place_that_looks_like_the_own_one_is_another(full: SignedIn, name: str, where: str) -> None:
    """The host of a link is compared as a whole, port and all, and only HTTPS will do; nothing more is asked."""
    operation, read = LISTS[name]
    full.world.cloud.after(operation, linked(where + "{path}"))
    found = read(full.services)
    assert isinstance(found, Unknown)
    own = next(request.host for request in full.world.cloud.requests)
    place = where.format(own=own) if ":" in where else f"://{own}"
    assert found.reason.endswith(f"the next page is said to be at {place}")
    assert full.world.cloud.asked(operation) == 1


@every_list
def test_pages_without_end_are_bounded(full: SignedIn, name: str) -> None:
    """A list whose pages, empty ones too, always link to another one is given up, and Unknown."""
    operation, read = LISTS[name]

    def again(request: Request, reply: Response | None) -> Response:
        if full.world.cloud.asked(operation) > MOST_PAGES + 10:
            return status(403, "Enough", "asked for ever")(request, reply)
        link = f"https://{request.host}{request.path}?api-version=7.5"
        return Response(200, {"value": [], "nextLink": link, "@odata.nextLink": link}, {})

    full.world.cloud.before(operation, again)
    found = read(full.services)
    assert isinstance(found, Unknown)
    assert f"more than {MOST_PAGES} pages" in found.reason
    assert full.world.cloud.asked(operation) == MOST_PAGES


@pytest.mark.parametrize("name", ["workspaces", "external keys"])
def test_pages_without_end_of_the_admin_api_are_bounded(full: SignedIn, name: str) -> None:
    """The same for its lists, whose pages name the next one by an id or a token."""
    operation, read = READS[name]
    kept: list[Response] = []

    def again(request: Request, reply: Response | None) -> Response:
        assert reply is not None
        kept.append(reply)
        return Response(200, {**kept[0].body, "has_more": True, "next_page": "again"}, kept[0].headers)

    full.world.cloud.after(operation, again)
    found = read(full.services)
    assert isinstance(found, Unknown)
    assert f"more than {MOST_PAGES} pages" in found.reason
    assert full.world.cloud.asked(operation) == MOST_PAGES


def test_an_empty_page_that_is_not_the_last_is_unknown(full: SignedIn) -> None:
    """The client stops at an empty page of workspaces; where more are said to follow, that is not the whole list."""
    full.world.cloud.after("workspace list", changed(lambda body: {**body, "data": [], "has_more": True}))
    assert isinstance(full.services.admin.workspaces(), Unknown)
