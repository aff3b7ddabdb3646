"""Executed notebooks as pages: our own displays as they are, anything else as text, nothing that runs or leads away."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers.display import html
from helpers.evidence.report import display_html
from helpers.evidence.report.display_html import NotOurs
from helpers.view import Table, View
from tests.evidence.report import reading
from tests.evidence.report.editing import Record

NAME = "02_key"
HOSTILE = "<img src=x onerror=alert(1)><script>alert(2)</script><a href='https://evil.example/'>x</a>\u202e\x1b[31m"


def page(record: Record, *cells: dict[str, Any]) -> Any:
    """The page of a notebook that has these cells, checked against every rule of a page."""
    path = record.run.notebooks / f"{NAME}.ipynb"
    document = json.loads(path.read_text())
    document["cells"] = list(cells)
    path.write_text(json.dumps(document))
    made = record.report.parent / "html" / f"{NAME}.html"
    reading.check(made)
    return reading.soup(made).main


def code(*outputs: dict[str, Any], source: Any = "found", count: Any = 1) -> dict[str, Any]:
    return {"cell_type": "code", "source": source, "execution_count": count, "metadata": {}, "outputs": list(outputs)}


def shown(**data: Any) -> dict[str, Any]:
    named = {name.replace("_", "/"): value for name, value in data.items()}
    return {"output_type": "display_data", "metadata": {}, "data": named}


def test_every_display_of_a_real_notebook_is_a_table_or_a_sentence(onboarding: Record) -> None:
    """Nothing that this suite shows is taken for foreign, and each word of it is on the page."""
    for made in onboarding.pages[1:]:
        said = reading.words(reading.soup(made).main)
        assert "Shown as text" not in said
        notebook = json.loads((onboarding.run.notebooks / f"{made.stem}.ipynb").read_text())
        for cell in notebook["cells"]:
            for output in cell.get("outputs", []):
                wanted = reading.words(reading.soup(output["data"]["text/html"].replace("</", " </").encode()))
                assert all(word in said for word in wanted.split())


def test_a_view_comes_back_as_it_was() -> None:
    """Heading, sentences, tables and notes, quotes and breaks in them, survive being written, read and written again."""
    links = [("see", "https://portal.azure.com/#a&b")]
    view = View(
        "k", "A <b> & 'c'", ["one", "two"], [Table(("x", ""), (("1\n2", '"'), ("", "z")))], ["after"], links=links
    )
    read = reading.soup(str(display_html.shown(html(view))).encode())
    assert [reading.words(p) for p in read.find_all("p")] == [
        "A <b> & 'c'",
        "one",
        "two",
        "after",
        "see (https://portal.azure.com/#a&b)",
    ]
    assert not read.find_all("a")
    assert [reading.words(cell) for cell in read.find_all(["th", "td"])] == ["x", "", "1 2", '"', "", "z"]


@pytest.mark.parametrize(
    "foreign",
    [
        "<div class='cmek-runbook'><h4>x</h4><script>alert(1)</script></div>",
        "<div onclick='x()'><p>x</p></div>",
        "<div><p style='background:red'>x</p></div>",
        "<div><p><b>x</b></p></div>",
        "<div><p>x</p></div><p>y</p>",
        "<div><p>x</p></div><div><p>y</p></div>",
        "<div><p>x</div>",
        "<div><p>x</p>",
        "<div>loose</div>",
        "<div><!-- --><p>x</p></div>",
        "<!DOCTYPE html><div><p>x</p></div>",
        "<div><a href='https://evil.example/'>x</a></div>",
        "<div><p><a href='https://evil.example/' onclick='x()'>x</a></p></div>",
        "<svg onload=alert(1)>",
        "<div><h4>x</h4><table><thead><tr><th>a</th></tr></thead><tbody><tr></tr></tbody></table></div>",
        "<div><h4>x</h4><table><thead><tr></tr></thead><tbody><tr></tr></tbody></table></div>",
        "<div><h4>x</h4><table><thead><tr><th>a</th></tr></thead><tbody><tr><td>1</td><td>2</td></tr></tbody></table></div>",
        "<div><h4>x</h4><table></table></div>",
        "<div><h4>x</h4><table><tbody></tbody></table></div>",
        "<div></div>",
        "",
        "x",
    ],
)
def test_html_that_is_not_ours_is_not_taken_over(onboarding: Record, foreign: str) -> None:
    """Whatever a hand put into a notebook's HTML, its plain text is shown, and that it was not ours."""
    with pytest.raises(NotOurs):
        display_html.shown(foreign)
    main = page(onboarding, code(shown(text_html=foreign, text_plain="the plain text")))
    assert "the plain text" in reading.words(main) and "its HTML is not what" in reading.words(main)


