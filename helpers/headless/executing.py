"""One notebook executed by papermill as a copy. What a cell put out is scrubbed as a whole before it is saved.

The kernel scrubs each message that it sends, and a cell may print a secret in several.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import nbformat
import papermill
from papermill.engines import NBClientEngine, papermill_engines

from helpers.headless.kernels import RecordedKernelManager, settings
from helpers.record.in_use import Known
from helpers.record.scrubbing import Scrubber

_ENGINE = "scrubbing"
_NODE: Any = nbformat.from_dict


class _Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Papermill's own, with one thing done before it saves a cell that has ended."""

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, known: Known, **options: Any) -> Any:
        complete = nb_man.cell_complete

        def scrubbed_and_complete(cell: Any, **said: Any) -> None:
            if cell.cell_type == "code":
                cell.outputs = list(map(_NODE, Scrubber(known).outputs(cell.outputs)))
            complete(cell, **said)

        nb_man.cell_complete = scrubbed_and_complete
        return super().execute_managed_notebook(nb_man, kernel_name, **options)


papermill_engines.register(_ENGINE, _Engine)


def execute_copy(source: Path, copy: Path, parameters: Mapping[str, Any], *, log: Path, known: Known) -> None:
    """Execute a notebook in the folder of its copy. Raises what papermill, nbclient and jupyter_client raise.

    `log` gets what the kernel writes to standard error, and is not scrubbed here.
    """
    with tempfile.TemporaryDirectory(prefix="cmek-") as sockets:
        papermill.execute_notebook(
            str(source),
            str(copy),
            parameters={"parameters": dict(parameters)},
            engine_name=_ENGINE,
            known=known,
            cwd=str(copy.parent),
            kernel_name="python3",
            progress_bar=False,
            autosave_cell_every=0,
            store_widget_state=False,
            kernel_manager_class=RecordedKernelManager,
            config=settings(sockets, log),
        )
