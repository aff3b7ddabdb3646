"""Views as one mime bundle: text, an HTML table, JSON. Decides nothing.

Every text is escaped for where it goes: control characters are dropped, HTML is quoted.
"""

from __future__ import annotations

import re
import textwrap
from abc import ABC, abstractmethod
from html import escape
from typing import Any

from helpers.view import Table, View

_WIDTH = 110
_SHORT = 20
_LONGEST_WORD, _SHORTEST = 26, 9
_PAGE, _BETWEEN = 112, 2
"""Characters of a table's font that JupyterLab shows side by side in a window of 1280 pixels, and between columns."""
JSON_TYPE = "application/vnd.cmek-runbook.v1+json"


class Shown(ABC):
    """A value that shows itself in a notebook, in a terminal and to a machine from its one `view`."""

    @abstractmethod
    def view(self) -> View:
        """What is shown of it."""

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.view())


def bundle(view: View) -> dict[str, Any]:
    """The mime bundle of a view, for `_repr_mimebundle_`."""
    return {"text/plain": text(view), "text/html": html(view), JSON_TYPE: {"kind": view.kind, **view.data}}


def text(view: View) -> str:
    """A view for a terminal or a log."""
    parts = [plain(view.heading), *(f"  {plain(line)}" for line in view.lines)]
    tables = (_text_table(table) for table in view.tables)
    notes = (_wrapped(plain(note), "  ") for note in view.notes)
    links = (f"  {plain(said)}: {plain(address)}" for said, address in view.links)
    return "\n".join([*parts, *tables, *notes, *links])


def html(view: View) -> str:
    """A view for a page: plain HTML without style of its own, readable in light and dark and in print."""
    parts = [f"<h4>{_quoted(view.heading)}</h4>", *(f"<p>{_quoted(line)}</p>" for line in view.lines)]
    tables = (_html_table(table) for table in view.tables)
    notes = (f"<p>{_quoted(note)}</p>" for note in view.notes)
    links = (_html_link(said, address) for said, address in view.links)
    return '<div class="cmek-runbook">' + "".join([*parts, *tables, *notes, *links]) + "</div>"


def _html_link(said: str, address: str) -> str:
    """A link that can be followed, for an address on the web only."""
    if not address.startswith("https://"):
        return f"<p>{_quoted(said)}: {_quoted(address)}</p>"
    return f'<p><a href="{_quoted(address)}" target="_blank" rel="noopener noreferrer">{_quoted(said)}</a></p>'


def plain(said: str) -> str:
    """Text in which nothing hides or forges what is shown: no control or direction characters, plain spaces only."""
    return "".join(c if c == "\n" or c.isprintable() else " " if c.isspace() else "" for c in str(said))


def _quoted(said: str) -> str:
    return escape(plain(said)).replace("\n", "<br>")


def _text_table(table: Table) -> str:
    """Columns where they fit a line, else one block a row: a line that wraps on its own cannot be read."""
    cells = [[plain(cell).replace("\n", "; ") for cell in row] for row in (table.columns, *table.rows)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(table.columns))]
    if sum(widths) + 2 * len(widths) <= _WIDTH:
        return "\n".join(f"  {'  '.join(map(str.ljust, row, widths))}".rstrip() for row in cells)
    return "\n".join(_text_block(table, row) for row in table.rows)


def _text_block(table: Table, row: tuple[str, ...]) -> str:
    named = [(name, plain(cell).replace("\n", "; ")) for name, cell in zip(table.columns, row, strict=True) if cell]
    first, *rest = [f"{name}: {cell}" if name else cell for name, cell in named]
    return "\n".join([_wrapped(first, "  "), *(_wrapped(line, "      ") for line in rest)])


def _wrapped(line: str, indent: str) -> str:
    return textwrap.fill(
        line,
        _WIDTH,
        initial_indent=indent,
        subsequent_indent=indent + "  ",
        break_long_words=False,
        break_on_hyphens=False,
    )


def _html_table(table: Table) -> str:
    longest = _longest_whole(table)
    head = "".join(f'<th scope="col" style="{_style(name, longest)}">{_quoted(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="{_style(cell, longest)}">{_quoted(cell)}</td>' for cell in row) + "</tr>"
        for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"


def _longest_whole(table: Table) -> int:
    """How long words may be that stay whole, so that all columns fit a page: fewer the more columns there are."""
    columns = list(zip(table.columns, *table.rows, strict=True))
    page = _PAGE - _BETWEEN * len(columns)
    fits = (n for n in range(_LONGEST_WORD, _SHORTEST, -1) if sum(_narrowest(c, n) for c in columns) <= page)
    return next(fits, _SHORTEST)


def _narrowest(column: tuple[str, ...], longest: int) -> int:
    """The width, in characters, below which a column does not go."""
    return max(len(cell) if _whole(cell, longest) else min(_longest_word(cell), longest) for cell in column)


def _whole(cell: str, longest: int) -> bool:
    return len(cell) <= min(_SHORT, longest)


def _longest_word(cell: str) -> int:
    return max(map(len, re.split(r"[\s-]", cell)))


def _style(cell: str, longest: int) -> str:
    """Short cells stay on one line, words stay whole, and only what is longer breaks anywhere: no table is too wide."""
    wrap = "break-word" if _longest_word(cell) <= longest else "anywhere"
    wrap = "white-space:nowrap" if _whole(cell, longest) else f"white-space:normal;overflow-wrap:{wrap}"
    return f"text-align:left;vertical-align:top;{wrap}"
