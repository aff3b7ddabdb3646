"""Run folders are made once, found by folder or id, and known from inside."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from helpers.errors import WrongUsage
from helpers.record import runs


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return tmp_path


def test_a_new_run_has_a_folder_and_an_empty_ledger(home: Path) -> None:
    """The folder is named by UTC time and a few random digits, under runs/."""
    run = runs.new()
    assert run.folder.parent == home / "runs"
    assert re.fullmatch(r"\d{8}T\d{6}Z-[0-9a-f]{6}", run.id)
    assert run.ledger.read_bytes() == b""
    assert run.notebooks.is_dir()
    assert not run.approvals.exists()


def test_two_runs_are_two_folders() -> None:
    """Runs of the same second do not share a folder."""
    assert len({runs.new().id for _ in range(5)}) == 5


def test_a_run_is_found_by_id_and_by_folder() -> None:
    """Both ways lead to the same run."""
    run = runs.new()
    assert runs.find(run.id) == runs.find(str(run.folder)) == runs.Run(run.folder.resolve())


@pytest.mark.parametrize("name", ["20260101T000000Z-000000", "", ".", "../.."])
def test_what_is_no_run_is_named(name: str) -> None:
    """A name without a ledger behind it is wrong usage."""
    with pytest.raises(WrongUsage, match="no such run"):
        runs.find(name)


def test_a_notebook_knows_its_run(tmp_path: Path) -> None:
    """The run is the parent of the notebook's folder; any other folder belongs to none."""
    run = runs.new()
    assert runs.of_folder(run.notebooks) == runs.Run(run.folder.resolve())
    assert runs.of_folder(run.folder) is None
    assert runs.of_folder(tmp_path) is None
    bare = tmp_path / "bare" / "notebooks"
    bare.mkdir(parents=True)
    assert runs.of_folder(bare) is None


def test_without_a_home_runs_are_kept_in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project's own folder holds runs/ unless CMEK_HOME says otherwise."""
    monkeypatch.delenv("CMEK_HOME")
    assert runs.home() == runs.project_root() == Path(__file__).resolve().parents[2]
