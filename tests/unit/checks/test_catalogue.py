"""The whole catalogue: every check is in its place, explained, and says what reading takes and what to do."""

from __future__ import annotations

import re

import pytest

from helpers.checks import ALL, Check, Phase, Verdict, judge
from helpers.checks.base import ALWAYS
from helpers.checks.inventory import noted
from tests.cases.building import facts, parameters
from tests.unit.checks.finding import FAIL, GONE, UNKNOWN, finding
from tests.unit.checks.rows import ROWS

CATALOGUE = {f"V{number:02}" for number in range(1, 48)}
SPLIT = {"V07b", "V09b", "V16b", "V24b", "V33b"}
INVENTORY = {"V14", "V34", "V43", "V44"}
CONFIRMED = {"DP-6", "DP-8", "LT-3", "NS-2", "PA-7"}
"""Of the MCSB ids that the catalogue marks as not confirmed, those that were confirmed since."""
STEPS = {"01_consent", "02_key", "03_rbac"}
UNREAD = facts(**{name: GONE for name in vars(facts()) if name != "read_at"})
each = pytest.mark.parametrize("check", ALL, ids=lambda check: check.id)


def test_every_id_of_the_catalogue_is_checked_or_recorded() -> None:
    """Ids are unique and sorted: the catalogue's, some split in two, without those that are recorded only."""
    ids = [check.id for check in ALL]
    assert ids == sorted(set(ids))
    assert set(ids) == CATALOGUE - INVENTORY | SPLIT
    assert {row.id for row in noted(facts())} == INVENTORY


@each
def test_a_check_is_explained(check: Check) -> None:
    """Each has a title, a reason, what it looks at and the right that takes; texts are lines and reasons sentences."""
    for text in (check.title, check.why, check.looks_at, check.right):
        assert text == text.strip() and text and text.isprintable()
    assert check.why.endswith(".")
    assert not check.title.endswith(".")
    assert check.title[0].isupper()
    assert set(check.after) <= STEPS
    assert check.phases and set(check.phases) <= set(ALWAYS)
    assert set(check.blocks_in) <= set(check.phases)
    assert check.severity == "warns" or not check.blocks_in


@each
def test_what_cannot_happen_has_a_reason_and_is_not_declared(check: Check) -> None:
    """A verdict is declared, or says why no state of the clouds leads to it; a check can always pass."""
    assert all(reason and not reason.endswith(".") for reason in check.cannot.values())
    assert check.verdicts.isdisjoint(check.cannot)
    assert Verdict.PASS in check.verdicts
    assert (Verdict.ACCEPTED in check.verdicts) == check.acceptable
    assert (Verdict.NOT_YET in check.verdicts) == bool(check.after)


def test_only_what_warns_may_be_accepted_and_what_the_vendor_asks_for() -> None:
    """No blocking check can be waved through but public access, which a proxy may stand in for."""
    assert [check.id for check in ALL if check.acceptable and check.severity == "blocks"] == ["V08"]


@pytest.mark.parametrize("phase", ALWAYS)
def test_a_check_comes_out_only_in_ways_it_declares(phase: Phase) -> None:
    """In every phase, on all the worlds of these tests, planned or not, each verdict is a declared one or explained."""
    declared = {check.id: check.verdicts | set(check.cannot) for check in ALL}
    for found in (facts(), UNREAD, *(facts(**row[1]) for row in ROWS)):
        for product in ("claude_platform", "claude_enterprise"):
            for row in judge(found, parameters(product=product), phase, frozenset({"03_rbac"})).rows:
                assert row.finding.verdict in declared[row.check.id], (row.check.id, phase, row.finding)


@each
def test_what_could_not_be_read_says_what_reading_takes(check: Check) -> None:
    """An unknown has a way out: the right that reading takes, or what else to do."""
    judged = finding(check.id, UNREAD)
    if check.id == "V42":
        return  # it reads nothing
    own = {"V36": "Give this identity Key Vault Crypto User at the key for the trial, or accept V36."}
    assert judged.verdict is UNKNOWN
    assert judged.mend == own.get(check.id, f"Reading it takes {check.right}. Then look again.")


def test_every_failure_says_what_to_do() -> None:
    """Each way of failing shown in these tests names a mend, but the one that nothing can lead to."""
    for check, found, verdict, _ in ROWS:
        if verdict is FAIL:
            assert finding(check, facts(**found)).mend or check == "V45", check


def test_controls_are_those_that_were_confirmed() -> None:
    """Nothing is quoted that the catalogue marks as not confirmed in a source, and each framework in its own form."""
    forms = {"CIS": r"\d+(\.\d+)+", "MCSB": r"[A-Z]{2}-\d+", "Prowler": r"keyvault(_[a-z]+)+"}
    named: dict[str, set[str]] = {name: set() for name in forms}
    for check in ALL:
        assert set(check.controls) <= set(forms), check.id
        for framework, text in check.controls.items():
            ids = re.sub(r" \(.*\)$", "", text).split(", ")
            assert all(re.fullmatch(forms[framework], one) for one in ids), (check.id, text)
            named[framework].update(ids)
    assert named["MCSB"] == CONFIRMED
    assert named["CIS"] == {"6.1.1.4", "8.3.1", "8.3.5", "8.3.6", "8.3.7", "8.3.8", "8.3.9"}
    assert named["Prowler"] == {
        "keyvault_access_only_through_private_endpoints",
        "keyvault_key_rotation_enabled",
        "keyvault_logging_enabled",
        "keyvault_private_endpoints",
        "keyvault_rbac_enabled",
        "keyvault_rbac_key_expiration_set",
        "keyvault_recoverable",
    }
