"""Whatever stands in a ledger: it is shown, it does nothing, and no form of a line stops the report."""

from __future__ import annotations

import copy
import random
import time
from typing import Any

import pytest

from helpers.evidence.recorded import NotARecord
from helpers.evidence.report import write
from helpers.evidence.report.report import report
from helpers.evidence.report.writing import pages
from tests.evidence.report import reading
from tests.evidence.report.editing import Record

HOSTILE = (
    "\"'></td></table></style></title><script>alert(1)</script><img src=x onerror=alert(2)>"
    '<a href="https://evil.example/">x</a>&lt;{{7*7}}]]>\x1b[31m\x9b\u202e\u2066\u200b\ufeff\x00\r\ud800 https://evil.example/'
)
SHOWN = "[U+001B][31m[U+009B][U+202E][U+2066][U+200B][U+FEFF][U+0000][U+000D][U+D800] https://evil.example/"
NEEDED = ("t", "run", "event", "step", "cloud", "world", "outcome", "kind", "parameters", "exit_code", "digest")
"""What keeps its form, so that the rest of a line is reached."""


def spoiled(value: Any, name: str = "") -> Any:
    """The hostile text put to every text of a JSON value, names of keys included."""
    if name in NEEDED:
        return value
    if isinstance(value, dict):
        return {key: spoiled(inner, key) for key, inner in value.items()} | (
            {f"k{HOSTILE}": "v"} if name in ("seen", "tags") else {}
        )
    if isinstance(value, list):
        return [spoiled(inner) for inner in value]
    return f"{value}{HOSTILE}" if isinstance(value, str) else value


def test_a_hostile_text_everywhere_is_shown_and_does_nothing(each: Record) -> None:
    """In every fact, sentence, name, id and reason: the page keeps every rule, and the text can be read on it."""
    each.rows = [spoiled(row) for row in each.rows]
    page = each.report
    reading.check(page)
    for name in ("approvals", "objects", "verdicts", "timeline", "undo", "appendix"):
        said = reading.words(reading.part(page, name))
        assert SHOWN in said and "<script>alert(1)</script>" in said, name


def test_a_hostile_text_in_the_parameters(onboarding: Record) -> None:
    """The same in the names that head the page, where the rules of a record let it in."""
    for row in onboarding.rows[:1]:
        for name in ("vault_name", "key_name", "product", "organization_id"):
            row["parameters"][name] += HOSTILE
        row["suite"] = spoiled(row["suite"])
    page = onboarding.report
    reading.check(page)
    assert SHOWN in reading.words(reading.part(page, "decision"))
    assert "[U+202E]" in reading.soup(page).title.text


JUNK = (None, True, 0, -1.5, "", "x", [], {}, [None], {"outcome": "known"}, [[]], {"x": {"y": []}}, ["a", {"id": 1}])


@pytest.mark.parametrize("seed", range(20))
def test_no_form_of_a_line_stops_it(onboarding: Record, seed: int) -> None:
    """Values of any line replaced by others of any kind, or gone: there is a page, and it keeps every rule of a page."""
    dice = random.Random(seed)
    for _ in range(30):
        _break(dice, dice.choice(onboarding.rows[1:]))
    page = onboarding.run.folder / "report.html"
    page.write_bytes(report(onboarding.told, ()))
    reading.check(page)


@pytest.mark.parametrize("facts", [5, [1], ["key"], "key", None, True])
def test_facts_of_another_form_cannot_be_read(onboarding: Record, facts: Any) -> None:
    """A line of facts that holds none is said to be unreadable in each part that tells of facts, and nothing is made of it."""
    row = onboarding.of("facts", "02")[-1]
    row["facts"] = facts
    line = onboarding.rows.index(row) + 1
    assert f"CANNOT BE READ. Line {line}, of 02_key" in onboarding.words("objects")
    shown = {row[0]: row[4] for row in reading.table(onboarding.part("timeline"), "Timeline")}
    assert shown[str(line)] == "CANNOT BE READ"
    reading.check(onboarding.report)


@pytest.mark.parametrize("preflight", [5, [1], "x", {}, {"rows": 5, "said": 5}, {"rows": [5]}])
def test_rights_of_another_form_cannot_be_read(onboarding: Record, preflight: Any) -> None:
    """Rights that were looked at and are told in no form that is known are not said to be none."""
    (row,) = [row for row in onboarding.of("facts") if "preflight" in row]
    row["preflight"] = preflight
    said = onboarding.words("appendix") + onboarding.words("objects")
    assert "CANNOT BE READ" in said and "none." not in onboarding.words("appendix")
    reading.check(onboarding.report)


@pytest.mark.parametrize("fact", [5, [1], None])
def test_a_fact_of_another_form_is_unknown(onboarding: Record, fact: Any) -> None:
    """It is neither called the same each time nor left out."""
    for row in onboarding.of("facts"):
        if "locks" in row.get("facts", {}):
            row["facts"]["locks"] = fact
    rows = {row[0]: row for row in reading.table(onboarding.part("objects"), "Before and after")}
    assert rows["Lock on the vault"][3] == "UNKNOWN: the record does not say what came of looking"
    assert "Lock on the vault" not in onboarding.words("objects").partition("the same each time it was read")[2]
    assert "locks UNKNOWN" in onboarding.words("timeline")


