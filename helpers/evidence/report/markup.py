"""HTML from values: every text is escaped, and what would hide or forge something is shown by its code.

A text is markup only where it is of the type Html; nothing else gets into a page unescaped.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from html import escape

BREAK = "\n"
_TIME = re.compile(r"(\d{4}-\d\d-\d\dT)(\d\d:\d\d:\d\d(?:\.\d+)?Z)")
_TIME_SHOWN = r"<time><span>\1</span><wbr><span>\2</span></time>"
"""A time breaks between day and hour and nowhere else; as text it stays what it was."""

_TAG = re.compile(r"<[^>]*>")
_WORD = re.compile(r"<[^>]*>|[\s-]")
_LONGEST_WORD = 24
"""What is longer may break anywhere, so that it makes no column too wide; shorter words stay whole."""


class Html(str):
    """Markup that is right as it is."""

    __slots__ = ()


Shown = Html | str
"""What a page is built from: markup, or a text that becomes some."""


def visible(said: str, *, kept: str = BREAK) -> str:
    """Text with each character that cannot be seen as itself (controls, directions, odd spaces) shown by its code.

    Tabs become spaces; characters in `kept` stay. Letters of any script stay as they are.
    """
    if said.isprintable():
        return said
    return "".join(c if c.isprintable() or c in kept else "  " if c == "\t" else f"[U+{ord(c):04X}]" for c in said)


def text(said: Shown) -> Html:
    """A text as markup; its line breaks are kept."""
    if isinstance(said, Html):
        return said
    return Html(_TIME.sub(_TIME_SHOWN, escape(visible(said)).replace(BREAK, "<br>")))


def tag(name: str, *inner: Shown, **attributes: str) -> Html:
    """An element. A trailing underscore in an attribute's name is dropped, and others become hyphens."""
    given = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(visible(value))}"' for key, value in attributes.items()
    )
    return Html(f"<{name}{given}>{joined(inner)}</{name}>")


def joined(parts: Iterable[Shown], between: str = "") -> Html:
    """Several parts in a row."""
    return Html(between.join(map(text, parts)))


def lines(parts: Iterable[Shown]) -> Html:
    """Several parts, each on a line of its own."""
    return joined(parts, "<br>")


def paragraph(*said: Shown) -> Html:
    return tag("p", *said)


def code(said: str) -> Html:
    """An identifier: it may break anywhere, and stands in a type in which letters are told apart."""
    return tag("code", said)


def verbatim(said: str, kind: str) -> Html:
    """Lines to be copied or read as they are: what is copied from them is what was given."""
    return Html(f'<pre class="{kind}" tabindex="0"><code>{escape(visible(said))}</code></pre>')


def sentence(said: str) -> str:
    """The same with a capital first letter."""
    return said[:1].upper() + said[1:]


def bullets(items: Iterable[Shown]) -> Html:
    return tag("ul", *(tag("li", item) for item in items))


def strong(said: Shown) -> Html:
    return tag("strong", said)


def mark(word: str, kind: str) -> Html:
    """A word that stands out: right, wrong or note. The word says it; colour only adds to it."""
    return tag("strong", word if word.strip() else "(nothing)", class_=kind)


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Shown]], kind: str = "") -> Html:
    """A table with a caption; the first cell of a row names it. Where it is too wide, it scrolls by itself."""
    head = tag("tr", *(tag("th", name, scope="col") for name in columns))
    body = (tag("tr", _name(row[0]), *(_cell("td", cell) for cell in row[1:])) for row in rows)
    drawn = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body), class_=kind or "plain")
    return tag("div", drawn, class_="wide", tabindex="0", role="region", aria_label=caption)


def _name(said: Shown) -> Html:
    """The cell that names a row; one in which nothing stands names nothing."""
    inner = text(said)
    return _cell("th", inner, scope="row") if _TAG.sub("", inner).strip() else _cell("td", inner)


def _cell(name: str, said: Shown, **attributes: str) -> Html:
    inner = text(said)
    long = max(map(len, _WORD.split(inner))) > _LONGEST_WORD
    return tag(name, inner, **({"class_": "long"} if long else {}), **attributes)


def section(name: str, title: str, *inner: Shown) -> Html:
    """A part of a page, with a heading that can be linked to."""
    return tag("section", tag("h2", title, id=name), *inner, aria_labelledby=name)
