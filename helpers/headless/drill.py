"""A drill: a rehearsal in a world that says how it must end, and whether it did, by the run's own ledger."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.errors import Failed, WrongUsage
from helpers.record import runs
from helpers.record.ledger import NAME, read

INTERRUPTED = 130


@dataclass(frozen=True)
class Ending:
    """How a run ended: its exit code, and the step that stopped it; None where none did."""

    exit_code: int
    stops_in: str | None

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Ending:
        """As a world file says it: `{exit: 3, stops_in: 04_verify}`. Raises WrongUsage for anything else."""
        if set(said) != {"exit", "stops_in"}:
            raise WrongUsage(
                f"expect.rehearse takes exit and stops_in, and holds {', '.join(map(str, said)) or 'nothing'}"
            )
        return cls(said["exit"], said["stops_in"])

    @classmethod
    def seen(cls, world: str, exit_code: int) -> Ending:
        """Of the run that was made in this very world, from its ledger, with the exit code it ended with."""
        steps = _steps(world)
        return cls(exit_code, steps[-1] if steps and exit_code else None)

    def __str__(self) -> str:
        if self.stops_in:
            return f"stop in {self.stops_in} with exit code {self.exit_code}"
        return f"end before any step with exit code {self.exit_code}" if self.exit_code else "run to its end"


@dataclass(frozen=True)
class Outcome:
    """What a drill was to end like, and how it ended."""

    wanted: Ending
    seen: Ending

    @property
    def exit_code(self) -> int:
        """The run's own where it ended as wanted or was interrupted, else 1."""
        own = self.wanted == self.seen or self.seen.exit_code == INTERRUPTED
        return self.seen.exit_code if own else Failed.exit_code

    def __str__(self) -> str:
        if self.wanted == self.seen:
            return f"This drill was to {self.wanted}, and it did."
        if self.seen.exit_code == INTERRUPTED:
            return f"This drill was to {self.wanted}, and it was interrupted."
        return f"This drill was to {self.wanted}, and it did not: it did {self.seen}."


def laid_over(parameters: Mapping[str, Any], changes: Mapping[str, Any], file: Path) -> Path:
    """A parameter file with a world's own parameters laid over those of another; `file` is where it is written."""
    merged = {"parameters": {**parameters, **changes}}
    file.write_text(json.dumps(merged, indent=1, ensure_ascii=True), encoding="utf-8")  # JSON is YAML
    return file


def _steps(world: str) -> list[str]:
    """The steps of the newest run in this world, in order; a world's id belongs to one rehearsal alone."""
    ledgers = (runs.home() / "runs").glob(f"*/{NAME}")
    for path in sorted(ledgers, key=lambda path: path.stat().st_mtime_ns, reverse=True):
        try:
            rows = read(path)
        except (Failed, OSError):
            continue
        if rows and rows[0].get("world") == world:
            finished = [row["steps"] for row in rows if row["event"] == "run_finished"]
            return list(finished[-1]) if finished else []
    return []