@pytest.mark.parametrize("spoilt", ["external_key_id", "id", "value"])
@pytest.mark.parametrize("receipt", [True, False])
def test_workspaces_of_another_form_prove_no_state(onboarding: Record, spoilt: str, receipt: bool) -> None:
    """An id that is a list is no id: whether a workspace has the key is not known, unless a receipt says so."""
    for row in onboarding.of("facts", "05"):
        spaces = row["facts"]["workspaces"]
        if spoilt == "value":
            spaces["value"] = 7
        for one in spaces["value"] if spoilt != "value" else ():
            one[spoilt] = [one[spoilt]]
    if not receipt:
        onboarding.keep(lambda row: row["event"] not in ("about_to", "receipt"))
    said = onboarding.words("decision")
    if receipt:
        assert "Attached, for good." in said and "was not read afterwards" in said
    else:
        assert "NOT KNOWN whether attached." in said and "not in a form that is known" in said
    assert "DELETE" not in onboarding.words("undo")
    reading.check(onboarding.report)


@pytest.mark.parametrize("checks", [5, [1], None, {}])
def test_a_judgement_of_another_form_cannot_be_read(onboarding: Record, checks: Any) -> None:
    """Checks that are no list of checks are not counted as none."""
    onboarding.of("verdicts")[-1]["verdicts"]["checks"] = checks
    assert "CANNOT BE READ. Line" in onboarding.words("verdicts")


def test_no_command_is_made_of_what_is_no_text(onboarding: Record, mending: Record) -> None:
    """A scope that is a list, or an operation that is a number, becomes no word of a command: it is done by hand."""
    onboarding.of("receipt", "03")[0]["facts"]["scope"] = ["/subscriptions/a", "/subscriptions/b"]
    assert "az role assignment delete" not in onboarding.cut_after("step_finished", "04").words("undo")
    for row in mending.of("facts"):
        key = row.get("facts", {}).get("key", {}).get("value")
        if isinstance(key, dict):
            key["operations"], key["tags"] = ["wrapKey", 5], {"owner": ["security"]}
    assert "set-attributes" not in mending.words("undo")


def test_a_cell_without_text_names_no_row(onboarding: Record) -> None:
    """A check that has neither id nor title is drawn all the same, and its row has no header cell."""
    for name in ("id", "title", "why"):
        onboarding.of("verdicts")[-1]["verdicts"]["checks"][0][name] = ""
    reading.check(onboarding.report)


RECORD = ("run", "event", "exit_code", "parameters", "world")
"""What a ledger must hold to be one at all: without it there is no record to report on, and nothing to be broken."""


@pytest.mark.parametrize("name", RECORD)
def test_what_is_no_record_has_no_report(onboarding: Record, name: str) -> None:
    """Where that itself is of another form, nothing is reported: it is told as no record."""
    row = onboarding.rows[-1 if name == "exit_code" else 0]
    row[name] = ["x"]
    with pytest.raises(NotARecord):
        _ = onboarding.report


def _break(dice: random.Random, inside: Any) -> None:
    """Replace or take away one value, somewhere below; what a ledger must hold stays."""
    while True:
        keys: list[Any] = list(range(len(inside)))
        if isinstance(inside, dict):
            keys = [key for key in inside if key not in RECORD]
        if not keys:
            return
        key = dice.choice(keys)
        if isinstance(inside[key], dict | list) and inside[key] and dice.random() < 0.8:
            inside = inside[key]
            continue
        if isinstance(inside, dict) and dice.random() < 0.3:
            del inside[key]
        else:
            inside[key] = copy.deepcopy(dice.choice(JUNK))
        return


def test_a_line_cut_by_a_crash_is_left_out(onboarding: Record) -> None:
    """What a crash left of a last line is not part of the record, and the page says that it is not complete."""
    onboarding.cut_after("about_to").saved()
    with onboarding.run.ledger.open("a") as ledger:
        ledger.write('{"t": "2026-11-23T09:00:46.357Z", "run": "2026')
    assert b"NOT COMPLETE." in pages(onboarding.run)["report.html"]


def test_it_is_quick(onboarding: Record) -> None:
    """Five notebooks and their report take well under a quarter of a second of this machine's processor."""
    write(onboarding.run)
    spent = []
    for _ in range(5):
        start = time.process_time()
        write(onboarding.run)
        spent.append(time.process_time() - start)
    assert min(spent) < 0.25, spent


def test_many_receipts_are_no_trouble(onboarding: Record) -> None:
    """A ledger of some thousand lines is read in about the time that its length takes."""
    onboarding.rows[1:1] = [row for row in onboarding.rows if row["step"] == "02_key"] * 300
    start = time.process_time()
    report(onboarding.told, ())
    assert time.process_time() - start < 8
