"""Faults on order: what a request of an operation meets, in the shape of the service asked, and what takes effect."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from helpers.rehearsal.faults import UnknownOperation, check, parsed
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import Fault
from helpers.rehearsal.wire import NoReply, Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.key_requests import HOST as VAULT_HOST
from tests.contract.key_requests import NAME, vault, with_key

ARM, GRAPH, ENTRA, ANTHROPIC = (
    "management.azure.com",
    "graph.microsoft.com",
    "login.microsoftonline.com",
    "api.anthropic.com",
)
SUB = "/subscriptions/22222222-3333-4444-8555-666666666666"
VAULT = f"{SUB}/resourceGroups/rg-claude/providers/Microsoft.KeyVault/vaults/{NAME}"
APP = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
ADMIN = {"x-api-key": "sk-ant-admin01-rehearsal-only-not-a-real-key"}
TAGS = {"properties": {}, "tags": {"a": "b"}}

REQUESTS: dict[str, tuple[str, str, str, Any]] = {
    "token": ("POST", ENTRA, "/11111111-2222-4333-8444-555555555555/oauth2/v2.0/token", b""),
    "servicePrincipal list": ("GET", GRAPH, "/v1.0/servicePrincipals", None),
    "Vaults_Get": ("GET", ARM, VAULT, None),
    "DiagnosticSettings_List": ("GET", ARM, f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings", None),
    "GetKey": ("GET", VAULT_HOST, "/keys/cmk", None),
    "external key list": ("GET", ANTHROPIC, "/v1/organizations/external_keys", None),
    "organization retrieve": ("GET", ANTHROPIC, "/v1/organizations/me", None),
}
"""One request of an operation of each service."""
REQUEST_ID = {ENTRA: "x-ms-request-id", GRAPH: "request-id", ANTHROPIC: "request-id"}


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world with a key, behind every service."""
    return with_key(make_cloud("healthy", ROUTER.routes))


def ask(cloud: TestCloud, operation: str) -> Response:
    method, host, path, body = REQUESTS[operation]
    signed_in = {"headers": ADMIN, "identity": None} if host == ANTHROPIC else {}
    query = {} if host in (GRAPH, ANTHROPIC) else None
    return cloud.send(method, host, path, body, query=query, **signed_in)


def order(cloud: TestCloud, operation: str, **fault: Any) -> Fault:
    made = Fault(operation=operation, **fault)
    cloud.state.faults = [*cloud.state.faults, made]
    return made


def patch(cloud: TestCloud) -> Response:
    return cloud.send("PATCH", ARM, VAULT, TAGS)


@pytest.mark.parametrize("operation", REQUESTS)
@pytest.mark.parametrize(
    "fault",
    [
        {"status": 503, "code": "Busy", "message": "later"},
        {"body": "nonsense"},
        {"body": "empty"},
        {"body": "truncated"},
        {"body": "malformed"},
        {"body": "wrong_type"},
        {"body": "nonsense", "status": 502},
    ],
)
def test_every_reply_of_a_fault_is_stamped(cloud: TestCloud, operation: str, fault: dict[str, Any]) -> None:
    """Mark, date and the service's own request id are on it; the status is the fault's, the true one or 200; logged."""
    true = ask(cloud, operation).status if fault.get("body") in ("truncated", "malformed") else 200
    cloud.journal.clear()
    order(cloud, operation, **fault, retry_after=2.5)
    reply = ask(cloud, operation)
    assert reply.status == fault.get("status", true)
    assert reply.headers["x-rehearsal"] == cloud.world.id
    assert {"date", "content-type", REQUEST_ID.get(REQUESTS[operation][1], "x-ms-request-id")} <= reply.headers.keys()
    assert reply.headers["retry-after"] == "2.5"
    (row,) = cloud.journal.rows()
    assert (row["operation"], row["status"]) == (operation, reply.status)


SHAPES: dict[str, Any] = {
    "token": {"error": "Busy", "error_description": "later"},
    "Vaults_Get": {"error": {"code": "Busy", "message": "later"}},
    "DiagnosticSettings_List": {"code": "Busy", "message": "later"},
    "GetKey": {"error": {"code": "Busy", "message": "later"}},
}


