"""Whether a run's notebooks ran the code that a release ships, cell by cell, with the parameters of the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from helpers.evidence import recorded
from helpers.evidence.files import Unreadable
from helpers.evidence.findings import Finding, broken, proven, unproven
from helpers.evidence.notebooks import Executed, Unfit, fit
from helpers.evidence.recorded import NotARecord
from helpers.evidence.statement import Notebook, Statement
from helpers.record.ledger import NAME


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
            ran, ships = fit(folder, notebook.path), fit(shipped, source.name)
        except Unfit as error:
            yield broken(error.name, error.why)
            continue
        yield from _judged(notebook, ran, ships, _recorded(folder))


def _judged(
    notebook: Notebook, ran: Executed, ships: Executed, begun: Sequence[Mapping[str, Any]]
) -> Iterator[Finding]:
    if not ran.ran:
        yield unproven(f"anything of {notebook.path}: none of its cells was run")
        return
    found = (*_differences(notebook, ran, ships), *_parameters(notebook, ran, begun))
    yield from found
    if found:
        return
    if ran.in_order:
        yield proven(f"{notebook.path} ran the code of this release, from top to bottom")
    else:
        yield proven(f"{notebook.path} ran the code of this release")
        yield unproven(f"that {notebook.path} ran once only: some cells were run before, then all in their order")


def _recorded(folder: Path) -> tuple[Mapping[str, Any], ...]:
    """The parameters that the run was begun and gone on with; none where the ledger cannot be read, which is told."""
    try:
        return recorded.read(folder / NAME).begun_with
    except (NotARecord, Unreadable):
        return ()


def _parameters(notebook: Notebook, ran: Executed, begun: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The cell that was put in has the parameters of the ledger, of which it may leave out what has a default."""
    given = ran.injected.literal if ran.injected else None
    if given is not None and not any(_within(given, one) for one in begun):
        yield broken(notebook.path, "the parameters in it are not those that the ledger has")


def _within(given: Any, recorded: Any) -> bool:
    if isinstance(given, dict):
        return isinstance(recorded, dict) and all(
            name in recorded and _within(value, recorded[name]) for name, value in given.items()
        )
    if isinstance(given, list | tuple):
        same = isinstance(recorded, list) and len(recorded) == len(given)
        return same and all(map(_within, given, recorded))
    return bool(given == recorded) and isinstance(given, bool) == isinstance(recorded, bool)


def _differences(notebook: Notebook, ran: Executed, ships: Executed) -> Iterator[Finding]:
    pairs = zip_longest(ran.own, ships.own)
    for number, (here, there) in enumerate(pairs, 1):
        if here is None:
            yield broken(notebook.path, f"code cell {number} ({there.id}) of this release is not in it")
        elif there is None:
            yield broken(notebook.path, f"code cell {number} ({here.id}) is not in this release")
        elif here.source != there.source:
            yield broken(notebook.path, f"code cell {number} ({here.id}) is not as in this release")
    if not ran.in_order and not ran.ascending:
        yield broken(notebook.path, "its cells were run out of order, or with a gap")
