"""Each check, with every verdict it can give and what it shows for it. The rows stand by subject in rows_*.py."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from helpers.checks import ALL, Verdict
from helpers.model import Known
from tests.cases.building import OTHER, facts, one
from tests.unit.checks.finding import FAIL, GONE, NOT_APPLICABLE, PASS, UNKNOWN, catalogued, finding
from tests.unit.checks.rows import ROWS
from tests.unit.checks.rows_role import PARTNER


@pytest.mark.parametrize(("check", "found", "verdict", "seen"), ROWS)
def test_the_verdict_of_a_check(check: str, found: dict[str, Any], verdict: Verdict, seen: str) -> None:
    """What was found leads to this verdict and is shown; what is not right says what was expected and what to do."""
    judged = finding(check, facts(**found))
    assert judged.verdict is verdict
    assert seen in judged.seen
    if verdict is FAIL:
        assert judged.expected
        assert judged.mend or check == "V45"
    if verdict is UNKNOWN:
        assert judged.seen.startswith("could not be read: ")
        assert judged.mend


def test_a_log_destination_that_cannot_be_looked_at_says_what_to_do() -> None:
    """Reader does not open a partner solution, so another destination is named; the others are for a Reader."""
    gone = replace(one("sinks"), found=GONE)
    for sinks, mend in (
        ((PARTNER,), "Send AuditEvent to a workspace, storage account or event hub as well: those can be looked at."),
        ((gone,), f"Give this identity Reader on {gone.id}."),
        ((gone, PARTNER), f"Give this identity Reader on {gone.id}."),
    ):
        assert finding("V35", facts(sinks=Known(sinks))).mend == mend


def test_every_check_passes_and_fails_somewhere() -> None:
    """No check is without a world it passes in and one it fails in."""
    for verdict in (PASS, FAIL):
        assert {row[0] for row in ROWS if row[2] is verdict} >= {check.id for check in ALL} - {"V16b"}


def test_no_check_comes_out_in_a_way_it_does_not_declare() -> None:
    """Every verdict found here is one that its check names as possible, or says why no state of the clouds leads to."""
    for check, found, _, seen in ROWS:
        declared = catalogued(check).verdicts | set(catalogued(check).cannot)
        assert finding(check, facts(**found)).verdict in declared, (check, seen)


def test_every_verdict_a_check_declares_of_the_clouds_is_found_somewhere() -> None:
    """A check declares pass, fail, unknown, or that it may find itself out of place, only where something leads to it."""
    unread = facts(**{name: GONE for name in vars(facts()) if name != "read_at"})
    shown = {(check, verdict) for check, _, verdict, _ in ROWS}
    shown |= {(check.id, finding(check.id, unread).verdict) for check in ALL}
    shown |= {("V16b", finding("V16b", expected_owner_tenant=OTHER).verdict)}
    for check in ALL:
        own = ({PASS, FAIL, UNKNOWN} & check.verdicts) | ({NOT_APPLICABLE} if check.out_of_place else set())
        assert {(check.id, verdict) for verdict in own} - shown == set()


BOOLS = [
    ("V05", "vault", "rbac"),
    ("V06", "vault", "purge_protection"),
    ("V07", "vault", "soft_delete"),
    ("V17", "principals", "enabled"),
    ("V25", "key", "enabled"),
    ("V28", "versions", "enabled"),
]


@pytest.mark.parametrize(("check", "fact", "field"), BOOLS)
@pytest.mark.parametrize("value", [None, False])
def test_only_true_is_true(check: str, fact: str, field: str, value: bool | None) -> None:
    """A property that Azure left out is not taken for true, whatever its usual default."""
    changed = replace(one(fact), **{field: value})
    rows = Known((changed,)) if fact in ("principals", "versions") else Known(changed)
    assert finding(check, facts(**{fact: rows})).verdict is FAIL
