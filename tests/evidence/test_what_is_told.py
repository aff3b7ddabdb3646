"""What the statement tells of a run's ledger and notebooks, and what cannot be told and so is not sealed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.errors import Refused
from helpers.evidence import files
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run, project_root
from tests.evidence.building import (
    RUN,
    Told,
    beginning,
    line,
    looked,
    notebook,
    rows,
    run_folder,
    seal,
    sealed_run,
    statement_of,
    write_ledger,
)

Command = Callable[..., Told]


@pytest.fixture
def run(home: Path) -> Run:
    """A run that is not sealed, where commands find it by its id."""
    return run_folder(home / "runs")


LEDGERS = {
    "nothing": ([], "it does not say what the run was started with"),
    "no beginning": ([line(RUN, "run_finished", exit_code=0)], "it does not say what the run was started with"),
    "two runs": ([beginning(RUN, None), line("other", "identity")], "line 2 is of another run"),
    "two targets": (
        [beginning(RUN, None), beginning(RUN, None, "run_continued", key_name="other")],
        "it was begun for one target and gone on with for another",
    ),
    "no parameters": (
        [line(RUN, "run_started", world=None)],
        "a line that begins the run does not hold its parameters",
    ),
    "no exit code": ([beginning(RUN, None), line(RUN, "run_finished")], "it ends without an exit code"),
    "no event": ([{"run": RUN}], "line 1 does not say what happened"),
}


@pytest.mark.parametrize("name", LEDGERS)
def test_a_ledger_that_does_not_say_what_it_must_is_not_sealed(name: str, run: Run, command: Command) -> None:
    """Exit 3, with the line."""
    lines, why = LEDGERS[name]
    write_ledger(run.folder, lines)
    told = command("evidence", "seal", RUN, "--signer", "none")
    assert told.code == 3
    assert told.lines[0] == f"{RUN}: not sealed: its ledger: {why}"


@pytest.mark.parametrize("text", ["{", '{"event": "x", "event": "y"}', "[]", "\udcff"])
def test_a_damaged_ledger_is_not_sealed(text: str, run: Run, command: Command) -> None:
    """Exit 3, with the line."""
    run.ledger.write_bytes(run.ledger.read_bytes() + text.encode("utf-8", "surrogateescape") + b"\n")
    told = command("evidence", "seal", RUN, "--signer", "none")
    assert told.code == 3
    assert "its ledger: line 5" in told.lines[0]


def test_a_line_that_a_crash_cut_does_not_count(home: Path) -> None:
    """It is sealed as the bytes that it is, and is no line; readers leave it out as well."""
    run = run_folder(home / "runs")
    run.ledger.write_bytes(run.ledger.read_bytes() + b'{"event": "rec')
    seal(run, None)
    assert statement_of(run).ledger.lines == 4
    assert looked(run, digest=files.sha256(run.folder / files.STATEMENT)).exit_code == 0


def test_a_run_that_was_gone_on_with_counts_its_last_end(home: Path) -> None:
    """The suite is that of the beginning, and the exit code is the last one."""
    run = run_folder(home / "runs")
    write_ledger(
        run.folder,
        [*rows(RUN, None, 3), beginning(RUN, None, "run_continued"), line(RUN, "run_finished", exit_code=0, steps={})],
    )
    seal(run, None)
    assert (statement_of(run).exit_code, statement_of(run).ledger.lines) == (0, 6)


def test_the_shipped_code_is_compared_cell_by_cell(
    home: Path, signer: PemSigner, key_file: Path, command: Command
) -> None:
    """--against-release: code that this suite does not ship is broken, with the cell; without it, it is said."""
    run = sealed_run(home / "runs", signer)
    told = command("evidence", "verify", RUN, "--key", key_file, "--against-release")
    assert told.code == 1
    assert any("code cell 1 (c0) is not as in this release" in one for one in told.lines)
    assert any("ran shipped code: when it was sealed, its code differed" in one for one in told.lines)
    assert looked(run, signer).exit_code == 0


def test_shipped_code_that_ran_in_order_is_proven(
    home: Path, signer: PemSigner, key_file: Path, command: Command
) -> None:
    """Cells as shipped, run from top to bottom, are proven; the cell that papermill puts in does not count."""
    shipped = json.loads((project_root() / "notebooks" / "01_consent.ipynb").read_text())
    code = ["".join(cell["source"]) for cell in shipped["cells"] if cell["cell_type"] == "code"]
    run = run_folder(home / "runs", steps=("01_consent",))
    document = notebook("01_consent", sources=code)
    (run.folder / "notebooks" / "01_consent.ipynb").write_text(json.dumps(document))
    seal(run, signer)
    assert statement_of(run).notebooks[0].order is True
    told = command("evidence", "verify", RUN, "--key", key_file, "--against-release")
    assert told.code == 0, told.err
    assert "Proven: notebooks/01_consent.ipynb ran the code of this release, from top to bottom" in told.lines


@pytest.mark.parametrize(
    ("counts", "order"),
    [
        ((1, 2, 3), True),
        ((1, 2, None), True),
        ((1, 3, 2), False),
        ((2, 3, 4), False),
        ((1, 2, 2), False),
        ((1, None, 2), False),
        ((1, 2, 4), False),
    ],
)
def test_cells_run_out_of_order_are_told(counts: tuple[int | None, ...], order: bool, tmp_path: Path) -> None:
    """Execution counts run from 1 without a gap, or it is said that they do not."""
    run = run_folder(tmp_path, steps=("01_consent",))
    document = notebook("01_consent", sources=("a = 1", "b = 2"))
    for cell, count in zip(document["cells"][1:], counts, strict=True):
        cell["execution_count"] = count
    (run.folder / "notebooks" / "01_consent.ipynb").write_text(json.dumps(document))
    seal(run, None)
    [found] = statement_of(run).notebooks
    assert (found.order, found.status) == (order, "ok" if None not in counts else "not finished")
    told = looked(run, digest=files.sha256(run.folder / files.STATEMENT)).lines()
    assert any("cells were run out of order or again" in one for one in told) is not order


def test_a_cell_that_raised_is_an_error(tmp_path: Path) -> None:
    """Whatever papermill says of it."""
    run = run_folder(tmp_path, steps=("01_consent",))
    document = notebook("01_consent")
    document["cells"][2]["outputs"].append({"output_type": "error", "ename": "Failed", "evalue": "", "traceback": []})
    document["metadata"]["papermill"]["exception"] = False
    (run.folder / "notebooks" / "01_consent.ipynb").write_text(json.dumps(document))
    seal(run, None)
    assert statement_of(run).notebooks[0].status == "error"


def test_notebooks_are_told_in_the_order_in_which_they_ran(tmp_path: Path) -> None:
    """By when papermill started them, not by name; a step run again is named by its step."""
    run = run_folder(tmp_path, steps=())
    for file, started in (("02_key", "T09:05"), ("01_consent-2", "T09:09"), ("01_consent", "T09:01"), ("03_rbac", "")):
        (run.folder / "notebooks" / f"{file}.ipynb").write_text(json.dumps(notebook(file, started=started)))
    seal(run, None)
    told = [(one.path, one.step) for one in statement_of(run).notebooks]
    assert told == [
        ("notebooks/01_consent.ipynb", "01_consent"),
        ("notebooks/02_key.ipynb", "02_key"),
        ("notebooks/01_consent-2.ipynb", "01_consent"),
        ("notebooks/03_rbac.ipynb", "03_rbac"),
    ]


@pytest.mark.parametrize(
    "text", ["", "{}", '{"cells": [1]}', '{"cells": [{"cell_type": "code"}]}', '{"cells": [], "cells": []}']
)
def test_what_is_no_notebook_is_not_sealed(text: str, tmp_path: Path) -> None:
    """It is named, and nothing is sealed."""
    run = run_folder(tmp_path)
    (run.folder / "notebooks" / "02_key.ipynb").write_text(text)
    with pytest.raises(Refused, match=r"notebooks/02_key\.ipynb"):
        seal(run, None)
