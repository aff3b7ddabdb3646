"""Sealing and verifying a five-notebook run take less than half a second each, beside the start of the process.

Of processor time: other tests run meanwhile on the same machine.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.evidence import report, sealing
from helpers.evidence.report.steps import STEPS
from helpers.evidence.scan import scan
from helpers.evidence.sealing import How
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from tests.evidence.building import NOW, QUIET, RUN, beginning, line, looked, notebook, run_folder, seal, write_ledger

SECONDS = 0.5


def as_large_as_a_rehearsal(parent: Path) -> Run:
    """A run of five notebooks: about 200 KB of ledger and 600 KB of notebooks, as `rehearse` leaves them."""
    run = run_folder(parent, steps=STEPS)
    roles = [{"scope": f"/subscriptions/{number}", "role": "Reader", "principal": str(number)} for number in range(40)]
    facts = {"read_at": "2026-11-23T09:00:16Z", "assignments": {"outcome": "known", "value": roles}}
    rows = [line(run.id, "facts", STEPS[number % 5], facts=facts) for number in range(50)]
    write_ledger(run.folder, [beginning(run.id, None), *rows, line(run.id, "run_finished", exit_code=0, steps={})])
    for step in STEPS:
        cells = [f"plan = key.plan(wanted, found); plan  # {number}" for number in range(12)]
        document = notebook(step, sources=cells)
        for cell in document["cells"][1:]:
            rows_shown = "".join(f"<tr><td>{number}</td><td>role assignment</td></tr>" for number in range(120))
            shown = {"text/html": f"<table>{rows_shown}</table>", "text/plain": "role assignment\n" * 120}
            cell["outputs"].append({"output_type": "display_data", "data": shown, "metadata": {}})
        (run.folder / "notebooks" / f"{step}.ipynb").write_text(json.dumps(document, indent=1))
    return run


def best_of_three(work: Callable[[int], object]) -> float:
    taken = []
    for number in range(3):
        started = time.process_time()
        work(number)
        taken.append(time.process_time() - started)
    return min(taken)


def with_report(run: Run, signer: PemSigner) -> None:
    sealing.seal(run, How(signer), lambda: NOW, pages=report.write, scan=scan, wait=QUIET)


def test_sealing_is_quick(tmp_path: Path, signer: PemSigner) -> None:
    """Half a second with the report, the search for secrets, the signature and the writing."""
    made = [as_large_as_a_rehearsal(tmp_path / str(number)) for number in range(3)]
    assert sum(path.stat().st_size for path in made[0].folder.rglob("*")) > 600_000
    assert best_of_three(lambda number: with_report(made[number], signer)) < SECONDS


def test_verifying_is_quick(tmp_path: Path, signer: PemSigner) -> None:
    """Half a second for all files, the ledger, the notebooks and the signature."""
    run = as_large_as_a_rehearsal(tmp_path)
    seal(run, signer)
    assert looked(run, signer).exit_code == 0
    assert best_of_three(lambda _: looked(run, signer)) < SECONDS


HEAVY = ("azure", "msgraph", "papermill", "pydantic", "httpx", "anthropic", "IPython", "helpers.rehearsal")


def test_verify_imports_no_sdk(tmp_path: Path, signer: PemSigner, key_file: Path) -> None:
    """An auditor's command starts quickly: it loads no client of any service."""
    run = run_folder(tmp_path)
    seal(run, signer)
    code = (
        "import sys; from helpers.cli import main; "
        f"code = main(['evidence', 'verify', {str(run.folder)!r}, '--key', {str(key_file)!r}]); "
        "print(code, *sorted(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    exit_code, *modules = done.stdout.split()
    assert exit_code == "0", done.stderr
    assert run.id == RUN
    assert [name for name in modules if name.startswith(HEAVY)] == []


@pytest.mark.parametrize("verb", ["seal", "verify"])
def test_help_needs_nothing_else(verb: str) -> None:
    """`--help` of both commands tells the exit codes."""
    command = [sys.executable, "-m", "helpers.cli", "evidence", verb, "--help"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0
    assert "Exit codes: 0" in done.stdout
