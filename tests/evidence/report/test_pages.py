"""Every page: nothing loaded, nothing run, readable by everybody, REHEARSAL first, and the same bytes each time."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from itertools import chain

import pytest

from helpers.evidence.report import style
from helpers.evidence.report.writing import pages, write
from helpers.evidence.scan import scan
from tests.evidence.report import reading
from tests.evidence.report.editing import Record
from tests.services.rehearsed import ROOT


def test_each_page_is_whole_by_itself_and_accessible(each: Record) -> None:
    """No script, no reference that leaves the folder, a policy that forbids both; captions, scopes and headings in order."""
    for page in each.pages:
        reading.check(page)


def test_a_rehearsal_is_called_one_before_anything_else(each: Record) -> None:
    """The first thing on every page, and in its title, is that it is a rehearsal; on paper it is on every sheet."""
    for page in each.pages:
        read = reading.soup(page)
        assert read.title and read.title.text.startswith("REHEARSAL: ")
        assert read.body and reading.words(read.body).startswith("REHEARSAL (rehearsal-")
        assert '@page{@top-center{content:"REHEARSAL' in read.style.text


def test_a_live_run_is_nowhere_called_a_rehearsal(onboarding: Record) -> None:
    """The report of a live run says Live, and has no banner and no word of a rehearsal beside the names in the record."""
    page = onboarding.live().report
    assert reading.soup(page).find(class_="banner") is None
    assert "REHEARSAL" not in page.read_text().replace("wrkspc_01REHEARSALDEFAULT", "")
    assert ["Kind of record", "Live"] in reading.table(reading.part(page, "decision"), "The decision")


def test_the_same_folder_gives_the_same_bytes(onboarding: Record) -> None:
    """Written twice, and by processes with another hash seed and time zone, each page is the same."""
    first = pages(onboarding.saved().run)
    made = f"import pathlib; from helpers.record.runs import Run; from helpers.evidence.report import write; write(Run(pathlib.Path({str(onboarding.run.folder)!r})))"
    for seed, zone in (("1", "Pacific/Auckland"), ("2", "America/Lima")):
        subprocess.run(
            [sys.executable, "-c", made], check=True, cwd=ROOT, env={**os.environ, "PYTHONHASHSEED": seed, "TZ": zone}
        )
        assert {name: (onboarding.run.folder / name).read_bytes() for name in first} == first


def test_no_page_holds_what_looks_like_a_secret(each: Record) -> None:
    """The scan that stops a seal finds nothing in the pages, so that they never stop one by themselves."""
    write(each.run)
    assert scan(each.run.folder, ()) == ()


def test_sealing_does_not_pay_for_what_it_does_not_use() -> None:
    """Importing the package loads neither Markdown nor any part of the report."""
    asked = (
        "import sys, helpers.evidence.report; print([n for n in sys.modules if 'mistune' in n or n.endswith('.undo')])"
    )
    done = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


PAIRS = (
    *((ink, paper) for ink in ("ink", "quiet", "link", "right", "wrong", "note") for paper in ("paper", "shade")),
    ("alarm", "alarm-paper"),
)
"""Which colour of text is used on which colour of paper."""


def _luminance(colour: str) -> float:
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("palette", [style.LIGHT, style.DARK], ids=["light", "dark"])
@pytest.mark.parametrize("pair", PAIRS, ids="-".join)
def test_every_text_stands_out_from_its_paper(palette: dict[str, str], pair: tuple[str, str]) -> None:
    """The contrast of each colour of text with each paper it is on is at least 4.5 (WCAG 2.2, 1.4.3)."""
    lighter, darker = sorted((_luminance(palette[name]) for name in pair), reverse=True)
    assert (lighter + 0.05) / (darker + 0.05) >= 4.5


def test_no_colour_comes_from_anywhere_else() -> None:
    """Every colour of text and paper is one of the palettes', and each text's colour is among the pairs that are measured."""
    rules = re.sub(r"--[a-z-]+:#[0-9a-f]{6};", "", style.CSS)
    assert not re.search(r"#[0-9a-fA-F]{3,8}\b|rgb|hsl", rules)
    texts = set(re.findall(r"(?<![a-z-])color:([^;}]+)", rules))
    papers = set(re.findall(r"background:([^;}]+)", rules))
    known = {f"var(--{name})" for name in chain(*PAIRS)}
    assert texts <= known and papers <= known
    assert set(style.LIGHT) == set(style.DARK)
