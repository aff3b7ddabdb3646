"""The HTML that this suite's own displays show in a notebook, read back; anything else is not taken for it.

A notebook file can be edited by hand, so its HTML is never put into a page: it is read by a parser that knows only what
`helpers.display` writes, and what was read is written anew.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from helpers.evidence.report.markup import Html, joined, paragraph, tag, text

_INSIDE = {
    "div": (None,),
    "h4": ("div",),
    "p": ("div",),
    "table": ("div",),
    "thead": ("table",),
    "tbody": ("table",),
    "tr": ("thead", "tbody"),
    "th": ("tr",),
    "td": ("tr",),
    "a": ("p",),
}
"""Which elements there are, and in which other ones they stand."""
_TEXT = ("h4", "p", "th", "td", "a")
_ATTRIBUTES = {"div": {"class"}, "th": {"scope", "style"}, "td": {"style"}, "a": {"href", "target", "rel"}}


class NotOurs(Exception):
    """HTML that is not what a display of this suite writes."""


@dataclass
class _Table:
    head: list[str] = field(default_factory=list)
    body: list[list[str]] = field(default_factory=list)

    @property
    def is_whole(self) -> bool:
        """Whether it has columns, and each row has a cell for each of them."""
        return bool(self.head) and all(len(row) == len(self.head) for row in self.body)


def shown(html: str) -> Html:
    """A display written anew. Raises NotOurs."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    if reader.open or not reader.parts:
        raise NotOurs
    return joined(_drawn(reader.parts))


def _drawn(parts: Sequence[tuple[str, str | _Table]]) -> list[Html]:
    """A heading right above a table is its caption; other tables say whose they are."""
    heading, found = "Output", []
    for number, (kind, said) in enumerate(parts):
        if isinstance(said, _Table):
            above = number > 0 and parts[number - 1][0] == "h4"
            found.append(_table(heading if above else f"{heading} (table)", said))
        elif kind == "h4":
            heading = said if said.strip() else heading
            captions = number + 1 < len(parts) and isinstance(parts[number + 1][1], _Table)
            found += [] if captions else [tag("p", said, class_="heading")]
        else:
            found.append(paragraph(said))
    return found


def _table(caption: str, read: _Table) -> Html:
    """A table written anew; a column without a name has no header cell."""
    head = tag("tr", *(tag("th", name, scope="col") if name.strip() else tag("td") for name in read.head))
    body = [tag("tr", *_cells(row)) for row in read.body]
    drawn = tag("table", tag("caption", caption), tag("thead", head), tag("tbody", *body))
    return tag("div", drawn, class_="wide", tabindex="0", role="region", aria_label=caption)


def _cells(row: list[str]) -> list[Html]:
    first, *rest = [text(cell) for cell in row]
    named = tag("th", first, scope="row") if first.strip() else tag("td", first)
    return [named, *(tag("td", cell) for cell in rest)]


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.parts: list[tuple[str, str | _Table]] = []
        self._text = self._address = ""

    def handle_starttag(self, name: str, attrs: list[tuple[str, str | None]]) -> None:
        if name == "br" and self._in_text and not attrs:
            self._text += "\n"
            return
        outer = self.open[-1] if self.open else None
        if (
            name not in _INSIDE
            or outer not in _INSIDE[name]
            or {key for key, _ in attrs} - _ATTRIBUTES.get(name, set())
        ):
            raise NotOurs
        if name == "div" and self.parts:
            raise NotOurs  # a display is one element
        self.open.append(name)
        if name == "a":
            self._address = dict(attrs).get("href") or ""
            return
        self._text = ""
        if name == "table":
            self.parts.append((name, _Table()))
        elif name == "tr" and outer == "tbody":
            self._last.body.append([])

    def handle_endtag(self, name: str) -> None:
        if not self.open or self.open.pop() != name:
            raise NotOurs
        match name:
            case "a":  # a page leads nowhere else: the address is shown, to be copied
                self._text += f" ({self._address})"
            case "table" if not self._last.is_whole:
                raise NotOurs
            case "h4" | "p":
                self.parts.append((name, self._text))
            case "th" | "td" if "thead" in self.open:
                self._last.head.append(self._text)
            case "th" | "td":
                self._last.body[-1].append(self._text)

    def handle_data(self, data: str) -> None:
        if self._in_text:
            self._text += data
        elif data.strip():
            raise NotOurs

    def handle_comment(self, _: str) -> None:
        raise NotOurs

    def handle_decl(self, _: str) -> None:
        raise NotOurs

    def handle_pi(self, _: str) -> None:
        raise NotOurs

    def unknown_decl(self, _: str) -> None:
        raise NotOurs

    @property
    def _in_text(self) -> bool:
        return bool(self.open) and self.open[-1] in _TEXT

    @property
    def _last(self) -> _Table:
        last = self.parts[-1][1]
        if not isinstance(last, _Table):
            raise NotOurs
        return last
