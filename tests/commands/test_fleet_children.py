"""`fleet run` and children that end in every way, and notebooks that do not end: stand-ins, as real ones take minutes."""

from __future__ import annotations

import fcntl
import json
import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import parameters
from helpers.cli import main
from helpers.errors import Failed
from helpers.headless import notebooks
from helpers.headless.fleet import looking, running
from helpers.headless.fleet.record import NAME, Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from tests.services.rehearsed import GIVEN, given

SECRET = "correct-horse-battery-staple"
Fleet = Callable[..., tuple[int, Any, str]]


@pytest.fixture
def fleet(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Fleet:
    """Runs `fleet run` on files of these keys with a shell script in the place of each child; $6 is its parameter file."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    monkeypatch.setattr(running.sys, "executable", str(tmp_path / "child"))

    def run(script: str, *keys: str, resume: str = "", changes: str = "plan") -> tuple[int, Any, str]:
        (tmp_path / "child").write_text(f"#!/bin/sh\n{script}\n")
        (tmp_path / "child").chmod(0o700)
        for key in keys:
            values = {**GIVEN, "key_name": key, "mode": changes}
            (tmp_path / key).write_text(yaml.safe_dump({"parameters": values}))
        more = ("--resume", resume) if resume else ()
        code = main(["fleet", "run", *(str(tmp_path / key) for key in keys), "--json", *more])
        said = capsys.readouterr()
        return code, json.loads(said.out) if said.out else None, said.err

    return run


def events(home: Path, fleet: str) -> list[str]:
    return [json.loads(line)["event"] for line in (home / "runs" / fleet / NAME).read_text().splitlines()]


def test_a_target_that_was_interrupted_or_killed_is_told_and_done_again(fleet: Fleet, tmp_path: Path) -> None:
    """Neither is in order, neither ends the fleet, and the fleet has not finished while one was interrupted."""
    script = 'case "$(cat $6)" in *stopped*) exit 130;; *killed*) kill -9 $$;; *waits*) exit 3;; esac'
    code, document, said = fleet(script, "fine", "stopped", "killed", "waits")
    assert [row["exit_code"] for row in document["targets"]] == [0, 130, 137, 3] and code == 1
    assert document["counts"] == {"in order": 1, "blocked": 1, "not done": 1, "exit 137": 1} and "Exit 1" in said
    assert "fleet_finished" not in events(tmp_path, document["fleet"])
    code, again, said = fleet("exit 0", "killed", "waits", "stopped", "fine", resume=document["fleet"])
    assert code == 0 and "1 of them done before" in said and again["targets"][3] == document["targets"][0]
    assert events(tmp_path, document["fleet"])[-1] == "fleet_finished"
    code, alone, _ = fleet("exit 130", "stopped")
    assert code == alone["exit_code"] == 130


def test_what_has_no_result_of_these_parameters_is_told_as_not_done(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An older result with other parameters is not shown in its place."""
    _, first, _ = fleet("exit 0", "fine", "other")
    monkeypatch.setattr(running, "run", lambda *_: iter(()))
    code, document, _ = fleet("exit 0", "fine", "other", resume=first["fleet"], changes="apply")
    assert code == 130 and [row["summary"] for row in document["targets"]] == ["not done", "not done"]
    assert document["targets"][0]["digest"] != first["targets"][0]["digest"]
    assert events(tmp_path, first["fleet"])[-1] == "fleet_finished"
    assert events(tmp_path, first["fleet"]).count("fleet_finished") == 1


def test_what_was_loaded_is_what_runs(fleet: Fleet, tmp_path: Path) -> None:
    """The first child changes the file of the second: that one still gets what was loaded, from the same folder."""
    changes = (
        f"sed 's/key_name: .*/key_name: changed/' {tmp_path}/second > {tmp_path}/x; cp {tmp_path}/x {tmp_path}/second"
    )
    _, document, _ = fleet(f"{changes}; pwd >&2; cat $6 >&2; exit 1", "first", "second")
    for row in document["targets"]:
        folder, _, ran = (tmp_path / row["folder"] / "run.log").read_text().partition("\n")
        assert folder == str(Path.cwd())
        checked = parameters.load(yaml.safe_load(ran)["parameters"])
        assert Target(1, "", checked, {}).digest == row["digest"]
    assert "key_name: changed" in (tmp_path / "second").read_text()


def test_what_a_child_says_is_kept_without_known_secrets(
    fleet: Fleet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One without a shape, from the environment: not in the log, the record, the page, the document or a terminal."""
    monkeypatch.setenv("AZURE_CLIENT_SECRET", SECRET)
    _, document, said = fleet('echo "it was $AZURE_CLIENT_SECRET" >&2; exit 1', "first")
    assert "a secret was here" in said and SECRET not in said + json.dumps(document)
    kept = [path for path in (tmp_path / "runs").rglob("*") if path.is_file()]
    assert {"run.log", NAME, "summary.json", "summary.html"} <= {path.name for path in kept}
    left = tmp_path / document["targets"][0]["folder"] / "run.log"
    left.write_text(SECRET)  # as after a kill
    fleet("exit 0", "first", resume=document["fleet"])
    assert not [path for path in kept if SECRET in path.read_text()] and left.exists()


def test_a_fleet_is_not_gone_on_with_while_a_child_of_it_lives(fleet: Fleet, tmp_path: Path) -> None:
    """A child outlives the process that started it: two at once on one target would be the alternative."""
    _, document, _ = fleet(f"sleep 100 >/dev/null 2>&1 & echo $! > {tmp_path}/pid; exit 1", "first")
    alive = int((tmp_path / "pid").read_text())
    try:
        code, _, said = fleet("exit 0", "first", resume=document["fleet"])
        assert code == 64 and "is being worked on by another process" in said
    finally:
        os.kill(alive, signal.SIGKILL)
    with (tmp_path / "runs" / document["fleet"] / NAME).open("ab") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # waits until the system has ended it
    assert fleet("exit 0", "first", resume=document["fleet"])[0] == 0


@pytest.fixture
def record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Record:
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return Record.new("check")


def executing(record: Record, monkeypatch: pytest.MonkeyPatch, code: int | Exception) -> Result:
    """A red target with a notebook that ends so; it has left a copy."""

    def execute(run: Any, mapping: Any, step: str) -> notebooks.Outcome:
        copy = run.notebooks / f"{step}.ipynb"
        copy.touch(exist_ok=False)
        if isinstance(code, Exception):
            raise code
        return notebooks.Outcome(step, "said", 1.0, copy, code, ("why", "Next: what to do."))

    monkeypatch.setattr(notebooks, "execute", execute)
    target = Target(1, "a", given(), GIVEN)
    before = next(iter(record.results()), Result("a", target.name, target.digest, 3, "blocked", lines=("read this",)))
    return looking.with_notebook(target, before, record)


@pytest.mark.parametrize("code", [0, 3, 4])
def test_a_notebook_that_ended_by_itself_is_named(record: Record, monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    """Verified, blocked or unknown: it says what a person wants to see. It is not made a second time."""
    with record:
        result = executing(record, monkeypatch, code)
        assert result.notebook and (record.folder.parents[1] / result.notebook).exists()
        assert result.lines == ("read this",) and not looking.wants_notebook(result, "red")


@pytest.mark.parametrize("code", [1, 64, Failed("why"), RuntimeError("why")])
def test_a_notebook_that_did_not_end_is_told_and_tried_again(
    record: Record, monkeypatch: pytest.MonkeyPatch, code: Any
) -> None:
    """A dead kernel, or whatever is thrown: the target's result stays, with why there is no notebook, said once."""
    with record:
        executing(record, monkeypatch, code)
        result = executing(record, monkeypatch, code)
        assert result.notebook is None and looking.wants_notebook(result, "red") and result.exit_code == 3
        assert result.lines[0] == "read this" and sum("why" in line for line in result.lines) == 1
        assert executing(record, monkeypatch, 3).lines == ("read this",)


def test_ctrl_c_in_a_notebook_ends_the_fleet_and_keeps_nothing_half_done(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """`execute` tells it as an outcome with 130."""
    with record:
        with pytest.raises(KeyboardInterrupt):
            executing(record, monkeypatch, 130)
        assert list(record.results()) == []
