"""Commands as a person runs them: child processes against a cloud that this process serves and can look into."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served

ROOT = Path(__file__).resolve().parents[2]


@dataclass
class Ended:
    """A command that has ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass
class Commands:
    """Runs `python -m helpers.cli` inside one cloud, with a home of its own for runs and approvals."""

    cloud: Served
    home: Path
    seconds: int = 170
    outputs: list[str] = field(default_factory=list)

    def __call__(self, *arguments: str, identity: str = "operator") -> Ended:
        environment = {**applied(self.cloud.environment(identity)), "CMEK_HOME": str(self.home)}
        command = [sys.executable, "-m", "helpers.cli", *arguments]
        done = subprocess.run(
            command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=self.seconds, check=False
        )
        self.outputs += [done.stdout, done.stderr]
        return Ended(done.returncode, done.stdout, done.stderr)

    def writes(self) -> list[str]:
        """The operations that changed the world, in order."""
        return [row["operation"] for row in self.cloud.cloud.journal.rows() if row["wrote"]]

    def forget(self) -> None:
        """Start the journal anew; the world stays as it is."""
        self.cloud.cloud.journal.clear()

    def ledger(self) -> list[dict[str, Any]]:
        """The lines of the newest run's ledger."""
        newest = max((self.home / "runs").iterdir(), key=lambda folder: folder.stat().st_mtime_ns)
        return [json.loads(line) for line in (newest / "ledger.jsonl").read_text().splitlines()]


@pytest.fixture
def commands(tmp_path: Path) -> Iterator[Commands]:
    """Commands inside a fresh healthy cloud."""
    with Served("healthy") as cloud:
        yield Commands(cloud, tmp_path)
