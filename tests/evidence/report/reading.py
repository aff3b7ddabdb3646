"""Reading pages as a reader does: their text, their tables, their commands, and every rule that a page has to keep."""

from __future__ import annotations

import base64
import hashlib
import re
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

from bs4 import BeautifulSoup, NavigableString, Tag

ELEMENTS = frozenset(
    (
        "html",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "header",
        "main",
        "nav",
        "section",
        "div",
        "h1",
        "h2",
        "h3",
        "h4",
        "h5",
        "h6",
        "p",
        "ul",
        "ol",
        "li",
        "a",
        "br",
        "wbr",
        "strong",
        "em",
        "code",
        "pre",
        "table",
        "caption",
        "thead",
        "tbody",
        "tr",
        "th",
        "td",
        "time",
        "span",
        "details",
        "summary",
        "blockquote",
        "hr",
        "split",
    )
)
ATTRIBUTES = frozenset(
    (
        "lang",
        "charset",
        "http-equiv",
        "content",
        "name",
        "class",
        "id",
        "href",
        "tabindex",
        "role",
        "aria-label",
        "aria-labelledby",
        "scope",
        "start",
        "split",
    )
)
VOID = {"meta", "br", "wbr", "hr"}


def soup(page: bytes | Path) -> BeautifulSoup:
    """A page, to be looked at only."""
    return _parsed(page.read_bytes() if isinstance(page, Path) else page)


@lru_cache(4)
def _parsed(page: bytes) -> BeautifulSoup:
    return BeautifulSoup(page, "html.parser")


def words(of: Tag) -> str:
    """Text as it reads: breaks are spaces, and spaces are one."""
    parts = (str(one) if isinstance(one, NavigableString) else " " * (one.name == "br") for one in of.descendants)
    return re.sub(r"\s+", " ", "".join(parts))


def part(page: Path, name: str) -> Tag:
    """The section of that name."""
    heading = soup(page).find(id=name)
    assert heading is not None and isinstance(heading.parent, Tag)
    return heading.parent


def table(of: Tag, caption: str) -> list[list[str]]:
    """The rows of the table with that caption."""
    (found,) = [t for t in of.find_all("table") if words(t.caption).startswith(caption)]
    return [[words(cell) for cell in row.find_all(["th", "td"])] for row in found.tbody.find_all("tr")]


def blocks(of: Tag, kind: str) -> list[str]:
    """What a reader copies out of the blocks of a kind."""
    return [block.get_text() for block in of.find_all("pre", class_=kind)]


class _Stack(HTMLParser):
    """Counts what is open: every element is closed, in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        names = [name for name, _ in attrs]
        assert len(names) == len(set(names)), f"{tag} has an attribute twice"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open and self.open.pop() == tag, f"</{tag}> closes nothing"


def check(path: Path) -> None:
    """Assert that a page is well formed, loads and runs nothing, leads nowhere else, and can be read by everybody."""
    text = path.read_text(encoding="utf-8")
    stack = _Stack()
    stack.feed(text)
    stack.close()
    assert not stack.open
    page = soup(path)
    _loads_nothing(page, path)
    _reads_well(page)
    assert all(c == "\n" or c.isprintable() for c in page.get_text())


def _loads_nothing(page: BeautifulSoup, path: Path) -> None:
    for element in page.find_all(True):
        assert element.name in ELEMENTS, element.name
        assert set(element.attrs) <= ATTRIBUTES, (element.name, element.attrs)
    for link in page.find_all("a"):
        where, _, anchor = str(link["href"]).partition("#")
        assert re.fullmatch(r"|(html/)?[A-Za-z0-9._-]+\.html|\.\./report\.html", where), where
        assert not where or (path.parent / where).is_file()
        assert not anchor or page.find(id=anchor)
    (style,) = page.find_all("style")
    assert not re.search(r"url\(|@import|expression", style.text)
    digest = base64.b64encode(hashlib.sha256(style.text.encode()).digest()).decode()
    (policy,) = page.find_all("meta", attrs={"http-equiv": "Content-Security-Policy"})
    assert policy["content"].startswith(f"default-src 'none'; style-src 'sha256-{digest}';")


def _reads_well(page: BeautifulSoup) -> None:
    assert page.html and page.html["lang"] == "en" and page.title and page.title.text
    levels = [int(heading.name[1]) for heading in page.find_all(re.compile("^h[1-6]$"))]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after <= before + 1 for before, after in pairwise(levels)), levels
    ids = [element["id"] for element in page.find_all(id=True)]
    assert len(ids) == len(set(ids))
    for found in page.find_all("table"):
        assert found.caption and found.caption.text.strip()
        assert all(cell.text.strip() and cell["scope"] in ("row", "col") for cell in found.find_all("th"))
        widths = {len(row.find_all(["th", "td"])) for row in found.find_all("tr")}
        assert len(widths) == 1, found.caption.text
    for marked in page.find_all(class_=["right", "wrong", "note"]):
        assert marked.text.strip()
