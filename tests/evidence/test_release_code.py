"""Which code ran, in which order and with which parameters, as an executed notebook shows it; and what is odd in a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import Refused
from helpers.evidence import files
from helpers.evidence.signers import PemSigner
from helpers.record.runs import project_root
from helpers.record.under_way import under_way
from tests.evidence.building import looked, notebook, run_folder, seal

SHIPPED = json.loads((project_root() / "notebooks" / "05_register.ipynb").read_text())
CODE = ["".join(cell["source"]) for cell in SHIPPED["cells"] if cell["cell_type"] == "code"]
GATE_OFF = "import helpers.steps.attach as a; a._stopping = lambda v: None"


def _with_cell(source: str, place: int) -> dict[str, Any]:
    """05 as it ran, with one more cell that bears the tag of the one that papermill puts in."""
    document = notebook("05_register", sources=CODE)
    more = {**document["cells"][2], "id": "more", "source": source}
    document["cells"].insert(place, more)
    for number, cell in enumerate(document["cells"][1:], 1):
        cell["execution_count"] = number
    return document


@pytest.mark.parametrize(
    ("source", "place"),
    [(GATE_OFF, 4), (GATE_OFF, 3), (GATE_OFF, 2), ("parameters = {}", 4), (f"parameters = {{}}\n{GATE_OFF}", 2)],
)
def test_a_tag_hides_no_code(home: Path, signer: PemSigner, source: str, place: int) -> None:
    """Only one cell, behind the tagged one and with nothing but the parameters, is left out; any other is not shipped."""
    run = run_folder(home / "runs", steps=("05_register",))
    (run.folder / "notebooks" / "05_register.ipynb").write_text(json.dumps(_with_cell(source, place)))
    seal(run, signer)
    found = looked(run, signer, release=project_root() / "notebooks")
    assert found.exit_code == 1 and any("in this release" in line for line in found.lines())


def test_parameters_that_the_ledger_does_not_have_are_broken(home: Path, signer: PemSigner) -> None:
    """What a notebook ran with is what the ledger says; a value of its own is named."""
    run = run_folder(home / "runs", steps=("05_register",))
    document = notebook("05_register", sources=CODE)
    document["cells"][2]["source"] = "parameters = {'vault_name': 'kv-another'}"
    (run.folder / "notebooks" / "05_register.ipynb").write_text(json.dumps(document))
    seal(run, signer)
    found = looked(run, signer, release=project_root() / "notebooks")
    assert found.exit_code == 1
    assert any("the parameters in it are not those that the ledger has" in line for line in found.lines())


def test_cells_run_again_in_their_order_are_told_and_nothing_is_broken(home: Path, signer: PemSigner) -> None:
    """Stopped for an approval and run again from the top: the code is proven, that it ran once is not."""
    run = run_folder(home / "runs", steps=("05_register",))
    document = notebook("05_register", sources=CODE)
    for number, cell in enumerate(document["cells"][1:], 20):
        cell["execution_count"] = number
    (run.folder / "notebooks" / "05_register.ipynb").write_text(json.dumps(document))
    seal(run, signer)
    found = looked(run, signer, release=project_root() / "notebooks")
    assert found.exit_code == 0, found.lines()
    assert "Proven: notebooks/05_register.ipynb ran the code of this release" in found.lines()
    assert any("ran once only" in line for line in found.lines())


def test_the_order_of_notebooks_is_not_claimed_where_they_do_not_say_it(tmp_path: Path) -> None:
    """JupyterLab writes no time of start into a notebook, so that their order is not proven."""
    run = run_folder(tmp_path, steps=("01_consent", "02_key"))
    for step in ("01_consent", "02_key"):
        document = notebook(step)
        del document["metadata"]["papermill"]
        (run.folder / "notebooks" / f"{step}.ipynb").write_text(json.dumps(document))
    seal(run, None)
    told = looked(run, digest=files.sha256(run.folder / files.STATEMENT)).lines()
    assert not any("in their order" in line for line in told)
    assert any(line.startswith("Not proven: in which order they were run") for line in told)


def test_folders_within_folders_without_end_do_not_make_it_fall_over(tmp_path: Path) -> None:
    """A run has few levels of folders; more of them are odd, and named."""
    run = run_folder(tmp_path)
    seal(run, None)
    digest = files.sha256(run.folder / files.STATEMENT)
    deep = run.folder
    for _ in range(60):
        deep = deep / "d"
        deep.mkdir()
    found = looked(run, digest=digest)
    assert found.exit_code == 1 and any("a folder too deep" in line for line in found.lines())


def test_a_run_in_which_something_is_going_on_is_not_sealed(tmp_path: Path) -> None:
    """A run, JupyterLab or a change that has not ended would write after the seal."""
    run = run_folder(tmp_path)
    with under_way(run.folder), pytest.raises(Refused, match="something is still going on in it"):
        seal(run, None)
    seal(run, None)
