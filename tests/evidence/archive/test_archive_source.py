"""What is published is a sealed run, as it was sealed: anything else is refused before the archive is looked at."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.errors import Failed, RunbookError, WrongUsage
from helpers.evidence import archive, archive_source, files
from helpers.record.runs import Run
from tests.evidence.archive.runs_sealed import NAMES, RUN, made, seal_it


def refused(run: Run, tmp_path: Path) -> RunbookError:
    """What publishing the run to a folder raises; the folder is not even made."""
    with pytest.raises(RunbookError) as raised:
        archive.publish(run, str(tmp_path / "archive"), None)
    assert not (tmp_path / "archive").exists()
    return raised.value


def test_a_run_that_is_not_sealed(tmp_path: Path) -> None:
    """A run that is not sealed is refused as wrong usage, with how to seal it."""
    error = refused(made(tmp_path / "runs"), tmp_path)
    assert isinstance(error, WrongUsage)
    assert error.what == f"{RUN}: not published: it is not sealed"
    assert error.next_step == "Seal it first: python runbook.py evidence seal RUN"


def test_a_run_whose_sealing_was_cut_short(tmp_path: Path) -> None:
    """A run of which sealing was cut short is not sealed."""
    run = made(tmp_path / "runs")
    (run.folder / "statement.json.unfinished").write_text("{}")
    assert isinstance(refused(run, tmp_path), WrongUsage)


def _edit(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b" ")


def _drop(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).unlink()


@pytest.mark.parametrize(
    ("break_it", "named"),
    [
        (_edit("report.html"), "report.html: is not as it was sealed"),
        (_edit("ledger.jsonl"), "ledger.jsonl: is not as it was sealed"),
        (_edit("statement.json"), "statement.json: "),
        (_edit("SHA256SUMS"), "SHA256SUMS: is not the list of the statement"),
        (_edit("seal.sigstore.json"), "seal.sigstore.json: "),
        (_edit("signer.pem"), "signer.pem: "),
        (_drop("report.html"), "report.html: is not there"),
        (_drop("statement.json"), "statement.json: is not there"),
        (_drop("SHA256SUMS"), "SHA256SUMS: is not there"),
        (lambda folder: (folder / "notes.txt").write_text("x"), "notes.txt: is not in the statement"),
        (lambda folder: (folder / "Übersicht.html").write_text("x"), "bersicht.html: not a plain name"),
        (lambda folder: (folder / "link").symlink_to("report.html"), "link: a symlink"),
        (lambda folder: (folder / "seal.tsr").write_text("x"), "seal.tsr: it is not in seal.sigstore.json"),
    ],
)
def test_a_broken_run(break_it: Callable[[Path], object], named: str, run: Run, tmp_path: Path) -> None:
    """A run of which anything is not as it was sealed is refused, and what is broken is named."""
    break_it(run.folder)
    error = refused(run, tmp_path)
    assert isinstance(error, Failed)
    assert error.what.startswith("not published: ")
    assert named in error.what


def test_a_symlink_with_the_very_same_bytes(run: Run, tmp_path: Path) -> None:
    """A file that was replaced by a symlink to the same bytes is refused: it could be others tomorrow."""
    (run.folder / "report.html").rename(tmp_path / "report.html")
    (run.folder / "report.html").symlink_to(tmp_path / "report.html")
    assert "report.html: a symlink" in refused(run, tmp_path).what


@pytest.mark.parametrize("id", ["../../outside", "..", "a/b", "/tmp/x", "run 1", "lauf-ü"])
def test_a_run_id_that_leads_elsewhere(id: str, tmp_path: Path) -> None:
    """A run whose sealed id is no plain name is refused: it would be published somewhere else than asked."""
    run = made(tmp_path / "runs")
    lines = [json.loads(line) | {"run": id} for line in run.ledger.read_text().splitlines()]
    run.ledger.write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    assert "its run has no plain id" in refused(seal_it(run), tmp_path).what


def test_a_file_that_is_too_large(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file larger than can be sent as it was compared is refused before anything is sent."""
    monkeypatch.setattr(archive_source, "LARGEST_FILE", 1000)
    assert "report.html: larger than 1000 bytes" in refused(run, tmp_path).what


def test_each_file_is_hashed_once_before_it_is_sent(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Verifying hashes it; nothing hashes it again until it is read to be sent."""
    hashed: list[str] = []
    sha256 = files.sha256
    monkeypatch.setattr(files, "sha256", lambda path: hashed.append(path.name) or sha256(path))
    archive.publish(run, str(tmp_path / "archive"), None)
    assert sorted(hashed) == sorted(Path(name).name for name in NAMES)


def test_a_folder_of_another_name(run: Run, tmp_path: Path) -> None:
    """A run folder that was renamed is published under the id that was sealed."""
    moved = Run(run.folder.rename(run.folder.with_name("renamed")))
    assert archive.publish(moved, str(tmp_path / "archive"), None).exit_code == 0
    assert [path.name for path in (tmp_path / "archive").iterdir()] == [RUN]
