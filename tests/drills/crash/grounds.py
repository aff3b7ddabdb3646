"""Where the cells of a scenario take place: its cloud, its files, and what a healthy run there sends and makes."""

from __future__ import annotations

import shutil
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from tests.drills.crash import inside
from tests.drills.crash.children import CHILD_SECONDS, Child
from tests.drills.crash.clouds import Cloud, Row
from tests.drills.crash.ends import End
from tests.drills.crash.scenarios import Scenario

_POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Request:
    """One request of a healthy run, by what does not change from run to run: reads go side by side."""

    operation: str
    occurrence: int
    """The how manieth of its operation, from 1."""
    wrote: bool = False
    """Whether it changed the world in the recorded run."""

    def __str__(self) -> str:
        return f"{self.operation}#{self.occurrence}"

    def fault(self, **kind: Any) -> dict[str, Any]:
        """A fault that this request meets, and no other one."""
        return {"operation": self.operation, "skip": self.occurrence - 1, "times": 1, **kind}

    def row(self, log: Sequence[Row]) -> Row | None:
        """Its row in a log, if it was sent."""
        rows = [row for row in log if row["operation"] == self.operation]
        return rows[self.occurrence - 1] if len(rows) >= self.occurrence else None


@dataclass(frozen=True)
class Recorded:
    """A healthy run: what the world was, what was sent, and how it ended."""

    pristine: Mapping[str, Any]
    end: End

    @property
    def requests(self) -> tuple[Request, ...]:
        """Every request, in order, but those for tokens and discovery."""
        counted: Counter[str] = Counter()
        requests = []
        for row in self.end.log:
            counted[row["operation"]] += 1
            requests.append(Request(row["operation"], counted[row["operation"]], row["wrote"]))
        return tuple(requests)

    @property
    def counts(self) -> Counter[str]:
        """How many requests of each operation."""
        return Counter(row["operation"] for row in self.end.log)


class Ground:
    """A scenario's own cloud, and runs in it. Every run is kept in a home that is given.

    `seen` is a folder that all grounds share: what killed runs have left, each by the cell that left it first.
    """

    def __init__(self, scenario: Scenario, folder: Path, seen: Path) -> None:
        self.scenario = scenario
        self._folder = folder
        self.seen = seen
        folder.mkdir(parents=True)
        self.file = scenario.given(folder)
        self.cloud = Cloud(scenario.world(folder), folder)
        self._approved = folder / "home"
        self._approved.mkdir()
        work = partial(inside.approve, self.cloud.control, self.cloud.environment, self._approved, self.file)
        try:
            with Child(work, folder / "approve.log") as approving:
                approving.result()
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        self.cloud.close()

    def home(self) -> Path:
        """A new folder for runs, in which what is for good is approved."""
        home = Path(tempfile.mkdtemp(dir=self._folder, prefix="cell-"))
        if (self._approved / "approvals").is_dir():
            shutil.copytree(self._approved / "approvals", home / "approvals")
        return home

    def arguments(self, *more: str) -> list[str]:
        """What `run` is given."""
        step = self.scenario.step
        return ["-f", str(self.file), *(["--step", step] if step else []), *more]

    def child(self, home: Path, *more: str, stop_at: str = "") -> Child:
        """A forked child that runs the steps."""
        control, environment = self.cloud.control, self.cloud.environment
        plain = self.arguments("--kernel-start", "spawn", *more)  # it starts none, so nothing is to be imported for any
        work = partial(inside.run, control, environment, home, plain, stop_at)
        return Child(work, home / "printed.log")

    def ran(self, home: Path, *more: str) -> Any:
        """What came of a child that ran the steps. Raises RuntimeError where it hangs or breaks off."""
        with self.child(home, *more) as child:
            return child.result()

    def reached(self, child: Child) -> bool:
        """Wait until a request is held; False where the child ended before. Raises RuntimeError where it hangs."""
        until = time.monotonic() + CHILD_SECONDS
        while not self.cloud.held():
            if child.ended():
                return False
            if time.monotonic() > until:
                raise RuntimeError(f"no request was held within {CHILD_SECONDS:.0f} s\n{child.printed()}")
            time.sleep(_POLL_SECONDS)
        return True

    def end(self) -> End:
        """How the world is now."""
        return End(self.cloud.state(), self.cloud.log())

    def recorded(self) -> tuple[Recorded, list[str]]:
        """A healthy run, and the modules that it took. Raises RuntimeError where it does not end well."""
        self.cloud.start_over()
        pristine, home = self.cloud.state(), self.home()
        with self.child(home) as child:
            said = child.result()
            if said["exit"] != 0:
                raise RuntimeError(f"{self.scenario.name}: a healthy run ended with {said['exit']}\n{child.printed()}")
        end = self.end()
        wanted = Counter(self.scenario.writes)
        if end.writes != wanted:
            raise RuntimeError(f"{self.scenario.name}: a healthy run made the writes {end.writes}, and not {wanted}")
        return Recorded(pristine, end), said["modules"]
