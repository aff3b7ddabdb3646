"""Azure authorization: role definitions, role assignments, permissions, deny assignments."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.rehearsal import authorization
from helpers.rehearsal.access import decide
from helpers.rehearsal.state import DenyAssignment, Group, Lock, RoleAssignment, RoleDefinition, ServicePrincipal
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud
from tests.contract.contracts import (
    DENY_ASSIGNMENTS,
    ROLE_ASSIGNMENTS,
    ROLE_DEFINITIONS,
    recording,
    schema_errors,
    structure_errors,
)

HOST = "management.azure.com"
SUB = "/subscriptions/22222222-3333-4444-8555-666666666666"
GROUP = f"{SUB}/resourceGroups/rg-claude"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
KEY = f"{VAULT}/keys/claude-cmek"
AUTHORIZATION = "providers/Microsoft.Authorization"
READER = "acdd72a7-3385-48ef-bd42-f606fba81ae7"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
VENDOR = "44444444-5555-4666-8777-888888888888"
NAME, OTHER = "d0000000-0000-4000-8000-000000000001", "d0000000-0000-4000-8000-000000000002"
WRAP = "Microsoft.KeyVault/vaults/keys/wrap/action"


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world, with the vendor's service principal, behind the authorization service alone."""
    cloud = make_cloud("healthy", authorization.ROUTES)
    cloud.state.service_principals[VENDOR] = ServicePrincipal(app_id="8635ae1a", display_name="v", owner_tenant="t")
    return cloud


def get(cloud: TestCloud, path: str, filter: str = "", identity: str = "operator") -> Response:
    query = {"api-version": "2022-04-01"} | ({"$filter": filter} if filter else {})
    return cloud.send("GET", HOST, path, query=query, identity=identity)


def put(
    cloud: TestCloud,
    name: str = NAME,
    scope: str = KEY,
    role: str = CRYPTO_USER,
    identity: str = "operator",
    **more: Any,
) -> Response:
    """Assign a role; `more` are further properties, which also replace the usual ones."""
    definition = f"{SUB}/{AUTHORIZATION}/roleDefinitions/{role}"
    properties = {"roleDefinitionId": definition, "principalId": VENDOR, "principalType": "ServicePrincipal"} | more
    return cloud.send("PUT", HOST, path_of(scope, name), {"properties": properties}, identity=identity)


def path_of(scope: str, name: str) -> str:
    return f"{scope}/{AUTHORIZATION}/roleAssignments/{name}"


def code(reply: Response) -> str:
    assert reply.body.keys() == {"error"}
    return str(reply.body["error"]["code"])


def names(reply: Response) -> set[str]:
    assert reply.status == 200, reply.body
    return {row["name"] for row in reply.body["value"]}


# Role definitions


def test_a_role_is_found_by_its_name_in_any_case(cloud: TestCloud, contracts: Path) -> None:
    """As recorded: `reader` finds Reader, with an id qualified by the subscription."""
    reply = get(cloud, f"{VAULT}/{AUTHORIZATION}/roleDefinitions", "roleName eq 'reader'")
    assert schema_errors(ROLE_DEFINITIONS, "RoleDefinitions_List", 200, reply.body) == []
    assert structure_errors("role_definition_list_by_name_200", reply.body) == []
    (row,) = reply.body["value"]
    assert row["properties"]["roleName"] == "Reader"
    assert row["id"] == f"{SUB}/{AUTHORIZATION}/roleDefinitions/{READER}"


def test_definitions_are_listed_by_type_and_where_they_can_be_assigned(cloud: TestCloud) -> None:
    """A custom role is listed in its assignable scopes only; its name may hold an apostrophe."""
    custom = "e0000000-0000-4000-8000-000000000001"
    cloud.state.role_definitions[custom] = RoleDefinition(role_name="Claude's", assignable_scopes=[GROUP])
    for scope, found in ((VAULT, {custom}), (SUB, set())):
        assert names(get(cloud, f"{scope}/{AUTHORIZATION}/roleDefinitions", "type eq 'CustomRole'")) == found
    assert names(get(cloud, f"{GROUP}/{AUTHORIZATION}/roleDefinitions", "roleName eq 'Claude''s'")) == {custom}
    built_in = names(
        get(cloud, f"{SUB}/{AUTHORIZATION}/roleDefinitions", "type eq 'BuiltInRole' and atScopeAndBelow()")
    )
    assert CRYPTO_USER in built_in
    assert custom not in built_in


