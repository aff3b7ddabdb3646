"""Accepted deviations: what may be accepted, by whom and until when, and what a deviation never covers."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest

from helpers.checks import ALL, Verdict, judge, refuse_deviations
from helpers.errors import WrongUsage
from helpers.facts import Facts
from tests.cases.building import NOW, facts, known, parameters
from tests.unit.checks.finding import GONE, deviation, verdicts_of

ACCEPTABLE = (
    *("V07b", "V08", "V09b", "V10", "V11", "V12", "V13", "V19"),
    *("V26", "V27", "V28", "V29", "V33", "V36", "V41", "V42"),
)


def test_which_checks_may_be_accepted() -> None:
    """Only what is open to judgement may be accepted: never identity, key, role, tenant or purge protection."""
    assert tuple(check.id for check in ALL if check.acceptable) == ACCEPTABLE


WRONG_VAULT = facts(vault=known("vault", public_access="Disabled", purge_protection=False))


def test_an_accepted_deviation_is_accepted_and_says_by_whom() -> None:
    """The verdict is its own and says owner, day and reason; what was seen stays, and a machine gets the deviation whole."""
    judged = judge(WRONG_VAULT, parameters(**deviation("V08")), "azure")
    row = next(row for row in judged.rows if row.check.id == "V08")
    assert row.finding.verdict is Verdict.ACCEPTED
    assert row.finding.seen == "Disabled"
    cells = {cells[0]: cells for cells in judged.view().tables[0].rows}
    assert cells["V08 Public network access is enabled"][1] == "accepted by Ada until 2027-01-01: our proxy"
    said = {row["id"]: row for row in judged.view().data["checks"]}
    assert said["V08"]["verdict"] == "accepted"
    assert said["V08"]["accepted"] == deviation("V08")["accepted_deviations"][0]
    assert said["V06"]["accepted"] is None
    assert [row.check.id for row in judged.blocking_failures] == ["V06"]
    assert "V08" in judged.open


def test_what_is_unknown_may_be_accepted_and_what_passes_is_a_pass() -> None:
    """A deviation covers a check that could not be made, and does not touch one that passes."""
    assert verdicts_of(facts(vault=GONE), **deviation("V08"))["V08"] is Verdict.ACCEPTED
    assert verdicts_of(facts(), **deviation("V08"))["V08"] is Verdict.PASS


@pytest.mark.parametrize(
    ("check", "expires", "read_at"),
    [
        ("V06", "2027-01-01", NOW),
        ("V28", "2027-01-01", NOW),
        ("V08", "2026-11-23", NOW),
        ("V08", "2026-11-22", NOW),
        ("V08", "2027-01-01", None),
    ],
)
def test_a_deviation_that_does_not_hold_changes_nothing(check: str, expires: str, read_at: Any) -> None:
    """Another check's, an expired one, one that may not be, and any where the day is not known: all still fail."""
    found = Facts(**{**vars(WRONG_VAULT), "read_at": read_at})
    judged = verdicts_of(found, **deviation(check, expires))
    assert (judged["V06"], judged["V08"]) == (Verdict.FAIL, Verdict.FAIL)


def test_the_day_may_be_given() -> None:
    """`today` counts before the day the facts were read."""
    given = parameters(**deviation("V08", "2026-12-01"))
    rows = judge(WRONG_VAULT, given, "azure", today=date(2026, 12, 2)).rows
    assert next(row.finding.verdict for row in rows if row.check.id == "V08") is Verdict.FAIL


MAY = " or ".join(ACCEPTABLE)


@pytest.mark.parametrize(
    ("check", "expires", "said"),
    [
        ("V99", "2027-01-01", f"accepted_deviations.0.check: given V99, no check of this suite; allowed: {MAY}"),
        ("V06", "2027-01-01", f"accepted_deviations.0.check: given V06, a check that may never be accepted; allowed: {MAY}"),
        ("V43", "2027-01-01", f"accepted_deviations.0.check: given V43, no check of this suite; allowed: {MAY}"),
        ("V08", "2026-11-23", "accepted_deviations.0.expires: given 2026-11-23, which is over; allowed: a day after 2026-11-23"),
        ("V08", "2025-01-01", "accepted_deviations.0.expires: given 2025-01-01, which is over; allowed: a day after 2026-11-23"),
    ],
)  # fmt: skip
def test_a_deviation_that_cannot_hold_is_refused_beforehand(check: str, expires: str, said: str) -> None:
    """An unknown, an expired and an unacceptable deviation each get one line, with exit code 64."""
    with pytest.raises(WrongUsage) as refused:
        refuse_deviations(parameters(**deviation(check, expires)), date(2026, 11, 23))
    assert str(refused.value) == said


def test_a_deviation_that_holds_is_not_refused() -> None:
    """Every acceptable check, up to the day before it ends."""
    for check in ACCEPTABLE:
        refuse_deviations(parameters(**deviation(check, "2026-11-24")), date(2026, 11, 23))
    refuse_deviations(parameters(), date(2026, 11, 23))
