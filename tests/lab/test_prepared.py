"""The notebooks of a guided run are copies with the parameters in them; the sources stay as they are."""

from __future__ import annotations

import ast
import hashlib
from pathlib import Path

import nbformat
import pytest
from nbformat import v4

from helpers.errors import WrongUsage
from helpers.evidence.scan import scan
from helpers.lab.prepared import prepare, tidy
from helpers.record.in_use import nothing
from helpers.record.runs import Run, project_root
from helpers.record.secrets import Secret
from tests.services.rehearsed import GIVEN

SOURCES = sorted((project_root() / "notebooks").glob("*.ipynb"))
FORM = "application/vnd.jupyter.widget-view+json"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path)


def digests() -> list[str]:
    """Of the tracked sources."""
    return [hashlib.sha256(path.read_bytes()).hexdigest() for path in SOURCES]


def test_each_notebook_is_copied_with_the_parameters_in_it(run: Run) -> None:
    """A cell of its own, after the tagged one, assigns the whole mapping; nothing else differs; sources are only read."""
    before = digests()
    copies = prepare(run, GIVEN, nothing)
    assert [path.name for path in copies] == [path.name for path in SOURCES]
    for source, copy in zip(SOURCES, copies, strict=True):
        wanted, made = nbformat.read(source, as_version=4), nbformat.read(copy, as_version=4)
        at = next(n for n, cell in enumerate(made.cells) if "injected-parameters" in cell.metadata.get("tags", []))
        assert "parameters" in made.cells[at - 1].metadata.tags
        (assigned,) = ast.parse(made.cells[at].source).body
        assert isinstance(assigned, ast.Assign) and ast.literal_eval(assigned.value) == GIVEN
        rest = [cell.source for n, cell in enumerate(made.cells) if n != at]
        assert rest == [cell.source for cell in wanted.cells]
    assert digests() == before


def test_what_was_executed_is_not_copied_over(run: Run) -> None:
    """Going on with a run keeps its notebooks, and adds those that are missing."""
    run.notebooks.mkdir()
    executed = v4.new_notebook(cells=[v4.new_code_cell("mine", execution_count=1)])
    nbformat.write(executed, run.notebooks / "02_key.ipynb")
    prepare(run, GIVEN, nothing)
    assert nbformat.read(run.notebooks / "02_key.ipynb", as_version=4).cells[0].source == "mine"
    assert {path.name for path in run.notebooks.iterdir()} == {path.name for path in SOURCES}


def test_what_was_not_executed_gets_the_parameters_of_now(run: Run) -> None:
    """A run gone on with under other parameters shows and uses those, in every notebook that is still to be run."""
    prepare(run, GIVEN, nothing)
    prepare(run, {**GIVEN, "mode": "plan"}, nothing)
    for path in run.notebooks.iterdir():
        (injected,) = (cell for cell in nbformat.read(path, as_version=4).cells if "injected" in str(cell.metadata))
        assert "'mode': 'plan'" in injected.source.replace('"', "'")


def test_what_was_executed_with_other_parameters_stops_it(run: Run) -> None:
    """The record must not say two things: the notebook is named, and stays as it is."""
    prepare(run, GIVEN, nothing)
    path = run.notebooks / "01_consent.ipynb"
    notebook = nbformat.read(path, as_version=4)
    for number, cell in enumerate(cell for cell in notebook.cells if cell.cell_type == "code"):
        cell.execution_count = number + 1
    nbformat.write(notebook, path)
    before = path.read_bytes()
    prepare(run, GIVEN, nothing)
    with pytest.raises(WrongUsage, match=r"01_consent\.ipynb of .* was executed with other parameters"):
        prepare(run, {**GIVEN, "mode": "plan"}, nothing)
    assert path.read_bytes() == before


def test_a_form_that_nobody_can_answer_any_more_is_taken_out(run: Run) -> None:
    """Its kernel is gone, so JupyterLab would show an error; that an approval was waited for stays."""
    run.notebooks.mkdir()
    waiting = v4.new_output("display_data", {"text/html": "<h4>WAITING for an approval</h4>"})
    form = v4.new_output("display_data", {"text/plain": "VBox()", FORM: {"model_id": "1"}})
    cell = v4.new_code_cell("approval = step.approve(plan)", execution_count=9, outputs=[waiting, form])
    path = run.notebooks / "03_rbac.ipynb"
    nbformat.write(v4.new_notebook(cells=[cell]), path)
    tidy(run, nothing)
    (kept,) = nbformat.read(path, as_version=4).cells
    assert (kept.source, kept.execution_count, kept.outputs) == (cell.source, 9, [waiting])


def test_a_notebook_without_a_form_and_a_file_that_is_none_stay_byte_for_byte(run: Run) -> None:
    """A record is rewritten only for what has to go: not where there is no form, and not where it cannot be read."""
    run.notebooks.mkdir()
    whole, cut = run.notebooks / "01_consent.ipynb", run.notebooks / "02_key.ipynb"
    whole.write_bytes(SOURCES[1].read_bytes() + b"\n\n")
    cut.write_bytes(SOURCES[1].read_bytes()[:200])
    before = whole.read_bytes(), cut.read_bytes()
    tidy(run, nothing)
    assert (whole.read_bytes(), cut.read_bytes()) == before


def test_a_secret_that_was_printed_in_pieces_is_taken_out_as_a_whole(run: Run) -> None:
    """No piece of it is one for the kernel to know; in the notebook as it was saved they stand side by side."""
    run.notebooks.mkdir()
    word = "correct horse battery staple"
    pieces = [v4.new_output("stream", name="stdout", text=text) for text in ("it is ", word[:9], word[9:], "\n")]
    path = run.notebooks / "02_key.ipynb"
    nbformat.write(v4.new_notebook(cells=[v4.new_code_cell("print", outputs=pieces)]), path)
    assert scan(run.folder, [Secret(word)]) != ()
    tidy(run, lambda: (Secret(word),))
    assert scan(run.folder, [Secret(word)]) == ()
    (cell,) = nbformat.read(path, as_version=4).cells
    (output,) = cell.outputs
    assert output.text.startswith("it is ") and output.text.endswith("\n")
