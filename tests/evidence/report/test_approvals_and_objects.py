"""How sure an approval is, and what is known of each object before and after: no more is claimed than was recorded."""

from __future__ import annotations

from typing import get_args

import pytest

from helpers.approval import How
from helpers.evidence.report.approvals import SURE
from helpers.evidence.report.facts import TITLES, objects
from tests.evidence.report import reading
from tests.evidence.report.editing import Record, Row

OTHER = "b0000000-0000-4000-8000-000000000002"


def approval(record: Record) -> list[str]:
    """The row of the last approval that something was asked for."""
    return reading.table(record.part("approvals"), "Approvals")[-1]


@pytest.mark.parametrize("how", [how for how in SURE if how != "nothing to approve"])
def test_each_way_of_approving_says_how_sure_it_is(onboarding: Record, how: str) -> None:
    """Typed, given beforehand, by a file, by nobody, not at all: each has its own sentence."""
    onboarding.of("approval")[-1]["approval"].update(how=how, granted=how != "not approved")
    row = approval(onboarding)
    assert row[4] == SURE[how] and row[2].startswith("yes" if how != "not approved" else "NO")


def test_nobody_is_said_where_a_rehearsal_approved_itself(onboarding: Record) -> None:
    """What is for good was approved by nobody, before anything was there; the plan is told in its own words."""
    row = approval(onboarding)
    assert row[3] == "nobody (rehearsal)" and "given before anything was there" in row[5]
    assert "FOR GOOD: encrypt a new workspace contoso-cmek" in row[1]


def test_typing_and_files_never_prove_a_person(mending: Record) -> None:
    """What was typed is tied to the sign-in, and which person typed is said to be not proven."""
    row = approval(mending)
    assert "yes typed" in row[2] and row[3] == mending.rows[-2]["actor"] and "is not proven" in row[4]
    assert "retention days: 90" in row[5] and "purge protection: not set" in row[5]
    assert "names an account, not the person who used it" in mending.words("approvals")


def test_who_approved_and_who_acted_are_compared(onboarding: Record) -> None:
    """Of a file it is said whether the sign-in that approved is the one that acts; another tenant is loud."""
    given = onboarding.of("approval")[-1]
    given["approval"].update(how="signed in", by=given["actor"].upper())
    assert "the same sign-in as the one that acts" in approval(onboarding)[3]
    given["approval"].update(by=OTHER, tenant_id=OTHER)
    assert f"{OTHER} another tenant: {OTHER} acting: {given['actor']}" == approval(onboarding)[3]


def test_who_signed_is_named_with_what_is_pinned(onboarding: Record) -> None:
    """Of a signed approval each name stands with the object ID that the parameters pin for it, and no other."""
    people = [
        {"name": name, "object_id": f"{OTHER[:-1]}{n}", "public_key": "x"}
        for n, name in enumerate(("Ann", "Bo", "Cy"), 5)
    ]
    onboarding.rows[0]["parameters"]["approvers"] = people
    onboarding.of("approval")[-1]["approval"].update(how="signed", by="Ann, Bo", signed=True)
    assert approval(onboarding)[3] == f"Ann, Bo Ann: {people[0]['object_id']} Bo: {people[1]['object_id']}"


def test_every_way_of_approving_is_known() -> None:
    """There is a sentence for each way that the suite has."""
    assert set(get_args(How)) == set(SURE)


def test_a_way_that_is_not_known_is_not_trusted(onboarding: Record) -> None:
    """An approval of a kind that this report does not know, with fields it does not know, is told as that."""
    onboarding.of("approval")[-1]["approval"].update(how="signed by two", signatures=["a", "b"])
    row = approval(onboarding)
    assert "does not know this way of approving: signed by two" in row[4] and "signatures: a, b" in row[5]


def test_a_change_without_an_approval_is_named(onboarding: Record) -> None:
    """A line that is about to change something, with no approval before it, stands out."""
    assert "No approval." not in onboarding.words("approvals")
    onboarding.keep(lambda row: (row["event"], row["step"]) != ("approval", "02_key"))
    assert "No approval. Line 13 was about to do this" in onboarding.words("approvals")


def test_only_what_differs_is_told(onboarding: Record) -> None:
    """What the run made is there once, from not there to all of it; what was the same is only named."""
    rows = reading.table(onboarding.part("objects"), "Before and after")
    made = ("principals", "key", "assignments", "external_keys", "workspaces")
    for name, row in zip(made, rows, strict=True):
        assert row[0].startswith(TITLES[name]) and row[1:3] == ["all of it", "not there"]
        assert "first read on" in row[4] and "last read on" in row[4]
    assert onboarding.of("receipt", "02")[0]["facts"]["public key SHA-256"] in rows[1][3]
    assert "Key vault" in onboarding.words("objects").partition("the same each time it was read")[2]


