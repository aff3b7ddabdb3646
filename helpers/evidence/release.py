"""Whether a run's notebooks ran the code that a release ships, cell by cell, from top to bottom."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from helpers.evidence.findings import Finding, broken, proven, unproven
from helpers.evidence.notebooks import Executed, Unfit, fit
from helpers.evidence.statement import Notebook, Statement


def same_code(folder: Path, statement: Statement, shipped: Path) -> Iterator[Finding]:
    """Each executed notebook beside the shipped one of its step; the cell that papermill puts in is left out."""
    if not statement.notebooks:
        yield unproven("that the code of this release ran: the run holds no executed notebook", needed=True)
    for notebook in statement.notebooks:
        source = shipped / f"{notebook.step}.ipynb"
        if not source.is_file():
            yield unproven(f"that {notebook.path} ran the code of this release: it ships no such step", needed=True)
            continue
        try:
            found = tuple(_differences(notebook, fit(folder, notebook.path), fit(shipped, source.name)))
        except Unfit as error:
            yield broken(error.name, error.why)
            continue
        yield from found
        if not found:
            yield proven(f"{notebook.path} ran the code of this release, from top to bottom")


def _differences(notebook: Notebook, ran: Executed, ships: Executed) -> Iterator[Finding]:
    pairs = zip_longest(ran.own, ships.own)
    for number, (here, there) in enumerate(pairs, 1):
        if here is None:
            yield broken(notebook.path, f"code cell {number} ({there.id}) of this release is not in it")
        elif there is None:
            yield broken(notebook.path, f"code cell {number} ({here.id}) is not in this release")
        elif here.source != there.source:
            yield broken(notebook.path, f"code cell {number} ({here.id}) is not as in this release")
    if not ran.in_order:
        yield broken(notebook.path, "its cells were run out of order, again, or with a gap")
