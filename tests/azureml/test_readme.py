"""README.md of azureml/ names what is there: files, inputs, options of az that reach something, and our own verbs."""

from __future__ import annotations

import re

import pytest
import yaml

from helpers.cli import _commands
from tests.azureml.jobs import FOLDER, ROOT

TEXT = (ROOT / FOLDER / "README.md").read_text(encoding="utf-8")
SUBMITTED = re.findall(r"az ml (job|schedule) create -f (\S+) --set ([^`\n]+)", TEXT)


def test_every_file_is_in_the_table() -> None:
    """One row for each file or folder beside the README, and no other."""
    named = re.findall(r"^\| `([\w./-]+)` \|", TEXT.split("## Submitting")[0], re.MULTILINE)
    there = {path.name for path in (ROOT / FOLDER).iterdir()} - {"README.md"}
    assert {name.rstrip("/") for name in named} == there


@pytest.mark.parametrize(("kind", "file", "changes"), SUBMITTED)
def test_what_is_set_is_in_the_file(kind: str, file: str, changes: str) -> None:
    """Each `--set` names something that the file has."""
    given = yaml.safe_load((ROOT / file).read_text(encoding="utf-8"))
    for change in changes.split():
        where = given
        for key in change.partition("=")[0].split("."):
            if key == "create_job":
                where = yaml.safe_load((ROOT / FOLDER / given[key]).read_text(encoding="utf-8"))
                continue
            assert key in where, f"{file} has no {change}"
            where = where[key]


def test_the_commands_are_there() -> None:
    """At least a submission of every job and of the schedule; and each verb of ours exists."""
    assert {file for _, file, _ in SUBMITTED} == {
        f"{FOLDER}/{name}" for name in ("run.yml", "pipeline.yml", "check.yml", "schedule-check.yml")
    }
    verbs = set(re.findall(r"runbook\.py (\w+)", TEXT))
    assert verbs - {"test"} <= set(_commands().commands)
    assert "**Nothing here was ever submitted.**" in TEXT