def test_a_filter_that_is_not_understood_is_refused(cloud: TestCloud) -> None:
    """400 rather than a list that looks filtered."""
    for filter in ("roleName ne 'Reader'", "roleName eq 'Reader' or type eq 'BuiltInRole'", "owner eq 'x'"):
        assert get(cloud, f"{SUB}/{AUTHORIZATION}/roleDefinitions", filter).status == 400


def test_a_role_is_read_by_its_guid(cloud: TestCloud, contracts: Path) -> None:
    """At any scope; the tenant-level id has no subscription in it."""
    reply = get(cloud, f"{SUB}/{AUTHORIZATION}/roleDefinitions/{CRYPTO_USER.upper()}")
    assert schema_errors(ROLE_DEFINITIONS, "RoleDefinitions_Get", 200, reply.body) == []
    granted = reply.body["properties"]["permissions"][0]["dataActions"]
    assert "Microsoft.KeyVault/vaults/keys/update/action" in granted
    cloud.state.role_assignments["c0000000-0000-4000-8000-000000000001"].scope = "/"
    cloud.world.clock.advance(10)
    top = get(cloud, f"/{AUTHORIZATION}/roleDefinitions/{CRYPTO_USER}")
    assert top.body["id"] == f"/{AUTHORIZATION}/roleDefinitions/{CRYPTO_USER}"


def test_a_role_that_is_not_there_is_404_as_recorded(cloud: TestCloud, contracts: Path) -> None:
    """RoleDefinitionDoesNotExist with the id in the message."""
    missing = "7b266cd7-0bba-4ae2-8423-90ede5e1e898"
    reply = get(cloud, f"{SUB}/{AUTHORIZATION}/roleDefinitions/{missing}")
    recorded = recording("role_definition_not_found_404")
    assert (reply.status, reply.body) == (recorded["status"], recorded["body"])


def test_reading_roles_needs_the_right(cloud: TestCloud) -> None:
    """Nobody is refused definitions, assignments and deny assignments alike."""
    for kind in ("roleDefinitions", "roleAssignments", "denyAssignments"):
        for path in (kind, f"{kind}/{NAME}"):
            reply = get(cloud, f"{VAULT}/{AUTHORIZATION}/{path}", identity="nobody")
            assert (reply.status, code(reply)) == (403, "AuthorizationFailed")


# Creating role assignments


def test_a_new_assignment_is_201_with_created_by_filled_in_later(cloud: TestCloud, contracts: Path) -> None:
    """The 201 has createdBy null and a createdOn that is not the stored one, both as recorded."""
    condition = {"condition": "@Resource[x] stringEquals 'y'", "conditionVersion": "2.0", "description": "why"}
    made = put(cloud, **condition)
    assert made.status == 201
    assert schema_errors(ROLE_ASSIGNMENTS, "RoleAssignments_Create", 201, made.body) == []
    assert structure_errors("role_assignment_put_201", made.body) == []
    assert {k: made.body["properties"][k] for k in condition} == condition
    stored = get(cloud, path_of(KEY, NAME))
    assert schema_errors(ROLE_ASSIGNMENTS, "RoleAssignments_Get", 200, stored.body) == []
    assert structure_errors("role_assignment_get_before_same_name_put_200", stored.body) == []
    assert stored.body["properties"]["createdBy"] == cloud.state.identities["operator"].object_id
    assert stored.body["properties"]["createdOn"] > made.body["properties"]["createdOn"]
    assert stored.body["id"] == f"{KEY}/{AUTHORIZATION}/roleAssignments/{NAME}"


