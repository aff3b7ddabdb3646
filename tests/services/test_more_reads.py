"""What 04 reads beside the vault, the key and the principal: what it is in a right world, and Unknown in a broken one."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from helpers.model import (
    EVERYBODY,
    Absent,
    ConditionalAccessPolicy,
    DataPermission,
    DenyAssignment,
    DiagnosticSetting,
    Found,
    Grants,
    Known,
    Lock,
    LogSink,
    PolicyAssignment,
    PolicyDefinition,
    Probe,
    RoleDefinition,
    RotationPolicy,
    SinkState,
    Unknown,
)
from helpers.rehearsal import state
from tests.services.faults import changed, status
from tests.services.reads import (
    DEFINITIONS,
    GROUP,
    HUB,
    KEY,
    KEY_ID,
    LOGS,
    PRINCIPAL,
    STORE,
    SUBSCRIPTION,
    TEAM,
    VAULT_ID,
    VERSION,
)
from tests.services.rehearsed import Rehearsed

OPERATOR_ROLE = "c0000000-0000-4000-8000-000000000002"
PUBLIC = "Microsoft.KeyVault/vaults/publicNetworkAccess"
RULE = {"if": {"allOf": [{"field": "type", "equals": "x"}, {"not": {"field": PUBLIC, "equals": "Disabled"}}]}}


def value(found: Found[Any]) -> Any:
    """What was read."""
    assert isinstance(found, Known), found
    return found.value


# --- what is there


def test_locks_are_those_at_the_vault_and_above(full: Rehearsed) -> None:
    """A lock of the subscription counts; one of something below the vault, or of a vault whose name begins alike, does not."""
    full.state.locks["above"] = state.Lock(scope=SUBSCRIPTION, level="ReadOnly")
    full.state.locks["below"] = state.Lock(scope=KEY_ID)
    others = [
        {"id": f"{other}/providers/Microsoft.Authorization/locks/x", "name": "x", "properties": {"level": "ReadOnly"}}
        for other in (f"{VAULT_ID}-2", VAULT_ID[:-2])
    ]
    full.cloud.after("ManagementLocks_ListByScope", changed(lambda body: {"value": [*body["value"], *others]}))
    assert value(full.services().resources.locks(VAULT_ID)) == (
        Lock("keep-the-vault", "CanNotDelete", VAULT_ID.lower()),
        Lock("above", "ReadOnly", SUBSCRIPTION.lower()),
    )


def test_diagnostic_settings_are_read_with_what_is_switched_on(full: Rehearsed) -> None:
    """Categories and groups that are enabled, and every destination that is set."""
    logs = [state.LogRow(category="AuditEvent", enabled=False), state.LogRow(category_group="audit")]
    full.state.diagnostic_settings["second"] = state.DiagnosticSetting(
        resource=VAULT_ID, storage_account_id=STORE, event_hub_authorization_rule_id=HUB, logs=logs
    )
    assert value(full.services().resources.diagnostic_settings(VAULT_ID)) == (
        DiagnosticSetting("to-log-analytics", ("AuditEvent",), (LOGS,)),
        DiagnosticSetting("second", ("group:audit",), (STORE, HUB)),
    )


def test_a_log_destination_is_read_by_its_kind(full: Rehearsed) -> None:
    """Each kind says what it knows of retention and immutability; one that is gone is absent, an unknown kind not asked."""
    read = full.services().resources.sink
    assert read(LOGS) == LogSink(LOGS, "Log Analytics workspace", Known(SinkState("Succeeded", 90)))
    assert read(STORE.upper()) == LogSink(STORE.upper(), "storage account", Known(SinkState("Succeeded")))
    assert read(HUB) == LogSink(HUB, "event hub", Known(SinkState(None)))
    for enabled in (True, False):
        full.state.storage_accounts["contosologs"].immutable_storage = state.ImmutableStorage(enabled=enabled)
        assert read(STORE).found == Known(SinkState("Succeeded", immutable=enabled))
    for gone in (f"{LOGS}2", f"{STORE}2", f"{HUB}2"):
        assert read(gone).found == Absent()
    full.cloud.mend()
    partner = f"{GROUP}/providers/Microsoft.Datadog/monitors/contoso"
    unknown = Unknown("this suite does not know that kind of destination")
    assert read(partner) == LogSink(partner, "partner solution", unknown)
    assert full.cloud.journal.rows() == []


def test_policies_are_opened_one_by_one(full: Rehearsed) -> None:
    """What each looks at and does, by its parameters or their defaults; an initiative and a lost definition are not guessed."""
    by_parameter = {**RULE, "then": {"effect": "[parameters('effect')]"}}
    effect = {"effect": {"type": "String", "defaultValue": "Audit"}}
    kept = full.state.policy_definitions
    kept["close"] = state.PolicyDefinition(display_name="c", policy_rule=by_parameter, parameters=effect)
    kept["modify"] = state.PolicyDefinition(display_name="m", policy_rule={**RULE, "then": {"effect": "Modify", "details": {"operations": [{"field": "tags"}]}}})  # fmt: skip
    rows = {
        "p2": (VAULT_ID, "close", {}, "Default"),
        "p3": (SUBSCRIPTION, "close", {"effect": "Deny"}, "Default"),
        "p4": (GROUP, "modify", {}, "DoNotEnforce"),
    }
    for name, (scope, definition, parameters, mode) in rows.items():
        full.state.policy_assignments[name] = state.PolicyAssignment(scope=scope, definition=f"{DEFINITIONS}/{definition}", display_name=name, parameters=parameters, enforcement_mode=mode)  # fmt: skip
    sets = "/providers/Microsoft.Authorization/policySetDefinitions/baseline"
    full.state.policy_assignments["p5"] = state.PolicyAssignment(scope=VAULT_ID, definition=sets, display_name="p5")
    full.state.policy_assignments["p6"] = state.PolicyAssignment(scope=KEY_ID, definition=sets, display_name="below")
    looks = ("type", PUBLIC)
    assert value(full.services().resources.policies(VAULT_ID)) == (
        PolicyAssignment("Lost", GROUP, True, Absent()),
        PolicyAssignment("p2", VAULT_ID, True, Known(PolicyDefinition(looks, "Audit"))),
        PolicyAssignment("p3", SUBSCRIPTION, True, Known(PolicyDefinition(looks, "Deny"))),
        PolicyAssignment("p4", GROUP, False, Known(PolicyDefinition((*looks, "tags"), "Modify"))),
        PolicyAssignment("p5", VAULT_ID, True, Unknown("an initiative: what is in it was not opened")),
    )


def test_a_policy_looks_at_what_its_values_name_too(full: Rehearsed) -> None:
    """A condition on a value that is made of a field is about that field, however deep it stands."""
    rule = {
        "if": {"value": f"[equals(toLower(field('{PUBLIC}')), 'disabled')]", "equals": False},
        "then": {"effect": "Deny", "details": [{"value": "[concat(field('name'), field('tags'))]"}]},
    }
    full.state.policy_definitions["values"] = state.PolicyDefinition(display_name="v", policy_rule=rule)
    full.state.policy_assignments["p1"] = state.PolicyAssignment(scope=VAULT_ID, definition=f"{DEFINITIONS}/values", display_name="p1")  # fmt: skip
    found = value(full.services().resources.policies(VAULT_ID))[0].definition
    assert found == Known(PolicyDefinition((PUBLIC, "name", "tags"), "Deny"))
    assert found.value.closes_the_vault


def test_no_more_than_twenty_policies_are_opened(full: Rehearsed) -> None:
    """The others are listed all the same, and unknown."""
    for number in range(25):
        full.state.policy_assignments[f"p{number}"] = state.PolicyAssignment(scope=VAULT_ID, definition=f"{DEFINITIONS}/d", display_name="d")  # fmt: skip
    rows = value(full.services().resources.policies(VAULT_ID))
    assert [row.definition for row in rows[:20]] == [Absent()] * 20
    told = "more than 20 policies are assigned; this one was not opened"
    assert [row.definition for row in rows[20:]] == [Unknown(told)] * 5
    assert full.cloud.asked("PolicyDefinitions_GetBuiltIn") == 20


def test_who_holds_what_at_the_key_and_above(full: Rehearsed) -> None:
    """Everybody's assignments that reach the key, and none of another key's."""
    full.state.role_assignments[TEAM] = state.RoleAssignment(scope=f"{VAULT_ID}/keys/another", role_definition=TEAM, principal_id=TEAM)  # fmt: skip
    rows = value(full.services().roles.at(KEY_ID))
    assert {row.name for row in rows} == set(full.state.role_assignments) - {TEAM}
    own = next(row for row in rows if row.principal_id == PRINCIPAL)
    assert (own.scope, own.principal_type) == (KEY_ID, "ServicePrincipal")


def test_roles_are_read_with_what_they_permit(full: Rehearsed) -> None:
    """A custom role is among the built-in ones, with the data actions it names and those it takes out again."""
    named, without = "Microsoft.KeyVault/vaults/keys/*", "Microsoft.KeyVault/vaults/keys/purge/action"
    full.state.role_definitions[TEAM] = state.RoleDefinition(role_name="Key Clerk", data_actions=[named], not_data_actions=[without])  # fmt: skip
    roles = {role.id: role for role in value(full.services().roles.definitions(VAULT_ID))}
    assert roles[TEAM] == RoleDefinition(TEAM, "Key Clerk", (DataPermission((named,), (without,)),))
    assert roles["12338af0-0e69-4776-bea7-57ae8d297424"].permits("Microsoft.KeyVault/vaults/keys/wrap/action")
    assert roles["8e3af657-a8ff-443c-a75c-2fe8c4bcb635"].data == ()


def test_deny_assignments_are_read_as_far_as_they_reach_the_key(full: Rehearsed) -> None:
    """With whom and what they mean; one from above that stays where it is does not count, one at the key itself does."""
    denied = DenyAssignment("No purge", GROUP, (DataPermission(("Microsoft.KeyVault/vaults/keys/purge/action",)),), (EVERYBODY,), (PRINCIPAL,))  # fmt: skip
    services = full.services()
    assert value(services.roles.denials(KEY_ID)) == (denied,)

    def staying(body: Any) -> Any:
        properties = {**body["value"][0]["properties"], "doNotApplyToChildScopes": True}
        rows = [{**body["value"][0], "properties": {**properties, "scope": scope}} for scope in (GROUP, KEY_ID)]
        return {**body, "value": rows}

    full.cloud.after("DenyAssignments_ListForScope", changed(staying))
    assert [row.scope for row in value(services.roles.denials(KEY_ID))] == [KEY_ID]


def test_the_rotation_policy_is_read_with_its_times(full: Rehearsed) -> None:
    """Only actions that rotate count, by the time after creation or before expiry."""
    key = full.state.vaults["kv-contoso-claude"].keys[KEY]
    actions = [
        state.RotationAction(action="Notify", time_before_expiry="P30D"),
        state.RotationAction(action="Rotate", time_before_expiry="P60D"),
    ]
    key.rotation_policy = state.RotationPolicy(expiry_time="P2Y", actions=actions)
    services = full.services()
    assert services.keys.rotation_policy(KEY) == Known(RotationPolicy(("P60D",), "P2Y"))
    key.rotation_policy = state.RotationPolicy(actions=actions[:1])
    assert services.keys.rotation_policy(KEY) == Known(RotationPolicy(()))


def test_the_probe_uses_the_key_at_the_service(full: Rehearsed) -> None:
    """Wrap and unwrap agree, decrypt is refused by the key, and the role assignment that allowed it is named."""
    services = full.services()
    services.keys.key(KEY)  # so that the vault's challenge is over
    probe = services.keys.probe(KEY, VERSION)
    assert probe == Known(Probe(True, "KeyOperationForbidden", "decrypt", OPERATOR_ROLE))
    assert [full.cloud.asked(operation) for operation in ("wrapKey", "unwrapKey", "decrypt")] == [1, 1, 1]
    full.state.vaults["kv-contoso-claude"].keys[KEY].versions[VERSION].key_ops = ["wrapKey", "unwrapKey", "decrypt"]
    assert services.keys.probe(KEY, VERSION) == Known(Probe(True, "", "decrypt", OPERATOR_ROLE))


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"enabled": False}, "KeyDisabled"),
        ({"expires": "past"}, "KeyExpired"),
        ({"key_ops": ["unwrapKey"]}, "KeyOperationForbidden"),
    ],
)
def test_a_key_that_refuses_says_so_by_its_code(full: Rehearsed, changes: dict[str, Any], code: str) -> None:
    """The inner code is kept, so that the key's refusal is told from that of the caller's role."""
    version = full.state.vaults["kv-contoso-claude"].keys[KEY].versions[VERSION]
    for name, what in changes.items():
        setattr(version, name, full.state.settings.now - timedelta(days=1) if what == "past" else what)
    found = full.services().keys.probe(KEY, VERSION)
    assert isinstance(found, Unknown)
    assert (found.code, found.request_id) == (code, full.cloud.journal.rows()[-1]["request_id"])


def test_what_was_given_to_the_principal(full: Rehearsed) -> None:
    """Application permissions by their resource, delegated ones as their scopes, and owners."""
    there = full.state.service_principals[PRINCIPAL]
    there.app_roles_granted, there.delegated_grants = [OPERATOR_ROLE], ["User.Read", "Mail.Read"]
    assert value(full.services().principals.grants(PRINCIPAL)) == Grants(
        (f"{OPERATOR_ROLE} of Microsoft Graph",), ("User.Read Mail.Read",), (TEAM,)
    )
    assert value(full.services().principals.groups(PRINCIPAL)) == (TEAM,)


def test_conditional_access_policies_for_service_principals_only(full: Rehearsed) -> None:
    """Policies for users are left out; one that selects by a filter is kept and says so."""
    block = ConditionalAccessPolicy("ca-1", "Block", "enabled", (TEAM,), (PRINCIPAL,))
    assert value(full.services().principals.conditional_access()) == (block,)
    rule = {"mode": "include", "rule": 'CustomSecurityAttribute.A_B -eq "x"'}

    def more(body: Any) -> Any:
        users = {**body["value"][0], "id": "ca-2", "conditions": {"clientApplications": None, "users": {}}}
        by_filter = {**body["value"][0], "id": "ca-3", "conditions": {"clientApplications": {"servicePrincipalFilter": rule}}}  # fmt: skip
        return {**body, "value": [*body["value"], users, by_filter]}

    full.cloud.after("conditionalAccess policy list", changed(more))
    filtered = ConditionalAccessPolicy("ca-3", "Block", "enabled", (), (), filtered=True)
    assert value(full.services().principals.conditional_access()) == (block, filtered)
    assert replace(block, state="Enabled").reaches(TEAM)
    assert not replace(block, state="enabledForReportingButNotEnforced").reaches(TEAM)


def test_the_default_workspace_is_marked(full: Rehearsed) -> None:
    """It is the one that is listed only when asked for; archived ones are no default."""
    full.state.workspaces["wrkspc_old"] = state.Workspace(name="old", archived=full.state.settings.now)
    rows = value(full.services().admin.workspaces())
    assert {row.id: row.is_default for row in rows} == {
        "wrkspc_01REHEARSALDEFAULT": True,
        "wrkspc_01REHEARSALCMEK": False,
        "wrkspc_old": False,
    }


def test_which_workspace_is_the_default_one_takes_both_lists(full: Rehearsed) -> None:
    """Where the second list fails nothing is known, rather than every workspace or none being the default."""
    full.cloud.before("workspace list", status(500), skip=1)
    assert isinstance(full.services().admin.workspaces(), Unknown)


def test_two_default_workspaces_are_none(full: Rehearsed) -> None:
    """An organization has one: where the second list is short, nothing is known of which one it is."""
    full.cloud.after("workspace list", changed(lambda body: {**body, "data": []}), skip=1)
    assert isinstance(full.services().admin.workspaces(), Unknown)
