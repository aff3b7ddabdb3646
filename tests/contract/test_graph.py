"""Microsoft Graph: service principals and what is read around them, held against recorded replies and the rules."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest

from helpers.rehearsal import graph
from helpers.rehearsal.state import Application, ConditionalAccessPolicy, Group, ServicePrincipal
from helpers.rehearsal.tokens import issue
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.contracts import recording, structure_errors

HOST = "graph.microsoft.com"
TENANT = "11111111-2222-4333-8444-555555555555"
VENDOR_TENANT = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
APP = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
ALL = "/v1.0/servicePrincipals"


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """Nothing consented to yet."""
    return make_cloud("healthy", graph.ROUTES)


@pytest.fixture
def onboarded(make_cloud: MakeCloud) -> TestCloud:
    """The vendor's principal is there."""
    cloud = make_cloud("healthy", graph.ROUTES)
    cloud.state.service_principals[PRINCIPAL] = ServicePrincipal(
        app_id=APP, display_name="anthropic-cmek-client-us", owner_tenant=VENDOR_TENANT
    )
    return cloud


def get(cloud: TestCloud, path: str, identity: str | None = "operator", /, **query: str) -> Response:
    """A GET; `filter="…"` is sent as `$filter`."""
    options = {f"${name}": value for name, value in query.items()}
    return cloud.send("GET", HOST, path, query=options, identity=identity)


def consent(cloud: TestCloud, identity: str = "operator", /, **body: Any) -> Response:
    return cloud.send("POST", HOST, ALL, {"appId": APP, **body}, query={}, identity=identity)


def code(reply: Response) -> tuple[int, str]:
    return reply.status, reply.body["error"]["code"]


def permit(cloud: TestCloud, *permissions: str) -> None:
    """The operator holds exactly these Graph permissions."""
    cloud.state.identities["operator"].graph_permissions = list(permissions)


def test_create_has_the_recorded_structure(cloud: TestCloud, contracts: object) -> None:
    """A new service principal has exactly the recorded members, the vendor as owner, and a location."""
    reply = consent(cloud)
    assert reply.status == 201
    assert structure_errors("graph_sp_create_201", reply.body) == []
    assert (reply.body["displayName"], reply.body["appOwnerOrganizationId"]) == (
        "anthropic-cmek-client-us",
        VENDOR_TENANT,
    )
    assert reply.headers["location"].startswith(f"https://{HOST}/v2/{TENANT}/directoryObjects/{reply.body['id']}/")
    assert reply.headers["content-type"] == recording("graph_sp_create_201")["headers"]["content-type"]
    assert reply.body["createdDateTime"] == cloud.world.now().strftime("%Y-%m-%dT%H:%M:%SZ")
    assert cloud.journal.rows()[-1]["wrote"] is True


@pytest.mark.parametrize(
    "body", [{"@odata.type": "#microsoft.graph.servicePrincipal"}, {"accountEnabled": True}, {"accountEnabled": False}]
)
def test_create_bodies_of_both_clients(cloud: TestCloud, body: dict[str, Any]) -> None:
    """What the SDK and what the CLI send are both taken; accountEnabled is kept."""
    reply = consent(cloud, **body)
    assert (reply.status, reply.body["accountEnabled"]) == (201, body.get("accountEnabled", True))


def test_create_twice(onboarded: TestCloud) -> None:
    """An application has one service principal: the second create is 409 and changes nothing."""
    reply = consent(onboarded)
    assert code(reply) == (409, "Request_MultipleObjectsWithSameKeyValue")
    assert APP in reply.body["error"]["message"]
    assert onboarded.journal.rows()[-1]["wrote"] is False