def test_an_assignment_is_listed_at_once_and_honoured_after_the_lag(cloud: TestCloud) -> None:
    """Seeing an assignment is not having its right."""
    put(cloud)
    assert NAME in names(get(cloud, f"{KEY}/{AUTHORIZATION}/roleAssignments"))
    assert not decide(cloud.world, VENDOR, WRAP, KEY, data=True).allowed
    cloud.world.clock.advance(cloud.state.settings.role_lag_seconds)
    assert decide(cloud.world, VENDOR, WRAP, KEY, data=True).assignment == NAME


def test_the_same_name_again_is_201_and_updates_in_place(cloud: TestCloud, contracts: Path) -> None:
    """As in the recorded sequence: the description is new, createdOn is the first one."""
    put(cloud, description="Role assignment foo to check on bar")
    before = get(cloud, path_of(KEY, NAME)).body["properties"]
    cloud.world.clock.advance(5)
    again = put(cloud, description="Some updated description.", condition="@c", conditionVersion="2.0")
    assert again.status == 201
    assert structure_errors("role_assignment_put_same_name_201", again.body) == []
    after = get(cloud, path_of(KEY, NAME))
    assert structure_errors("role_assignment_get_after_same_name_put_200", after.body) == []
    assert after.body["properties"]["description"] == "Some updated description."
    assert after.body["properties"]["createdOn"] == before["createdOn"]
    assert after.body["properties"]["updatedOn"] > before["updatedOn"]
    assert put(cloud, description="Some updated description.").status == 201


def test_an_equal_assignment_under_another_name_is_409(cloud: TestCloud) -> None:
    """RoleAssignmentExists names the other one as 32 hex digits; scopes compare without case."""
    put(cloud)
    reply = put(cloud, OTHER, scope=KEY.replace("resourceGroups/rg", "resourcegroups/RG"))
    assert (reply.status, code(reply)) == (409, "RoleAssignmentExists")
    assert NAME.replace("-", "") in reply.body["error"]["message"]
    assert put(cloud, OTHER, scope=VAULT).status == 201


def test_a_name_cannot_move_to_another_grant(cloud: TestCloud) -> None:
    """Another scope, role or principal under the same name is 400 RoleAssignmentUpdateNotPermitted."""
    put(cloud)
    someone = cloud.state.identities["reader"].object_id
    for change in ({"scope": VAULT}, {"role": READER}, {"principalId": someone}):
        reply = put(cloud, **change)
        assert (reply.status, code(reply)) == (400, "RoleAssignmentUpdateNotPermitted")


def test_a_principal_is_not_found_until_it_is_replicated(cloud: TestCloud, contracts: Path) -> None:
    """PrincipalNotFound as recorded, principalType or not, and 201 once the lag has passed."""
    cloud.state.service_principals[VENDOR].created = cloud.world.now()
    reply = put(cloud, principalType=None)
    recorded = recording("role_assignment_principal_not_found_400")
    assert (reply.status, code(reply)) == (recorded["status"], recorded["body"]["error"]["code"])
    sentence = f"Principal {VENDOR.replace('-', '')} does not exist in the directory {cloud.state.tenant.id}."
    assert reply.body["error"]["message"].startswith(sentence)
    cloud.world.clock.advance(cloud.state.settings.principal_lag_seconds)
    assert put(cloud).status == 201


def test_a_principal_that_never_was_is_not_found(cloud: TestCloud) -> None:
    """Also long after; one of the wrong type is refused too."""
    assert code(put(cloud, principalId="00000000-0000-4000-8000-00000000dead")) == "PrincipalNotFound"
    assert code(put(cloud, principalType="User")) == "UnmatchedPrincipalType"


def test_assigning_needs_the_right(cloud: TestCloud) -> None:
    """A reader and the key officer may not; the access administrator may."""
    for identity in ("reader", "key-officer", "nobody"):
        reply = put(cloud, identity=identity)
        assert (reply.status, code(reply)) == (403, "AuthorizationFailed")
    assert put(cloud, identity="access-admin").status == 201


