"""Remedies through the commands, with real kernels: what is for good stops a run before anything else that is."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from helpers.rehearsal.serve import Served
from tests.commands.conftest import Commands
from tests.services.rehearsed import GIVEN


@pytest.mark.slow
def test_purge_protection_is_approved_by_itself_and_once(tmp_path: Path) -> None:
    """`plan` says 2, `run` stops in 04 with 3, `approve RUN` approves it, `run` does it, and `plan` says 0."""
    file = tmp_path / "remediate.yaml"
    file.write_text(yaml.safe_dump({"parameters": {**GIVEN, "remediate": ["delete_lock", "purge_protection"]}}))
    with Served("onboarded") as cloud:
        commands = Commands(cloud, tmp_path)
        vault = cloud.world.state.vaults[GIVEN["vault_name"]]
        vault.enable_purge_protection = None
        cloud.world.state.locks.clear()
        assert commands("plan", "-f", str(file)).code == 2

        first = commands("run", "-f", str(file), "--step", "04", "--json")
        assert first.code == 3 and "remedies for good: the plan is not approved" in first.err, first.err
        assert commands.writes() == ["ManagementLocks_CreateOrUpdateByScope"]
        run = first.json["run"]
        shown = next(row["approval"]["to_type"] for row in reversed(commands.ledger()) if row["event"] == "approval")
        approved = commands("approve", run, "--phrase", shown, "--json", identity="reader")
        assert approved.code == 0, approved.err
        assert json.loads(Path(approved.json["approval"]).read_text())["seen"]["retention days"] == "90"

        second = commands("run", "-f", str(file), "--step", "04", "--json")
        assert second.code == 0, second.err
        assert [step["result"] for step in second.json["steps"]] == ["changed"]
        assert commands.writes() == ["ManagementLocks_CreateOrUpdateByScope", "Vaults_Update"]
        assert cloud.world.state.vaults[GIVEN["vault_name"]].enable_purge_protection is True
        assert commands("plan", "-f", str(file)).code == 0
