"""Whether a run's notebooks ran the code that a release ships, cell by cell, with the parameters of the ledger."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import zip_longest
from pathlib import Path
from typing import Any

from helpers.evidence.contents import Contents
from helpers.evidence.findings import Finding, broken, proven, unproven
from helpers.evidence.notebooks import Executed, Unfit, fit, step_of


def same_code(held: Contents, shipped: Path) -> Iterator[Finding]:
    """Each executed notebook beside the shipped one of its step; the cell that papermill puts in is left out.

    What cannot be read is told by the rules about it, and nothing is said of it here.
    """
    if isinstance(held.notebooks, Finding) or isinstance(held.ledger, Finding):
        return
    if not any(ran.ran for ran in held.notebooks.values()):
        yield unproven("that the code of this release ran: the run holds no executed notebook", needed=True)
    for path, ran in held.notebooks.items():
        source = shipped / f"{step_of(path)}.ipynb"
        if not source.is_file():
            yield unproven(f"that {path} ran the code of this release: it ships no such step", needed=True)
            continue
        try:
            ships = fit(shipped, source.name)
        except Unfit as error:
            yield unproven(f"that {path} ran the code of this release: {error}, as it ships it", needed=True)
            continue
        yield from _judged(path, ran, ships, held.ledger.begun_with)


def _judged(path: str, ran: Executed, ships: Executed, begun: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The code first, whether it ran or not; then how much of it ran, and in which order."""
    wrong = (*_differences(path, ran, ships), *_parameters(path, ran, begun))
    yield from wrong
    if wrong:
        return
    if not ran.ran:
        yield unproven(f"that {path} ran the code of this release: it holds it, and none of its cells was run")
    elif ran.status != "ok":
        yield proven(f"what was run of {path} is the code of this release")
        yield unproven(f"that {path} ran to its end: its status is {ran.status}")
    elif ran.in_order:
        yield proven(f"{path} ran the code of this release, from top to bottom")
    else:
        yield proven(f"{path} ran the code of this release")
        yield unproven(f"that {path} ran once only: some cells were run before, then all in their order")


def _parameters(path: str, ran: Executed, begun: Sequence[Mapping[str, Any]]) -> Iterator[Finding]:
    """The cell that was put in has the parameters of the ledger, of which it may leave out what has a default."""
    given = ran.injected.literal if ran.injected else None
    if given is not None and not any(_within(given, one) for one in begun):
        yield broken(path, "the parameters in it are not those that the ledger has")


def _within(given: Any, recorded: Any) -> bool:
    if isinstance(given, dict):
        return isinstance(recorded, dict) and all(
            name in recorded and _within(value, recorded[name]) for name, value in given.items()
        )
    if isinstance(given, list | tuple):
        same = isinstance(recorded, list) and len(recorded) == len(given)
        return same and all(map(_within, given, recorded))
    return bool(given == recorded) and isinstance(given, bool) == isinstance(recorded, bool)


def _differences(path: str, ran: Executed, ships: Executed) -> Iterator[Finding]:
    pairs = zip_longest(ran.own, ships.own)
    for number, (here, there) in enumerate(pairs, 1):
        if here is None:
            yield broken(path, f"code cell {number} ({there.id}) of this release is not in it")
        elif there is None:
            yield broken(path, f"code cell {number} ({here.id}) is not in this release")
        elif here.source != there.source:
            yield broken(path, f"code cell {number} ({here.id}) is not as in this release")
    if not ran.in_order and not ran.ascending:
        yield broken(path, "its cells were run out of order, or with a gap")