@pytest.mark.parametrize("operation", SHAPES)
def test_an_error_has_the_shape_of_the_service_asked(cloud: TestCloud, operation: str) -> None:
    """OAuth's for Entra, flat for diagnostic settings, wrapped for Resource Manager and Key Vault."""
    order(cloud, operation, status=503, code="Busy", message="later")
    assert ask(cloud, operation).body == SHAPES[operation]


def test_an_error_of_graph_has_its_inner_error(cloud: TestCloud) -> None:
    """Code and message, and the request id again inside."""
    order(cloud, "servicePrincipal list", status=429, retry_after=10)
    reply = ask(cloud, "servicePrincipal list")
    error = reply.body["error"]
    assert (reply.status, error["code"], reply.headers["retry-after"]) == (429, "TooManyRequests", "10")
    assert error["innerError"]["request-id"] == reply.headers["request-id"]
    assert error["message"]


@pytest.mark.parametrize(
    ("status", "code", "error"),
    [
        (403, "ForbiddenByRbac", {"code": "Forbidden", "innererror": {"code": "ForbiddenByRbac"}}),
        (403, "ForbiddenByFirewall", {"code": "Forbidden", "innererror": {"code": "ForbiddenByFirewall"}}),
        (403, "", {"code": "Forbidden"}),
        (409, "ObjectIsBeingDeleted", {"code": "Conflict", "innererror": {"code": "ObjectIsBeingDeleted"}}),
        (404, "KeyNotFound", {"code": "KeyNotFound"}),
        (429, "Throttled", {"code": "Throttled"}),
    ],
)
def test_key_vault_says_why_inside(cloud: TestCloud, status: int, code: str, error: dict[str, Any]) -> None:
    """The telling code of a 403 or 409 is the inner one, under Forbidden or Conflict."""
    order(cloud, "GetKey", status=status, code=code, message="no")
    reply = ask(cloud, "GetKey")
    assert (reply.status, reply.body["error"]) == (status, {"message": "no"} | error)


@pytest.mark.parametrize(
    ("status", "code", "kind", "details"),
    [
        (429, "", "rate_limit_error", None),
        (529, "", "overloaded_error", None),
        (500, "", "api_error", None),
        (418, "", "invalid_request_error", None),
        (503, "overloaded_error", "overloaded_error", None),
        (400, "external_key_validation_failed", "invalid_request_error", "external_key_validation_failed"),
    ],
)
def test_anthropic_has_types_and_error_codes(
    cloud: TestCloud, status: int, code: str, kind: str, details: str | None
) -> None:
    """The type follows from the status unless the code is one; any other code is the documented detail."""
    order(cloud, "organization retrieve", status=status, code=code, message="no")
    reply = ask(cloud, "organization retrieve")
    error = {"type": kind, "message": "no"} | ({"details": {"error_code": details}} if details else {})
    assert reply.status == status
    assert reply.body == {"type": "error", "error": error, "request_id": reply.headers["request-id"]}


def test_a_code_that_is_not_given_follows_from_the_status(cloud: TestCloud) -> None:
    """Written as Azure writes codes; a status without a name has its number."""
    for status, code in ((503, "ServiceUnavailable"), (500, "InternalServerError"), (599, "Status599")):
        cloud.state.faults = [Fault(operation="Vaults_Get", status=status)]
        assert ask(cloud, "Vaults_Get").body["error"]["code"] == code