@pytest.mark.parametrize("multitenant", [None, False])
def test_create_without_an_application(cloud: TestCloud, multitenant: bool | None) -> None:
    """An application that does not exist, or that its owner keeps to itself, says so in the details."""
    app_id = "12345678-0000-4000-8000-000000000000"
    if multitenant is not None:
        cloud.state.applications[app_id] = Application(
            display_name="theirs", owner_tenant=VENDOR_TENANT, multitenant=multitenant
        )
    reply = consent(cloud, appId=app_id)
    assert code(reply) == (400, "Request_BadRequest")
    assert [detail["code"] for detail in reply.body["error"]["details"]] == ["NoBackingApplicationObject"]


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"{", "BadRequest"),
        (b"[]", "BadRequest"),
        (b"{}", "Request_BadRequest"),
        (b'{"appId": 7}', "Request_BadRequest"),
        (b'{"appId": "x", "notes": "y"}', "Request_BadRequest"),
        (b'{"appId": "x", "accountEnabled": "yes"}', "Request_BadRequest"),
    ],
)
def test_create_with_a_bad_body(cloud: TestCloud, body: bytes, expected: str) -> None:
    """A body that is not JSON, lacks the app id, or asks for more than is simulated is refused."""
    assert code(cloud.send("POST", HOST, ALL, body, query={})) == (400, expected)


@pytest.mark.parametrize("identity", ["reader", "key-officer", "nobody"])
def test_create_needs_its_permission(cloud: TestCloud, identity: str) -> None:
    """Reading rights, or none, do not create."""
    assert code(consent(cloud, identity)) == (403, "Authorization_RequestDenied")
    assert cloud.state.service_principals == {}


def test_create_of_a_foreign_application_with_owned_by(cloud: TestCloud) -> None:
    """Application.ReadWrite.OwnedBy creates the principal of a local application, not of a vendor's."""
    permit(cloud, "Application.ReadWrite.OwnedBy")
    reply = consent(cloud)
    assert code(reply) == (403, "Authorization_RequestDenied")
    assert "local tenant" in reply.body["error"]["message"]
    local = "12345678-0000-4000-8000-000000000000"
    cloud.state.applications[local] = Application(display_name="ours", owner_tenant=TENANT, multitenant=False)
    reply = consent(cloud, appId=local)
    assert (reply.status, reply.body["signInAudience"]) == (201, "AzureADMyOrg")


def test_list_of_none_has_the_recorded_structure(cloud: TestCloud, contracts: object) -> None:
    """Nothing found is 200 with an empty list."""
    reply = get(cloud, ALL, filter=f"servicePrincipalNames/any(c:c eq '{APP}')")
    assert (reply.status, reply.body["value"]) == (200, [])
    assert reply.body == recording("graph_sp_list_empty_200")["body"]


@pytest.mark.parametrize(
    "text",
    [
        f"appId eq '{APP}'",
        f"appId eq '{APP.upper()}'",
        f"servicePrincipalNames/any(c:c eq '{APP}')",
        "displayName eq 'anthropic-cmek-client-us'",
    ],
)
def test_list_has_the_recorded_structure(onboarded: TestCloud, contracts: object, text: str) -> None:
    """Each filter finds the principal, with exactly the recorded members."""
    reply = get(onboarded, ALL, filter=text)
    assert [item["id"] for item in reply.body["value"]] == [PRINCIPAL]
    assert structure_errors("graph_sp_list_one_200", reply.body) == []


@pytest.mark.parametrize("text", ["appId eq 'somebody else'", "displayName eq 'x'' or ''y'"])
def test_list_filter_that_finds_nothing(onboarded: TestCloud, text: str) -> None:
    """A filter filters; doubled quotes are part of the text."""
    assert get(onboarded, ALL, filter=text).body["value"] == []


@pytest.mark.parametrize(
    "query",
    [
        {"filter": "startswith(displayName,'a')"},
        {"filter": f"appId eq '{APP}' or displayName eq 'x'"},
        {"filter": f"servicePrincipalNames eq '{APP}'"},
        {"filter": f"appId/any(c:c eq '{APP}')"},
        {"filter": "homepage eq 'x'"},
        {"filter": ""},
        {"orderby": "displayName"},
        {"search": "x"},
    ],
)
def test_list_unsupported_query(onboarded: TestCloud, query: dict[str, str]) -> None:
    """A filter or option this service does not carry out is refused by name, never passed over."""
    reply = get(onboarded, ALL, **query)
    assert code(reply) == (400, "Request_UnsupportedQuery")
    assert f"${next(iter(query))}" in reply.body["error"]["message"]


