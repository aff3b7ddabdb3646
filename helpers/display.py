"""Views as one mime bundle: text, an HTML table, JSON. Decides nothing.

Every text is escaped for where it goes: control characters are dropped, HTML is quoted.
"""

from __future__ import annotations

from html import escape
from typing import Any

from helpers.view import Table, View

JSON_TYPE = "application/vnd.cmek-runbook.v1+json"


class Shown:
    """A value that shows itself in a notebook, in a terminal and to a machine from its one `view`."""

    def view(self) -> View:
        raise NotImplementedError(f"{type(self).__name__} has no view")

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        return bundle(self.view())


def bundle(view: View) -> dict[str, Any]:
    """The mime bundle of a view, for `_repr_mimebundle_`."""
    return {"text/plain": text(view), "text/html": html(view), JSON_TYPE: {"kind": view.kind, **view.data}}


def text(view: View) -> str:
    """A view for a terminal or a log."""
    parts = [plain(view.heading), *(f"  {plain(line)}" for line in view.lines)]
    return "\n".join([*parts, *(_text_table(table) for table in view.tables)])


def html(view: View) -> str:
    """A view for a page: plain HTML without style of its own, readable in light and dark and in print."""
    parts = [f"<h4>{_quoted(view.heading)}</h4>", *(f"<p>{_quoted(line)}</p>" for line in view.lines)]
    return '<div class="cmek-runbook">' + "".join([*parts, *(_html_table(table) for table in view.tables)]) + "</div>"


def plain(said: str) -> str:
    """Text without control and direction characters, which could hide or forge what is shown."""
    return "".join(c for c in str(said) if c == "\n" or c.isprintable())


def _quoted(said: str) -> str:
    return escape(plain(said)).replace("\n", "<br>")


def _text_table(table: Table) -> str:
    rows = [table.columns, *table.rows]
    cells = [[plain(cell).replace("\n", "; ") for cell in row] for row in rows]
    widths = [max(len(row[i]) for row in cells) for i in range(len(table.columns) - 1)]
    lines = ["  " + "  ".join([*(c.ljust(w) for c, w in zip(row, widths, strict=False)), row[-1]]) for row in cells]
    return "\n".join(line.rstrip() for line in lines)


def _html_table(table: Table) -> str:
    head = "".join(f'<th scope="col" style="text-align:left">{_quoted(name)}</th>' for name in table.columns)
    body = "".join(
        "<tr>" + "".join(f'<td style="text-align:left">{_quoted(cell)}</td>' for cell in row) + "</tr>"
        for row in table.rows
    )
    return f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table>"