def test_the_data_access_administrator_assigns_eight_roles_only(cloud: TestCloud) -> None:
    """Its built-in condition is enforced for writing and deleting, unless another role gives the right freely."""
    admin = cloud.state.role_assignments["c0000000-0000-4000-8000-000000000005"]
    admin.role_definition = "8b54135c-b56d-4d72-a534-26097cfdc8d8"
    assert put(cloud, identity="access-admin").status == 201
    reply = put(cloud, OTHER, role=READER, identity="access-admin")
    assert (reply.status, code(reply)) == (403, "AuthorizationFailed")
    assert "condition" in reply.body["error"]["message"]
    assert put(cloud, OTHER, role=READER, identity="operator").status == 201
    cloud.state.locks.clear()
    assert cloud.send("DELETE", HOST, path_of(KEY, OTHER), identity="access-admin").status == 403
    assert cloud.send("DELETE", HOST, path_of(KEY, NAME), identity="access-admin").status == 200


def test_a_read_only_lock_above_the_key_stops_the_assignment(cloud: TestCloud) -> None:
    """409 ScopeLocked."""
    cloud.state.locks["stop"] = Lock(scope=VAULT, level="ReadOnly")
    reply = put(cloud)
    assert (reply.status, code(reply)) == (409, "ScopeLocked")
    assert cloud.state.role_assignments.get(NAME) is None


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"name": "not-a-guid"}, 400),
        ({"principalId": None}, 400),
        ({"roleDefinitionId": None}, 400),
        ({"role": "00000000-0000-4000-8000-000000000000"}, 404),
        ({"scope": VAULT.replace("kv-", "kw-")}, 404),
        ({"scope": f"{GROUP}/providers/Microsoft.Storage/storageAccounts/x"}, 404),
    ],
)
def test_a_wrong_assignment_is_refused(cloud: TestCloud, change: dict[str, Any], status: int) -> None:
    """A name that is no GUID, a missing part, an unknown role or an unknown resource."""
    assert put(cloud, **change).status == status


GROUP_ID = "9a000000-0000-4000-8000-000000000001"


def group_of(cloud: TestCloud, *members: str) -> None:
    """A group, to which the vendor's principal or identities of these names belong."""
    cloud.state.groups[GROUP_ID] = Group(display_name="Key users")
    for member in members:
        if member == VENDOR:
            cloud.state.service_principals[VENDOR].member_of = [GROUP_ID]
        else:
            cloud.state.identities[member].groups = [GROUP_ID]


def test_a_role_of_a_group_is_its_members_after_the_lag(cloud: TestCloud) -> None:
    """A service principal and an identity may do what their group may, and only they."""
    group_of(cloud, VENDOR, "nobody")
    path = f"{VAULT}/{AUTHORIZATION}/roleAssignments"
    assert get(cloud, path, identity="nobody").status == 403
    assert put(cloud, principalId=GROUP_ID, principalType="Group").status == 201
    assert put(cloud, OTHER, VAULT, READER, principalId=GROUP_ID, principalType="Group").status == 201
    assert not decide(cloud.world, VENDOR, WRAP, KEY, data=True).allowed
    cloud.world.clock.advance(cloud.state.settings.role_lag_seconds)
    assert decide(cloud.world, VENDOR.upper(), WRAP, KEY, data=True).assignment == NAME
    assert get(cloud, path, identity="nobody").status == 200
    cloud.state.service_principals[VENDOR].member_of = []
    assert not decide(cloud.world, VENDOR, WRAP, KEY, data=True).allowed


def test_a_role_is_assigned_to_a_group_that_is_there(cloud: TestCloud) -> None:
    """A group of the world has type Group, said or not; one that is not there is PrincipalNotFound."""
    assert code(put(cloud, principalId=GROUP_ID, principalType="Group")) == "PrincipalNotFound"
    group_of(cloud)
    assert code(put(cloud, principalId=GROUP_ID)) == "UnmatchedPrincipalType"
    assert code(put(cloud, principalType="Group")) == "UnmatchedPrincipalType"
    for more in ({"principalType": "Group"}, {"principalType": None}):
        made = put(cloud, principalId=GROUP_ID, **more)
        assert (made.status, made.body["properties"]["principalType"]) == (201, "Group")


