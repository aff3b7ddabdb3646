"""The executed notebooks of a run as the report takes them: what their code did, and their cells."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.evidence import files, notebooks
from helpers.evidence.files import Unreadable
from helpers.evidence.notebooks import Executed, names
from helpers.evidence.report.told import rows_of
from helpers.evidence.strict_json import NotStrict


@dataclass(frozen=True)
class Notebook:
    """One file: what was read of it, or why it could not be read. `name` is without folder and ending."""

    name: str
    executed: Executed | None
    cells: tuple[Mapping[str, Any], ...] = ()
    why: str = ""


def found(folder: Path) -> tuple[Notebook, ...]:
    """All executed notebooks of a run, in the order they were executed. Raises nothing for what is in them."""
    read = [_read(folder, name) for name in names(files.listing(folder).plain)]
    return tuple(sorted(read, key=lambda one: (not _started(one), _started(one), one.name)))


def _started(one: Notebook) -> str:
    return one.executed.started if one.executed else ""


def _read(folder: Path, name: str) -> Notebook:
    stem = Path(name).stem
    try:
        document = notebooks.document(folder / name)
        return Notebook(stem, notebooks.of(document), rows_of(document["cells"]))
    except (NotStrict, Unreadable) as error:
        return Notebook(stem, None, (), f"{name}: {error}")
