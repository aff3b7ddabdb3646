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


@pytest.mark.parametrize("seed", range(40))
def test_no_form_of_a_line_stops_it(onboarding: Record, seed: int) -> None:
    """Values of any line replaced by others of any kind, or gone: there is a page that keeps every rule, or NotARecord."""
    dice = random.Random(seed)
    for _ in range(30):
        _break(dice, onboarding.rows[dice.randrange(len(onboarding.rows))])
    try:
        page = onboarding.report
    except NotARecord:
        return
    reading.check(page)


def _break(dice: random.Random, inside: Any) -> None:
    """Replace or take away one value, somewhere below."""
    while True:
        keys: list[Any] = list(inside) if isinstance(inside, dict) else list(range(len(inside)))
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
