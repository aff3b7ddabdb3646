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

from helpers.record.runs import Run, project_root

_nbformat: Any = nbformat  # some of its functions have no types
_FORM = "application/vnd.jupyter.widget-view+json"


def prepare(run: Run, mapping: Mapping[str, Any]) -> tuple[Path, ...]:
    """Put a copy of every notebook that is not there yet into a run. What was executed before stays, without forms."""
    run.notebooks.mkdir(exist_ok=True)
    without_forms(run)
    return tuple(_copied(source, run, mapping) for source in sorted((project_root() / "notebooks").glob("*.ipynb")))


def without_forms(run: Run) -> None:
    """Take forms that nobody can answer any more out of a run's notebooks. A file that is no notebook is left alone."""
    for path in sorted(run.notebooks.glob("*.ipynb")):
        try:
            notebook = _nbformat.read(path, as_version=_nbformat.NO_CONVERT)
        except (OSError, ValueError):  # cut off by a crash, for one: the record keeps it as it is
            continue
        dropped = [_drop_forms(cell) for cell in notebook.get("cells", ())]
        if any(dropped):
            _nbformat.write(notebook, path)


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
    if not copy.exists():
        write_ipynb(parameterize_notebook(load_notebook_node(str(source)), {"parameters": dict(mapping)}), str(copy))
    return copy
