"""What a run's ledger says of the run as a whole: which run, which target, whether and how it ended.

Read line by line, so that a huge ledger is no trouble. This is the auditor's reading: it trusts no line, and imports
nothing of the suite that runs the steps.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers.evidence.files import Unreadable, blocks
from helpers.evidence.statement import Target
from helpers.evidence.strict_json import NotStrict, loaded

LONGEST_LINE = 64 * 1024 * 1024
BEGINNINGS = ("run_started", "run_continued")


class NotARecord(Exception):
    """A ledger that does not say what a ledger must say; says where and how, without its content."""


@dataclass(frozen=True)
class Recorded:
    """A run as its ledger tells it. `parameters` are those it was last begun with."""

    run: str
    lines: int
    target: Target
    rehearsal: str | None
    complete: bool
    exit_code: int | None
    suite: Mapping[str, Any] | None
    parameters: Mapping[str, Any]
    begun_with: tuple[Mapping[str, Any], ...] = ()
    """The parameters of each time that it was begun or gone on with."""


def read(path: Path) -> Recorded:
    """The whole lines of a ledger. Raises NotARecord, and Unreadable."""
    begun: list[Mapping[str, Any]] = []
    run, lines, last = "", 0, None
    for lines, row in enumerate(map(_row, _lines(path)), 1):
        said = _text(row, "run", lines)
        if run not in ("", said):
            raise NotARecord(f"line {lines} is of another run")
        run, last = said, row
        if row["event"] in BEGINNINGS:
            begun.append(row)
    if last is None or not begun:
        raise NotARecord("it does not say what the run was started with")
    targets = {_target(row) for row in begun}
    if len(targets) > 1:
        raise NotARecord("it was begun for one target and gone on with for another")
    target, rehearsal = targets.pop()
    exit_code = _ended(last)
    suite = begun[0].get("suite")
    if not isinstance(suite, dict | None):
        raise NotARecord("what it says of the suite is not a mapping")
    given = tuple(dict(row["parameters"]) for row in begun)
    return Recorded(run, lines, target, rehearsal, exit_code is not None, exit_code, suite, given[-1], given)


def _lines(path: Path) -> Iterator[tuple[int, bytes]]:
    """Each whole line with its number; what a crash left of a last one is left out."""
    number, rest = 0, b""
    for block in blocks(path):
        *whole, rest = (rest + block).split(b"\n")
        for line in whole:
            number += 1
            yield number, line
        if len(rest) > LONGEST_LINE:
            raise Unreadable(f"line {number + 1} is longer than {LONGEST_LINE} bytes")


def _row(numbered: tuple[int, bytes]) -> Mapping[str, Any]:
    number, line = numbered
    try:
        row = loaded(line)
    except NotStrict as error:
        raise NotARecord(f"line {number}: {error}") from None
    if not isinstance(row, dict) or not isinstance(row.get("event"), str):
        raise NotARecord(f"line {number} does not say what happened")
    return row


def _text(row: Mapping[str, Any], name: str, number: int) -> str:
    value = row.get(name)
    if not isinstance(value, str) or not value or not value.isprintable():
        raise NotARecord(f"line {number} does not say its {name}")
    return value


def _target(row: Mapping[str, Any]) -> tuple[Target, str | None]:
    """What a run was begun for: the target as the parameters name it, and the rehearsal's world."""
    given, world = row.get("parameters"), row.get("world")
    named = ("subscription_id", "resource_group", "vault_name", "key_name", "organization_id", "tenant_id")
    if not isinstance(given, dict) or not all(isinstance(given.get(name), str) and given[name] for name in named):
        raise NotARecord("a line that begins the run does not hold its parameters")
    if world is not None and not (isinstance(world, str) and world and world.isprintable()):
        raise NotARecord("a line that begins the run does not say in which world")
    return Target.of(given), world


def _ended(last: Mapping[str, Any]) -> int | None:
    """The exit code where the ledger ends in run_finished, else None."""
    code = last.get("exit_code")
    if last["event"] != "run_finished":
        return None
    if not isinstance(code, int) or isinstance(code, bool) or not 0 <= code < 256:
        raise NotARecord("it ends without an exit code")
    return code
