"""Text, page and JSON come from one view, and nothing in a value can forge or hide what is shown."""

from __future__ import annotations

import html as pages
import re
from html.parser import HTMLParser

import pytest

from helpers.display import JSON_TYPE, Shown, bundle, html, plain, text
from helpers.view import Table, View

VIEW = View(
    "plan",
    "Plan of 02_key: 1 to change",
    ["Plan digest 0123"],
    [Table(("", "What"), (("keep", "the key is right"), ("change", "set the tag")))],
    ["To go on: approve."],
    {"step": "02_key"},
)
NASTY = [
    "\x1b[31mred\x1b[0m",
    "\x1b]0;title\x07",
    "a\rb",
    "a\x08b",
    "a\x00b",
    "user\u202etxt.exe",
    "a\u2066b\u2069",
    "a\u200bb",
    "\ufeffx",
    "a\x9bb",
    "a\u2028b",
]


class Cells(HTMLParser):
    """The cells of a page, and every tag in it."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._inside = False
        self.tags: set[str] = set()
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag == "tr":
            self.rows.append([])
        self._inside = tag in ("td", "th")
        if self._inside:
            self.rows[-1].append("")

    def handle_endtag(self, tag: str) -> None:
        self._inside = False

    def handle_data(self, data: str) -> None:
        if self._inside:
            self.rows[-1][-1] += data


def test_one_view_three_renderings() -> None:
    """Heading, lines, cells and notes are in text and page alike, and the JSON holds the view's own data."""
    made = bundle(VIEW)
    assert made[JSON_TYPE] == {"kind": "plan", "step": "02_key"}
    for said in (VIEW.heading, *VIEW.lines, *VIEW.notes, *(cell for row in VIEW.tables[0].rows for cell in row)):
        assert said in made["text/plain"]
        assert said in pages.unescape(made["text/html"])
    assert Cells(made["text/html"]).rows == [["", "What"], ["keep", "the key is right"], ["change", "set the tag"]]


def test_a_value_shows_itself_by_its_view() -> None:
    """A notebook gets the same bundle from the value; a value without a view cannot be made."""

    class Plain(Shown):
        def view(self) -> View:
            return VIEW

    assert Plain()._repr_mimebundle_() == bundle(VIEW)
    with pytest.raises(TypeError, match="abstract"):
        Shown()  # type: ignore[abstract]


@pytest.mark.parametrize("said", ["<script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & b's <b>", "&lt;"])
def test_a_page_quotes_what_it_is_given(said: str) -> None:
    """Text from a cloud is text on the page, wherever it stands."""
    page = html(View("x", said, [said], [Table((said,), ((said,),))], [said]))
    assert Cells(page).tags == {"div", "h4", "p", "table", "thead", "tbody", "tr", "th", "td"}
    assert Cells(page).rows[0] == [said]
    assert '"' not in re.sub(r'(class|scope|style)="[^"]*"', "", page)


@pytest.mark.parametrize("said", NASTY)
def test_control_and_direction_characters_are_dropped(said: str) -> None:
    """Nothing that moves a cursor, colours, hides or turns text round gets into text or page."""
    view = View("x", said, [said], [Table((said,), ((said,),))], [said])
    for shown in (plain(said), text(view), html(view)):
        assert all(c == "\n" or c.isprintable() for c in shown)


def test_no_colour() -> None:
    """Meaning is in words: neither escape codes nor colours."""
    assert "\x1b" not in text(VIEW)
    assert "color" not in html(VIEW)


def test_columns_that_fit_are_aligned() -> None:
    """Each column begins at the same place in every row."""
    table = Table(("Check", "What", "Seen"), (("V01", "short", "x"), ("V16b", "a longer title", "yy")))
    lines = text(View("x", "Verdicts", tables=[table])).splitlines()
    assert lines == [
        "Verdicts",
        "  Check  What            Seen",
        "  V01    short           x",
        "  V16b   a longer title  yy",
    ]


def test_a_cell_of_several_lines_stays_in_its_row() -> None:
    """A line end inside a value cannot make up another row."""
    table = Table(("What", "Seen"), (("vault", "one\ntwo"),))
    assert text(View("x", "h", tables=[table])).splitlines()[-1] == "  vault  one; two"
    assert "one<br>two" in html(View("x", "h", tables=[table]))


def test_wide_rows_become_blocks_that_wrap_between_words() -> None:
    """Where columns do not fit, each row is a block of named lines, none of them too long, no word cut."""
    words = " ".join(f"word{number}" for number in range(60))
    long_id = "/subscriptions/" + "x" * 120
    table = Table(("", "What", "Empty", "Why"), (("change", words, "", long_id), ("keep", "right", "", "")))
    lines = text(View("x", "h", tables=[table])).splitlines()[1:]
    assert lines[0] == "  change"
    assert lines[1].startswith("      What: word0 word1 ")
    assert all(len(line) <= 110 for line in lines if long_id not in line)
    assert " ".join(" ".join(lines).split()).count(words) == 1
    assert any(line.strip() == long_id for line in lines)
    assert lines[-2:] == ["  keep", "      What: right"]
    assert not any("Empty" in line for line in lines)


def test_an_empty_table_shows_its_columns() -> None:
    """No rows is shown as no rows."""
    assert text(View("x", "h", tables=[Table(("What", "Found"), ())])) == "h\n  What  Found"


def test_a_link_is_one_on_the_web_only() -> None:
    """A page to look at can be followed, its address is shown as text too, and nothing else becomes a link."""
    shown = View(
        "receipt", "Done", links=[("The vault", 'https://portal.azure.com/#"x'), ("Evil", "javascript:alert(1)")]
    )
    assert pages.escape('https://portal.azure.com/#"x') in html(shown) and html(shown).count("href=") == 1
    assert "The vault: https://portal.azure.com/" in text(shown)