def test_assigned_to_counts_groups_and_principal_id_does_not(cloud: TestCloud) -> None:
    """assignedTo() finds a principal's own assignments and its groups'; principalId eq its own only."""
    group_of(cloud, VENDOR)
    put(cloud)
    put(cloud, OTHER, VAULT, principalId=GROUP_ID, principalType="Group")
    path = f"{KEY}/{AUTHORIZATION}/roleAssignments"
    assert names(get(cloud, path, f"assignedTo('{VENDOR}')")) == {NAME, OTHER}
    assert names(get(cloud, path, f"principalId eq '{VENDOR}'")) == {NAME}
    assert names(get(cloud, path, f"assignedTo('{GROUP_ID}')")) == {OTHER}


def test_a_deny_assignment_for_a_group_covers_its_members(cloud: TestCloud) -> None:
    """It names the group as one, takes the right from a member, and spares a member that is left out by a group."""
    group_of(cloud, "operator")
    denial = DenyAssignment(
        name="d", scope=GROUP, actions=["Microsoft.Authorization/roleAssignments/write"], principals=[GROUP_ID.upper()]
    )
    cloud.state.deny_assignments[NAME] = denial
    (row,) = get(cloud, f"{VAULT}/{AUTHORIZATION}/denyAssignments").body["value"]
    assert row["properties"]["principals"] == [{"id": GROUP_ID.upper(), "type": "Group"}]
    assert code(put(cloud)) == "DenyAssignmentAuthorizationFailed"
    denial.principals, denial.exclude_principals = ["00000000-0000-0000-0000-000000000000"], [GROUP_ID]
    assert put(cloud).status == 201


# Listing and deleting role assignments


@pytest.fixture
def spread(cloud: TestCloud) -> TestCloud:
    """The vendor has a role at the tenant, the subscription, the group, the vault, a key, and another group."""
    scopes = {"root": "/", "sub": SUB, "group": GROUP, "vault": VAULT, "key": KEY, "other": f"{SUB}/resourceGroups/x"}
    cloud.state.role_assignments.update(
        {n: RoleAssignment(scope=s, role_definition=READER, principal_id=VENDOR) for n, s in scopes.items()}
    )
    return cloud


LISTS = {
    "": {"root", "sub", "group", "vault", "key"},
    "atScope()": {"root", "sub", "group", "vault"},
    f"principalId eq '{VENDOR}'": {"root", "sub", "group", "vault", "key"},
    f"principalId eq {VENDOR.upper()}": {"root", "sub", "group", "vault", "key"},
    f"assignedTo('{VENDOR}')": {"root", "sub", "group", "vault", "key"},
    f"atScope() and principalId eq '{VENDOR}'": {"root", "sub", "group", "vault"},
    f"atScope() and assignedTo('{VENDOR}')": {"root", "sub", "group", "vault"},
    f"principalId eq '{NAME}'": set(),
}


@pytest.mark.parametrize("filter", LISTS)
def test_a_list_is_at_above_and_below_as_its_filter_says(spread: TestCloud, filter: str) -> None:
    """Inherited assignments are always there; those below only without atScope(); never those of another branch."""
    found = names(get(spread, f"{VAULT}/{AUTHORIZATION}/roleAssignments", filter))
    assert {n for n in found if not n.startswith("c0000000")} == LISTS[filter]
    assert any(n.startswith("c0000000") for n in found) == ("eq" not in filter and "To" not in filter)


@pytest.mark.parametrize(
    ("scope", "operation"),
    [(SUB, "ForSubscription"), (GROUP, "ForResourceGroup"), (VAULT, "ForResource"), (KEY, "ForScope")],
)
def test_lists_at_every_kind_of_scope_have_the_recorded_shape(
    spread: TestCloud, contracts: Path, scope: str, operation: str
) -> None:
    """Valid for each list operation, and structured like the recorded atScope() list."""
    put(spread, scope=scope, condition="@c", conditionVersion="2.0", description="d")
    reply = get(spread, f"{scope}/{AUTHORIZATION}/roleAssignments", "atScope()")
    assert schema_errors(ROLE_ASSIGNMENTS, f"RoleAssignments_List{operation}", 200, reply.body) == []
    assert NAME in names(reply)
    row = {"value": [row for row in reply.body["value"] if row["name"] == NAME]}
    assert structure_errors("role_assignment_list_at_scope_200", row) == []


