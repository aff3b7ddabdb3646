"""Drills as a person runs them: `rehearse --world NAME` with real kernels. tests/worlds does every world without."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from helpers.record.ledger import read

pytestmark = pytest.mark.slow

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True)
class Rehearsed:
    """A drill that has ended, and the folder of its run."""

    code: int
    told: str
    data: Any
    run: Path

    @property
    def last_line(self) -> str:
        return self.told.strip().splitlines()[-1]

    def shown(self, step: str) -> str:
        """Everything that an executed notebook shows, as text."""
        notebook = json.loads((self.run / "notebooks" / f"{step}.ipynb").read_text(encoding="utf-8"))
        outputs = (output for cell in notebook["cells"] for output in cell.get("outputs", ()))
        return "\n".join("".join(output.get("data", {}).get("text/plain", "")) for output in outputs)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the runs of a test are kept."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return tmp_path


def rehearse(home: Path, world: str, *more: str) -> Rehearsed:
    """`rehearse --json` in one world."""
    command = [sys.executable, "-m", "helpers.cli", "rehearse", "--world", world, "--json", *more]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=170, check=False)
    (run,) = (home / "runs").iterdir()
    return Rehearsed(done.returncode, done.stderr, json.loads(done.stdout), run)


def test_a_blocking_failure_stops_in_04(home: Path) -> None:
    """Purge protection is off: 01 to 03 keep what is there, 04 names the check and what to do, and 05 never runs."""
    drill = rehearse(home, "purge_protection_off")
    assert drill.code == 3
    assert drill.last_line == "This drill was to stop in 04_verify with exit code 3, and it did."
    assert "V06 Purge protection is on" in drill.told and "remediate: [purge_protection]" in drill.told
    assert [step["step"] for step in drill.data["steps"]][-1] == "04_verify"


def test_a_blocking_unknown_stops_in_04(home: Path) -> None:
    """The diagnostic settings may not be read: that is exit code 4, and the right that is missing is named."""
    drill = rehearse(home, "diagnostics_forbidden")
    assert drill.code == 4
    assert drill.last_line == "This drill was to stop in 04_verify with exit code 4, and it did."
    assert "could not be read: 403" in drill.told and "Reader on the vault and on the log destination" in drill.told


def test_a_failure_at_the_gate_stops_in_05_with_the_explanation(home: Path) -> None:
    """05 shows Anthropic's own answer and what was found that could explain it, and attaches nothing."""
    drill = rehearse(home, "gate_in_disorder")
    assert drill.code == 3
    assert drill.last_line == "This drill was to stop in 05_register with exit code 3, and it did."
    shown = drill.shown("05_register")
    assert "Anthropic says: UNKNOWN: 503" in shown
    assert "V19 No conditional access policy reaches it" in shown and "Block workload identities" in shown
    assert "blocking checks do not pass: V40, V46" in drill.told
    assert not any(row["event"] == "receipt" for row in read(drill.run / "ledger.jsonl"))


def test_an_accepted_deviation_runs_to_the_end(home: Path) -> None:
    """The world's parameters are laid over the file's: what somebody accepted is shown with their name, and not hidden."""
    drill = rehearse(home, "retention_accepted")
    assert drill.code == 0
    assert drill.last_line == "This drill was to run to its end, and it did."
    assert "accepted by Platform team until 2027-05-31" in drill.shown("04_verify")
    accepted = read(drill.run / "ledger.jsonl")[0]["parameters"]["accepted_deviations"]
    assert [row["check"] for row in accepted] == ["V07b", "V12"]


def test_claude_enterprise_ends_with_what_to_enter_by_hand(home: Path) -> None:
    """The world says claude_enterprise: the same five steps run, and the values for claude.ai are told at the end."""
    drill = rehearse(home, "enterprise")
    assert drill.code == 0
    assert drill.last_line == "This drill was to run to its end, and it did."
    assert drill.data["by_hand"]["Vault URI"] == "https://kv-contoso-claude.vault.azure.net/"


def test_a_drill_that_ends_otherwise_is_told_and_fails(home: Path, tmp_path: Path) -> None:
    """A world that expects another ending: exit code 1, and one line that says what was to be and what was."""
    world = tmp_path / "wrong.yaml"
    world.write_text(
        "about: Says something else than comes\nbase: principal_disabled\n"
        "expect: {rehearse: {exit: 3, stops_in: 04_verify}}\n",
        encoding="utf-8",
    )
    drill = rehearse(home, str(world))
    assert drill.code == 1
    wanted, seen = "stop in 04_verify with exit code 3", "stop in 01_consent with exit code 3"
    assert drill.last_line == f"This drill was to {wanted}, and it did not: it did {seen}."
