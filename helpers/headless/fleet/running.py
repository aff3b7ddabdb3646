"""`fleet run`: each target's `run` as a process of its own, exactly as a person would run it, approvals and all.

What runs is a copy of the parameters that were loaded; relative paths in them count from the working folder, which is
the same. A child holds the lock of its fleet: while one lives that lost its parent, the fleet is not gone on with.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator
from typing import Any

import yaml

from helpers.errors import Failed
from helpers.headless.fleet.local import side_by_side
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from helpers.record import ledger
from helpers.record.in_use import of_environment
from helpers.record.runs import home
from helpers.record.scrubbing import Scrubber

_LOG, _PARAMETERS = "run.log", "parameters.yaml"
_LINES = 20
"""Of the log, where no notebook says what stopped it."""


def run(targets: Iterable[Target], record: Record, jobs: int) -> Iterator[Result]:
    """Run each target, so many at once; within one, its notebooks go one after another.

    Each result is on disk before it is handed on, that of a target that was interrupted too.
    """
    for log in record.folder.glob(f"targets/*/{_LOG}"):  # of a fleet that was killed before it could
        Scrubber(of_environment).file(log)
    return side_by_side(targets, lambda target: record.add(_one(target, record)), jobs)


def _one(target: Target, record: Record) -> Result:
    """One target's run, what it said in a log beside. What stops it is in the result."""
    place, start = record.place(target.number), time.monotonic()
    place.mkdir(parents=True)
    log, copy = place / _LOG, place / _PARAMETERS
    copy.write_text(yaml.safe_dump({"parameters": dict(target.mapping)}, sort_keys=False), encoding="utf-8")
    command = [sys.executable, "-P", "-m", "helpers.cli", "run", "-f", str(copy), "--json"]
    with log.open("wb") as said:
        done = subprocess.run(  # noqa: S603 - this very program
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=said,
            check=False,
            pass_fds=(record.lock,),
        )
    Scrubber(of_environment).file(log)
    document = _document(done.stdout)
    folder = f"runs/{document['run']}" if document else str(place.relative_to(home()))
    lines = tuple(log.read_text(encoding="utf-8", errors="replace").splitlines())
    code = done.returncode if done.returncode >= 0 else 128 - done.returncode
    return Result(
        target.file,
        target.name,
        target.digest,
        code,
        _summary(document) or next(iter(lines), "it said nothing"),
        folder,
        round(time.monotonic() - start, 3),
        () if code == 0 else _cause(document) or lines[-_LINES:],
        target.parameters.cloud,
        _world(document),
    )


def _document(out: bytes) -> dict[str, Any] | None:
    """What the run printed, if it got as far as a run."""
    try:
        said = json.loads(out)
    except ValueError:
        return None
    return said if isinstance(said, dict) and "run" in said and "steps" in said else None


def _summary(document: dict[str, Any] | None) -> str:
    """Which notebook stopped it and how, or what each came to."""
    if document is None:
        return ""
    steps = document["steps"]
    stopped = [
        f"{step['step']} stopped: {step['result']}: {' '.join(step['lines'][:1])}"
        for step in steps
        if step["exit_code"]
    ]
    return stopped[0] if stopped else ", ".join(f"{step['step']} {step['result']}" for step in steps)


def _cause(document: dict[str, Any] | None) -> tuple[str, ...]:
    """What the notebook that stopped it says: why, and what to do next."""
    steps = document["steps"] if document else ()
    return next((tuple(step["lines"]) for step in steps if step["exit_code"]), ())


def _world(document: dict[str, Any] | None) -> str | None:
    """The rehearsal it ran in, as its ledger says; None on Azure, and where it did not get as far."""
    if document is None:
        return None
    try:
        world = ledger.read(home() / "runs" / document["run"] / ledger.NAME)[0]["world"]
    except (OSError, Failed, LookupError):
        return None
    return None if world is None else str(world)
