"""What a worker answered about one target: used where it is about that very target and whole, else a failure of it.

Rule: nothing that a worker answers stops the other targets, and nothing it answers replaces what is kept here.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.headless.fleet import work
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import WORDS, Result
from helpers.headless.fleet.targets import Target
from helpers.record.ledger import NAME
from helpers.record.runs import home

if TYPE_CHECKING:
    from helpers.headless.fleet.looking import Verb

_RUN = re.compile(r"\d{8}T\d{6}Z-[0-9a-f]{6}")


def of(target: Target, verb: Verb, future: Any, record: Record) -> Result:
    """The result a worker came to, its record kept here; or why there is none, whatever is the matter with it."""
    try:
        error = future.exception()
        if error is not None:
            return failed(target, f"no worker could finish it: {type(error).__name__}: {error}")
        return _taken(target, verb, json.loads(future.result()), record)
    except Exception as error:  # noqa: BLE001 - told in the result, whatever it is: the other targets go on
        return failed(target, f"the answer of a worker cannot be used: {type(error).__name__}: {error}")


def failed(target: Target, what: str) -> Result:
    lines = work.safe(what, "Next: look at the log of the workers, and run it again; it changes nothing.")
    return Result(target.file, target.name, target.digest, 1, lines[0], lines=lines, cloud=target.parameters.cloud)


def _taken(target: Target, verb: Verb, said: Any, record: Record) -> Result:
    """What was answered, checked, and its record kept where nothing is yet. Raises anything for what is not right."""
    result, ledger, run = Result.of(said["result"]), said["ledger"], said["run"]
    if result.digest != target.digest:
        raise ValueError("it is about other parameters; does the worker have another version of this suite?")
    told = (result.summary, *result.lines)
    if type(result.exit_code) is not int or result.exit_code not in WORDS or not all(isinstance(x, str) for x in told):
        raise ValueError("its result is none; does the worker have another version of this suite?")
    rehearsed = result.rehearsal is not None
    if rehearsed if target.parameters.cloud == "azure" else not rehearsed and result.is_well:
        raise ValueError("it is of another cloud than the parameters name")
    result = Result(
        target.file,
        target.name,
        target.digest,
        result.exit_code,
        work.safe(result.summary)[0],
        seconds=round(float(result.seconds), 3),
        lines=work.safe(*result.lines),
        cloud=target.parameters.cloud,
        rehearsal=None if result.rehearsal is None else work.safe(str(result.rehearsal))[0],
    )
    if ledger is None:
        return result
    return replace(result, folder=str(_kept(target, verb, run, ledger, record).relative_to(home())))


def _kept(target: Target, verb: Verb, run: Any, ledger: Any, record: Record) -> Path:
    """The folder of its record: a new one, for what is here already is never written over."""
    if not isinstance(ledger, str):
        raise TypeError("its record is none")
    if verb == "plan":
        folder = record.place(target.number)
    elif isinstance(run, str) and _RUN.fullmatch(run):
        folder = home() / "runs" / run
    else:
        raise ValueError(f"a run has no such name: {str(run)[:40]!r}")
    folder.mkdir(parents=True, exist_ok=False)
    (folder / NAME).write_text(ledger, encoding="utf-8")
    return folder