def test_a_display_with_nothing_in_it_keeps_the_rules_of_a_page(onboarding: Record) -> None:
    """Headings, columns and first cells in which nothing is seen name nothing: they become no caption and no header."""
    blank = View("k", " ", [], [Table((" ", "b"), ((" ", "z"),)), Table(("none",), ())])
    main = page(onboarding, code(shown(text_html=html(blank), text_plain="the plain text")))
    assert [reading.words(cell) for cell in main.find_all("th")] == ["b", "none"]


def test_what_is_not_text_is_named(onboarding: Record) -> None:
    """Images, widgets and outputs of other kinds are said to be there, and not shown."""
    main = page(onboarding, code(shown(image_png="iVBORw0KGgo="), {"output_type": "update_display_data"}, shown()))
    said = reading.words(main)
    assert "not text (image/png)" in said and "of the kind update_display_data" in said


def test_streams_and_errors_without_colours(onboarding: Record) -> None:
    """Printed text and tracebacks are shown without terminal codes; an error is loud."""
    stream = {"output_type": "stream", "name": "stderr", "text": ["\x1b[31mred\x1b[0m\r", "next"]}
    error = {"output_type": "error", "ename": "Refused", "evalue": "no", "traceback": ["\x1b[1mRefused\x1b[0m: no"]}
    main = page(onboarding, code(stream, error))
    assert reading.blocks(main, "text") == ["red\nnext", "Refused: no"]
    assert "Standard error:" in main.text and "ERROR Refused: no" in reading.words(main)
    assert "How it ended: error" in reading.words(main)


def test_prose_is_markdown_that_leads_nowhere(onboarding: Record) -> None:
    """Headings go one down, tables get a caption; HTML is shown as text, links as text with their address, no image is loaded."""
    prose = (
        "# Top\n\n| | |\n|---|---|\n| **a** | b |\n\n[x](https://evil.example/) <https://evil.example/2> ![y](https://evil.example/3)\n\n"
        + HOSTILE
    )
    main = page(onboarding, {"cell_type": "markdown", "source": prose})
    said = reading.words(main)
    assert [h.text for h in main.find_all("h2")] == ["Top"] and main.table.caption.text == "Top"
    assert main.table.thead is None and "x (https://evil.example/)" in said and "(an image, not shown: y)" in said
    assert "<img src=x onerror=alert(1)>" in said and "[U+202E][U+001B][31m" in said


def test_code_is_shown_as_it_ran(onboarding: Record) -> None:
    """The source is there to the letter, with its count; a cell that did not run says so; raw cells are shown as text."""
    source = ["typed = '</pre><script>'\n", "x = 1"]
    main = page(onboarding, code(source=source, count=7), code(count=None), {"cell_type": "raw", "source": HOSTILE})
    assert reading.blocks(main, "source")[0] == "typed = '</pre><script>'\nx = 1"
    assert "Code [7]" in main.text and "Code, not run" in main.text


@pytest.mark.parametrize(
    "content", ["", "{", "[]", '{"cells": 1}', '{"cells": [1]}', '{"cells": [{"cell_type": "code"}]}']
)
def test_a_notebook_that_cannot_be_read(onboarding: Record, content: str) -> None:
    """It has a page that says so and why, the report names it, and the seal is what refuses it."""
    (onboarding.run.notebooks / f"{NAME}.ipynb").write_text(content)
    report = onboarding.report
    reading.check(report)
    reading.check(report.parent / "html" / f"{NAME}.html")
    assert "CANNOT BE READ" in reading.words(reading.part(report, "steps"))


def test_a_notebook_of_which_nothing_ran(onboarding: Record) -> None:
    """Neither its page nor the report says that its cells ran in order: none of them ran."""
    said = reading.words(page(onboarding, code(count=None)))
    assert "How it ended: not finished. None of its code cells was run." in said
    row = next(row for row in reading.table(onboarding.part("steps"), "Executed notebooks") if row[1] == NAME)
    assert row[2:] == ["not finished", "none was run"]


def test_a_step_run_again_has_a_page_of_its_own(onboarding: Record) -> None:
    """Both notebooks of a step that was run twice are there."""
    first = onboarding.run.notebooks / f"{NAME}.ipynb"
    (onboarding.run.notebooks / f"{NAME}-2.ipynb").write_text(first.read_text())
    rows = reading.table(onboarding.part("steps"), "Executed notebooks")
    assert [row[:2] for row in rows if row[1] == NAME] == [["02_key.ipynb", NAME], ["02_key-2.ipynb", NAME]]


def test_a_run_without_notebooks(mending: Record) -> None:
    """It has a report, and says that there is no notebook."""
    assert "There is no executed notebook in this run." in mending.words("steps")
