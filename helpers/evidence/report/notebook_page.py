"""An executed notebook as a page: its prose, its code, what came out of it. Its own HTML is never taken over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from helpers.evidence.files import REPORT
from helpers.evidence.notebooks import Executed
from helpers.evidence.report.display_html import NotOurs, shown
from helpers.evidence.report.markup import Html, code, joined, mark, paragraph, tag, verbatim
from helpers.evidence.report.notebook_files import Notebook
from helpers.evidence.report.page import page
from helpers.evidence.report.told import dig, rows_of, words

_ANSI = re.compile(r"\x1b(?:\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(?:\x07|\x1b\\))")
_LONGEST_SUMMARY = 80


def notebook_page(one: Notebook, world: str | None) -> bytes:
    """The bytes of html/<name>.html."""
    file = f"notebooks/{one.name}.ipynb"
    back = tag("p", tag("a", "Back to the report", href=f"../{REPORT}"))
    about = paragraph("For reading only: the record is ", code(file), ", which this page was made from.")
    title = f"Executed notebook {one.name}"
    return page(title, world, tag("h1", title), back, about, _status(one), *map(_cell, one.cells))


def _status(one: Notebook) -> Html:
    if one.executed is None:
        return paragraph(mark("CANNOT BE READ.", "wrong"), f" {one.why}")
    kind = {"ok": "right", "error": "wrong"}.get(one.executed.status, "note")
    return paragraph("How it ended: ", mark(one.executed.status, kind), f". {_order(one.executed)}.")


def _order(executed: Executed) -> str:
    if not executed.ran:
        return "None of its code cells was run"
    return f"Its code cells {'ran' if executed.in_order else 'did NOT run'} in order, once each"


def _cell(cell: Mapping[str, Any]) -> Html:
    source = _text(cell.get("source"))
    match cell.get("cell_type"):
        case "markdown":
            from helpers.evidence.report.prose import prose  # here, for a run without notebooks needs no Markdown

            return tag("div", prose(source), class_="cell")
        case "code":
            return tag("div", _code(cell, source), *map(_output, rows_of(cell.get("outputs"))), class_="cell")
    return tag("div", verbatim(source, "raw"), class_="cell")


def _code(cell: Mapping[str, Any], source: str) -> Html:
    count = cell.get("execution_count")
    ran = f"Code [{words(count)}]" if count is not None else "Code, not run"
    first = next((line for line in source.splitlines() if line.strip()), "empty")
    short = first if len(first) <= _LONGEST_SUMMARY else f"{first[:_LONGEST_SUMMARY]}…"
    return tag("details", tag("summary", f"{ran}: ", code(short)), verbatim(source, "source"))


def _output(output: Mapping[str, Any]) -> Html:
    return tag("div", *_parts(output), class_="output")


def _parts(output: Mapping[str, Any]) -> Iterator[Html]:
    match output.get("output_type"):
        case "stream":
            if output.get("name") == "stderr":
                yield paragraph("Standard error:")
            yield verbatim(_clean(output.get("text")), "text")
        case "error":
            yield paragraph(mark("ERROR", "wrong"), f" {words(output.get('ename'))}: {_clean(output.get('evalue'))}")
            traceback = output.get("traceback")
            if isinstance(traceback, list) and traceback:
                yield verbatim("\n".join(_clean(line) for line in traceback), "text")
        case "execute_result" | "display_data":
            yield _data(output.get("data"))
        case kind:
            yield paragraph(f"An output of the kind {words(kind)}, which this page does not show.")


def _data(data: Any) -> Html:
    """A display of this suite as it is shown; of everything else its plain text, or that there is none."""
    html = dig(data, "text/html")
    if html is not None:
        try:
            return shown(_text(html))
        except NotOurs:
            pass
    plain = dig(data, "text/plain")
    kinds = ", ".join(data) if isinstance(data, dict) else "none"
    if plain is None:
        return paragraph(f"An output that is not text ({kinds}), which this page does not show.")
    said = verbatim(_clean(plain), "text")
    note = paragraph("Shown as text: its HTML is not what this suite's displays write.")
    return said if html is None else joined((note, said))


def _clean(value: Any) -> str:
    """Text without terminal colours, with one kind of line break."""
    return _ANSI.sub("", _text(value)).replace("\r\n", "\n").replace("\r", "\n")


def _text(value: Any) -> str:
    """What nbformat calls a multiline string: a text, or a list of its lines."""
    if isinstance(value, list):
        return "".join(map(str, value))
    return "" if value is None else str(value)
