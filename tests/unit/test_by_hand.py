"""What a person enters in claude.ai for Claude Enterprise is shown once every blocking check passes, and not before."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.checks import Phase, judge
from helpers.display import JSON_TYPE, bundle
from helpers.model import Absent, Known, Unknown
from helpers.steps import by_hand
from helpers.steps.by_hand import Sheet
from tests.cases.building import OTHER, TENANT, VAULT_URI, facts, known, parameters

ENTERPRISE = {"product": "claude_enterprise"}
VALUES = (("Vault URI", VAULT_URI), ("Key name", "claude-cmek"), ("Tenant ID", TENANT))
BEFORE = "Not shown before every blocking check passes: entering the key can never be undone"


def sheet(
    found: dict[str, Any], given: dict[str, Any], phase: Phase = "gate", planned: frozenset[str] = frozenset()
) -> Sheet:
    read, params = facts(**found), parameters(**given)
    return by_hand.sheet(params, read, judge(read, params, phase, planned))


@pytest.mark.parametrize(
    "found",
    [
        {},
        {"rotation_policy": Unknown("no permission")},
        {"organization": Unknown("not asked")},
        {"conditional_access": Unknown("no permission"), "policies": Unknown("no permission")},
        {"locks": Known(()), "rotation_policy": Unknown("no permission"), "grants": Unknown("no permission")},
    ],
)
def test_after_the_gate_the_values_are_shown(found: dict[str, Any]) -> None:
    """A check that warns, or one of the Admin API, does not keep them back; people and machines get the same."""
    shown = sheet(found, ENTERPRISE)
    assert shown.rows == VALUES
    made = bundle(shown.view())
    assert json.loads(json.dumps(made[JSON_TYPE]))["rows"] == dict(VALUES)
    lines = [line.strip() for line in made["text/plain"].splitlines()]
    for name, value in VALUES:
        assert lines[lines.index(name) + 1] == value, "each value alone on its line"
        assert f">{value}</td>" in made["text/html"]


@pytest.mark.parametrize(
    ("found", "phase", "planned"),
    [
        ({"vault": known("vault", purge_protection=False)}, "gate", frozenset()),
        ({"assignments": Known(())}, "gate", frozenset()),
        ({"diagnostics": Unknown("no permission")}, "gate", frozenset()),
        ({"sinks": known("sinks", found=Absent())}, "gate", frozenset()),
        ({"sinks": known("sinks", found=Unknown("no permission"))}, "gate", frozenset()),
        ({"denials": known("denials", excluded=[])}, "gate", frozenset()),
        ({"denials": Unknown("no permission")}, "gate", frozenset()),
        ({"vault": Unknown("no permission")}, "gate", frozenset()),
        ({}, "gate", frozenset({"03_rbac"})),
        ({}, "azure", frozenset()),
        ({}, "attached", frozenset()),
        ({}, "watch", frozenset()),
    ],
)
def test_before_the_gate_passes_no_value_is_shown(found: dict[str, Any], phase: Phase, planned: frozenset[str]) -> None:
    """A blocking check that fails, is unknown or waits, and checks of another phase: the sheet is empty and says why."""
    shown = sheet(found, ENTERPRISE, phase, planned)
    assert (shown.rows, shown.view().heading) == ((), BEFORE)
    text = bundle(shown.view())["text/plain"]
    assert not any(value in text for _, value in VALUES)


def test_an_accepted_deviation_does_not_keep_the_values_back() -> None:
    """What its owner has accepted is no blocking failure."""
    deviation = {"check": "V08", "owner": "Ada", "reason": "our proxy", "expires": "2027-01-01"}
    closed = {"vault": known("vault", public_access="Disabled")}
    assert sheet(closed, ENTERPRISE).rows == ()
    assert sheet(closed, {**ENTERPRISE, "accepted_deviations": [deviation]}).rows == VALUES


@pytest.mark.parametrize(
    ("found", "given"),
    [({}, {}), ({"validation": known("validation", status="failed")}, {}), ({"vault": Unknown("403")}, {})],
)
def test_where_nothing_is_entered_by_hand_the_sheet_is_empty(found: dict[str, Any], given: dict[str, Any]) -> None:
    """For the Claude Platform there is nothing to enter, whatever the checks say."""
    shown = sheet(found, given)
    assert (shown.rows, shown.view().heading) == ((), "Nothing to enter by hand: the Admin API registers the key")


def test_the_values_are_those_of_the_vault() -> None:
    """Address and tenant are what the vault says of itself; one that is another than asked for does not pass."""
    assert sheet({"vault": known("vault", tenant_id=OTHER)}, ENTERPRISE).rows == ()
    spelt = VAULT_URI.replace("kv-contoso", "KV-Contoso")
    assert sheet({"vault": known("vault", uri=spelt)}, ENTERPRISE).rows[0] == ("Vault URI", spelt)
