"""`lab` refuses what it cannot do before it starts anything, in one clear line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.commands.conftest import Commands
from tests.services.rehearsed import GIVEN

AZURE = {**GIVEN, "cloud": "azure", "credential": "azure_cli"}


def file_of(folder: Path, parameters: dict[str, Any]) -> str:
    """A parameter file."""
    path = folder / "parameters.yaml"
    path.write_text(yaml.safe_dump({"parameters": parameters}), encoding="utf-8")
    return str(path)


def run_folders(commands: Commands) -> list[Path]:
    return sorted((commands.home / "runs").glob("*"))


def test_parameters_for_azure_are_refused_inside_a_rehearsal(commands: Commands) -> None:
    """What is meant for the real cloud never meets a rehearsal: refused, and no run is begun."""
    ended = commands("lab", "--no-browser", "-f", file_of(commands.home, AZURE))
    assert ended.code == 1
    assert "rehearsal" in ended.err and "azure" in ended.err and "Traceback" not in ended.err
    assert "JupyterLab" not in ended.err and run_folders(commands) == []


def test_a_world_is_refused_for_azure(commands: Commands) -> None:
    """--world with cloud: azure is wrong usage, as only a rehearsal has a world."""
    ended = commands("lab", "--no-browser", "--world", "healthy", "-f", file_of(commands.home, AZURE))
    assert ended.code == 64
    assert "--world: only a rehearsal has a world, and the parameters say cloud: azure" in ended.err
    assert run_folders(commands) == []


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("-f", "no/such/file.yaml"), "no/such/file.yaml"),
        (("--world", "no_such_world"), "no_such_world: no such world file"),
        (("--continue", "no-such-run"), "no-such-run: no such run"),
    ],
    ids=["file", "world", "run"],
)
def test_a_name_of_nothing_is_told_in_one_line(commands: Commands, arguments: tuple[str, str], said: str) -> None:
    """A file, world or run that is not there: exit code 64, and the first line names it."""
    ended = commands("lab", "--no-browser", *arguments)
    assert ended.code == 64
    assert said in ended.err.strip().splitlines()[0]
    assert "Traceback" not in ended.err and run_folders(commands) == []


def test_a_run_of_another_target_is_not_gone_on_with(commands: Commands) -> None:
    """--continue of a run that was begun for another key is refused, and its ledger stays as it is."""
    run = commands.home / "runs" / "20261123T090000Z-abcdef"
    run.mkdir(parents=True)
    begun = {
        "t": "2026-11-23T09:00:00.000Z",
        "run": run.name,
        "event": "run_started",
        "step": "run",
        "actor": None,
        "cloud": "rehearsal",
        "world": commands.cloud.world.id,
        "parameters": {**GIVEN, "key_name": "another-key"},
    }
    (run / "ledger.jsonl").write_text(json.dumps(begun) + "\n", encoding="utf-8")
    before = (run / "ledger.jsonl").read_bytes()
    ended = commands("lab", "--no-browser", "--continue", run.name)
    assert ended.code == 64
    assert "was started with key_name another-key, and this is claude-cmek" in ended.err
    assert (run / "ledger.jsonl").read_bytes() == before
    assert not (run / "notebooks").exists()
