"""A fleet as a person runs it: killed in the middle and gone on with; and the notebook of a target that is not green."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import nbformat
import pytest
import yaml

from helpers.rehearsal.environment import applied
from helpers.rehearsal.faults import parsed
from helpers.rehearsal.serve import Served
from tests.commands.conftest import ROOT, Commands
from tests.services.rehearsed import GIVEN

pytestmark = pytest.mark.slow


def files(folder: Path, names: list[str], **changes: Any) -> list[str]:
    """A parameter file for each key."""
    for name in names:
        (folder / f"{name}.yaml").write_text(yaml.safe_dump({"parameters": {**GIVEN, "key_name": name, **changes}}))
    return [str(folder / f"{name}.yaml") for name in names]


def ended(home: Path) -> list[dict[str, Any]]:
    """The whole lines about targets that a fleet has written so far."""
    lines = [line for path in home.glob("runs/fleet-*/fleet.jsonl") for line in path.read_text().split("\n")[:-1]]
    return [row for row in map(json.loads, lines) if row["event"] == "target"]


def test_a_fleet_that_was_killed_is_gone_on_with(tmp_path: Path) -> None:
    """SIGKILL while one target is held up: what had ended is kept, the rest is done, each is told once and right."""
    with Served("onboarded") as cloud:
        names = files(tmp_path, [f"none-{number}" for number in range(5)])
        names.insert(2, files(tmp_path, [str(GIVEN["key_name"])])[0])
        environment = {**applied(cloud.environment()), "CMEK_HOME": str(tmp_path)}
        arguments = ("fleet", "check", *names, "--jobs", "1", "--notebooks", "none")
        cloud.world.state.faults = parsed([{"operation": "Vaults_Get", "skip": 2, "hold": True}])
        command = [sys.executable, "-m", "helpers.cli", *arguments]
        with subprocess.Popen(command, env=environment, cwd=ROOT, stderr=subprocess.DEVNULL) as child:
            until = time.monotonic() + 100
            while len(ended(tmp_path)) < 2 and time.monotonic() < until:
                time.sleep(0.05)  # for another process, which nothing else tells of
            os.kill(child.pid, signal.SIGKILL)
        cloud.world.state.faults = []
        before = ended(tmp_path)
        assert [row["file"] for row in before] == names[:2]
        fleet = next(tmp_path.glob("runs/fleet-*")).name
        done = Commands(cloud, tmp_path)(*arguments, "--resume", fleet, "--json")
    assert done.code == 3, done.err
    assert [row["file"] for row in done.json["targets"]] == names
    assert [row["exit_code"] for row in done.json["targets"]] == [3, 3, 0, 3, 3, 3]
    assert done.json["targets"][:2] == [{k: v for k, v in row.items() if k not in ("event", "t")} for row in before]
    assert sorted(row["file"] for row in ended(tmp_path)) == sorted(names)


def test_a_target_that_is_not_green_gets_an_executed_notebook(tmp_path: Path) -> None:
    """Of two targets the blocked one alone: 04 with `mode: plan`, though the file says apply; nothing is changed."""
    with Served("onboarded") as cloud:
        names = files(tmp_path, ["none", str(GIVEN["key_name"])], remediate=["delete_lock"], mode="apply")
        cloud.world.state.locks.clear()
        commands = Commands(cloud, tmp_path)
        done = commands("fleet", "check", *names, "--json")
        assert commands.writes() == []
    assert done.code == 3, done.err
    red, green = done.json["targets"]
    assert green["notebook"] is None and "notebook 1 of 1" in done.err
    cells = nbformat.read(tmp_path / red["notebook"], as_version=4).cells
    assert any(cell.get("outputs") for cell in cells)
    injected = next(cell.source for cell in cells if "injected-parameters" in cell.metadata.get("tags", []))
    assert '"mode": "plan"' in injected and '"remediate": []' in injected
