"""The notebooks of a guided run: copies with the parameters in them. Tracked sources are only read.

A form that was not answered ends with its kernel: JupyterLab would show an error in its place. It is taken out of the
copy, where that it was waited for stays.
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
from helpers.record.runs import Run, project_root

_nbformat: Any = nbformat  # some of its functions have no types
_FORM = "application/vnd.jupyter.widget-view+json"


def prepare(run: Run, mapping: Mapping[str, Any]) -> tuple[Path, ...]:
    """Put a copy of every notebook with these parameters into a run. What was executed before stays, without forms.

    Raises WrongUsage where something was executed with other parameters: the record must not say two things.
    """
    run.notebooks.mkdir(exist_ok=True)
    without_forms(run)
    sources = sorted((project_root() / "notebooks").glob("*.ipynb"))
    executed = {source.name for source in sources if _executed(run.notebooks / source.name, run, mapping)}
    return tuple(_copied(source, run, mapping) for source in sources if source.name not in executed)


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


def without_forms(run: Run) -> None:
    """Take forms that nobody can answer any more out of a run's notebooks. A file that is no notebook is left alone."""
    for path in sorted(run.notebooks.glob("*.ipynb")):
        try:
            notebook = _nbformat.read(path, as_version=_nbformat.NO_CONVERT)
        except (OSError, ValueError):  # cut off by a crash, for one: the record keeps it as it is
            continue
        dropped = [_drop_forms(cell) for cell in notebook.get("cells", ())]
        if any(dropped):
            write(path, _nbformat.writes(notebook).encode("utf-8"))


def _drop_forms(cell: Any) -> bool:
    """Whether there were any."""
    outputs = cell.get("outputs", [])
    kept = [output for output in outputs if _FORM not in output.get("data", {})]
    if len(kept) == len(outputs):
        return False
    cell.outputs = kept
    return True


def _copied(source: Path, run: Run, mapping: Mapping[str, Any]) -> Path:
    copy = run.notebooks / source.name
    write_ipynb(parameterize_notebook(load_notebook_node(str(source)), {"parameters": dict(mapping)}), str(copy))
    return copy
