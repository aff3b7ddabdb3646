"""record.sh, in both shells a node may have: the record is kept however the command ends, and is never written over."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import pytest

from tests.azureml.jobs import FOLDER, ROOT

SHELLS = ("sh", "bash")
SCRIPT = ROOT / FOLDER / "record.sh"
MAKES = 'mkdir -p "$CMEK_HOME/runs/new" && echo made > "$CMEK_HOME/runs/new/ledger.jsonl"'


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def run(shell: str, place: Path, command: str, before: str = "") -> subprocess.CompletedProcess[str]:
    """A job's command in `place`: the record is the folder `record` there."""
    (place / "tmp").mkdir(exist_ok=True)
    whole = f'set -e; record="{place}/record" {before}; . "{SCRIPT}"; {command}'
    environment = {**os.environ, "TMPDIR": str(place / "tmp")}
    return subprocess.run([shell, "-c", whole], cwd=place, env=environment, capture_output=True, text=True, timeout=30)


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_the_record_is_kept_and_the_exit_code_is_the_commands(shell: str, tmp_path: Path, code: int) -> None:
    """Whatever the command ends with, the job ends with, and the run folder is in the output."""
    done = run(shell, tmp_path, f"{MAKES}; (exit {code})")
    assert done.returncode == code, done.stderr
    assert (tmp_path / "record" / "runs" / "new" / "ledger.jsonl").read_text() == "made\n"


def test_what_is_in_the_output_already_is_not_written_again(shell: str, tmp_path: Path) -> None:
    """A file of an earlier job stays as it is, down to its time; a new one is put beside it."""
    old = tmp_path / "record" / "runs" / "old" / "ledger.jsonl"
    old.parent.mkdir(parents=True)
    old.write_text("old\n")
    os.utime(old, (1, 1))
    done = run(
        shell, tmp_path, f'echo more >> "$CMEK_HOME/runs/old/ledger.jsonl"; {MAKES}', f'before="{tmp_path}/record"'
    )
    assert done.returncode == 0, done.stderr
    assert (old.read_text(), old.stat().st_mtime) == ("old\n", 1)
    assert (tmp_path / "record" / "runs" / "new" / "ledger.jsonl").is_file()


def test_what_was_handed_in_can_be_gone_on_with(shell: str, tmp_path: Path) -> None:
    """The record before and the approvals are copied, writable, to where the command looks for them."""
    ledger = tmp_path / "earlier" / "runs" / "r1" / "ledger.jsonl"
    ledger.parent.mkdir(parents=True)
    ledger.write_text("one\n")
    ledger.chmod(0o444)
    ledger.parent.chmod(0o555)
    (tmp_path / "given").mkdir()
    (tmp_path / "given" / "d1.json").write_text("{}")
    done = run(
        shell,
        tmp_path,
        'cat "$CMEK_HOME/approvals/d1.json"; cd "$CMEK_HOME/runs/r1"; ls -ld . ledger.jsonl; echo two >> ledger.jsonl',
        f'before="{tmp_path}/earlier" approvals="{tmp_path}/given"',
    )
    ledger.parent.chmod(0o755)
    assert done.returncode == 0, done.stderr
    assert re.match(r"\{\}drwx.*\n-rw", done.stdout), done.stdout
    assert (tmp_path / "record" / "runs" / "r1" / "ledger.jsonl").read_text() == "one\ntwo\n"
    assert ledger.read_text() == "one\n"
    assert not (tmp_path / "record" / "approvals").exists()


def test_the_command_does_not_start_without_what_was_handed_in(shell: str, tmp_path: Path) -> None:
    """An approvals folder that is not there ends the job before anything is done."""
    done = run(shell, tmp_path, "echo started", f'approvals="{tmp_path}/gone"')
    assert done.returncode != 0 and "started" not in done.stdout


def test_the_command_does_not_start_without_the_script(shell: str, tmp_path: Path) -> None:
    """A job whose code lacks record.sh does nothing, because its command begins with set -e."""
    command = "set -e; . ./gone.sh; echo started"
    done = subprocess.run([shell, "-c", command], cwd=tmp_path, capture_output=True, text=True, timeout=30)
    assert done.returncode != 0 and "started" not in done.stdout


@pytest.mark.parametrize(("code", "ends"), [(0, 1), (3, 3)])
def test_a_record_that_cannot_be_copied_is_told(shell: str, tmp_path: Path, code: int, ends: int) -> None:
    """The output cannot be written: a job that went well fails all the same, another keeps its code; both say so."""
    (tmp_path / "record").write_text("")
    done = run(shell, tmp_path, f"{MAKES}; (exit {code})")
    assert done.returncode == ends
    assert "The record could not be copied to the output" in done.stderr


def test_a_record_that_is_gone_is_told(shell: str, tmp_path: Path) -> None:
    """There is nothing to copy from: the job does not end as if there had been nothing to keep."""
    done = run(shell, tmp_path, 'rm -r "$CMEK_HOME"')
    assert done.returncode == 1
    assert "The record could not be copied to the output" in done.stderr


def test_a_cancelled_job_keeps_its_record(shell: str, tmp_path: Path) -> None:
    """SIGTERM to the job's processes: the record so far is in the output, and the job ends with 143."""
    (tmp_path / "tmp").mkdir()
    whole = f'set -e; record="{tmp_path}/record"; . "{SCRIPT}"; {MAKES}; sh -c "echo ready; exec sleep 20"'
    environment = {**os.environ, "TMPDIR": str(tmp_path / "tmp")}
    with subprocess.Popen(
        [shell, "-c", whole], env=environment, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as job:
        assert job.stdout is not None and job.stdout.readline() == "ready\n"
        os.killpg(job.pid, signal.SIGTERM)
        assert job.wait(timeout=10) == 143
    assert (tmp_path / "record" / "runs" / "new" / "ledger.jsonl").is_file()
