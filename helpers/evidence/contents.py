"""What the ledger and the notebooks of a run hold, read once for all the rules that judge them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from helpers.evidence import notebooks, recorded
from helpers.evidence.files import Unreadable
from helpers.evidence.findings import Finding, broken
from helpers.evidence.notebooks import Executed, Unfit
from helpers.evidence.recorded import NotARecord, Recorded
from helpers.evidence.statement import Statement
from helpers.record.ledger import NAME


@dataclass(frozen=True)
class Contents:
    """The ledger, and the executed notebooks by their names in the order they were executed; or what is broken."""

    ledger: Recorded | Finding
    notebooks: Mapping[str, Executed] | Finding


def read(folder: Path, statement: Statement) -> Contents:
    """What the files of a run hold. Raises nothing for what is in them."""
    return Contents(_ledger(folder), _notebooks(folder, statement))


def _ledger(folder: Path) -> Recorded | Finding:
    try:
        return recorded.read(folder / NAME)
    except (NotARecord, Unreadable) as error:
        return broken(NAME, str(error))


def _notebooks(folder: Path, statement: Statement) -> Mapping[str, Executed] | Finding:
    try:
        return notebooks.executed(folder, (name for name, _ in statement.subjects))
    except Unfit as error:
        return broken(error.name, error.why)