def test_bodies_that_are_no_answer(cloud: TestCloud) -> None:
    """HTML, nothing, and JSON that stops in the middle cannot be read; JSON of another shape can."""
    whole = ask(cloud, "Vaults_Get").encoded()

    def met(operation: str = "Vaults_Get", **fault: Any) -> Response:
        cloud.state.faults = [Fault(operation=operation, **fault)]
        return ask(cloud, operation)

    nonsense = met(body="nonsense")
    assert nonsense.encoded().startswith(b"<html>")
    assert nonsense.headers["content-type"].startswith("text/html")
    assert met(body="empty").encoded() == b""
    cut = met(body="truncated")
    assert (cut.status, cut.encoded()) == (200, whole[: len(whole) // 2])
    for text in (nonsense.encoded(), cut.encoded(), b""):
        with pytest.raises(ValueError, match=r"."):
            json.loads(text)
    assert isinstance(json.loads(met(body="wrong_type").encoded()), list)
    assert json.loads(met("DiagnosticSettings_List", body="wrong_type").encoded())["value"] == 7
    assert json.loads(met("external key list", body="wrong_type").encoded())["data"] == 7


def test_a_fault_is_met_after_the_good_ones_and_so_often(cloud: TestCloud) -> None:
    """skip lets the first pass, times ends it; other operations are not counted."""
    order(cloud, "Vaults_Get", skip=1, times=2, status=503)
    met = []
    for _ in range(5):
        met.append(ask(cloud, "Vaults_Get").status)
        assert ask(cloud, "GetKey").status == 200
    assert met == [200, 503, 503, 200, 200]


def test_without_times_a_fault_stays(cloud: TestCloud) -> None:
    """For ever, until it is taken away."""
    order(cloud, "Vaults_Get", status=503)
    assert {ask(cloud, "Vaults_Get").status for _ in range(20)} == {503}
    cloud.state.faults = []
    assert ask(cloud, "Vaults_Get").status == 200


def test_several_faults_of_one_operation_follow_one_another(cloud: TestCloud) -> None:
    """Each counts every request, and of those due the first one answers."""
    for fault in ({"times": 2, "status": 500}, {"times": 3, "status": 501}, {"skip": 4, "times": 1, "status": 502}):
        order(cloud, "Vaults_Get", **fault)
    assert [ask(cloud, "Vaults_Get").status for _ in range(6)] == [500, 500, 501, 200, 502, 200]


@pytest.mark.parametrize("carried_out", [False, True])
@pytest.mark.parametrize(
    "fault", [{"status": 503}, {"body": "nonsense"}, {"body": "empty"}, {"body": "wrong_type"}, {"reset": True}]
)
def test_a_request_takes_effect_only_if_the_fault_says_so(
    cloud: TestCloud, fault: dict[str, Any], carried_out: bool
) -> None:
    """The client cannot tell from the reply; the world and the log can."""
    order(cloud, "Vaults_Update", carried_out=carried_out, **fault)
    reply = patch(cloud)
    assert isinstance(reply, NoReply) is ("reset" in fault)
    assert vault(cloud).tags == ({"a": "b"} if carried_out else {})
    (row,) = cloud.journal.rows()
    assert (row["wrote"], row["status"]) == (carried_out, 0 if "reset" in fault else reply.status)


@pytest.mark.parametrize(
    "fault",
    [
        {"body": "truncated"},
        {"body": "malformed"},
        {"body": "truncated", "status": 500},
        {"content_type": "text/plain"},
        {"delay_seconds": 5},
        {"drip_seconds": 5},
    ],
)
def test_what_sends_the_true_reply_carries_the_request_out(cloud: TestCloud, fault: dict[str, Any]) -> None:
    """A reply that is only spoilt, late or slow is that of a request that was carried out."""
    cloud.close()  # a closed cloud does not wait
    order(cloud, "Vaults_Update", **fault)
    assert patch(cloud).encoded()
    assert vault(cloud).tags == {"a": "b"}


def test_a_delay_is_waited_out_without_the_lock(cloud: TestCloud, monkeypatch: pytest.MonkeyPatch) -> None:
    """The request is done and logged before, and another one can be answered meanwhile."""
    waited: list[tuple[float, int]] = []

    def wait(seconds: float) -> bool:
        waited.append((seconds, len(cloud.journal.rows())))
        return ask(cloud, "GetKey").status == 200

    monkeypatch.setattr(cloud._closed, "wait", wait)
    order(cloud, "Vaults_Get", delay_seconds=30)
    assert ask(cloud, "Vaults_Get").body["name"] == NAME
    assert waited == [(30, 1)]
    assert [row["operation"] for row in cloud.journal.rows()] == ["Vaults_Get", "GetKey"]


def test_a_fault_of_the_world_counts_anew_after_a_reset(make_cloud: MakeCloud, tmp_path: Any) -> None:
    """What was set meanwhile is gone, and the world file's own faults are met again."""
    world = tmp_path / "one.yaml"
    world.write_text("base: healthy\nfaults: [{operation: Vaults_Get, times: 1, status: 503}]\n")
    cloud = make_cloud(world, ROUTER.routes)
    assert [ask(cloud, "Vaults_Get").status for _ in range(2)] == [503, 200]
    order(cloud, "GetKey", status=500)
    cloud.world.reset()
    assert ask(cloud, "GetKey").status == 404
    assert [ask(cloud, "Vaults_Get").status for _ in range(2)] == [503, 200]


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({}, "status"),
        ({"carried_out": True}, "status"),
        ({"status": 99}, "status"),
        ({"status": 600}, "status"),
        ({"status": 503, "times": 0}, "times"),
        ({"status": 503, "skip": -1}, "skip"),
        ({"status": 503, "retry_after": -1}, "retry_after"),
        ({"status": 503, "retry_after": float("inf")}, "retry_after"),
        ({"delay_seconds": 3601}, "delay_seconds"),
        ({"body": "gibberish"}, "body"),
        ({"status": 503, "retries": 1}, "retries"),
        ({"reset": True, "status": 503}, "reset"),
        ({"reset": True, "body": "empty"}, "reset"),
        ({"hold": True, "reset": True}, "reset and hold exclude each other"),
        ({"hold": True, "status": 503}, "a status or a body and hold exclude each other"),
        ({"challenge": "claims", "body": "empty"}, "a status or a body and challenge exclude each other"),
        ({"challenge": "claims", "content_type": "text/html"}, "content_type and challenge exclude each other"),
        ({"challenge": "mfa"}, "challenge"),
        ({"content_type": ""}, "content_type"),
        ({"content_type": "text/html\r\nx: y"}, "content_type"),
        ({"drip_seconds": 3601}, "drip_seconds"),
        ({"hold": True, "drip_seconds": 1}, "drip_seconds needs a reply"),
        ({"reset": True, "drip_seconds": 1}, "drip_seconds needs a reply"),
        ({"hold": True, "delay_seconds": 1}, "it has no delay_seconds"),
        ({"challenge": "expired", "carried_out": True}, "a challenge comes before"),
        ({"reset": True, "retry_after": 1}, "retry_after needs a status"),
        ({"delay_seconds": 1, "retry_after": 1}, "retry_after needs a status"),
        ({"body": "empty", "code": "x"}, "code and message are those of an error"),
        ({"hold": True, "message": "x"}, "code and message are those of an error"),
        ({"status": 500, "body": "nonsense", "message": "x"}, "code and message are those of an error"),
    ],
)
def test_a_fault_that_makes_no_sense_is_refused(given: dict[str, Any], says: str) -> None:
    """One line says which key of which fault is wrong."""
    with pytest.raises(ValidationError):
        Fault(operation="GetKey", **given)
    with pytest.raises(ValueError, match=rf"^faults\.1.*{says}") as raised:
        parsed([{"operation": "GetKey", "status": 500}, {"operation": "GetKey", **given}])
    assert "\n" not in str(raised.value)


def test_a_fault_of_an_operation_that_there_is_not_is_refused() -> None:
    """The line names it and what comes near; every operation of the router is known."""
    check([Fault(operation=name, status=500) for name in ("*", *(route.operation for route in ROUTER.routes))], ROUTER)
    with pytest.raises(UnknownOperation, match=r"getkey: there is no such operation; is it .*GetKey") as raised:
        check([Fault(operation="getkey", status=500)], ROUTER)
    assert "\n" not in str(raised.value)
    with pytest.raises(UnknownOperation, match="COVERAGE"):
        check([Fault(operation="?????", status=500)], ROUTER)


def test_a_vault_that_is_not_there_can_be_at_fault_as_well(cloud: TestCloud) -> None:
    """Faults do not look at what a handler would have said."""
    order(cloud, "GetKey", status=503)
    assert cloud.send("GET", "kv-none.vault.azure.net", "/keys/cmk").status == 503
