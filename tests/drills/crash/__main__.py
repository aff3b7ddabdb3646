"""The drills: the crash matrix and the retry matrix, against rehearsal clouds. `python -m tests.drills.crash --help`.

Exit code 0 where every cell was run and is right and nothing was made twice, else 1; 64 for wrong usage.
"""

from __future__ import annotations

import argparse
import os
import random
import shlex
import signal
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import NoReturn

import helpers
from tests.drills.crash.cells import Crash, Overtaken, crashes, drawn
from tests.drills.crash.children import warm
from tests.drills.crash.clouds import ROOT
from tests.drills.crash.grounds import Ground, Recorded
from tests.drills.crash.kernels import Alike, Kernel
from tests.drills.crash.lanes import Cell, Done, done
from tests.drills.crash.scenarios import ONBOARD, SCENARIOS
from tests.drills.retries.cells import faulty

SEED = "CMEK_DRILL_SEED"
THROUGH_KERNELS = 10
_EVERY = 50
"""Cells between two lines of progress."""


def main(arguments: Sequence[str]) -> int:
    """Record, run, tell."""
    given = _given(arguments)
    if not Path(helpers.__file__).resolve().is_relative_to(ROOT):
        print(f"helpers is not that of {ROOT}: start this in the project's folder", file=sys.stderr)
        return 64
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="cmek-drills-") as folder:
        (Path(folder) / "tmp").mkdir()
        os.environ["TMPDIR"] = tempfile.tempdir = str(Path(folder) / "tmp")  # what is killed cleans up nothing itself
        recorded = _recorded(Path(folder), [name for name in SCENARIOS if _is_needed(name, given.cell)])
        seed = int(os.environ.get(SEED) or random.SystemRandom().randrange(1_000_000))
        cells = [cell for cell in _cells(recorded, seed) if _wanted(str(cell), given.cell)]
        if not cells:
            print(f"no cell is called like that: {', '.join(given.cell)}", file=sys.stderr)
            return 64
        print(f"{len(cells)} cells in {given.lanes} lanes; cells through kernels drawn with {SEED}={seed}", flush=True)
        results = _run(cells, recorded, Path(folder), given.lanes)
    _tell_wrong(cells, results)
    print(f"slowest: {_slowest(cells, results)}")
    print(f"the drills took {time.monotonic() - started:.0f} s")
    print(summary(cells, results), flush=True)
    return 0 if len(results) == len(cells) and all(result.right for result in results) else 1


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        self.exit(64, f"{message}\n")


def _given(arguments: Sequence[str]) -> argparse.Namespace:
    parser = _Parser(prog="python -m tests.drills.crash", description=__doc__)
    parser.add_argument("--cell", action="append", default=[], metavar="NAME", help="only these; * stands for any text")
    parser.add_argument("--lanes", type=int, default=max(2, os.cpu_count() or 2) + 1, help="how many cells at once")
    return parser.parse_args(arguments)


def _wanted(name: str, patterns: Sequence[str]) -> bool:
    return not patterns or any(fnmatchcase(name, pattern) for pattern in patterns)


def _is_needed(scenario: str, patterns: Sequence[str]) -> bool:
    """Whether a cell of a scenario may be among those asked for."""
    asked = [pattern.split(":")[1] if ":" in pattern else "*" for pattern in patterns]
    return not asked or any(part == scenario or "*" in part for part in asked)


def _recorded(folder: Path, scenarios: Sequence[str]) -> dict[str, Recorded]:
    """A healthy run of each scenario; after it this process has imported all that the runs need.

    Raises RuntimeError where a second healthy run asks for something else: then no cell could be addressed.
    """
    recorded = {}
    for scenario in map(SCENARIOS.__getitem__, scenarios):
        ground = Ground(scenario, folder / "recording" / scenario.name, folder / "recording")
        try:
            recorded[scenario.name], modules = ground.recorded()
            warm(modules)
            again, _ = ground.recorded()
        finally:
            ground.close()
        if again.counts != recorded[scenario.name].counts:
            more, less = again.counts - recorded[scenario.name].counts, recorded[scenario.name].counts - again.counts
            raise RuntimeError(f"{scenario.name}: a healthy run is not the same twice: {more} more, {less} less")
    return recorded


def _cells(recorded: Mapping[str, Recorded], seed: int) -> list[Cell]:
    """All cells. Those through kernels come first, as they take longest."""
    crash: list[Crash] = []
    others: list[Cell] = []
    for name, healthy in recorded.items():
        found = list(crashes(name, healthy))
        crash += found if name == ONBOARD.name else [cell for cell in found if cell.request.wrote]
        others += [Overtaken(name, applies) for applies in SCENARIOS[name].overtaken]
        others += faulty(name, healthy)
    through = drawn([cell for cell in crash if cell.scenario == ONBOARD.name], seed, THROUGH_KERNELS)
    alike = [Alike(ONBOARD.name)] if ONBOARD.name in recorded else []
    return [*alike, *map(Kernel, through), *crash, *others]


def _run(cells: Sequence[Cell], recorded: Mapping[str, Recorded], folder: Path, lanes: int) -> list[Done]:
    results = []
    started = time.monotonic()
    for result in done(cells, recorded, folder, min(lanes, len(cells))):
        results.append(result)
        if not result.right:
            print(f"not right: {cells[result.number]}: {'; '.join(result.problems) or result.error}", flush=True)
        if len(results) % _EVERY == 0:
            print(f"{len(results)} of {len(cells)} cells after {time.monotonic() - started:.0f} s", flush=True)
    return judged(cells, results)


def judged(cells: Sequence[Cell], results: Sequence[Done]) -> list[Done]:
    """The same results; what ended as another cell did is right only where that one is."""
    right = {str(cells[result.number]) for result in results if result.right and not result.like}
    return [
        replace(result, error=f"it left what {result.like} left, which is not right")
        if result.like and result.like not in right
        else result
        for result in results
    ]


def _tell_wrong(cells: Sequence[Cell], results: Sequence[Done]) -> None:
    """A table of what is not right, each with the command that runs it again; and of what was not run."""
    wrong = [result for result in results if not result.right]
    missing = set(range(len(cells))) - {result.number for result in results}
    if wrong or missing:
        print("\nNot right:")
    for result in sorted(wrong, key=lambda result: result.number):
        name = str(cells[result.number])
        print(f"\n{name}")
        for problem in (*result.problems, *([f"the drill itself failed: {result.error}"] if result.error else [])):
            print(f"  {problem}")
        print(f"  Again: {sys.executable} -m tests.drills.crash --cell {shlex.quote(name)}")
    for number in sorted(missing):
        print(f"\n{cells[number]}\n  not run: its lane broke off")


def _slowest(cells: Sequence[Cell], results: Sequence[Done]) -> str:
    slow = sorted(results, key=lambda result: result.seconds, reverse=True)[:3]
    return ", ".join(f"{cells[result.number]} {result.seconds:.1f} s" for result in slow)


def summary(cells: Sequence[Cell], results: Sequence[Done]) -> str:
    """The line that says it all: of each matrix how many cells were run, how many came out right; and duplicates."""
    run = Counter(cells[result.number].group for result in results)
    right = Counter(cells[result.number].group for result in results if result.right)
    like = sum(bool(result.like) for result in results)
    made_twice = sum(result.duplicates for result in results)
    return (
        f"crash cells {run['crash']} run, {right['crash']} converged, {like} of them as one that left the same; "
        f"overtaken cells {run['overtaken']} run, {right['overtaken']} converged; "
        f"fault cells {run['fault']} run, {right['fault']} right; duplicates {made_twice}"
    )


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
