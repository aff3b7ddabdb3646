"""Nothing is written into a sealed run, whoever was about to."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.clock import Clock
from helpers.errors import Failed, WrongUsage
from helpers.notebook import begin
from helpers.record.ledger import SEAL, Ledger
from helpers.record.runs import Run


def sealed(folder: Path) -> Run:
    """A run with one line in its ledger and a statement beside it."""
    run = Run(folder / "20261123T090000Z-abcdef")
    run.notebooks.mkdir(parents=True)
    Ledger(run.ledger, run.id, "run", Clock().now).write("run_finished", exit_code=0)
    (run.folder / SEAL).write_text("{}")
    return run


def test_a_line_that_waited_for_the_sealing_is_not_written(tmp_path: Path) -> None:
    """The writer was there before the seal, and finds it when its turn has come."""
    run = sealed(tmp_path)
    before = run.ledger.read_bytes()
    with pytest.raises(Failed, match="was sealed in the meantime"):
        Ledger(run.ledger, run.id, "02_key", Clock().now).write("facts", facts={})
    assert run.ledger.read_bytes() == before


def test_a_notebook_of_a_sealed_run_does_not_begin(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Opened by hand in the run's folder, its first cell says that the run is sealed, and nothing is written."""
    run = sealed(tmp_path)
    before = run.ledger.read_bytes()
    monkeypatch.chdir(run.notebooks)
    with pytest.raises(WrongUsage, match="is sealed, so nothing is added"):
        begin("02_key", "parameters/rehearsal.yaml")
    assert run.ledger.read_bytes() == before