def test_an_assignment_is_read_at_its_own_scope_only(cloud: TestCloud) -> None:
    """By its id, in any case; at another scope it is 404."""
    made = put(cloud).body
    assert get(cloud, made["id"].upper()).body["id"] == made["id"]
    assert code(get(cloud, path_of(VAULT, NAME))) == "RoleAssignmentNotFound"


def test_deleting_answers_with_the_old_object(cloud: TestCloud, contracts: Path) -> None:
    """200 with what it was, then 204; a lock against deletion above it is 409."""
    put(cloud, condition="@c", conditionVersion="2.0", description="d")
    locked = cloud.send("DELETE", HOST, path_of(KEY, NAME))
    assert (locked.status, code(locked)) == (409, "ScopeLocked")
    cloud.state.locks.clear()
    assert cloud.send("DELETE", HOST, path_of(KEY, NAME), identity="reader").status == 403
    gone = cloud.send("DELETE", HOST, path_of(KEY, NAME))
    assert schema_errors(ROLE_ASSIGNMENTS, "RoleAssignments_Delete", gone.status, gone.body) == []
    assert structure_errors("role_assignment_delete_200", gone.body) == []
    assert cloud.send("DELETE", HOST, path_of(KEY, NAME)).status == 204


# Permissions and deny assignments


@pytest.mark.parametrize("scope", [SUB, GROUP.lower(), VAULT, KEY, VAULT.replace("KeyVault/", "KeyVault//").lower()])
def test_permissions_are_the_callers_own(cloud: TestCloud, contracts: Path, scope: str) -> None:
    """At every kind of scope, also with the SDK's empty parent path, of effective assignments at or above it."""
    reply = get(cloud, f"{scope}/{AUTHORIZATION}/permissions")
    for operation in ("Permissions_ListForResourceGroup", "Permissions_ListForResource"):
        assert schema_errors(ROLE_DEFINITIONS, operation, 200, reply.body) == []
    assert reply.body["value"][0] == recording("permissions_list_rg_owner_200")["body"]["value"][0]
    assert structure_errors("permissions_list_rg_owner_200", {"value": reply.body["value"][:1]}) == []
    assert len(reply.body["value"]) == (2 if "vaults" in scope else 1)
    assert get(cloud, f"{scope}/{AUTHORIZATION}/permissions", identity="nobody").body == {"value": []}


def test_a_deny_assignment_is_listed_read_and_enforced(cloud: TestCloud, contracts: Path) -> None:
    """None in the healthy world; one that covers everybody takes the operator's right away."""
    path = f"{VAULT}/{AUTHORIZATION}/denyAssignments"
    assert get(cloud, path).body == {"value": []}
    everyone = "00000000-0000-0000-0000-000000000000"
    cloud.state.deny_assignments[NAME] = DenyAssignment(
        name="blueprint",
        scope=GROUP,
        actions=["Microsoft.Authorization/roleAssignments/write"],
        principals=[everyone],
        exclude_principals=[VENDOR],
    )
    reply = get(cloud, path, "atScope()")
    assert schema_errors(DENY_ASSIGNMENTS, "DenyAssignments_ListForScope", 200, reply.body) == []
    assert names(reply) == {NAME}
    assert names(get(cloud, path, f"principalId eq '{VENDOR}'")) == set()
    one = get(cloud, f"{GROUP}/{AUTHORIZATION}/denyAssignments/{NAME}")
    assert schema_errors(DENY_ASSIGNMENTS, "DenyAssignments_Get", 200, one.body) == []
    assert one.body == reply.body["value"][0]
    assert get(cloud, f"{path}/{NAME}").status == 404
    refused = put(cloud)
    assert (refused.status, code(refused)) == (403, "DenyAssignmentAuthorizationFailed")
    assert NAME.replace("-", "") in refused.body["error"]["message"]
