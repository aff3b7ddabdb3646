"""A process that onboards when it is told to: steps as the notebooks take them, headless, without kernels.

Orders come as JSON lines: {"steps": [...], "rest": [seconds before each], "pause_at": text or null, "changes":
{parameter: value}}. Told are {"said":
line} for what a wait says, {"paused": change} right before a change that holds the text (the next line lets it go on),
and at the end {"result": {...}}. `Onboarder` is the other end, for tests.
"""

from __future__ import annotations

import json
import os
import queue
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self, TextIO, cast

ROOT = Path(__file__).resolve().parents[2]
PATIENCE_SECONDS = 90.0
NOTHING = "Nothing was changed: there was nothing to change"


@dataclass(frozen=True)
class Result:
    """How a run ended: what it changed, how often it said that there was nothing to change, and what stopped it."""

    changed: tuple[str, ...]
    nothing_to_change: int
    said: tuple[str, ...]
    error: str
    lines: tuple[str, ...]

    @property
    def text(self) -> str:
        return "\n".join(self.lines)

    @property
    def waited(self) -> bool:
        """Whether it waited for another run on the same target."""
        return any(line.startswith("Waiting for another run on the same target to end") for line in self.said)


@dataclass
class Onboarder:
    """Such a process, from the outside."""

    process: subprocess.Popen[str]
    events: queue.Queue[Mapping[str, Any]] = field(default_factory=queue.Queue)
    said: list[str] = field(default_factory=list)

    @classmethod
    def started(cls, environment: Mapping[str, str], home: Path) -> Self:
        """A new one, in an environment and with a home of its own or one that it shares."""
        home.mkdir(exist_ok=True)
        process = subprocess.Popen(
            [sys.executable, "-m", "tests.drills.onboarder"],
            cwd=ROOT,
            env={**environment, "CMEK_HOME": str(home), "PYTHONPATH": str(ROOT)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        made = cls(process)
        threading.Thread(target=made._listen, daemon=True).start()
        return made

    @property
    def pid(self) -> int:
        return self.process.pid

    def order(self, *steps: str, rest: Sequence[float] = (), pause_at: str | None = None, **changes: Any) -> None:
        """Tell it to take steps, with changes to the parameters; it begins at once."""
        self.said.clear()
        self._tell({"steps": steps, "rest": list(rest), "pause_at": pause_at, "changes": changes})

    def go_on(self) -> None:
        """Let it go on where it paused."""
        self._tell({})

    def until(self, kind: str, text: str = "") -> Any:
        """The next event of a kind that holds a text, as it was told."""
        end = time.monotonic() + PATIENCE_SECONDS
        while True:
            event = self.events.get(timeout=max(0.0, end - time.monotonic()))
            if "said" in event:
                self.said.append(event["said"])
            if kind in event and text in str(event[kind]):
                return event[kind]
            assert "result" not in event, f"it ended before: {event}"

    def result(self) -> Result:
        """How it ended."""
        told = self.until("result")
        return Result(tuple(told["changed"]), told["nothing"], tuple(self.said), told["error"], tuple(told["lines"]))

    def kill(self) -> None:
        """SIGKILL, and wait until it is gone."""
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            cast(TextIO, pipe).close()

    def _tell(self, order: Mapping[str, Any]) -> None:
        pipe = cast(TextIO, self.process.stdin)
        pipe.write(json.dumps(order) + "\n")
        pipe.flush()

    def _listen(self) -> None:
        try:
            for line in cast(TextIO, self.process.stdout):
                self.events.put(json.loads(line))
        except ValueError:
            return  # it was killed in the middle of a line, or the pipe was closed


def main() -> None:
    """Take orders until there are no more."""
    told, sys.stdout = sys.stdout, sys.stderr
    for order in sys.stdin:
        _onboard(json.loads(order), lambda **event: print(json.dumps(event), file=told, flush=True))


def _onboard(order: Mapping[str, Any], tell: Any) -> None:
    from helpers.errors import RunbookError
    from helpers.notebook import Step
    from helpers.record import runs
    from helpers.record.ledger import Ledger
    from helpers.waiting import Waiter
    from tests.steps.walking import Walk

    class Pausing(Ledger):
        """The ledger, whose "about to" may take as long as somebody wants."""

        def write(self, event: Any, **said: Any) -> None:
            super().write(event, **said)
            if event == "about_to" and order["pause_at"] and order["pause_at"] in said["change"]:
                tell(paused=said["change"])
                sys.stdin.readline()

    class Walking(Walk):
        def begin(self, name: str, identity: str = "operator", **changes: Any) -> Step:
            step = super().begin(name, identity, **changes)
            return replace(step, ledger=Pausing(**vars(step.ledger)))

    run = runs.new()
    os.chdir(run.notebooks)
    world = SimpleNamespace(waiter=lambda: Waiter(lambda line: tell(said=line)), opened=[])
    walk = Walking(cast(Any, world), run.folder)
    error: RunbookError | None = None
    rest = [*order["rest"], *[0.0] * len(order["steps"])]
    try:
        for step, seconds in zip(order["steps"], rest, strict=False):
            time.sleep(seconds)
            walk.take(step, **order["changes"])
    except RunbookError as stopped:
        error = stopped
    for services in world.opened:
        services.close()
    tell(
        result={
            "changed": [row["what"] for row in walk.rows() if row["event"] == "receipt"],
            "nothing": sum(NOTHING in shown for shown in walk.shown),
            "error": "" if error is None else type(error).__name__,
            "lines": [] if error is None else error.lines(),
        }
    )


if __name__ == "__main__":
    main()
