"""Executed notebooks: which code ran, in which order, and how it ended. Papermill's own status is not relied on.

The digest of code is the SHA-256 of the sources of all code cells as a JSON list without spaces. The one cell that
papermill puts in for the parameters is left out, where it stands behind the tagged one and holds nothing but a literal:
a notebook as shipped has none. Any other cell with that tag is code like all others.
"""

from __future__ import annotations

import ast
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

from helpers.evidence.files import Unreadable, content
from helpers.evidence.statement import Notebook
from helpers.evidence.strict_json import NotStrict, loaded

TAGGED, INJECTED = "parameters", "injected-parameters"
"""The tags of the cell with the defaults, and of the one that papermill puts in. Source: papermill 2.7."""

LARGEST = 256 * 1024 * 1024
_NAME = re.compile(r"notebooks/[^/]+\.ipynb")
_RUN_AGAIN = re.compile(r"-\d+$")


@dataclass(frozen=True)
class Cell:
    """A code cell: its id, source, execution count, tags, and whether it raised."""

    id: str
    source: str
    count: int | None
    tags: frozenset[str]
    raised: bool

    @property
    def literal(self) -> Mapping[str, Any] | None:
        """The parameters, where it is nothing but `parameters = ` and a mapping written out."""
        try:
            (only,) = ast.parse(self.source).body
            if not isinstance(only, ast.Assign) or [ast.unparse(name) for name in only.targets] != ["parameters"]:
                return None
            value = ast.literal_eval(only.value)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            return None
        return value if isinstance(value, dict) else None


@dataclass(frozen=True)
class Executed:
    """One notebook file: its code cells, and when papermill started it (empty where papermill did not)."""

    cells: tuple[Cell, ...]
    started: str

    @property
    def injected(self) -> Cell | None:
        """The cell that papermill put in: right behind the one tagged `parameters`, and holding nothing but those."""
        for before, cell in pairwise(self.cells):
            if TAGGED in before.tags and INJECTED in cell.tags and cell.literal is not None:
                return cell
        return None

    @property
    def own(self) -> tuple[Cell, ...]:
        """The cells that the notebook itself has."""
        injected = self.injected
        return tuple(cell for cell in self.cells if cell is not injected)

    @property
    def code(self) -> str:
        """The digest of its code."""
        sources = [cell.source for cell in self.own]
        text = json.dumps(sources, ensure_ascii=False, separators=(",", ":"))
        return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()

    @property
    def in_order(self) -> bool:
        """Whether cells ran, and once each, from the first on: counts from 1 without a gap."""
        counts = self._counts
        return bool(counts) and counts == list(range(1, len(counts) + 1))

    @property
    def ascending(self) -> bool:
        """Whether each cell that ran did so after the one above it: run again from the top, perhaps, but in order."""
        counts = self._counts
        ran = [count for count in counts if count is not None]
        return len(ran) == len(counts) and all(before < after for before, after in pairwise(ran))

    @property
    def _counts(self) -> list[int | None]:
        """The execution counts of the cells that hold something, up to the last one that ran."""
        counts = [cell.count for cell in self.cells if cell.source.strip()]
        while counts and counts[-1] is None:
            counts.pop()
        return counts

    @property
    def ran(self) -> bool:
        """Whether any cell was run."""
        return any(cell.count is not None for cell in self.cells)

    @property
    def status(self) -> str:
        """`ok`, `error` or `not finished`."""
        if any(cell.raised for cell in self.cells):
            return "error"
        whole = all(cell.count is not None for cell in self.cells if cell.source.strip())
        return "ok" if whole and self.ran else "not finished"


def read(path: Path) -> Executed:
    """A notebook file. Raises NotStrict for what is no notebook, and Unreadable."""
    return of(document(path))


def document(path: Path) -> Mapping[str, Any]:
    """What a notebook file holds. Raises NotStrict for what is no notebook, and Unreadable."""
    found = loaded(content(path, LARGEST))
    if not isinstance(found, dict) or not isinstance(found.get("cells"), list):
        raise NotStrict("not a notebook")
    return found


def of(document: Mapping[str, Any]) -> Executed:
    """The code cells of what a notebook file holds. Raises NotStrict for a cell that is none."""
    cells = tuple(_cell(row) for row in document["cells"] if _is_code(row))
    return Executed(cells, _text(_mapping(_mapping(document.get("metadata")).get("papermill")).get("start_time")))


def names(subjects: Iterable[str]) -> tuple[str, ...]:
    """Those files of a run that are executed notebooks."""
    return tuple(name for name in subjects if _NAME.fullmatch(name))


def executed(folder: Path, subjects: Iterable[str]) -> dict[str, Executed]:
    """A run's notebooks by their names, in the order they were executed. Raises Unfit, naming the file."""
    found = [(name, fit(folder, name)) for name in names(subjects)]
    return dict(sorted(found, key=lambda pair: (not pair[1].started, pair[1].started, pair[0])))


def told(found: Mapping[str, Executed], shipped: Path | None) -> tuple[Notebook, ...]:
    """What a statement says of these notebooks; `shipped` is where they come from. Raises Unfit for a shipped one."""
    return tuple(_told(name, one, shipped) for name, one in found.items())


class Unfit(Exception):
    """A notebook of a run that cannot be read as one; `name` is its file in the run."""

    def __init__(self, name: str, why: str) -> None:
        self.name, self.why = name, why
        super().__init__(f"{name}: {why}")


def fit(folder: Path, name: str) -> Executed:
    """The notebook of that name. Raises Unfit."""
    try:
        return read(folder / name)
    except (NotStrict, Unreadable) as error:
        raise Unfit(name, str(error)) from None


def step_of(name: str) -> str:
    """The step that a notebook file is of; a step run again has a number after it."""
    return _RUN_AGAIN.sub("", Path(name).stem)


def _told(name: str, executed: Executed, shipped: Path | None) -> Notebook:
    source = shipped / f"{step_of(name)}.ipynb" if shipped else None
    code = fit(source.parent, source.name).code if source and source.is_file() else None
    return Notebook(name, step_of(name), executed.status, code, executed.code, executed.in_order)


def _is_code(row: Any) -> bool:
    if not isinstance(row, dict):
        raise NotStrict("a cell that is none")
    return row.get("cell_type") == "code"


def _cell(row: Mapping[str, Any]) -> Cell:
    source, count, outputs = row.get("source"), row.get("execution_count"), row.get("outputs")
    lines = [source] if isinstance(source, str) else source
    if not isinstance(lines, list) or not all(isinstance(line, str) for line in lines):
        raise NotStrict("a cell without a source")
    tags = _mapping(row.get("metadata")).get("tags")
    return Cell(
        id=_text(row.get("id")),
        source="".join(lines),
        count=count if isinstance(count, int) and not isinstance(count, bool) else None,
        tags=frozenset(tag for tag in tags if isinstance(tag, str)) if isinstance(tags, list) else frozenset(),
        raised=isinstance(outputs, list) and any(_mapping(row).get("output_type") == "error" for row in outputs),
    )


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
