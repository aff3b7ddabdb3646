"""The ledger: one JSON line for everything that happened in a run, on disk before the next thing happens.

Line: {t, run, event, step, actor, ...}. `t` is UTC, ISO 8601. Events: run_started, run_continued, identity, facts,
plan, approval, about_to, receipt, verdicts, stopped, step_finished, sheet, attestation, run_finished. A ledger without
run_finished was interrupted.
"""

from __future__ import annotations

import fcntl
import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, BinaryIO, Literal

from helpers.errors import Failed
from helpers.record.in_use import Known, nothing
from helpers.record.secrets import Sought

Event = Literal[
    "run_started",
    "run_continued",
    "identity",
    "facts",
    "plan",
    "approval",
    "about_to",
    "receipt",
    "verdicts",
    "stopped",
    "step_finished",
    "sheet",
    "attestation",
    "run_finished",
]
NAME = "ledger.jsonl"
SEAL = "statement.json"
"""The file that makes a run a sealed one; the sealing itself writes it last."""


@dataclass(frozen=True)
class Ledger:
    """Appends lines for one step of one run. Each line is flushed to disk before `write` returns."""

    path: Path
    run: str
    step: str
    now: Callable[[], datetime]
    actor: str | None = None
    known: Known = nothing
    """The secrets in use, which no line may hold either."""

    def write(self, event: Event, **said: Any) -> None:
        """Append one line. Raises Failed, writing nothing, if the line would hold a secret, in whatever form."""
        line = {"t": _utc(self.now()), "run": self.run, "event": event, "step": self.step, "actor": self.actor, **said}
        text = json.dumps(line, ensure_ascii=True, sort_keys=False)
        if kinds := Sought.of(self.known()).kinds(text):
            raise Failed(
                f"the ledger line {event} would have held {' and '.join(kinds)}, so it was not written",
                why="A record with a secret in it cannot be kept or shown to anybody.",
                next_step="Look for a name, tag or message in the cloud that holds a credential.",
            )
        with self.path.open("a+b") as ledger:
            fcntl.flock(ledger, fcntl.LOCK_EX)  # two people may go on with one run; freed when the file is closed
            if self.path.with_name(SEAL).exists():  # whoever seals it holds the lock, and this line may have waited
                raise Failed(
                    f"{self.run} was sealed in the meantime, so {event} was not written into it",
                    why="What is written after the seal would break it.",
                    next_step="Start a new run: it looks at what is there and goes on from it.",
                )
            drop_cut_line(ledger)
            ledger.write(text.encode() + b"\n")
            ledger.flush()
            os.fsync(ledger.fileno())


def read(path: Path) -> list[Mapping[str, Any]]:
    """All whole lines of a ledger; a last line cut off by a crash is left out. Raises Failed for a damaged one."""
    whole = path.read_bytes().split(b"\n")[:-1]
    return [_row(path, number, line) for number, line in enumerate(whole, 1)]


def _row(path: Path, number: int, line: bytes) -> Mapping[str, Any]:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if isinstance(row, dict) and "event" in row:
        return row
    raise Failed(f"{path}: line {number} is damaged", next_step="Keep the file as it is and start a new run.")


def drop_cut_line(lines: BinaryIO) -> None:
    """Take away what a crash left of a last line: its write never returned, and it would spoil the next line."""
    lines.seek(0)
    lines.truncate(lines.read().rfind(b"\n") + 1)
    lines.seek(0, os.SEEK_END)


def _utc(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
