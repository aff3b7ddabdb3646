"""The notebooks of a guided run: copies with the parameters in them. Tracked sources are only read.

A form that was not answered ends with its kernel: JupyterLab would show an error in its place. It is taken out of the
copy, where that it was waited for stays. The kernel scrubs each message that it sends, and a cell may print a secret in
several: each cell's outputs are scrubbed once more as a whole, as those of headless runs are.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
from papermill.iorw import load_notebook_node, write_ipynb
from papermill.parameterize import parameterize_notebook

from helpers.errors import WrongUsage
from helpers.evidence.files import write
from helpers.evidence.notebooks import read
from helpers.record.in_use import Known
from helpers.record.runs import Run, project_root
from helpers.record.scrubbing import Scrubber

_nbformat: Any = nbformat  # some of its functions have no types
_FORM = "application/vnd.jupyter.widget-view+json"


def prepare(run: Run, mapping: Mapping[str, Any], known: Known) -> tuple[Path, ...]:
    """Put a copy of every notebook with these parameters into a run. What was executed before stays, tidied.

    Raises WrongUsage where something was executed with other parameters: the record must not say two things.
    """
    run.notebooks.mkdir(exist_ok=True)
    executed = refuse_other_parameters(run, mapping)
    tidy(run, known)
    return tuple(_copied(source, run, mapping) for source in _sources() if source.name not in executed)


def refuse_other_parameters(run: Run, mapping: Mapping[str, Any]) -> frozenset[str]:
    """The notebooks of a run that were executed. Raises WrongUsage where that was with other parameters."""
    names = (source.name for source in _sources())
    return frozenset(name for name in names if _executed(run.notebooks / name, run, mapping))


def _sources() -> list[Path]:
    return sorted((project_root() / "notebooks").glob("*.ipynb"))


def _executed(copy: Path, run: Run, mapping: Mapping[str, Any]) -> bool:
    """Whether any cell of a copy was executed. Raises WrongUsage where that was with other parameters."""
    if not copy.exists():
        return False
    found = read(copy)
    given = found.injected.literal if found.injected else None
    if found.ran and given is not None and given != mapping:
        raise WrongUsage(
            f"--continue: {copy.name} of {run.id} was executed with other parameters than the file has now",
            why="What was executed is the record, and stays as it is.",
            next_step="Start a new run: it looks at what is there and goes on from it.",
        )
    return found.ran


def tidy(run: Run, known: Known) -> None:
    """Take forms that nobody can answer any more, and secrets that were printed in pieces, out of a run's notebooks.

    A file that is no notebook is left alone.
    """
    for path in sorted(run.notebooks.glob("*.ipynb")):
        try:
            notebook = _nbformat.read(path, as_version=_nbformat.NO_CONVERT)
        except (OSError, ValueError):  # cut off by a crash, for one: the record keeps it as it is
            continue
        changed = [_tidied(cell, known) for cell in notebook.get("cells", ())]
        if any(changed):
            write(path, _nbformat.writes(notebook).encode("utf-8"))


def _tidied(cell: Any, known: Known) -> bool:
    """Whether there was anything to take out."""
    outputs = list(cell.get("outputs", ()))
    kept = Scrubber(known).outputs([output for output in outputs if _FORM not in output.get("data", {})])
    if kept == outputs:
        return False
    cell.outputs = [_nbformat.from_dict(output) for output in kept]
    return True


def _copied(source: Path, run: Run, mapping: Mapping[str, Any]) -> Path:
    copy = run.notebooks / source.name
    write_ipynb(parameterize_notebook(load_notebook_node(str(source)), {"parameters": dict(mapping)}), str(copy))
    return copy
