"""`fleet run`: the notebooks of each target, with the approvals that each needs."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers.rehearsal.serve import Served
from tests.commands.conftest import Commands
from tests.services.rehearsed import GIVEN

pytestmark = pytest.mark.slow


def test_each_target_is_run_and_what_is_for_good_waits_for_its_approval(tmp_path: Path) -> None:
    """A file that is none and a tenant that is another stop nothing; the rest is done up to the attach, with exit 3."""
    with Served("healthy") as cloud:
        commands = Commands(cloud, tmp_path, seconds=400)
        files = [str(tmp_path / "none.yaml")]
        for name, changes in {"elsewhere": {"tenant_id": GIVEN["subscription_id"]}, "good": {}}.items():
            files.append(str(tmp_path / f"{name}.yaml"))
            Path(files[-1]).write_text(yaml.safe_dump({"parameters": {**GIVEN, **changes}}))
        done = commands("fleet", "run", *files, "--json")
        assert commands.writes() == [
            "servicePrincipal create",
            "CreateKey",
            "RoleAssignments_Create",
            "external key create",
        ]
    none, elsewhere, good = done.json["targets"]
    assert [done.code, none["exit_code"], elsewhere["exit_code"], good["exit_code"]] == [64, 64, 3, 3], done.err
    assert (
        elsewhere["summary"].startswith("signed in to tenant") and (tmp_path / elsewhere["folder"] / "run.log").exists()
    )
    assert "05_register stopped: ApprovalRequired" in good["summary"] and good["rehearsal"] == cloud.world.id
    assert (tmp_path / good["folder"] / "notebooks" / "05_register.ipynb").exists()
    assert any("approve" in line for line in good["lines"])