def test_list_select(onboarded: TestCloud) -> None:
    """$select leaves exactly the members asked for, and an unknown member is refused."""
    reply = get(onboarded, ALL, select="id,displayName", count="true")
    assert reply.body["value"] == [{"id": PRINCIPAL, "displayName": "anthropic-cmek-client-us"}]
    assert reply.body["@odata.context"].endswith("$metadata#servicePrincipals(id,displayName)")
    assert reply.body["@odata.count"] == 1
    assert code(get(onboarded, ALL, select="id,colour")) == (400, "BadRequest")


def test_list_pages(cloud: TestCloud) -> None:
    """Following nextLink gives every principal once and ends."""
    for n in range(5):
        cloud.state.service_principals[f"0000000{n}-0000-4000-8000-000000000000"] = ServicePrincipal(
            app_id=f"1000000{n}-0000-4000-8000-000000000000", display_name="many", owner_tenant=VENDOR_TENANT
        )
    query = {"$top": "2", "$filter": "displayName eq 'many'"}
    found, pages = [], 0
    while query:
        reply = cloud.send("GET", HOST, ALL, query=query)
        found += [item["id"][7] for item in reply.body["value"]]
        pages += 1
        link = urlsplit(reply.body.get("@odata.nextLink", ""))
        assert link.netloc in ("", HOST)
        query = dict(parse_qsl(link.query))
    assert (found, pages) == (["0", "1", "2", "3", "4"], 3)


@pytest.mark.parametrize(
    "query", [{"top": "0"}, {"top": "1000"}, {"top": "x"}, {"skiptoken": "%%"}, {"skiptoken": "LTU="}]
)
def test_list_bad_paging(onboarded: TestCloud, query: dict[str, str]) -> None:
    """A page size out of range and a token nobody gave out are refused."""
    assert code(get(onboarded, ALL, **query)) == (400, "Request_BadRequest")


def test_get_has_the_recorded_structure(onboarded: TestCloud, contracts: object) -> None:
    """A principal is found by its object id, in either case, with exactly the recorded members and headers."""
    reply = get(onboarded, f"{ALL}/{PRINCIPAL.upper()}")
    assert reply.status == 200
    assert structure_errors("graph_sp_get_200", reply.body) == []
    missing = set(recording("graph_sp_get_200")["headers"]) - set(reply.headers)
    assert missing == {"transfer-encoding"}


def test_get_by_app_id(onboarded: TestCloud, cloud: TestCloud) -> None:
    """The alternate key finds the principal; without one it is 404."""
    reply = get(onboarded, f"{ALL}(appId='{APP}')", select="id")
    assert (reply.status, reply.body["id"]) == (200, PRINCIPAL)
    assert code(get(cloud, f"{ALL}(appId='{APP}')")) == (404, "Request_ResourceNotFound")


def test_not_found_has_the_recorded_structure(onboarded: TestCloud, contracts: object) -> None:
    """An app id is not an object id: 404 as recorded, plain JSON, with the client's request id in it."""
    reply = onboarded.send("GET", HOST, f"{ALL}/{APP}", query={}, headers={"client-request-id": "mine"})
    assert code(reply) == (404, "Request_ResourceNotFound")
    assert structure_errors("graph_sp_not_found_404", reply.body) == []
    assert reply.headers["content-type"] == "application/json"
    assert "odata-version" not in reply.headers
    assert reply.body["error"]["innerError"]["client-request-id"] == reply.headers["client-request-id"] == "mine"
    assert reply.body["error"]["innerError"]["request-id"] == reply.headers["request-id"]


