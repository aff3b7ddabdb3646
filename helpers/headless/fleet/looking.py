"""`fleet check` and `fleet plan`: many targets looked at by one process, and a notebook for those not green."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from helpers.errors import Interrupted
from helpers.headless.fleet import work
from helpers.headless.fleet.local import side_by_side
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from helpers.headless.watching import told
from helpers.record.in_use import of_environment
from helpers.record.ledger import NAME
from helpers.record.runs import Run, home
from helpers.record.secrets import Secret
from helpers.services.backoff import BackOff
from helpers.services.shared import Shared

Verb = Literal["check", "plan"]
Which = Literal["all", "red", "none"]
STEP = "04_verify"
_LOOKED_AT = (0, 2, 3, 4)
"""Exit codes of targets that could be looked at; of these 3 and 4 are red."""
_ENDED = (0, 3, 4)
"""Exit codes of a notebook that came to its end, or to where it stops by itself."""
_TROUBLE = "Notebook: "


def look(
    targets: Iterable[Target], verb: Verb, record: Record, jobs: int, say: Callable[[str], None]
) -> Iterator[Result]:
    """Look at each target, so many at once. Each result is on disk before it is handed on."""
    shared = Shared(BackOff(say))

    def known() -> tuple[Secret, ...]:
        return (*of_environment(), *shared.in_use())

    def one(target: Target) -> Result:
        def tell(line: str) -> None:
            say(f"{target.file}: {line}")

        if verb == "check":
            return record.add(work.checked(target, shared, tell), known)
        place = record.place(target.number)
        result = work.planned(target, shared, tell, record.id, place)
        folder = str(place.relative_to(home())) if (place / NAME).exists() else None
        return record.add(replace(result, folder=folder), known)

    try:
        yield from side_by_side(targets, one, jobs, shared.stop)
    finally:
        shared.close()


def wants_notebook(result: Result, which: Which) -> bool:
    """Whether a notebook is to be made of a target: one that could be looked at, and is red or not asked to be."""
    codes = {"all": _LOOKED_AT, "red": (3, 4), "none": ()}[which]
    return result.exit_code in codes and result.notebook is None


def with_notebook(target: Target, result: Result, record: Record) -> Result:
    """The same result with 04 executed for it, changing nothing: `mode: plan`, and no remedy.

    A notebook that did not end by itself is not named; why is among the lines. Raises KeyboardInterrupt.
    """
    lines = tuple(line for line in result.lines if not line.startswith(_TROUBLE))
    try:
        notebook, trouble = _executed(target, record)
    except Exception as error:  # noqa: BLE001 - told in the result, whatever it is: the other targets go on
        notebook, trouble = None, tuple(told(error).lines())
    said = (f"{_TROUBLE}{line}" for line in work.safe(*trouble))
    named = None if notebook is None else str(notebook.relative_to(home()))
    return record.add(replace(result, notebook=named, lines=(*lines, *said)))


def _executed(target: Target, record: Record) -> tuple[Path | None, tuple[str, ...]]:
    """The executed copy; where it did not end by itself, None and why."""
    from helpers.headless.notebooks import execute

    run = Run(record.place(target.number) / "notebook")
    run.notebooks.mkdir(parents=True)
    run.ledger.touch()
    outcome = execute(run, _read_only(target.mapping), STEP)
    if outcome.exit_code == Interrupted.exit_code:
        raise KeyboardInterrupt
    return (outcome.notebook, ()) if outcome.exit_code in _ENDED else (None, outcome.lines)


def _read_only(mapping: Mapping[str, Any]) -> dict[str, Any]:
    return {**mapping, "mode": "plan", "remediate": []}
