"""Forms are made only where a person can answer, and the notebook is whole without one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import nbformat
import pytest
from nbclient import NotebookClient

from helpers.display import JSON_TYPE
from helpers.guided.front_end import takes_input
from helpers.headless.kernels import RecordedKernelManager, settings
from tests.services.rehearsed import ROOT, Rehearsed

ASK = "from helpers.guided.front_end import takes_input\nprint(takes_input())"


def client(notebook: nbformat.NotebookNode, folder: Path) -> NotebookClient:
    """What runs a notebook as headless runs do."""
    (folder / "sockets").mkdir()
    return NotebookClient(
        notebook,
        kernel_manager_class=RecordedKernelManager,
        config=settings(str(folder / "sockets"), folder / "kernel.log"),
        resources={"metadata": {"path": str(folder)}},
        store_widget_state=True,
    )


def cell(source: str) -> nbformat.NotebookNode:
    return nbformat.v4.new_code_cell(source)


def test_outside_of_a_kernel_nobody_is_asked() -> None:
    """A test, a command and a script have no front end."""
    assert takes_input() is False


@pytest.mark.slow
def test_a_front_end_says_whether_it_takes_input(tmp_path: Path) -> None:
    """nbclient says no with every cell; one that says yes, as JupyterLab does, is believed for that cell only."""
    notebook = nbformat.v4.new_notebook(cells=[cell(ASK), cell(ASK), cell(ASK)])
    running = client(notebook, tmp_path)
    with running.setup_kernel():
        for number, allowed in enumerate((False, True, False)):
            assert running.kc is not None
            assert number or running.kc.allow_stdin is False  # as nbclient itself sets it
            running.kc.allow_stdin = allowed
            running.execute_cell(notebook.cells[number], number)
    assert [output["text"].strip() for row in notebook.cells for output in row.outputs] == ["False", "True", "False"]


@pytest.mark.slow
def test_headless_the_notebook_shows_the_tables_and_no_widget(
    many: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each cell shows its table and the last ones say that nothing is written; there is no widget state, run or file."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "home"))
    notebook = nbformat.read(ROOT / "notebooks" / "00_parameters.ipynb", as_version=4)
    client(notebook, tmp_path).execute()
    shown = [output.get("data", {}) for row in notebook.cells for output in row.get("outputs", [])]
    kinds = [data[JSON_TYPE]["kind"] for data in shown]
    assert kinds == ["banner", "choices", "choices", "choices", "choices", "form", "form"]
    assert "widget" not in json.dumps(notebook) and not (tmp_path / "home").exists()


@pytest.mark.slow
def test_at_a_front_end_the_notebook_shows_the_form(many: Rehearsed, tmp_path: Path, monkeypatch: Any) -> None:
    """The form is a widget there, and the cell under it waits for the file without failing."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "home"))
    notebook = nbformat.read(ROOT / "notebooks" / "00_parameters.ipynb", as_version=4)
    running = client(notebook, tmp_path)
    with running.setup_kernel():
        assert running.kc is not None
        running.kc.allow_stdin = True
        for number, row in enumerate(notebook.cells):
            running.execute_cell(row, number)
    form, outcome = [row.outputs[0]["data"] for row in notebook.cells if row.get("outputs")][-2:]
    assert "application/vnd.jupyter.widget-view+json" in form
    assert outcome["text/plain"].startswith("No file is written yet")