def test_remedies_are_told_by_property(mending: Record) -> None:
    """Each property that a remedy changed, with both values; nothing beside them of the same object."""
    rows = reading.table(mending.part("objects"), "Before and after")
    vault = {row[1]: row[2:4] for row in rows if row[0] == "Key vault"}
    assert set(vault) == {"purge protection", "network"} and vault["purge protection"] == ["not set", "true"]
    assert "153.61.208.0/20" in vault["network"][1] and "153.61.208.0/20" not in vault["network"][0]
    key = {row[1]: row[2:4] for row in rows if row[0] == "Key"}
    assert key["operations"] == ["wrapKey, unwrapKey, sign", "wrapKey, unwrapKey"]
    came = [row[0] for row in rows if row[1:3] == ["all of it", "not there"]]
    assert came[0].startswith("Key version ")
    assert came[1:3] == ["Diagnostic setting claude-cmek-audit", "Lock on the vault claude-cmek-keep"]
    assert came[3:] == ["Log destination log-contoso"]  # it is read once a setting sends there


def test_unknown_is_said_as_unknown(onboarding: Record) -> None:
    """A fact that could not be read the last time is loud, with the reason and the request id; it is not called the same."""
    last = onboarding.of("facts", "05")[-1]["facts"]
    last["locks"] = {"outcome": "unknown", "reason": "403 AuthorizationFailed", "request_id": "r-1"}
    last["key"] = {"outcome": "odd"}
    rows = {row[0]: row for row in reading.table(onboarding.part("objects"), "Before and after")}
    assert rows["Lock on the vault"][3] == "UNKNOWN: 403 AuthorizationFailed (request id r-1)"
    assert rows["Key"][3].startswith("UNKNOWN: the record does not say what came of looking")
    assert "UNKNOWN: 403 AuthorizationFailed" in onboarding.words("appendix")
    assert "locks UNKNOWN: 403" in onboarding.words("timeline")


def test_absent_is_neither_none_nor_unknown(onboarding: Record) -> None:
    """What the service says is not there, an empty list and what could not be read are three things."""
    last = onboarding.of("facts", "05")[-1]["facts"]
    last["locks"] = {"outcome": "unknown", "reason": "403"}
    shown = {row[0]: row[1] for row in reading.table(onboarding.part("appendix"), "Everything that was read")}
    assert shown["Soft-deleted key of that name"] == "not there" and shown["Deny assignment"] == "none"
    assert shown["Lock on the vault"] == "UNKNOWN: 403"


def test_what_was_not_read_again_rests_on_its_receipt(onboarding: Record) -> None:
    """After one step alone, what it made is told from the receipt and from planning again; without that, loudly."""
    onboarding.cut_after("step_finished", "01")
    (row,) = reading.table(onboarding.part("objects"), "Before and after")
    made = onboarding.of("receipt")[0]["facts"]["object ID"]
    assert row[:2] == ["Service principal", "by the receipt"] and f"object ID: {made}" in row[3]
    assert "not read as facts afterwards" in row[4] and "planned again on" in row[4] and "not read back" not in row[4]
    (row,) = reading.table(onboarding.cut_after("receipt").part("objects"), "Before and after")
    assert row[4].endswith("not read back")


def test_nothing_read_is_nothing_claimed(onboarding: Record) -> None:
    """A run that read, approved and judged nothing says so in each part."""
    onboarding.keep(lambda row: row["step"] == "run")
    assert "Nothing was read in this run" in onboarding.words("objects")
    assert "This record holds no approval." in onboarding.words("approvals")
    assert "No check was made in this run." in onboarding.words("verdicts")


def test_objects_of_one_name_are_told_apart() -> None:
    """Two rows of the same identity are two objects."""
    twice = {"outcome": "known", "value": [{"name": "a", "level": "1"}, {"name": "a", "level": "2"}]}
    assert objects(twice) == {"a": {"name": "a", "level": "1"}, "a (2)": {"name": "a", "level": "2"}}


def test_deviations_with_owner_and_end(onboarding: Record) -> None:
    """Who accepted what, why and until when; failing and unknown checks come first, with why they matter."""
    rows = reading.table(onboarding.part("verdicts"), "Deviations")
    given: list[Row] = onboarding.rows[0]["parameters"]["accepted_deviations"]
    assert [row[1:] for row in rows] == [[one["owner"], one["reason"], one["expires"]] for one in given]
    checks = onboarding.of("verdicts")[-1]["verdicts"]["checks"]
    checks[9]["verdict"], checks[20]["verdict"] = "unknown", "fail"
    first, second, *_ = reading.table(onboarding.part("verdicts"), "The last judgement")
    assert first[0].startswith(checks[20]["id"]) and first[1].startswith("FAIL") and checks[20]["why"] in first[0]
    assert second[0].startswith(checks[9]["id"]) and second[1].startswith("UNKNOWN")
    assert onboarding.words("verdicts").startswith("VerdictsLast judgement: 1 fail, 1 unknown, 2 accepted")
