"""Reading back what is shown: a page has known elements only, and text nothing that moves a cursor."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import Any

from helpers.display import JSON_TYPE

NAMES = {
    "markup": '</td></tr></table><script>alert(1)</script><img src=x onerror="alert(1)">',
    "terminal": "\x1b[2J\x1b[31mdone\x1b[0m\x9b\rforged\x08",
    "direction": "a\u202egnp.exe\u2066b\u2069\u200b\u061c\U000e0041",
    "templates": "{{7*7}} ${7*7} {0} {self.__class__} %s %(x)s $(id) `id` \\x41 ''' \"\"\"",
    "lines": "one\ntwo\r\nV06  pass\u2028three\x85four\ttab",
    "long": "k" * 5000,
    "wide": "\u4e2d\u6587\u3000\u540d\u00a0x \U0001f511\ufe0f",
}
"""Names that somebody could give to what is in a cloud, by what they try."""

KNOWN_TAGS = {
    "div": {"class"}, "h4": set(), "p": set(), "br": set(), "table": set(), "thead": set(), "tbody": set(), "tr": set(),
    "th": {"scope", "style"}, "td": {"style"},
}  # fmt: skip
KNOWN_STYLES = {"text-align", "vertical-align", "white-space", "overflow-wrap"}


class Page(HTMLParser):
    """A page read back: its text, each element checked against those that there may be."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.text = ""
        self.open: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in KNOWN_TAGS and {name for name, _ in attrs} <= KNOWN_TAGS[tag], (tag, attrs)
        for name, value in attrs:
            if name == "style":
                assert {part.split(":")[0] for part in str(value).split(";")} <= KNOWN_STYLES
        self.text += "\n" if tag == "br" else ""
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError(f"a comment: {data}")

    handle_decl = handle_pi = unknown_decl = handle_comment


def check(made: dict[str, Any]) -> None:
    """A mime bundle: plain text, a page of known elements only, and JSON."""
    assert set(made) == {"text/plain", "text/html", JSON_TYPE}
    assert all(c == "\n" or c.isprintable() for c in made["text/plain"])
    page = Page(made["text/html"])
    assert all(c == "\n" or c.isprintable() for c in page.text)
    assert json.loads(json.dumps(made[JSON_TYPE])) == made[JSON_TYPE]
