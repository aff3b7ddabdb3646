"""Azure Policy: what is assigned at a scope, and definitions."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.rehearsal import policy
from helpers.rehearsal.state import PolicyAssignment, PolicyDefinition
from helpers.rehearsal.wire import Response
from tests.contract.conftest import MakeCloud, TestCloud

HOST = "management.azure.com"
SUB = "/subscriptions/22222222-3333-4444-8555-666666666666"
GROUP = f"{SUB}/resourceGroups/rg-claude"
VAULT = f"{GROUP}/providers/Microsoft.KeyVault/vaults/kv-contoso-claude"
MANAGEMENT_GROUP = "/providers/Microsoft.Management/managementGroups/contoso"
AUTHORIZATION = "providers/Microsoft.Authorization"
BUILT_IN, CUSTOM = "55615ac9-af46-4a59-874e-391cc3dfb490", "no-public-vaults"
RULE = {
    "if": {"field": "Microsoft.KeyVault/vaults/publicNetworkAccess", "notEquals": "Disabled"},
    "then": {"effect": "[parameters('effect')]"},
}
PARAMETERS = {"effect": {"type": "String", "defaultValue": "Audit", "allowedValues": ["Audit", "Deny", "Disabled"]}}


@pytest.fixture
def cloud(make_cloud: MakeCloud) -> TestCloud:
    """The healthy world with a built-in and a custom definition."""
    cloud = make_cloud("healthy", policy.ROUTES)
    cloud.state.policy_definitions = {
        BUILT_IN: PolicyDefinition(display_name="Disable public access", parameters=PARAMETERS, policy_rule=RULE),
        CUSTOM: PolicyDefinition(
            display_name="No public vaults",
            policy_type="Custom",
            subscription_id=SUB.rpartition("/")[2],
            policy_rule=RULE,
        ),
    }
    return cloud


def get(cloud: TestCloud, path: str, filter: str = "", identity: str | None = "operator") -> Response:
    query = {"api-version": "2023-04-01"} | ({"$filter": filter} if filter else {})
    return cloud.send("GET", HOST, path, query=query, identity=identity)


def code(reply: Response) -> tuple[int, str]:
    return reply.status, reply.body["error"]["code"]


def assigned(cloud: TestCloud, scope: str, **more: Any) -> PolicyAssignment:
    made = PolicyAssignment(
        scope=scope, definition=f"/{AUTHORIZATION}/policyDefinitions/{BUILT_IN}", display_name="Vaults", **more
    )
    cloud.state.policy_assignments[f"at-{len(cloud.state.policy_assignments)}"] = made
    return made


def test_an_assignment_has_its_parameters_as_values(cloud: TestCloud) -> None:
    """A row names definition, scope and enforcement, and wraps each parameter in a value."""
    assigned(cloud, GROUP, enforcement_mode="DoNotEnforce", parameters={"effect": "Deny"})
    (row,) = get(cloud, f"{VAULT.lower()}/{AUTHORIZATION}/policyAssignments", identity="reader").body["value"]
    assert row["id"] == f"{GROUP}/{AUTHORIZATION}/policyAssignments/at-0"
    assert (row["name"], row["type"]) == ("at-0", "Microsoft.Authorization/policyAssignments")
    properties = row["properties"]
    assert properties["policyDefinitionId"] == f"/{AUTHORIZATION}/policyDefinitions/{BUILT_IN}"
    assert (properties["scope"], properties["enforcementMode"]) == (GROUP, "DoNotEnforce")
    assert (properties["displayName"], properties["parameters"]) == ("Vaults", {"effect": {"value": "Deny"}})


def test_assignments_are_at_above_and_below_as_the_filter_says(cloud: TestCloud) -> None:
    """Those of the tenant and of management groups are inherited; atScope() leaves out what is below."""
    scopes = ("/", MANAGEMENT_GROUP, SUB, GROUP, VAULT, f"{VAULT}/keys/cmk", f"{SUB}/resourceGroups/other")
    for scope in scopes:
        assigned(cloud, scope)

    def listed(scope: str, filter: str = "") -> list[str]:
        rows = get(cloud, f"{scope}/{AUTHORIZATION}/policyAssignments", filter).body["value"]
        return [row["properties"]["scope"] for row in rows]

    assert listed(VAULT) == list(scopes[:6])
    assert listed(VAULT, "atScope()") == list(scopes[:5])
    assert listed(SUB, "atScope()") == list(scopes[:3])
    assert listed(SUB) == list(scopes)
    cloud.state.role_assignments["c0000000-0000-4000-8000-000000000001"].scope = "/"
    assert listed(MANAGEMENT_GROUP, "atScope()") == list(scopes[:2])


def test_a_filter_that_is_not_understood_is_refused(cloud: TestCloud) -> None:
    """400 rather than a list that looks filtered."""
    assert get(cloud, f"{SUB}/{AUTHORIZATION}/policyAssignments", "atExactScope()").status == 400


def test_assignments_need_the_right_and_the_resource(cloud: TestCloud) -> None:
    """Nobody is refused, and a vault that is not there is 404."""
    path = f"{VAULT}/{AUTHORIZATION}/policyAssignments"
    assert code(get(cloud, path, identity="nobody")) == (403, "AuthorizationFailed")
    assert get(cloud, path.replace("kv-contoso-claude", "kv-other")).status == 404
    assert get(cloud, path, identity=None).status == 401


def test_a_built_in_definition_is_read_by_anybody_signed_in(cloud: TestCloud) -> None:
    """With rule and parameters as the world has them; a custom one is not there, and without a token it is 401."""
    path = f"/{AUTHORIZATION}/policyDefinitions"
    body = get(cloud, f"{path}/{BUILT_IN.upper()}", identity="nobody").body
    assert (body["id"], body["type"]) == (f"{path}/{BUILT_IN}", "Microsoft.Authorization/policyDefinitions")
    assert (body["properties"]["policyType"], body["properties"]["policyRule"]) == ("BuiltIn", RULE)
    assert body["properties"]["parameters"] == PARAMETERS
    assert code(get(cloud, f"{path}/{CUSTOM}")) == (404, "PolicyDefinitionNotFound")
    assert get(cloud, f"{path}/{BUILT_IN}", identity=None).status == 401


def test_a_custom_definition_is_read_where_it_is_kept(cloud: TestCloud) -> None:
    """At its subscription, by who may read it there; a built-in one is not found at a subscription."""
    path = f"{SUB}/{AUTHORIZATION}/policyDefinitions"
    body = get(cloud, f"{path}/{CUSTOM}", identity="reader").body
    assert (body["id"], body["properties"]["policyType"]) == (f"{path}/{CUSTOM}", "Custom")
    assert code(get(cloud, f"{path}/{BUILT_IN}")) == (404, "PolicyDefinitionNotFound")
    assert code(get(cloud, f"{path}/{CUSTOM}", identity="nobody")) == (403, "AuthorizationFailed")


def test_policies_cannot_be_written(cloud: TestCloud) -> None:
    """Assigning a policy is not simulated, and neither is reading a policy set."""
    path = f"{VAULT}/{AUTHORIZATION}/policyAssignments/x"
    assert cloud.send("PUT", HOST, path, {"properties": {}}).status == 501
    assert get(cloud, f"/{AUTHORIZATION}/policySetDefinitions/x").status == 501
