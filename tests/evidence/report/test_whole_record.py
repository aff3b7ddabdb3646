"""Everything that the ledger holds is in the report."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from helpers.evidence.report.facts import TITLES, WRITES
from helpers.evidence.report.told import words as as_words
from helpers.evidence.report.undo_ways import WAYS
from helpers.facts_view import TITLES as SHOWN
from tests.evidence.report import reading
from tests.evidence.report.editing import Record

FIXED = {"outcome", "kind", "read_at"}


def leaves(value: Any) -> Iterator[str]:
    """Every value in a JSON value, in words."""
    if isinstance(value, dict):
        for name, inner in value.items():
            if name not in FIXED:
                yield from leaves(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from leaves(inner)
    else:
        yield " ".join(as_words(value).split())


def test_every_fact_as_last_read(each: Record) -> None:
    """Of each fact, every value that was last read is in the appendix under the fact's name."""
    shown = {row[0]: row[1] for row in reading.table(each.part("appendix"), "Everything that was read")}
    last = {
        name: found for row in each.of("facts") for name, found in row.get("facts", {}).items() if name != "read_at"
    }
    assert set(shown) == {TITLES[name] for name in last}
    for name, found in last.items():
        for leaf in leaves(found):
            assert leaf in shown[TITLES[name]], (name, leaf)


def test_every_line_is_in_the_timeline(each: Record) -> None:
    """As many rows as lines, with number, time, step and actor; sentences, request ids and what receipts keep."""
    rows = reading.table(each.part("timeline"), "Timeline")
    assert [row[0] for row in rows] == [str(number) for number in range(1, len(each.rows) + 1)]
    for row, said in zip(rows, each.rows, strict=True):
        assert (row[1], row[2], row[5]) == (said["t"], said["step"], said["actor"])
        assert row[6] == (said.get("request_id") or "")
        held = said.get("plan") or {name: said[name] for name in ("what", "change", "facts", "lines") if name in said}
        sentences = [item["says"] for item in held.get("items", [])] + list(leaves(held)) * (said["event"] == "receipt")
        assert all(" ".join(sentence.split()) in row[4] for sentence in sentences)


def test_every_approval(each: Record) -> None:
    """Each approval is named by its digest and how it was given; what it rested on is said."""
    said = each.words("approvals")
    for row in each.of("approval"):
        approval = row["approval"]
        assert approval["digest"] in said and approval["how"] in said
        for name, value in (approval["seen"] or {}).items():
            assert f"{name}: {value}" in said


def test_every_verdict_of_the_last_judgement(each: Record) -> None:
    """Each check: id, title, verdict, what was seen and expected, and its control ids; the counts; every judgement."""
    verdicts = each.of("verdicts")
    rows = reading.table(each.part("verdicts"), "The last judgement")
    assert len(rows) == len(verdicts[-1]["verdicts"]["checks"])
    shown = {row[0].split()[0]: row for row in rows}
    for check in verdicts[-1]["verdicts"]["checks"]:
        row = shown[check["id"]]
        assert check["title"] in row[0] and check["verdict"].upper() in row[1].upper()
        for name, at in (("seen", 2), ("expected", 3)):
            assert " ".join(check[name].split()) in row[at]
        assert all(f"{name} {number}" in row[5] for name, number in check["controls"].items())
    for noted in verdicts[-1]["verdicts"]["inventory"]:
        assert f"{noted['id']} {noted['title']}" in each.words("verdicts")
    assert len(reading.table(each.part("verdicts"), "Every judgement")) == len(verdicts)


def test_parameters_and_the_suite(each: Record) -> None:
    """Every parameter is there, and what the ledger says of the suite: version, commit, packages."""
    begun = each.of("run_started")[0]
    rows = {row[0]: row[1] for row in reading.table(each.part("appendix"), "Parameters")}
    assert set(rows) == set(begun["parameters"])
    suite = each.words("appendix")
    for name in ("version", "lock_sha256", "python", "system"):
        assert begun["suite"][name] in suite
    assert all(f"{name} {version}" in suite for name, version in begun["suite"]["packages"].items())


def test_every_right_that_was_looked_at(onboarding: Record) -> None:
    """The rights of the preflight are there, one a row, with whether they are there."""
    (looked,) = [row["preflight"] for row in onboarding.of("facts") if "preflight" in row]
    rows = reading.table(onboarding.part("appendix"), "Rights looked at")
    assert [(row[1], row[3]) for row in rows] == [(right["right"], right["have"]) for right in looked["rows"]]


def test_it_knows_every_fact_and_every_change_of_the_suite(onboarding: Record, mending: Record) -> None:
    """No fact is without a title; each kind of change, all of them in two real records, has an object and a way back."""
    assert set(SHOWN) <= set(TITLES)
    kinds = {row["intent"]["change"] for record in (onboarding, mending) for row in record.of("about_to")}
    assert kinds == set(WRITES) == set(WAYS)


def test_steps_are_named_with_their_pages(onboarding: Record) -> None:
    """Each step says who ran it and how it ended; each notebook has its status and links to its page."""
    steps = onboarding.part("steps")
    assert [row[0] for row in reading.table(steps, "Steps")] == list(onboarding.rows[-1]["steps"])
    assert all("finished on" in row[3] for row in reading.table(steps, "Steps"))
    links = [str(link["href"]) for link in steps.find_all("a")]
    assert links == [f"html/{step}.html" for step in onboarding.rows[-1]["steps"]]
    assert json.dumps(reading.table(steps, "Executed notebooks")).count('"ok", "yes"') == 5
