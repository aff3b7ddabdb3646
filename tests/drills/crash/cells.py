"""The cells of the crash matrix: a run is killed, or overtaken, at one point, and a second one must end as a healthy one.

A cell is named after what happens: `crash:onboard:CreateKey#1:lost:continued`. *before*: the process is killed while the
request has not taken effect, and it never does; *lost*: it took effect, and the process is killed before its reply.
*anew*: a new run starts over; *continued*: it goes on in the same run folder, whose ledger ends in half a line, as a
kill within a write leaves it.

A killed read often leaves exactly what another killed read has left: files, world and time passed (tests.drills.crash.left).
A second run knows nothing else, so it is run once for each that is different, and such a cell ends as that other one did.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from helpers.errors import RunbookError
from helpers.record import ledger
from tests.drills.crash.ends import End, differences, duplicates
from tests.drills.crash.grounds import Ground, Recorded, Request
from tests.drills.crash.left import left, left_before

HALF_A_LINE = b'{"t": "2026-11-23T09:00:00.000Z", "run": "half'
_KINDS = {"before": False, "lost": True}
"""Whether the request takes effect, by the name of the kill."""


@dataclass(frozen=True)
class Verdict:
    """What came of a cell: nothing that is wrong, or what; `like` names the cell whose second run was this one's too."""

    problems: tuple[str, ...] = ()
    duplicates: int = 0
    like: str = ""

    @classmethod
    def of(cls, recorded: Recorded, seen: End, problems: Sequence[str]) -> Verdict:
        """With how the end differs from the healthy one."""
        found = (*problems, *differences(recorded.end, seen, recorded.pristine))
        return cls(found, duplicates(recorded.end, seen))


@dataclass(frozen=True)
class Crash:
    """The process is killed at one request, and the run is started over."""

    scenario: str
    request: Request
    kind: str
    then: str
    group = "crash"

    def __str__(self) -> str:
        return f"crash:{self.scenario}:{self.request}:{self.kind}:{self.then}"

    @property
    def fault(self) -> Mapping[str, object]:
        return self.request.fault(hold=True, carried_out=_KINDS[self.kind])

    def run(self, ground: Ground, recorded: Recorded) -> Verdict:
        """Raises RuntimeError where the kill itself did not come about: then the cell says nothing."""
        home = ground.home()
        ground.cloud.start_over(self.fault)
        with ground.child(home) as first:
            if not ground.reached(first):
                raise RuntimeError(f"the run ended before {self.request}\n{first.printed()}")
            first.kill()
        ground.cloud.mend()
        run = run_of(home)
        problems = unreadable(run)
        going = going_on(run, self.then)
        if not self.request.wrote and (
            other := left_before(ground.seen, left(ground, home, self.then, recorded), str(self))
        ):
            return Verdict(tuple(problems), like=other)
        code = ground.ran(home, *going)["exit"]
        if code != 0:
            problems.append(f"the second run ended with exit code {code}: {stopped_by(home)}")
        return Verdict.of(recorded, ground.end(), [*problems, *unfinished(run_of(home), self.then)])


@dataclass(frozen=True)
class Overtaken:
    """A run stands before an Apply cell while another one does everything; then it goes on."""

    scenario: str
    applies: str
    group = "overtaken"

    def __str__(self) -> str:
        return f"overtaken:{self.scenario}:{self.applies}"

    def run(self, ground: Ground, recorded: Recorded) -> Verdict:
        """Raises RuntimeError where it does not come to that Apply cell."""
        home = ground.home()
        ground.cloud.start_over()
        with ground.child(home, stop_at=self.applies) as first:
            if not first.stops():
                raise RuntimeError(f"the run ended before {self.applies}\n{first.printed()}")
            code = ground.ran(home)["exit"]
            problems = [f"the run that overtook ended with exit code {code}: {stopped_by(home)}"] if code else []
            first.go_on()
            code = first.result()["exit"]
        problems += [f"the run that was overtaken ended with exit code {code}: {stopped_by(home)}"] if code else []
        return Verdict.of(recorded, ground.end(), problems)


def crashes(scenario: str, recorded: Recorded) -> Iterator[Crash]:
    """Every request of the healthy run, killed in both ways; a write is started over in both ways as well."""
    for request in recorded.requests:
        for number, kind in enumerate(_KINDS):
            ways = ("anew", "continued")
            for then in ways if request.wrote else (ways[(request.occurrence + number) % 2],):
                yield Crash(scenario, request, kind, then)


def run_of(home: Path) -> Path:
    """The newest run folder in a home."""
    return max((home / "runs").iterdir(), key=lambda folder: (folder / ledger.NAME).stat().st_mtime_ns)


def going_on(run: Path, then: str) -> list[str]:
    """The arguments with which the second run starts over; to go on, the ledger is left as a kill within a write does."""
    if then == "anew":
        return []
    with (run / ledger.NAME).open("ab") as file:
        file.write(HALF_A_LINE)
    return ["--continue", str(run)]


def unreadable(run: Path) -> list[str]:
    """What is wrong with the ledger of a killed run: it must be readable, and must not say that the run finished."""
    try:
        events = [row["event"] for row in ledger.read(run / ledger.NAME)]
    except RunbookError as error:
        return [f"the ledger of the killed run: {error.what}"]
    return (
        [] if "run_started" in events and "run_finished" not in events else [f"the ledger of the killed run: {events}"]
    )


def unfinished(run: Path, then: str) -> list[str]:
    """What is wrong with the ledger of the second run: it is whole and finished, and says that it went on if it did."""
    try:
        rows = ledger.read(run / ledger.NAME)
    except RunbookError as error:
        return [f"the ledger: {error.what}"]
    wanted = {"run_started", "run_finished", *(["run_continued"] if then == "continued" else [])}
    missing = wanted - {row["event"] for row in rows}
    return [f"the ledger does not say {', '.join(sorted(missing))}"] if missing else []


def stopped_by(home: Path) -> str:
    """What the newest run says that stopped it, in one line."""
    stopped = [row for row in ledger.read(run_of(home) / ledger.NAME) if row["event"] == "stopped"]
    return " | ".join(stopped[-1]["lines"]) if stopped else "nothing was told"


def drawn(cells: Sequence[Crash], seed: int, how_many: int) -> list[Crash]:
    """Cells picked by a seed: the same ones for the same seed and the same cells."""
    return random.Random(seed).sample(list(cells), min(how_many, len(cells)))
