"""`fleet check` and `fleet plan`: many targets looked at by one process, and a notebook for those not green."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any, Literal

from helpers.headless.fleet import work
from helpers.headless.fleet.local import side_by_side
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from helpers.record.ledger import NAME
from helpers.record.runs import Run, home
from helpers.services.backoff import BackOff
from helpers.services.shared import Shared

Verb = Literal["check", "plan"]
Which = Literal["all", "red", "none"]
STEP = "04_verify"
_LOOKED_AT = (0, 2, 3, 4)
"""Exit codes of targets that could be looked at; of these 3 and 4 are red."""


def look(
    targets: Iterable[Target], verb: Verb, record: Record, jobs: int, say: Callable[[str], None]
) -> Iterator[Result]:
    """Look at each target, so many at once. Each result is on disk before it is handed on."""
    shared = Shared(BackOff(say))

    def one(target: Target) -> Result:
        def tell(line: str) -> None:
            say(f"{target.file}: {line}")

        if verb == "check":
            return record.add(work.checked(target, shared, tell))
        place = record.place(target.number)
        result = work.planned(target, shared, tell, place)
        folder = str(place.relative_to(home())) if (place / NAME).exists() else None
        return record.add(replace(result, folder=folder))

    try:
        yield from side_by_side(targets, one, jobs)
    finally:
        shared.close()


def wants_notebook(result: Result, which: Which) -> bool:
    """Whether a notebook is to be made of a target: one that could be looked at, and is red or not asked to be."""
    codes = {"all": _LOOKED_AT, "red": (3, 4), "none": ()}[which]
    return result.exit_code in codes and result.notebook is None


def with_notebook(target: Target, result: Result, record: Record) -> Result:
    """The same result with 04 executed for it, changing nothing: `mode: plan`, and no remedy."""
    from helpers.headless.notebooks import execute

    run = Run(record.place(target.number) / "notebook")
    run.notebooks.mkdir(parents=True, exist_ok=True)
    run.ledger.touch()
    outcome = execute(run, _read_only(target.mapping), STEP)
    return record.add(replace(result, notebook=str(outcome.notebook.relative_to(home()))))


def _read_only(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {**mapping, "mode": "plan", "remediate": []}