def test_app_role_assignments(onboarded: TestCloud) -> None:
    """There are none unless the world grants some."""
    path = f"{ALL}/{PRINCIPAL}/appRoleAssignments"
    assert get(onboarded, path).body["value"] == []
    role = "19dbc75e-c2e2-444c-a770-ec69d8559fc7"
    onboarded.state.service_principals[PRINCIPAL].app_roles_granted = [role]
    (item,) = get(onboarded, path).body["value"]
    assert (item["appRoleId"], item["principalId"]) == (role, PRINCIPAL)


@pytest.mark.parametrize("kind", ["oauth2PermissionGrants", "owners", "transitiveMemberOf"])
def test_lists_that_are_empty(onboarded: TestCloud, kind: str) -> None:
    """Unless the world says so there are no delegated permissions, owners and groups."""
    reply = get(onboarded, f"{ALL}/{PRINCIPAL}/{kind}")
    assert (reply.status, reply.body["value"]) == (200, [])


def test_delegated_grants_are_one_consent_for_the_tenant(onboarded: TestCloud) -> None:
    """Everything consented to is in the scope of one grant, for all principals; reading applications does not show it."""
    onboarded.state.service_principals[PRINCIPAL].delegated_grants = ["User.Read", "Mail.Read"]
    (grant,) = get(onboarded, f"{ALL}/{PRINCIPAL}/oauth2PermissionGrants").body["value"]
    assert grant.keys() == {"clientId", "consentType", "id", "principalId", "resourceId", "scope"}
    assert (grant["clientId"], grant["consentType"], grant["principalId"]) == (PRINCIPAL, "AllPrincipals", None)
    assert grant["scope"].split() == ["User.Read", "Mail.Read"]
    permit(onboarded, "Application.ReadWrite.All")
    refused = get(onboarded, f"{ALL}/{PRINCIPAL}/oauth2PermissionGrants")
    assert code(refused) == (403, "Authorization_RequestDenied")


def test_owners_are_users_and_principals(onboarded: TestCloud) -> None:
    """An owner is a principal of the world, somebody who signs in to it, or a user of whom the id alone is known."""
    reader, user = onboarded.state.identities["reader"], "0d0d0d0d-0000-4000-8000-000000000000"
    onboarded.state.service_principals[PRINCIPAL].owners = [PRINCIPAL, reader.object_id, user]
    itself, application, somebody = get(onboarded, f"{ALL}/{PRINCIPAL}/owners").body["value"]
    assert (itself["@odata.type"], itself["appId"]) == ("#microsoft.graph.servicePrincipal", APP)
    assert application == {
        "@odata.type": "#microsoft.graph.servicePrincipal",
        "id": reader.object_id,
        "appId": reader.client_id,
        "displayName": "reader",
    }
    assert (somebody["@odata.type"], somebody["id"]) == ("#microsoft.graph.user", user)
    assert somebody["userPrincipalName"] is None


GROUP = "9a000000-0000-4000-8000-000000000001"


@pytest.fixture
def grouped(onboarded: TestCloud) -> TestCloud:
    """The vendor's principal belongs to a group."""
    onboarded.state.groups[GROUP] = Group(display_name="Key users")
    onboarded.state.service_principals[PRINCIPAL].member_of = [GROUP]
    return onboarded


@pytest.mark.parametrize("permission", ["GroupMember.Read.All", "Group.Read.All", "Directory.Read.All"])
def test_groups_of_a_principal(grouped: TestCloud, permission: str) -> None:
    """Who may read groups gets their names."""
    permit(grouped, "Application.Read.All", permission)
    (group,) = get(grouped, f"{ALL}/{PRINCIPAL.upper()}/transitiveMemberOf").body["value"]
    assert (group["@odata.type"], group["id"]) == ("#microsoft.graph.group", GROUP)
    assert (group["displayName"], group["securityEnabled"]) == ("Key users", True)


def test_groups_that_the_caller_may_not_read(grouped: TestCloud) -> None:
    """Reading applications shows that there is a group and which, and everything else about it is null."""
    permit(grouped, "Application.Read.All")
    (group,) = get(grouped, f"{ALL}/{PRINCIPAL}/transitiveMemberOf").body["value"]
    assert {name for name, value in group.items() if value is not None} == {"@odata.type", "id"}
    assert "displayName" in group
    permit(grouped, "Application.ReadWrite.OwnedBy")
    reply = get(grouped, f"{ALL}/{PRINCIPAL}/transitiveMemberOf")
    assert code(reply) == (403, "Authorization_RequestDenied")


