"""Entra: discovery and tokens, held against recorded replies and against each refusal."""

from __future__ import annotations

import base64
import json
from urllib.parse import urlencode

import pytest

from helpers.rehearsal import entra
from helpers.rehearsal.tokens import claims
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.contracts import structure_errors

HOST = "login.microsoftonline.com"
TENANT = "11111111-2222-4333-8444-555555555555"
OPERATOR = {
    "grant_type": "client_credentials",
    "client_id": "a0000000-0000-4000-8000-000000000001",
    "client_secret": "rehearsal-only-operator",
    "client_info": "1",
    "scope": "https://vault.azure.net/.default",
}


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    return make_cloud("healthy", entra.ROUTES)


def get(cloud: TestCloud, path: str, query: dict[str, str] | None = None) -> Response:
    return cloud.send("GET", HOST, path, query=query or {}, identity=None)


def ask(cloud: TestCloud, tenant: str = TENANT, /, **changes: str | None) -> Response:
    """A token request that differs from the operator's in some fields; None leaves one out."""
    form = {name: value for name, value in {**OPERATOR, **changes}.items() if value is not None}
    body = urlencode(form).encode()
    return cloud.send("POST", HOST, f"/{tenant}/oauth2/v2.0/token", body, query={}, identity=None)


def test_openid_configuration_has_the_recorded_structure(cloud: TestCloud, contracts: object) -> None:
    """A tenant's configuration has every member of the recorded one and names this tenant's token endpoint."""
    reply = get(cloud, f"/{TENANT}/v2.0/.well-known/openid-configuration")
    assert reply.status == 200
    assert structure_errors("entra_openid_configuration_200", reply.body) == []
    assert reply.body["token_endpoint"] == f"https://{HOST}/{TENANT}/oauth2/v2.0/token"
    assert reply.body["issuer"] == f"https://{HOST}/{TENANT}/v2.0"
    assert reply.headers["x-ms-request-id"].startswith("request-")


@pytest.mark.parametrize("tenant", ["common", "organizations"])
def test_openid_configuration_for_any_tenant(cloud: TestCloud, tenant: str) -> None:
    """The multitenant names have a configuration whose issuer names no tenant."""
    reply = get(cloud, f"/{tenant}/v2.0/.well-known/openid-configuration")
    assert reply.body["issuer"] == f"https://{HOST}/{{tenantid}}/v2.0"
    assert reply.body["authorization_endpoint"] == f"https://{HOST}/{tenant}/oauth2/v2.0/authorize"


def test_openid_configuration_v1(cloud: TestCloud) -> None:
    """The version 1 document has the version 1 issuer, the one that tokens carry."""
    reply = get(cloud, f"/{TENANT}/.well-known/openid-configuration")
    assert reply.status == 200
    assert reply.body["issuer"] == f"https://sts.windows.net/{TENANT}/"


@pytest.mark.parametrize("version", ["", "/v2.0"])
def test_openid_configuration_of_an_unknown_tenant(cloud: TestCloud, version: str) -> None:
    """A tenant that is not of this world has no configuration."""
    reply = get(cloud, f"/99999999-0000-4000-8000-000000000000{version}/.well-known/openid-configuration")
    assert (reply.status, reply.body["error"], reply.body["error_codes"]) == (400, "invalid_tenant", [90002])


def test_instance_discovery_has_the_recorded_structure(cloud: TestCloud, contracts: object) -> None:
    """Instance discovery answers what MSAL asks after a failed token request."""
    query = {"api-version": "1.1", "authorization_endpoint": f"https://{HOST}/common/oauth2/authorize"}
    reply = get(cloud, "/common/discovery/instance", query)
    assert reply.status == 200
    assert structure_errors("entra_discovery_instance_200", reply.body) == []
    assert reply.body["tenant_discovery_endpoint"] == f"https://{HOST}/common/.well-known/openid-configuration"


def test_instance_discovery_of_another_host(cloud: TestCloud) -> None:
    """A tenant's version 2 endpoint is discovered as such; a host of no known cloud is refused."""
    known = {"authorization_endpoint": f"https://{HOST}/{TENANT}/oauth2/v2.0/authorize"}
    found = get(cloud, "/common/discovery/instance", known).body["tenant_discovery_endpoint"]
    assert found == f"https://{HOST}/{TENANT}/v2.0/.well-known/openid-configuration"
    unknown = {"authorization_endpoint": "https://login.example.com/common/oauth2/authorize"}
    reply = get(cloud, "/common/discovery/instance", unknown)
    assert (reply.status, reply.body["error"]) == (400, "invalid_instance")


