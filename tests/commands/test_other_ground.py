"""Commands on ground that is not theirs: a run of another cloud, a folder that cannot be written, a wrong sign-in."""

from __future__ import annotations

import json
import webbrowser
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.cli import main
from helpers.rehearsal.serve import Served
from tests.commands.conftest import ROOT, Commands
from tests.services.conftest import healthy, healthy_world
from tests.services.rehearsed import GIVEN, Rehearsed

__all__ = ["healthy", "healthy_world"]

pytestmark = pytest.mark.slow
FILE = "parameters/rehearsal.yaml"
OTHER = "12121212-3434-4565-8787-909090909090"


@pytest.fixture
def home(healthy: Rehearsed, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Inside a cloud of this process, a folder for runs."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    yield tmp_path


def started(home: Path, world: str | None, **changes: Any) -> Path:
    """A run that was started with these parameters, and has done nothing yet."""
    run = home / "runs" / "20261123T090000Z-abc123"
    (run / "notebooks").mkdir(parents=True)
    row: Mapping[str, Any] = {
        "t": "2026-11-23T09:00:00.000Z",
        "run": run.name,
        "event": "run_started",
        "step": "run",
        "actor": None,
        "cloud": "rehearsal",
        "world": world,
        "parameters": {**GIVEN, **changes},
    }
    (run / "ledger.jsonl").write_text(json.dumps(row) + "\n")
    return run


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("world", "rehearsal-00000000"),
        ("cloud", "azure"),
        ("tenant_id", OTHER),
        ("subscription_id", OTHER),
        ("resource_group", "rg-of-another"),
        ("vault_name", "kv-of-another"),
        ("key_name", "another-cmek"),
        ("organization_id", OTHER),
    ],
)
def test_a_run_of_another_target_is_not_gone_on_with(
    home: Path, healthy: Rehearsed, capsys: pytest.CaptureFixture[str], name: str, other: str
) -> None:
    """--continue in another world, tenant, vault, ...: exit 64, both values and what to do, and nothing is added."""
    world = other if name == "world" else healthy.world.id
    run = started(home, world, **({} if name == "world" else {name: other}))
    before = (run / "ledger.jsonl").read_text()
    assert main(["run", "-f", FILE, "--continue", run.name]) == 64
    line, _, next_step = capsys.readouterr().err.strip().splitlines()
    now = healthy.world.id if name == "world" else GIVEN[name]
    assert line == f"{run.name} was started with {name} {other}, and this is {now}"
    assert next_step == "Next: Start a new run for this one."
    assert (run / "ledger.jsonl").read_text() == before and not any((run / "notebooks").iterdir())


def test_a_run_that_does_not_say_how_it_started_is_not_gone_on_with(
    home: Path, healthy: Rehearsed, capsys: pytest.CaptureFixture[str]
) -> None:
    """A ledger without its first line says nothing about its target: exit 64, one line."""
    run = started(home, healthy.world.id)
    (run / "ledger.jsonl").write_text("")
    assert main(["run", "-f", FILE, "--continue", run.name]) == 64
    (line,) = capsys.readouterr().err.strip().splitlines()
    assert "does not say what it was started with" in line


def test_a_home_that_cannot_be_written_is_told_in_one_line(
    home: Path, healthy: Rehearsed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """CMEK_HOME names something that holds no folders: exit 1, one line with the path, no kernel, no write."""
    (home / "file").write_text("")
    monkeypatch.setenv("CMEK_HOME", str(home / "file"))
    assert main(["run", "-f", FILE]) == 1
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert line.startswith(f"{home / 'file'}/runs/") and line.endswith(": Not a directory")
    assert healthy.cloud.wrote() == [] and captured.out == ""


@pytest.mark.parametrize("command", ["plan", "run", "rehearse"])
@pytest.mark.parametrize("credential", ["browser", "device_code", "azure_cli"])
def test_a_rehearsal_never_signs_a_person_in(
    command: str,
    credential: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """credential: browser in a rehearsal is exit 64 in one line that names what is allowed; nothing is opened."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", lambda url, *_: opened.append(url))
    monkeypatch.setattr(Served, "__enter__", lambda self: opened.append("a cloud"))
    file = tmp_path / "wrong.yaml"
    file.write_text(yaml.safe_dump({"parameters": {**GIVEN, "credential": credential}}))
    assert main([command, "-f", str(file)]) == 64
    captured = capsys.readouterr()
    (line,) = captured.err.strip().splitlines()
    assert line == f"{file}: credential: given '{credential}'; allowed in a rehearsal: environment"
    assert opened == [] and captured.out == ""


@pytest.mark.slow
def test_a_continued_run_keeps_the_first_executed_copy(tmp_path: Path) -> None:
    """04 twice in one run: two executed copies, the first one untouched, and the ledger says that it was continued."""
    with Served("onboarded") as cloud:
        commands = Commands(cloud, tmp_path)
        assert commands("run", "-f", FILE, "--step", "04").code == 0
        (run,) = (tmp_path / "runs").iterdir()
        first = (run / "notebooks" / "04_verify.ipynb").read_bytes()
        again = commands("run", "-f", FILE, "--step", "04", "--continue", run.name)
        assert again.code == 0, again.err
        assert "04_verify-2.ipynb" in again.err
        assert commands.writes() == []
    assert {path.name for path in (run / "notebooks").glob("*.ipynb")} == {"04_verify.ipynb", "04_verify-2.ipynb"}
    assert (run / "notebooks" / "04_verify.ipynb").read_bytes() == first
    assert [row["event"] for row in commands.ledger()].count("run_continued") == 1


@pytest.mark.slow
def test_a_run_gone_on_with_under_other_parameters_can_be_approved(tmp_path: Path) -> None:
    """`approve RUN` goes by the parameters the run was last gone on with, which made the plan it stopped at."""
    changed = tmp_path / "changed.yaml"
    good = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text())["parameters"]
    given = {**good, "workspace": {"create": "another-name"}}
    changed.write_text(yaml.safe_dump({"parameters": given}))
    with Served("healthy") as cloud:
        commands = Commands(cloud, tmp_path)
        assert commands("run", "-f", "parameters/rehearsal.yaml").code == 3
        run = commands.ledger()[0]["run"]
        assert commands("run", "-f", str(changed), "--continue", run, "--step", "05").code == 3
        shown = next(row["approval"]["to_type"] for row in reversed(commands.ledger()) if row["event"] == "approval")
        approved = commands("approve", run, "--phrase", shown)
        assert approved.code == 0, approved.err
