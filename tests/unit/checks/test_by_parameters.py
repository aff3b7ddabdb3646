"""Checks whose verdict goes by what the parameters ask for."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.checks import ALL, Verdict
from helpers.model import Absent, Known, Unknown
from tests.cases.building import OTHER, TENANT, VAULT_ID, facts
from tests.unit.checks.finding import assignment, finding, principal, workspace

PASS, FAIL = Verdict.PASS, Verdict.FAIL
GONE = Unknown("no permission", "req-1")
NONE = Known(())
BY_ID = {"workspace": {"id": "wrkspc_01Contoso"}}


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, PASS), ({"owner_tenant": OTHER.upper()}, PASS), ({"owner_tenant": TENANT}, FAIL), ({"owner_tenant": None}, FAIL)],
)  # fmt: skip
def test_an_expected_owner_is_compared(changes: dict[str, Any], verdict: Verdict) -> None:
    """V16b compares the owner organization once somebody knows it; one that is not shown is not it."""
    assert finding("V16b", facts(**principal(**changes)), expected_owner_tenant=OTHER).verdict is verdict


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [({}, PASS), ({"archived": True}, FAIL), ({"user_profile_id": "up"}, FAIL), ({"external_key_id": "other"}, FAIL)],
)
def test_a_workspace_named_by_id_must_take_the_key(changes: dict[str, Any], verdict: Verdict) -> None:
    """V40 judges the very workspace that is named; one that is not there fails."""
    assert finding("V40", facts(**workspace(**changes)), **BY_ID).verdict is verdict
    assert finding("V40", facts(workspaces=NONE), **BY_ID).verdict is FAIL


def test_a_role_at_the_vault_is_right_where_it_is_wanted_there() -> None:
    """V31 to V33 go by the scope the parameters want."""
    found = facts(**assignment(scope=VAULT_ID))
    for check in ("V31", "V32", "V33"):
        assert finding(check, found, role_scope="vault").verdict is PASS
        assert finding(check, facts(), role_scope="vault").verdict is FAIL


@pytest.mark.parametrize(
    ("names", "verdict"),
    [
        (Known(("claude-cmek",)), PASS),
        (Known(("Claude-CMEK",)), PASS),
        (Known(("claude-cmek", "payroll")), FAIL),
        (Known(("payroll",)), FAIL),
        (NONE, FAIL),
        (GONE, Verdict.UNKNOWN),
        (Absent(), FAIL),
    ],
)
def test_a_role_at_the_vault_needs_a_vault_proven_to_hold_this_key_alone(names: Any, verdict: Verdict) -> None:
    """V31 fails where the vault holds another key, and where nobody could see what it holds."""
    judged = finding("V31", facts(vault_keys=names, **assignment(scope=VAULT_ID)), role_scope="vault")
    assert judged.verdict is verdict
    if verdict is FAIL:
        assert judged.seen == "the whole vault, and it is not proven to hold this key alone"
        assert judged.mend == "Set role_scope: key, or use a vault that is seen to hold no other key."


@pytest.mark.parametrize("retired", ["34.162.46.92", "34.162.0.0/16"])
def test_a_retired_address_is_not_wanted(retired: str) -> None:
    """V42 names a given range that holds an address taken out of service, also where the list is fresh or undated."""
    ranges = {"checked_on": "2026-11-23", "ranges": ["160.79.104.0/21", retired]}
    for found in (facts(), facts(read_at=None)):
        judged = finding("V42", found, egress_ranges=ranges)
        assert (judged.verdict, judged.mend) == (FAIL, "Take it out of egress_ranges.")
        assert judged.seen.startswith(f"retired: {retired}")


def test_a_list_is_as_old_as_it_says() -> None:
    """V42 goes by the day the list was read, not by the day of this suite."""
    for day, verdict in (("2026-10-24", PASS), ("2026-10-23", FAIL), ("2026-11-24", FAIL)):
        ranges = {"checked_on": day, "ranges": ["160.79.104.0/21"]}
        assert finding("V42", facts(), egress_ranges=ranges).verdict is verdict


def test_what_stands_at_other_roles_says_no_more_than_was_read() -> None:
    """V33 is about roles assigned to it directly, and warns."""
    check = next(check for check in ALL if check.id == "V33")
    assert (check.title, check.severity) == ("No other role is assigned to it directly", "warns")
    assert finding("V33", facts()).expected == "none beside it"
