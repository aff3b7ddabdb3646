"""A whole rehearsal, with real kernels: its record is as documented, nothing in it is taken for a secret, and quickly."""

from __future__ import annotations

import os
import subprocess
import sys
import time

import pytest

from helpers.evidence import report
from helpers.evidence.scan import scan
from helpers.record.ledger import read
from helpers.record.runs import Run
from helpers.record.secrets import Secret
from tests.record.test_events import refused
from tests.services.rehearsed import ADMIN_KEY, ROOT

pytestmark = pytest.mark.slow
SECONDS = 0.3
"""Of this process's own time, so that a busy machine does not matter."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """What `rehearse` leaves, with the pages that sealing writes."""
    home = tmp_path_factory.mktemp("home")
    told = subprocess.run(
        [sys.executable, str(ROOT / "runbook.py"), "rehearse"],
        env={**os.environ, "CMEK_HOME": str(home)},
        capture_output=True,
        text=True,
        timeout=300,
    )
    assert told.returncode == 0, told.stderr
    (folder,) = (home / "runs").iterdir()
    made = Run(folder)
    if not (folder / "report.html").exists():
        report.write(made)
    return made


def known() -> list[Secret]:
    """The credentials that the operator of the rehearsal works with."""
    return [Secret(ADMIN_KEY), Secret("rehearsal-only-operator")]


def test_nothing_in_a_clean_run_is_taken_for_a_secret(run: Run) -> None:
    """Notebooks, pages, the ledger with ids and digests: no hit."""
    assert len(list(run.folder.rglob("*.ipynb"))) == 5
    assert len(list(run.folder.rglob("*.html"))) >= 6
    assert scan(run.folder, known()) == ()


def test_one_secret_in_one_output_of_a_whole_run_is_found(run: Run) -> None:
    """So that the test above means something."""
    book = run.notebooks / "04_verify.ipynb"
    before = book.read_text()
    try:
        book.write_text(before.replace("REHEARSAL (", f"REHEARSAL {ADMIN_KEY} (", 1))
        assert {hit.file for hit in scan(run.folder, known())} == {"notebooks/04_verify.ipynb"}
    finally:
        book.write_text(before)


def test_the_ledger_of_a_whole_run_is_as_documented(run: Run) -> None:
    """Every line holds exactly what the table in EVIDENCE.md says of its event."""
    rows = read(run.ledger)
    assert refused(rows) == []
    assert (rows[0]["event"], rows[-1]["event"]) == ("run_started", "run_finished")


def test_a_whole_run_is_searched_quickly(run: Run) -> None:
    """Pages included."""
    taken = []
    for _ in range(3):
        start = time.process_time()
        scan(run.folder, known())
        taken.append(time.process_time() - start)
    assert min(taken) < SECONDS
