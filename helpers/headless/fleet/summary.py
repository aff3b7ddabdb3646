"""What a fleet came to: a table for a terminal, one page, one JSON document. All from the same results."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from helpers.evidence.report.markup import Html, tag
from helpers.evidence.report.page import page
from helpers.headless.fleet.results import WORDS, Result, counted, exit_code
from helpers.view import Table, View

PAGE, DOCUMENT = "summary.html", "summary.json"
COLUMNS = ("File", "Target", "Exit", "What it came to", "When", "Seconds", "Record")
_SHOWN = 40
"""Rows in a terminal; the page has all."""


def document(fleet: str, verb: str, results: Sequence[Result]) -> dict[str, Any]:
    """All of it as JSON values."""
    return {
        "fleet": fleet,
        "verb": verb,
        "rehearsal": _world(results),
        "counts": counted(results),
        "targets": [result.said() for result in results],
        "exit_code": exit_code(results),
    }


def view(fleet: str, verb: str, results: Sequence[Result], folder: Path) -> View:
    """For a terminal: how many came to what, and the targets that somebody has to look at."""
    look = [result for result in results if not result.is_well]
    tables = [_table(look[:_SHOWN])] if look else []
    notes = [f"{len(look) - _SHOWN} more are on the page."] if len(look) > _SHOWN else []
    lines = (_counts(results), f"Everything is in {folder}; one page: {folder / PAGE}")
    return View("fleet", _heading(fleet, verb, results), lines, tables, notes)


def write(fleet: str, verb: str, results: Sequence[Result], folder: Path) -> None:
    """The page and the document, into the fleet's folder."""
    said = json.dumps(document(fleet, verb, results), indent=1, ensure_ascii=True)
    (folder / DOCUMENT).write_text(said + "\n", encoding="utf-8")
    title = _heading(fleet, verb, results)
    inner = (tag("h1", title), tag("p", _counts(results), class_="result"), _html(results))
    (folder / PAGE).write_bytes(page(title, _world(results), *inner))


def _heading(fleet: str, verb: str, results: Sequence[Result]) -> str:
    return f"{_where(results)}: fleet {verb} of {len(results)} targets, {fleet}"


def _counts(results: Sequence[Result]) -> str:
    said = ", ".join(f"{number} {what}" for what, number in counted(results).items()) or "no targets"
    return f"{said}. Exit {exit_code(results)}"


def _table(results: Sequence[Result]) -> Table:
    """One row each, and what is to be read about it."""
    return Table((*COLUMNS, "To read"), tuple((*_row(result), "\n".join(_to_read(result))) for result in results))


def _html(results: Sequence[Result]) -> Html:
    """One row each, and below it what is to be read about it."""
    head = tag("tr", *(tag("th", name, scope="col") for name in COLUMNS))
    rows = (row for result in results for row in _html_rows(result))
    return tag("div", tag("table", tag("thead", head), tag("tbody", *rows)), class_="wide")


def _html_rows(result: Result) -> Iterator[Html]:
    yield tag("tr", *(tag("td", cell, class_="long") for cell in _row(result)))
    if lines := _to_read(result):
        yield tag("tr", tag("td", "\n".join(lines), class_="long", colspan=str(len(COLUMNS))), class_="below")


def _to_read(result: Result) -> tuple[str, ...]:
    """The cause, what to do next, which approval is missing; without a first line that the row says already."""
    return result.lines[1:] if result.lines[:1] == (result.summary,) else result.lines


def _row(result: Result) -> tuple[str, ...]:
    code = f"{result.exit_code} {WORDS.get(result.exit_code, '')}".strip()
    where = "\n".join(filter(None, (result.folder, result.notebook))) or "none"
    return (result.file, result.target, code, result.summary, result.at, f"{result.seconds:.1f}", where)


def _where(results: Sequence[Result]) -> str:
    world, clouds = _world(results), {result.cloud for result in results}
    if world:
        return f"REHEARSAL ({world}), nothing here is real"
    if "azure" in clouds:
        return "LIVE"
    return "REHEARSAL, not reached" if "rehearsal" in clouds else "No target"


def _world(results: Sequence[Result]) -> str | None:
    """The rehearsal all of it was in; None as soon as anything is about Azure, which is never called a rehearsal."""
    if any(result.cloud == "azure" for result in results):
        return None
    return ", ".join(sorted({result.rehearsal for result in results if result.rehearsal})) or None
