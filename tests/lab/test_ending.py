"""What becomes of a guided run when JupyterLab is closed: its last line, and whether it is sealed.

In place of JupyterLab a function ends at once, having written into the ledger what notebooks would have.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from helpers import cli_lab, parameters
from helpers.errors import Failed, WrongUsage
from helpers.headless.notebooks import STEPS
from helpers.lab import prepared, session
from helpers.record import ledger, runs
from helpers.record.runs import Run
from helpers.record.under_way import at_rest
from tests.cases.building import NOW
from tests.services.rehearsed import GIVEN, Rehearsed

SEALING = {**GIVEN, "evidence": {"signer": "none"}}
Said = tuple[str, str, int | None]
DONE: tuple[Said, ...] = tuple((step, "step_finished", None) for step in STEPS)
PAUSED: tuple[Said, ...] = (*DONE[:4], ("05_register", "stopped", 3))


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, onboarded: Rehearsed) -> Path:
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def lab(home: Path, onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch) -> Callable[..., int]:
    """Opens and closes it; its exit code. What the notebooks said, and how JupyterLab ended, are given."""

    def opened(*said: Said, ends: int = 0, given: Mapping[str, Any] = SEALING, continued: Run | None = None) -> int:
        def jupyter(command: Any, environment: Any) -> int:
            run = newest(home) if continued is None else continued
            for step, event, code in said:
                ledger.Ledger(run.ledger, run.id, step, lambda: NOW).write(event, exit_code=code)  # type: ignore[arg-type]
            return ends

        monkeypatch.setattr("helpers.rehearsal.child.run", jupyter)
        checked, services = parameters.load(given), onboarded.services(**given)
        return cli_lab._open(services, checked, given, continued, 8888, None, True)

    return opened


def newest(home: Path) -> Run:
    (folder,) = (home / "runs").iterdir()
    return Run(folder)


def last_line(run: Run) -> Mapping[str, Any]:
    return ledger.read(run.ledger)[-1]


def is_sealed(run: Run) -> bool:
    return (run.folder / ledger.SEAL).exists()


def test_a_run_that_is_done_is_sealed(lab: Callable[..., int], home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """All five notebooks are done: exit code 0, and the seal that the parameters ask for."""
    assert lab(*DONE) == 0
    assert is_sealed(newest(home)) and "Sealed:" in capsys.readouterr().err


@pytest.mark.parametrize(("said", "code"), [(PAUSED, 3), (DONE[:2], 130)], ids=["waits for approval", "closed"])
def test_a_run_that_paused_is_not_sealed_and_can_be_gone_on_with(
    lab: Callable[..., int], home: Path, capsys: pytest.CaptureFixture[str], said: tuple[Said, ...], code: int
) -> None:
    """It says why, how to go on and how to seal it as it is; gone on with and done, it is sealed."""
    assert lab(*said) == code
    run = newest(home)
    told = capsys.readouterr().err
    assert not is_sealed(run) and last_line(run)["exit_code"] == code
    assert f"Not sealed: it ended with exit code {code}" in told and f"evidence seal {run.id}" in told
    assert f"lab --continue {run.id}" in told
    assert lab(*DONE, continued=run) == 0
    assert is_sealed(run)


def test_a_jupyterlab_that_failed_is_on_record_as_failed(
    lab: Callable[..., int], home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Even with all five done the run's last line has exit code 1, as the command; and it is not sealed."""
    with pytest.raises(Failed, match="JupyterLab ended with exit code 7"):
        lab(*DONE, ends=7)
    run = newest(home)
    assert (last_line(run)["event"], last_line(run)["exit_code"]) == ("run_finished", 1)
    assert not is_sealed(run) and "Not sealed: it ended with exit code 1" in capsys.readouterr().err


def test_it_is_under_way_until_its_last_line_is_written(
    lab: Callable[..., int], home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can seal it while notebooks are tidied and the last line is written."""
    seen: list[bool] = []

    def close(run: Run, *arguments: Any, **options: Any) -> session.Ended:
        with at_rest(run.folder) as resting:
            seen.append(resting)
        return closes(run, *arguments, **options)

    closes = session.close
    monkeypatch.setattr(session, "close", close)
    lab(*DONE, given=GIVEN)
    assert seen == [False]


def test_other_parameters_than_those_executed_are_refused_before_anything_is_written(
    lab: Callable[..., int], home: Path
) -> None:
    """The ledger does not say that somebody went on with it, and no file of the run changes."""
    lab(*PAUSED, given=GIVEN)
    run = newest(home)
    path = run.notebooks / "02_key.ipynb"
    notebook = json.loads(path.read_text())
    for number, cell in enumerate(cell for cell in notebook["cells"] if cell["cell_type"] == "code"):
        cell["execution_count"] = number + 1
    path.write_text(json.dumps(notebook))
    assert prepared.refuse_other_parameters(run, GIVEN) == {"02_key.ipynb"}
    before = {file: file.read_bytes() for file in run.folder.rglob("*") if file.is_file()}
    with pytest.raises(WrongUsage, match="was executed with other parameters"):
        lab(*DONE, given={**GIVEN, "mode": "plan"}, continued=runs.find(run.id))
    assert {file: file.read_bytes() for file in run.folder.rglob("*") if file.is_file()} == before
