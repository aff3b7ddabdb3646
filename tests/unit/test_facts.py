"""Facts tell what was read from what was not looked at, to people and to machines."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from helpers.display import JSON_TYPE, bundle
from helpers.facts import Facts
from helpers.facts_view import TITLES
from helpers.model import NOT_LOOKED_AT, Absent, Known, NetworkRules, PolicyDefinition, SinkState, Unknown
from tests.cases.building import KEY_ID, NOW, OTHER, PRINCIPAL, SINK, VAULT_ID, VERSION, facts, known, one

CLOSES = Known(PolicyDefinition(("Microsoft.KeyVault/vaults/publicNetworkAccess",), "Deny"))
DESTINATION = Known(SinkState("Succeeded", 30))


def row(found: Facts, what: str) -> tuple[str, ...] | None:
    return next((row for row in found.view().tables[0].rows if row[0] == what), None)


def test_what_was_not_looked_at_is_unknown() -> None:
    """Nothing can be concluded from not looking: every fact starts as unknown."""
    assert {getattr(Facts(), field.name) for field in fields(Facts) if field.name != "read_at"} == {NOT_LOOKED_AT}


def test_every_fact_has_its_title() -> None:
    """Nothing that was looked at is left out for want of words; the address of the Admin API is the one thing no row shows."""
    named = {field.name for field in fields(Facts)} - {"read_at", "admin_url"}
    assert set(TITLES) == named
    everything = facts(**{name: known(name) for name in ("deleted_key", "workspaces")}, log_destination=DESTINATION)
    assert [row[:2] for row in everything.view().tables[0].rows] == [
        (TITLES[field.name], "yes") for field in fields(Facts) if field.name in TITLES
    ]


def test_what_was_not_looked_at_is_not_shown() -> None:
    """A step shows its own part only."""
    assert Facts().view().tables[0].rows == ()
    assert Facts(read_at=NOW).view().data == {"read_at": "2026-11-23T12:00:00Z"}


def test_one_fact_can_be_shown_by_itself() -> None:
    """The others are left out, and not said to be anything."""
    alone = facts().only("probe")
    assert alone == Facts(read_at=NOW, probe=known("probe"))
    assert [row[0] for row in alone.view().tables[0].rows] == ["Wrap and unwrap by the service"]


@pytest.mark.parametrize(
    ("principals", "principal"),
    [
        (known("principals"), Known(one("principals"))),
        (Known(()), Absent()),
        (Absent(), Absent()),
        (Unknown("no", "r"), Unknown("no", "r")),
        (
            Known((one("principals"), one("principals", object_id="x"))),
            Unknown("2 service principals answer to the published app id"),
        ),
    ],
)
def test_the_one_service_principal(principals: Any, principal: Any) -> None:
    """Of several service principals none is known to be the one."""
    assert Facts(principals=principals).principal == principal


@pytest.mark.parametrize(
    ("found", "shown"),
    [
        (Known(()), ("Service principal", "none", "")),
        (Absent(), ("Service principal", "no", "the service says it is not there")),
        (Unknown("403"), ("Service principal", "UNKNOWN", "403")),
        (Unknown("403", "req-1"), ("Service principal", "UNKNOWN", "403 (request id req-1)")),
    ],
)
def test_the_outcomes_of_looking_are_told_apart(found: Any, shown: tuple[str, ...]) -> None:
    """None, not there and not readable are different words."""
    assert row(Facts(principals=found), "Service principal") == shown


@pytest.mark.parametrize(
    ("what", "fact", "changes", "words"),
    [
        ("Signed in as", "caller", {}, "user 55555555-6666-4777-8888-999999999999, tenant 11111111"),
        ("Key vault", "vault", {"rbac": None, "purge_protection": False}, "RBAC not set, purge protection false"),
        ("Key vault", "vault", {}, "public network access Enabled, network rules not set (allows all)"),
        ("Key vault", "vault", {"network": NetworkRules("Deny", ("1.2.3.0/24",))}, "network rules Deny, 1 address rules"),
        ("Service principal", "principals", {"enabled": None}, "enabled not set, owner organization 99999999-8888-4777-8666-555555555555, own credentials 0"),
        ("Service principal", "principals", {"credentials": None}, "own credentials not set"),
        ("Key", "key", {}, f"claude-cmek version {VERSION}: RSA 3072 bits, enabled true\noperations wrapKey, unwrapKey"),
        ("Key", "key", {"expires": "2027-01-01T00:00:00Z", "bits": None}, "RSA ? bits, enabled true, expires 2027-01-01"),
        ("Key", "key", {"operations": [], "tags": {}, "public_sha256": None}, "operations none\ntags none\npublic key SHA-256 not set"),
        ("Key versions", "versions", {"enabled": False}, f"{VERSION} enabled false, made 2026-11-23"),
        ("Key versions", "versions", {"created": None}, f"{VERSION} enabled true"),
        ("Keys in the vault", "vault_keys", {}, "claude-cmek"),
        ("Role assignments of the service principal", "assignments", {}, "Key Vault Crypto User at /sub"),
        ("Role assignments of the service principal", "assignments", {"role_id": "custom"}, "role custom at /sub"),
        ("Who has a role at the key or above", "at_key", {}, f"Key Vault Crypto User: ServicePrincipal {PRINCIPAL} at {KEY_ID}"),
        ("Who has a role at the key or above", "at_key", {"principal_type": None}, f"Key Vault Crypto User: principal {PRINCIPAL} at "),
        ("Roles assigned at the key or above", "role_definitions", {}, "Key Vault Crypto User"),
        ("Deny assignments", "denials", {}, f"others at {KEY_ID}"),
        ("Groups of the service principal", "groups", {}, "77777777-0000-4000-8000-000000000001"),
        ("Given to the service principal in this tenant", "grants", {}, "application permissions: none\ndelegated permissions: none\nowners: none"),
        ("Given to the service principal in this tenant", "grants", {"app_roles": ["r1 of Graph", "r2"], "owners": [OTHER]}, f"application permissions: r1 of Graph, r2\ndelegated permissions: none\nowners: {OTHER}"),
        ("Conditional access policies for service principals", "conditional_access", {"state": "disabled"}, "Block the rest (disabled)"),
        ("Rotation policy", "rotation_policy", {}, "rotates P180D, new versions expire after P2Y"),
        ("Rotation policy", "rotation_policy", {"rotates": [], "expiry": None}, "rotates never, new versions expire never"),
        ("Wrap and unwrap by the service", "probe", {}, "unwrapped what was wrapped: true; decrypt refused: KeyOperationForbidden; allowed by the role assignment 00000000-0000-4000-8000-00000000aaaa\nThis is this identity's own access. It does not prove Anthropic's; only Anthropic's validation does."),
        ("Wrap and unwrap by the service", "probe", {"equal": False, "refused": "", "assignment": None}, "unwrapped what was wrapped: false; decrypt refused: no; allowed by the role assignment not named\n"),
        ("Locks on the vault", "locks", {}, f"keep: CanNotDelete at {VAULT_ID.lower()}"),
        ("Policies at the vault", "policies", {}, f"Audit it at {VAULT_ID}: effect Audit"),
        ("Policies at the vault", "policies", {"enforced": False, "definition": CLOSES}, f"Audit it at {VAULT_ID}: effect Deny on the vault's openness, not enforced"),
        ("Policies at the vault", "policies", {"definition": Unknown("an initiative")}, f"Audit it at {VAULT_ID}: UNKNOWN (an initiative)"),
        ("Policies at the vault", "policies", {"definition": Absent()}, f"Audit it at {VAULT_ID}: its definition is not there"),
        ("Diagnostic settings", "diagnostics", {}, "audit: AuditEvent to /subscriptions"),
        ("Diagnostic settings", "diagnostics", {"categories": [], "sinks": []}, "audit: no category to nowhere"),
        ("Log destinations", "sinks", {}, f"Log Analytics workspace {SINK}: there, kept 90 days"),
        ("Log destinations", "sinks", {"kind": "storage account", "found": Known(SinkState(None, immutable=False))}, f"storage account {SINK}: there, immutable false"),
        ("Log destinations", "sinks", {"found": Known(SinkState(None))}, f"{SINK}: there"),
        ("Log destinations", "sinks", {"found": Unknown("403")}, f"{SINK}: UNKNOWN (403)"),
        ("Log destinations", "sinks", {"found": Absent()}, f"{SINK}: not there"),
        ("Anthropic organization", "organization", {}, "Contoso, 33333333"),
        ("External keys", "external_keys", {"display_name": None}, "cmek_01Ours : claude-cmek in https://"),
        ("Workspaces", "workspaces", {"archived": True}, "wrkspc_01Contoso contoso-cmek (archived): external key none"),
        ("Workspaces", "workspaces", {"is_default": True, "external_key_id": "cmek_01"}, "wrkspc_01Contoso contoso-cmek (default): external key cmek_01"),
        ("Validation by Anthropic", "validation", {}, "success"),
        ("Validation by Anthropic", "validation", {"status": "failed", "error": "no tag"}, "failed: no tag"),
        ("Soft-deleted key of that name", "deleted_key", {}, "until it is recovered, or until 2027-02-21"),
        ("Soft-deleted key of that name", "deleted_key", {"purged_on": None}, "until it is recovered, or until an unknown day"),
    ],
)  # fmt: skip
def test_each_fact_is_told_in_words(what: str, fact: str, changes: dict[str, Any], words: str) -> None:
    """What was read is shown with the fields' own terms, and what Azure left out is said to be not set."""
    shown = row(Facts(**{fact: known(fact, **changes)}), what)
    assert shown is not None
    assert shown[1] == "yes"
    assert words in shown[2]


def test_where_a_remedy_would_send_the_log_is_told_in_words() -> None:
    """The destination that the parameters name is shown like those in use."""
    shown = row(Facts(log_destination=DESTINATION), "The log destination of the parameters")
    assert shown == ("The log destination of the parameters", "yes", "there, kept 30 days")
    gone = row(Facts(log_destination=Absent()), "The log destination of the parameters")
    assert gone == ("The log destination of the parameters", "no", "the service says it is not there")


def test_facts_are_the_same_values_in_text_page_and_json() -> None:
    """The key version that a person reads is the one in the JSON."""
    made = bundle(facts().view())
    data = json.loads(json.dumps(made[JSON_TYPE]))
    assert data["kind"] == "facts"
    assert data["key"]["value"]["version"] == VERSION
    assert VERSION in made["text/plain"]
    assert VERSION in made["text/html"]
    assert data["vault"]["value"]["network"] is None