def test_credentials_are_shown_without_a_value(onboarded: TestCloud) -> None:
    """Certificates and secrets added to the principal have ids, names and dates, each its own, and nothing secret."""
    principal = onboarded.state.service_principals[PRINCIPAL]
    principal.key_credentials, principal.password_credentials = ["CN=planted"], ["planted", "another"]
    shown = get(onboarded, f"{ALL}/{PRINCIPAL}", select="keyCredentials,passwordCredentials").body
    (certificate,), secrets = shown["keyCredentials"], shown["passwordCredentials"]
    assert certificate == {
        "customKeyIdentifier": None,
        "displayName": "CN=planted",
        "endDateTime": "2027-10-01T08:00:00Z",
        "keyId": certificate["keyId"],
        "startDateTime": "2026-10-01T08:00:00Z",
        "key": None,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }
    assert [secret["displayName"] for secret in secrets] == ["planted", "another"]
    assert len({one["keyId"] for one in (certificate, *secrets)}) == 3
    assert all(secret["secretText"] is secret["hint"] is None for secret in secrets)
    assert get(onboarded, ALL).body["value"][0]["passwordCredentials"] == secrets


@pytest.mark.parametrize("kind", ["appRoleAssignments", "oauth2PermissionGrants", "owners", "transitiveMemberOf"])
def test_lists_of_nobody(onboarded: TestCloud, kind: str) -> None:
    """What belongs to a principal that is not there is 404, not an empty list."""
    assert code(get(onboarded, f"{ALL}/{APP}/{kind}")) == (404, "Request_ResourceNotFound")


def test_applications_list_has_the_recorded_structure(cloud: TestCloud, contracts: object) -> None:
    """The vendor's registration is in the vendor's tenant: the list here is empty, as recorded."""
    reply = get(cloud, "/v1.0/applications", filter=f"appId eq '{APP}'")
    assert (reply.status, reply.body) == (200, recording("graph_applications_list_empty_200")["body"])


def test_application_get(cloud: TestCloud) -> None:
    """The CLI's look-up by the vendor's app id is 404; a local registration is found by its object id."""
    assert code(get(cloud, f"/v1.0/applications/{APP}")) == (404, "Request_ResourceNotFound")
    local = "12345678-0000-4000-8000-000000000000"
    cloud.state.applications[local] = Application(display_name="ours", owner_tenant=TENANT)
    (item,) = get(cloud, "/v1.0/applications", filter=f"appId eq '{local}'").body["value"]
    assert get(cloud, f"/v1.0/applications/{item['id']}").body["appId"] == local


def test_conditional_access_policies(cloud: TestCloud) -> None:
    """A policy shows its state and which service principals it includes and excludes."""
    cloud.state.conditional_access["p"] = ConditionalAccessPolicy(
        display_name="Block", state="enabled", include_service_principals=["ServicePrincipalsInMyTenant"]
    )
    (policy,) = get(cloud, "/v1.0/identity/conditionalAccess/policies").body["value"]
    assert (policy["id"], policy["displayName"], policy["state"]) == ("p", "Block", "enabled")
    assert policy["conditions"]["clientApplications"] == {
        "includeServicePrincipals": ["ServicePrincipalsInMyTenant"],
        "excludeServicePrincipals": [],
    }


def test_conditional_access_needs_its_permission(cloud: TestCloud) -> None:
    """Reading applications is not reading policies."""
    assert code(get(cloud, "/v1.0/identity/conditionalAccess/policies", "access-admin")) == (403, "AccessDenied")


