"""Which code ran, in which order and with which parameters, as an executed notebook shows it; and what is odd in a run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.errors import Refused
from helpers.evidence import files
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run, project_root
from helpers.record.under_way import under_way
from tests.evidence.building import looked, notebook, run_folder, seal, statement_of

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


def _left(run: Run, document: dict[str, Any]) -> None:
    (run.folder / "notebooks" / "05_register.ipynb").write_text(json.dumps(document))


def _not_run(document: dict[str, Any], after: int = 0) -> dict[str, Any]:
    """A notebook of which only the first code cells were run."""
    for cell in document["cells"][1 + after :]:
        cell["execution_count"], cell["outputs"] = None, []
    return document


def test_other_code_is_broken_even_where_it_was_not_run(home: Path, signer: PemSigner) -> None:
    """The code is compared first: a notebook that was edited and then not run is not passed over."""
    run = run_folder(home / "runs", steps=("01_consent", "05_register"))
    _left(run, _not_run(_with_cell(GATE_OFF, 4)))
    seal(run, signer)
    found = looked(run, signer, release=project_root() / "notebooks")
    assert any(line.startswith("Broken: notebooks/05_register.ipynb: code cell ") for line in found.lines())


@pytest.mark.parametrize("alone", [True, False])
def test_a_notebook_of_which_nothing_ran_proves_nothing(alone: bool, home: Path, signer: PemSigner) -> None:
    """Its order is not claimed, nor that it ran; where no notebook ran at all, what was asked for is not proven: exit 4."""
    run = run_folder(home / "runs", steps=("05_register",))
    if not alone:
        consent = json.loads((project_root() / "notebooks" / "01_consent.ipynb").read_text())
        code = ["".join(cell["source"]) for cell in consent["cells"] if cell["cell_type"] == "code"]
        (run.folder / "notebooks" / "01_consent.ipynb").write_text(json.dumps(notebook("01_consent", sources=code)))
    _left(run, _not_run(notebook("05_register", sources=CODE)))
    seal(run, signer)
    said = {one.step: (one.order, one.status) for one in statement_of(run).notebooks}
    assert said["05_register"] == (False, "not finished")
    found = looked(run, signer, release=project_root() / "notebooks")
    assert found.exit_code == (4 if alone else 0), found.lines()
    about = [line for line in found.lines() if "05_register.ipynb" in line]
    assert about == [
        "Not proven: anything of notebooks/05_register.ipynb: none of its cells was run",
        "Not proven: that notebooks/05_register.ipynb ran the code of this release: "
        "it holds it, and none of its cells was run",
    ]


@pytest.mark.parametrize("raised", [True, False])
def test_only_what_ended_ran_from_top_to_bottom(raised: bool, home: Path, signer: PemSigner) -> None:
    """A notebook that stopped or failed in the middle ran this release's code so far, and that is all that is said."""
    run = run_folder(home / "runs", steps=("05_register",))
    document = _not_run(notebook("05_register", sources=CODE), after=3)
    if raised:
        document["cells"][3]["outputs"].append({"output_type": "error", "ename": "E", "evalue": "", "traceback": []})
    _left(run, document)
    seal(run, signer)
    told = looked(run, signer, release=project_root() / "notebooks").lines()
    assert "Proven: what was run of notebooks/05_register.ipynb is the code of this release" in told
    status = "error" if raised else "not finished"
    assert f"Not proven: that notebooks/05_register.ipynb ran to its end: its status is {status}" in told
    assert not any("top to bottom" in line for line in told)


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
