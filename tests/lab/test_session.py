"""How a guided run ended is read from what its notebooks wrote, and told with how to go on."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from helpers.display import text
from helpers.lab.session import Ended
from helpers.record.runs import Run

ALL = ("01_consent", "02_key", "03_rbac", "04_verify", "05_register")


def ended(folder: Path, *rows: tuple[str, str] | tuple[str, str, int], lasting: bool = True) -> Ended:
    """Of a ledger with these steps and events, and exit codes where they stopped."""
    said: list[dict[str, Any]] = [{"event": "run_started", "step": "run"}]
    said += [{"step": step, "event": event, "exit_code": code[0] if code else None} for step, event, *code in rows]
    (folder / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in said), encoding="utf-8")
    return Ended.of(Run(folder), rehearsal=True, lasting=lasting)


CASES = [
    ([], {}, 130),
    ([("01_consent", "identity")], {"01_consent": "not finished"}, 130),
    ([(step, "step_finished") for step in ALL], dict.fromkeys(ALL, "done"), 0),
    (
        [*((step, "step_finished") for step in ALL), ("02_key", "identity")],
        {**dict.fromkeys(ALL, "done"), "02_key": "not finished"},
        130,
    ),
    ([("01_consent", "identity"), ("01_consent", "stopped", 3)], {"01_consent": "stopped"}, 3),
    (
        [("01_consent", "stopped", 3), ("01_consent", "identity"), ("01_consent", "step_finished")],
        {"01_consent": "done"},
        130,
    ),
    (
        [("02_key", "step_finished"), ("02_key", "identity"), ("02_key", "stopped", 4)],
        {"02_key": "stopped"},
        4,
    ),
    (
        [("03_rbac", "stopped", 3), ("01_consent", "step_finished"), ("02_key", "stopped", 1)],
        {"01_consent": "done", "02_key": "stopped", "03_rbac": "stopped"},
        1,
    ),
    ([("01_consent", "plan"), ("run", "run_continued"), ("00_parameters", "identity")], {}, 130),
]


@pytest.mark.parametrize(("rows", "steps", "code"), CASES)
def test_the_last_word_of_each_notebook_counts(tmp_path: Path, rows: Any, steps: dict[str, str], code: int) -> None:
    """Begun, stopped or done by its last line; 0 only where all five are done, else what stopped, else interrupted."""
    found = ended(tmp_path, *rows)
    assert dict(found.steps) == steps
    assert found.exit_code == code


def test_it_says_how_to_go_on_only_where_one_can(tmp_path: Path) -> None:
    """With its cloud still there the command; after a rehearsal that ended with it, that; when all is done, nothing."""
    left = text(ended(tmp_path, ("01_consent", "step_finished")).view())
    assert f"lab --continue {tmp_path.name}" in left and "REHEARSAL" in left and "not begun" in left
    gone = text(ended(tmp_path, ("01_consent", "step_finished"), lasting=False).view())
    assert "--continue" not in gone and "python3 runbook.py cloud" in gone
    done = text(ended(tmp_path, *[(step, "step_finished") for step in ALL]).view())
    assert "all five notebooks are done" in done and "--continue" not in done