def test_organization(cloud: TestCloud) -> None:
    """The tenant's id and name, for those who may read the directory."""
    permit(cloud, "Application.Read.All")
    assert code(get(cloud, "/v1.0/organization")) == (403, "Authorization_RequestDenied")
    permit(cloud, "Organization.Read.All")
    reply = get(cloud, "/v1.0/organization", select="id,displayName")
    assert reply.body["value"] == [{"id": TENANT, "displayName": "Contoso (rehearsal)"}]


def test_me_of_an_application(cloud: TestCloud) -> None:
    """An application has no /me."""
    assert code(get(cloud, "/v1.0/me")) == (400, "BadRequest")


READS = [ALL, f"{ALL}/{PRINCIPAL}", f"{ALL}(appId='{APP}')", "/v1.0/applications", f"{ALL}/{PRINCIPAL}/owners"]


@pytest.mark.parametrize("path", READS)
@pytest.mark.parametrize("identity", ["nobody", "key-officer"])
def test_reading_needs_a_permission(onboarded: TestCloud, path: str, identity: str) -> None:
    """Without a Graph permission every read is 403."""
    assert code(get(onboarded, path, identity)) == (403, "Authorization_RequestDenied")


@pytest.mark.parametrize(
    "permission",
    ["Application.Read.All", "Application.ReadWrite.All", "Directory.Read.All", "Application.ReadWrite.OwnedBy"],
)
def test_each_reading_permission_is_enough(onboarded: TestCloud, permission: str) -> None:
    """Any one of the four permissions reads service principals."""
    permit(onboarded, permission)
    assert get(onboarded, f"{ALL}/{PRINCIPAL}").status == 200


@pytest.mark.parametrize(
    "path", [*READS, "/v1.0/identity/conditionalAccess/policies", "/v1.0/organization", "/v1.0/me"]
)
def test_not_signed_in(onboarded: TestCloud, make_cloud: MakeCloud, path: str) -> None:
    """No token, another world's, another audience's and an expired one are 401."""
    operator = onboarded.state.identities["operator"]
    own = issue(onboarded.world, operator, "https://graph.microsoft.com")
    foreign = make_cloud("healthy", graph.ROUTES).token("operator", HOST)
    other = issue(onboarded.world, operator, "https://vault.azure.net")
    for token in (foreign, other, "nonsense"):
        reply = onboarded.send("GET", HOST, path, query={}, headers={"authorization": f"Bearer {token}"})
        assert code(reply) == (401, "InvalidAuthenticationToken")
        assert token not in str(reply.body)
    assert code(onboarded.send("GET", HOST, path, query={}, identity=None)) == (401, "InvalidAuthenticationToken")
    onboarded.world.clock.advance(3600)
    reply = onboarded.send("GET", HOST, path, query={}, headers={"authorization": f"Bearer {own}"})
    assert code(reply) == (401, "InvalidAuthenticationToken")
    assert "expired" in reply.body["error"]["message"]


def test_what_is_not_simulated_is_loud(cloud: TestCloud) -> None:
    """Deleting a service principal is not part of the rehearsal: 501, and nothing happens."""
    assert cloud.send("DELETE", HOST, f"{ALL}/{PRINCIPAL}", query={}).status == 501


def test_objects_are_found_by_their_ids(onboarded: TestCloud) -> None:
    """Those that are service principals come back with their type, others are left out, and nothing was written."""
    body = {"ids": [PRINCIPAL.upper(), TENANT], "types": ["servicePrincipal"]}
    path = "/v1.0/directoryObjects/getByIds"
    reply = onboarded.send("POST", HOST, path, body, query={})
    (found,) = reply.body["value"]
    assert (found["@odata.type"], found["id"]) == ("#microsoft.graph.servicePrincipal", PRINCIPAL)
    whole = get(onboarded, f"{ALL}/{PRINCIPAL}").body
    assert {k: v for k, v in found.items() if k != "@odata.type"} == {
        k: v for k, v in whole.items() if k != "@odata.context"
    }
    assert onboarded.journal.rows()[0]["wrote"] is False
    assert onboarded.send("POST", HOST, path, {}, query={}).status == 400
    assert onboarded.send("POST", HOST, path, body, query={}, identity="nobody").status == 403
