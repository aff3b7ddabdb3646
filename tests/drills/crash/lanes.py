"""Lanes: processes forked from the one warmed parent, each with clouds of its own, that take cell after cell.

The cells to do stand in a pipe that all lanes read from, and each lane tells what came of them through its own.
"""

from __future__ import annotations

import contextlib
import json
import os
import select
import signal
import struct
import sys
import time
import traceback
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Protocol

from tests.drills.crash.cells import Verdict
from tests.drills.crash.children import Child
from tests.drills.crash.grounds import Ground, Recorded
from tests.drills.crash.scenarios import SCENARIOS

SEEN = "seen"
"""The folder that the grounds of all lanes share."""
_NUMBER = struct.Struct("=I")


class Cell(Protocol):
    """What a lane can do; its text is its name."""

    @property
    def scenario(self) -> str: ...

    @property
    def group(self) -> str: ...

    def run(self, ground: Ground, recorded: Recorded) -> Verdict: ...


@dataclass(frozen=True)
class Done:
    """A cell that has been run. `error` says why it says nothing: the drill itself did not work."""

    number: int
    seconds: float
    problems: tuple[str, ...] = ()
    duplicates: int = 0
    error: str = ""
    like: str = ""
    """The cell whose second run stands for this one's too: its run was killed and left the very same."""

    @property
    def right(self) -> bool:
        return not self.problems and not self.duplicates and not self.error


def done(cells: Sequence[Cell], recorded: Mapping[str, Recorded], folder: Path, lanes: int) -> Iterator[Done]:
    """What came of each cell, as it comes. Fewer than there are cells where a lane broke off."""
    (folder / SEEN).mkdir()
    queue, fill = os.pipe()
    os.set_blocking(fill, False)
    for number in range(len(cells)):
        os.write(fill, _NUMBER.pack(number))
    os.close(fill)
    running: dict[int, Child] = {}
    try:
        for lane in range(lanes):
            told, tell = os.pipe()
            running[told] = Child(
                lambda lane=lane, tell=tell: _lane(queue, tell, cells, recorded, folder / f"lane-{lane}"),
                folder / f"lane-{lane}.log",
            )
            os.close(tell)
        yield from _told(list(running))
    finally:
        os.close(queue)
        for told, lane in running.items():
            os.close(told)
            _end(lane)


def _end(lane: Child) -> None:
    """A lane that has nothing left to do ends by itself; one that is broken off closes its clouds first."""
    until = time.monotonic() + 10
    with contextlib.suppress(ProcessLookupError):
        while not lane.ended():
            os.kill(lane.pid, signal.SIGTERM)
            if time.monotonic() > until:
                break
            time.sleep(0.2)
    if lane.printed():
        print(lane.printed(), file=sys.stderr)
    lane.kill()


def _told(pipes: list[int]) -> Iterator[Done]:
    """Every line that the lanes tell, until all of them have ended."""
    held = dict.fromkeys(pipes, b"")
    while held:
        for pipe in select.select(list(held), [], [])[0]:
            part = os.read(pipe, 65536)
            *lines, rest = (held[pipe] + part).split(b"\n")
            for line in lines:
                said: dict[str, Any] = json.loads(line)
                yield Done(**{**said, "problems": tuple(said["problems"])})
            if part:
                held[pipe] = rest
            else:
                del held[pipe]


def _lane(queue: int, tell: int, cells: Sequence[Cell], recorded: Mapping[str, Recorded], folder: Path) -> None:
    """The life of a lane."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    grounds: dict[str, Ground] = {}
    try:
        while number := os.read(queue, _NUMBER.size):
            (index,) = _NUMBER.unpack(number)
            said = _one(index, cells[index], grounds, recorded, folder)
            os.write(tell, json.dumps(vars(said)).encode() + b"\n")
    finally:
        for ground in grounds.values():
            ground.close()


def _one(number: int, cell: Cell, grounds: dict[str, Ground], recorded: Mapping[str, Recorded], folder: Path) -> Done:
    """One cell. What a cell raises is told, and the next one is done."""
    started = time.monotonic()
    made = Done(number, 0.0)
    try:
        if cell.scenario not in grounds:
            grounds[cell.scenario] = Ground(SCENARIOS[cell.scenario], folder / cell.scenario, folder.parent / SEEN)
        ground = grounds[cell.scenario]
        came = cell.run(ground, recorded[cell.scenario])
        made = replace(made, problems=came.problems, duplicates=came.duplicates, like=came.like)
    except Exception as error:  # noqa: BLE001 - whatever it is, it is told, and the other cells are run
        traceback.print_exc()
        made = replace(made, error=f"{type(error).__name__}: {error}")
    finally:
        if cell.scenario in grounds:
            with contextlib.suppress(OSError):
                grounds[cell.scenario].cloud.mend()
    return replace(made, seconds=time.monotonic() - started)
