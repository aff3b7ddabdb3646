"""Facts tell what was read from what was not looked at, to people and to machines."""

from __future__ import annotations

import json
from dataclasses import fields
from typing import Any

import pytest

from helpers.display import JSON_TYPE, bundle
from helpers.facts import Facts
from helpers.model import NOT_LOOKED_AT, Absent, Known, NetworkRules, Unknown
from tests.cases.building import NOW, VERSION, facts, known, one


def row(found: Facts, what: str) -> tuple[str, ...] | None:
    return next((row for row in found.view().tables[0].rows if row[0] == what), None)


def test_what_was_not_looked_at_is_unknown() -> None:
    """Nothing can be concluded from not looking: every fact starts as unknown."""
    assert {getattr(Facts(), field.name) for field in fields(Facts) if field.name != "read_at"} == {NOT_LOOKED_AT}


def test_what_was_not_looked_at_is_not_shown() -> None:
    """A step shows its own part only."""
    assert Facts().view().tables[0].rows == ()
    assert Facts(read_at=NOW).view().data == {"read_at": "2026-11-23T12:00:00Z"}


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
        ("Service principal", "principals", {"enabled": None}, "enabled not set, owner organization 99999999"),
        ("Key", "key", {}, f"claude-cmek version {VERSION}: RSA 3072 bits, enabled true\noperations wrapKey, unwrapKey"),
        ("Key", "key", {"expires": "2027-01-01T00:00:00Z", "bits": None}, "RSA ? bits, enabled true, expires 2027-01-01"),
        ("Key", "key", {"operations": [], "tags": {}, "public_sha256": None}, "operations none\ntags none\npublic key SHA-256 not set"),
        ("Key versions", "versions", {"enabled": False}, f"{VERSION} enabled false"),
        ("Keys in the vault", "vault_keys", {}, "claude-cmek"),
        ("Role assignments of the service principal", "assignments", {}, "Key Vault Crypto User at /sub"),
        ("Role assignments of the service principal", "assignments", {"role_id": "custom"}, "role custom at /sub"),
        ("Diagnostic settings", "diagnostics", {}, "audit: AuditEvent to /subscriptions"),
        ("Diagnostic settings", "diagnostics", {"categories": [], "sinks": []}, "audit: no category to nowhere"),
        ("Anthropic organization", "organization", {}, "Contoso, 33333333"),
        ("External keys", "external_keys", {"display_name": None}, "cmek_01Ours : claude-cmek in https://"),
        ("Workspaces", "workspaces", {"archived": True}, "wrkspc_01Contoso contoso-cmek (archived): external key none"),
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


def test_facts_are_the_same_values_in_text_page_and_json() -> None:
    """The key version that a person reads is the one in the JSON."""
    made = bundle(facts().view())
    data = json.loads(json.dumps(made[JSON_TYPE]))
    assert data["kind"] == "facts"
    assert data["key"]["value"]["version"] == VERSION
    assert VERSION in made["text/plain"]
    assert VERSION in made["text/html"]
    assert data["vault"]["value"]["network"] is None
