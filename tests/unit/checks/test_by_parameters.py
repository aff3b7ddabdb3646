"""Checks whose verdict goes by what the parameters ask for."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from helpers.checks import Verdict
from helpers.model import Absent, Known
from tests.cases.building import NOW, OTHER, TENANT, VAULT_ID, VERSION, facts, known, one
from tests.unit.checks.finding import (
    FAIL,
    GONE,
    NONE,
    NOT_APPLICABLE,
    PASS,
    UNKNOWN,
    assignment,
    catalogued,
    finding,
    principal,
    workspace,
)

OLD, OLDER = "0123456789abcdef0123456789abcdef", "00112233445566778899aabbccddeeff"
BY_ID = {"workspace": {"id": "wrkspc_01Contoso"}}
DEFAULT = {"workspace": {"id": "wrkspc_01Contoso", "default": True}}


@pytest.mark.parametrize(
    ("credential", "kind", "verdict"),
    [
        ("browser", "user", PASS),
        ("device_code", "user", PASS),
        ("managed_identity", "service principal", PASS),
        ("workload_identity", "service principal", PASS),
        ("azure_cli", "user", PASS),
        ("azure_cli", "service principal", PASS),
        ("environment", "user", PASS),
        ("environment", "service principal", PASS),
        ("browser", "service principal", FAIL),
        ("device_code", "service principal", FAIL),
        ("managed_identity", "user", FAIL),
        ("workload_identity", "user", FAIL),
    ],
)
def test_the_identity_is_of_the_kind_that_the_sign_in_gives(credential: str, kind: str, verdict: Verdict) -> None:
    """V01 names user or service principal, and fails where the way of signing in gives the other one."""
    judged = finding("V01", facts(caller=known("caller", kind=kind)), cloud="azure", credential=credential)
    assert judged.verdict is verdict
    assert judged.seen.startswith(f"{kind} ")


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


@pytest.mark.parametrize(
    ("given", "is_default", "verdict", "seen", "mend"),
    [
        (BY_ID, False, PASS, "wrkspc_01Contoso contoso-cmek", ""),
        (DEFAULT, True, PASS, "wrkspc_01Contoso contoso-cmek", ""),
        (
            BY_ID,
            True,
            FAIL,
            "the organization's default workspace, which can never be renamed or archived",
            "Choose another workspace; or, if it is meant, set workspace: {id: …, default: true}.",
        ),
        (DEFAULT, False, FAIL, "not the default workspace", "Check workspace."),
    ],
)
def test_the_default_workspace_is_taken_only_on_purpose(
    given: dict[str, Any], is_default: bool, verdict: Verdict, seen: str, mend: str
) -> None:
    """V40 wants the parameters to say that the default workspace is meant, and then wants it to be that one."""
    judged = finding("V40", facts(**workspace(is_default=is_default)), **given)
    assert (judged.verdict, judged.seen, judged.mend) == (verdict, seen, mend)


@pytest.mark.parametrize("changes", [{"archived": True}, {"user_profile_id": "up"}, {"external_key_id": "other"}])
def test_being_the_default_workspace_excuses_nothing_else(changes: dict[str, Any]) -> None:
    """V40 fails for a default workspace that cannot take the key, also where it is meant."""
    assert finding("V40", facts(**workspace(is_default=True, **changes)), **DEFAULT).verdict is FAIL


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (workspace(), FAIL),
        (workspace(archived=True), FAIL),
        (workspace(external_key_id="cmek_01Ours"), NOT_APPLICABLE),
        ({"workspaces": NONE}, FAIL),
        ({"workspaces": GONE}, UNKNOWN),
    ],
)
def test_a_workspace_named_by_id_is_never_known_to_be_new(found: dict[str, Any], verdict: Verdict) -> None:
    """V41 passes only where the workspace is made with the key; one with a key is not asked."""
    assert finding("V41", facts(**found), **BY_ID).verdict is verdict


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
        (GONE, UNKNOWN),
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
    """V33 is about roles assigned to it directly or through a group, and warns."""
    check = catalogued("V33")
    assert (check.title, check.severity) == ("It has no other role, directly or through a group", "warns")
    assert finding("V33").expected == "none beside it"


@pytest.mark.parametrize(
    ("versions", "rotate", "verdict"),
    [
        ((VERSION, OLD), OLD, PASS),
        ((VERSION, OLD, OLDER), OLD, PASS),
        ((VERSION, OLD), False, FAIL),
        ((VERSION, OLD), OLDER, FAIL),
        ((VERSION, OLD, OLDER), OLDER, FAIL),
        ((OLD, VERSION), VERSION, FAIL),
        ((VERSION,), VERSION, PASS),
    ],
)
def test_a_rotation_that_was_asked_for_is_no_surprise(
    versions: tuple[str, ...], rotate: bool | str, verdict: Verdict
) -> None:
    """V29 passes where the current version came right after the one that `rotate` names; one between them was not asked for."""
    rows = tuple(one("versions", version=name, created=NOW - timedelta(days=n)) for n, name in enumerate(versions))
    judged = finding("V29", facts(versions=Known(rows)), rotate=rotate)
    assert judged.verdict is verdict
    if verdict is PASS and len(rows) > 1:
        assert judged.seen == f"{len(rows)}; the current one is the rotation away from {OLD} that was asked for"
