"""One notebook executed by papermill as a copy. What a cell put out is scrubbed as a whole before it is saved.

The kernel scrubs each message that it sends, and a cell may print a secret in several.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from helpers import light

# Half of what papermill imports: jsonschema's check of the format "iri" (notebooks are checked for structure only)
# and notebooks in Azure Storage. Both do without. Source: jsonschema 4.26, _format.py; papermill 2.7, iorw.py.
with light.without("rfc3987_syntax", "azure.storage.blob"):
    import nbformat
    import papermill
    from jupyter_client.kernelspec import NoSuchKernel
    from nbclient.exceptions import DeadKernelError
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    from helpers.headless.kernels import RecordedKernelManager, settings
from helpers.record.in_use import Known
from helpers.record.scrubbing import Scrubber

__all__ = ["DeadKernelError", "NoSuchKernel", "PapermillExecutionError", "execute_copy"]

_ENGINE = "scrubbing"
_NODE: Any = nbformat.from_dict


class _Engine(NBClientEngine):  # type: ignore[misc]  # papermill has no types
    """Papermill's own, which scrubs a cell that has ended, and saves before a cell of code and at the end only.

    It saves twice for every cell, also for text, which takes as long as all that the kernels do. Saved like this, a
    copy that is left behind has in it what the cells before the last put out. In between it is not laid out line by
    line, as notebooks are: that takes ten times as long.
    """

    @classmethod
    def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, *, known: Known, **options: Any) -> Any:
        start, complete, save = nb_man.cell_start, nb_man.cell_complete, nb_man.save

        def started_and_saved(cell: Any, *said: Any) -> None:
            start(cell, *said)
            if cell.cell_type == "code":
                Path(nb_man.output_path).write_text(json.dumps(nb_man.nb), encoding="utf-8")

        def scrubbed_and_complete(cell: Any, **said: Any) -> None:
            if cell.cell_type == "code":
                cell.outputs = list(map(_NODE, Scrubber(known).outputs(cell.outputs)))
            complete(cell, **said)

        nb_man.cell_start, nb_man.cell_complete, nb_man.save = started_and_saved, scrubbed_and_complete, _not_now
        try:
            return super().execute_managed_notebook(nb_man, kernel_name, **options)
        finally:
            nb_man.save = save


def _not_now(**said: Any) -> None:
    """In place of a save that is not needed."""


papermill_engines.register(_ENGINE, _Engine)


def execute_copy(
    source: Path,
    copy: Path,
    parameters: Mapping[str, Any],
    *,
    log: Path,
    known: Known,
    manager: type[RecordedKernelManager] = RecordedKernelManager,
) -> None:
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
            kernel_manager_class=manager,
            config=settings(sockets, log),
        )
