"""The notebooks as they are kept: no outputs, no logic, one parameter cell, a paragraph before every cell."""

from __future__ import annotations

import ast
import itertools
import re
from pathlib import Path

import nbformat
import pytest

from helpers import published
from helpers.headless.notebooks import STEPS

FOLDER = Path(__file__).resolve().parents[2] / "notebooks"
NOTEBOOKS = {path.stem: nbformat.read(path, as_version=4) for path in sorted(FOLDER.glob("*.ipynb"))}
LOGIC = (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.If, ast.Try, ast.With, ast.Lambda, ast.ListComp)


def code(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """The code cells, in order."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_there_are_the_five_and_the_form_before_them() -> None:
    """The folder holds the form for the parameter file and the five steps, in the order they are run, and no more."""
    assert tuple(NOTEBOOKS) == ("00_parameters", *STEPS)


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_source_holds_no_record(name: str) -> None:
    """No outputs, no execution counts, no metadata of a run, and every cell has an id of its own."""
    notebook = NOTEBOOKS[name]
    assert notebook.metadata.kernelspec.name == "python3"
    assert not any(cell.outputs or cell.execution_count for cell in code(notebook))
    assert all(set(cell.metadata) <= {"tags"} for cell in notebook.cells)
    ids = [cell.id for cell in notebook.cells]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_the_first_code_cell_is_the_parameters_and_a_literal(name: str) -> None:
    """papermill puts its values after the one tagged cell, so nothing may be derived in it."""
    first, *others = code(NOTEBOOKS[name])
    assert first.metadata.tags == ["parameters"] and not any("tags" in cell.metadata for cell in others)
    (assignment,) = ast.parse(first.source).body
    assert isinstance(assignment, ast.Assign) and ast.literal_eval(assignment.value) == "parameters/rehearsal.yaml"


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_cells_are_short_and_hold_no_logic(name: str) -> None:
    """At most twelve lines, no definitions, loops, branches or handlers."""
    for cell in code(NOTEBOOKS[name]):
        assert len(cell.source.splitlines()) <= 12, cell.source
        assert not any(isinstance(node, LOGIC) for node in ast.walk(ast.parse(cell.source))), cell.source


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_a_paragraph_stands_before_what_is_done(name: str) -> None:
    """Each code cell follows a paragraph; only a cell that goes on with the one before it may follow that directly."""
    cells = NOTEBOOKS[name].cells
    assert cells[0].cell_type == "markdown" and "Can it be undone?" in cells[0].source and "You need" in cells[0].source
    bare = [b.source for a, b in itertools.pairwise(cells) if a.cell_type == b.cell_type == "code"]
    assert len(bare) <= (1 if name == "05_register" else 0), bare


@pytest.mark.parametrize("name", NOTEBOOKS)
def test_links_lead_somewhere(name: str) -> None:
    """A link to another notebook names one that is there."""
    links = re.findall(r"\]\(([^)]+\.ipynb)\)", "\n".join(cell.source for cell in NOTEBOOKS[name].cells))
    assert all((FOLDER / link).is_file() for link in links)


def test_what_the_cells_show_is_what_is_published() -> None:
    """Display name, role and operations stand in the cells as they are published, so that a reader sees the criterion."""
    shown = {name: "\n".join(cell.source for cell in code(notebook)) for name, notebook in NOTEBOOKS.items()}
    assert f'"{published.APP_DISPLAY_NAME}"' in shown["01_consent"]
    assert '"wrapKey", "unwrapKey"' in shown["02_key"]
    assert f'"{published.CRYPTO_USER}"' in shown["03_rbac"]
    assert "published.APP_ID" not in "".join(shown.values()) and published.APP_ID not in "".join(shown.values())


def calls(name: str, method: str) -> list[tuple[str, ...]]:
    """The arguments of each call of `step.METHOD(...)` in a notebook, as they are written."""
    nodes = [node for cell in code(NOTEBOOKS[name]) for node in ast.walk(ast.parse(cell.source))]
    found = [node for node in nodes if isinstance(node, ast.Call) and ast.unparse(node.func) == f"step.{method}"]
    return [tuple(map(ast.unparse, node.args)) for node in found]


@pytest.mark.parametrize("name", STEPS)
def test_what_is_applied_is_planned_again_by_what_planned_it(name: str) -> None:
    """Each Apply cell hands over the planner and the criterion of the very plan that was approved, for a second look."""
    source = "\n".join(cell.source for cell in code(NOTEBOOKS[name]))
    applied = calls(name, "apply")
    assert len(applied) == {"04_verify": 2, "05_register": 2}.get(name, 1)
    for planner, wanted, plan, approval in applied:
        assert f"{plan} = {planner}.plan({wanted}, found)" in source
        assert f"{approval} = step.approve({plan}, typed)" in source


def test_the_sheet_for_claude_ai_is_the_last_cell() -> None:
    """The values for Claude Enterprise are asked for once, by a cell that reads everything itself, after all that can stop."""
    cells = [cell.source for cell in code(NOTEBOOKS["05_register"])]
    assert cells.count("step.sheet()") == 1 and cells[-1] == "step.sheet()"