def test_token_has_the_recorded_structure(cloud: TestCloud, contracts: object) -> None:
    """A token reply has the recorded members but refresh_in, and is not a write."""
    reply = ask(cloud)
    assert (reply.status, reply.body["expires_in"]) == (200, 3599)
    assert structure_errors("entra_token_200", reply.body, older=["refresh_in"]) == []
    assert [row["wrote"] for row in cloud.journal.rows()] == [False]


@pytest.mark.parametrize(
    ("scope", "audience"),
    [
        ("https://vault.azure.net/.default", "https://vault.azure.net"),
        ("https://graph.microsoft.com/.default", "https://graph.microsoft.com"),
        ("https://graph.microsoft.com//.default", "https://graph.microsoft.com"),
        ("https://management.azure.com/.default", "https://management.azure.com"),
        ("https://management.core.windows.net//.default", "https://management.azure.com"),
    ],
)
def test_token_audience_follows_the_scope(cloud: TestCloud, scope: str, audience: str) -> None:
    """The token is for the resource of the scope; Azure Resource Manager's two names give one audience."""
    said = claims(cloud.world, ask(cloud, scope=scope).body["access_token"])
    assert said is not None
    assert (said["aud"], said["oid"], said["tid"]) == (audience, "b0000000-0000-4000-8000-000000000001", TENANT)


def test_a_graph_token_lists_its_permissions(cloud: TestCloud) -> None:
    """`roles` holds the identity's application permissions, in tokens for Microsoft Graph only and if it has any."""
    nobody = {"client_id": "a0000000-0000-4000-8000-000000000006", "client_secret": "rehearsal-only-nobody"}
    found = []
    for changes in ({}, nobody):
        for resource in ("https://graph.microsoft.com", "https://vault.azure.net", "https://management.azure.com"):
            said = claims(cloud.world, ask(cloud, scope=f"{resource}/.default", **changes).body["access_token"])
            assert said is not None
            found.append(said.get("roles"))
    held = ["Application.ReadWrite.All", "Directory.Read.All", "Policy.Read.All"]
    assert found == [held, None, None, None, None, None]


def test_token_with_claims(cloud: TestCloud) -> None:
    """The claims parameter that a client capable of continuous access evaluation sends is accepted."""
    assert ask(cloud, claims='{"access_token": {"xms_cc": {"values": ["CP1"]}}}').status == 200


@pytest.mark.parametrize(
    ("changes", "status", "error", "number"),
    [
        ({"client_secret": "wrong"}, 401, "invalid_client", 7000215),
        ({"client_secret": None}, 401, "invalid_client", 7000218),
        ({"client_id": "a0000000-0000-4000-8000-00000000ffff"}, 400, "unauthorized_client", 700016),
        ({"client_id": None}, 400, "invalid_request", 900144),
        ({"grant_type": "password"}, 400, "unsupported_grant_type", 70003),
        ({"grant_type": None}, 400, "invalid_request", 900144),
        ({"scope": None}, 400, "invalid_request", 900144),
        ({"scope": "https://vault.azure.net/user_impersonation"}, 400, "invalid_scope", 1002012),
        ({"scope": "https://storage.azure.com/.default"}, 400, "invalid_resource", 500011),
    ],
)
def test_token_refusals(cloud: TestCloud, changes: dict[str, str | None], status: int, error: str, number: int) -> None:
    """Each thing wrong with a token request has its own AADSTS number, and no secret is repeated."""
    reply = ask(cloud, **changes)
    assert (reply.status, reply.body["error"], reply.body["error_codes"]) == (status, error, [number])
    assert reply.body["error_description"].startswith(f"AADSTS{number}: ")
    assert set(reply.body) == {
        *("error", "error_description", "error_codes", "timestamp", "trace_id", "correlation_id", "error_uri")
    }
    text = json.dumps(reply.body) + json.dumps(dict(reply.headers))
    assert OPERATOR["client_secret"] not in text
    assert '"wrong"' not in text


@pytest.mark.parametrize(("tenant", "number"), [("99999999-0000-4000-8000-000000000000", 90002), ("common", 50059)])
def test_token_of_another_tenant(cloud: TestCloud, tenant: str, number: int) -> None:
    """Only this world's tenant issues tokens, and it must be named."""
    reply = ask(cloud, tenant)
    assert (reply.status, reply.body["error_codes"]) == (400, [number])


def test_token_signed_by_this_world_only(cloud: TestCloud, make_cloud: MakeCloud) -> None:
    """A token of one world is foreign in another, and an altered one is foreign in its own."""
    token = ask(cloud).body["access_token"]
    assert claims(make_cloud("healthy", entra.ROUTES).world, token) is None
    head, _, signature = token.split(".")
    forged = base64.urlsafe_b64encode(b'{"oid":"somebody else"}').decode().rstrip("=")
    assert claims(cloud.world, f"{head}.{forged}.{signature}") is None
