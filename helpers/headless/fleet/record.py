"""The folder of a fleet: what each target came to, a line at a time, on disk before the next thing happens.

`runs/fleet-<utc>-<id>/fleet.jsonl` begins with a line that says which command it is, then has a line for each target
that has ended. Of two lines about one file the later one counts. A fleet that was killed is gone on with from there.
"""

from __future__ import annotations

import fcntl
import json
import os
import secrets
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from types import TracebackType
from typing import Any, Self

from helpers.clock import stamp
from helpers.errors import Failed, WrongUsage
from helpers.headless.fleet.results import Result
from helpers.record import runs
from helpers.record.in_use import Known, of_environment
from helpers.record.ledger import drop_cut_line
from helpers.record.scrubbing import Scrubber

NAME = "fleet.jsonl"


class Record:
    """One fleet's folder, held by one process from `with` to the end of the block."""

    def __init__(self, folder: Path, verb: str) -> None:
        self.folder, self.verb = folder, verb
        self._lock = Lock()

    @classmethod
    def new(cls, verb: str) -> Record:
        """A folder of its own for a new fleet."""
        name = f"fleet-{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"
        return cls(runs.home() / "runs" / name, verb)

    @classmethod
    def find(cls, name: str, verb: str) -> Record:
        """A fleet of this home to go on with, by its folder or its id.

        Raises WrongUsage where there is none of this command, and for one in another folder than runs/ of this home:
        what it says of records is from there.
        """
        for folder in (Path(name), runs.home() / "runs" / name):
            if (folder / NAME).is_file():
                here = runs.home() / "runs" / folder.resolve().name
                if not here.is_dir() or not here.samefile(folder):
                    raise WrongUsage(
                        f"--resume: {name} is not in {here.parent}; let CMEK_HOME name the folder it is of"
                    )
                found = cls(here, verb)
                first = next(found._rows(), {})
                if first.get("verb") != verb:
                    raise WrongUsage(f"--resume: {name} is no fleet {verb}; it says {first.get('verb') or 'nothing'}")
                return found
        raise WrongUsage(f"--resume: {name}: no such fleet; a fleet is a folder under runs/ with a {NAME} in it")

    @property
    def id(self) -> str:
        return self.folder.name

    def place(self, number: int) -> Path:
        """A folder, not made yet, for one attempt at one target: never one that is there, whatever FILES are now."""
        while (place := self.folder / "targets" / f"{number:04}-{secrets.token_hex(3)}").exists():
            pass
        return place

    @property
    def lock(self) -> int:
        """The descriptor that holds the lock. A child that inherits it holds the fleet for as long as it lives."""
        return self._file.fileno()

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._file = (self.folder / NAME).open("a+b")
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            self._file.close()
            raise WrongUsage(f"--resume: {self.id} is being worked on by another process") from None
        drop_cut_line(self._file)
        if self._file.tell() == 0:
            self._write({"event": "fleet_started", "fleet": self.id, "verb": self.verb})
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def add(self, result: Result, known: Known = of_environment) -> Result:
        """Keep one result without the secrets in its texts, and hand that on. `known` are those in use."""
        said = {**result.said(), "at": result.at or stamp(datetime.now(UTC))}
        clean = {**Scrubber(known).content(said), "file": result.file, "digest": result.digest}
        self._write({"event": "target", **clean})
        return Result.of(clean)

    def finished(self, exit_code: int) -> None:
        """Say that nothing is left to do."""
        self._write({"event": "fleet_finished", "exit_code": exit_code})

    def results(self) -> Iterator[Result]:
        """What each file came to, in the order in which they first ended. Raises Failed for a damaged record."""
        last: dict[str, int] = {}
        for number, row in enumerate(self._rows()):
            if row["event"] == "target":
                last[row["file"]] = number
        wanted = set(last.values())
        for number, row in enumerate(self._rows()):
            if number in wanted:
                said = {name: value for name, value in row.items() if name not in ("event", "t")}
                yield Result.of({"at": row["t"], **said})

    def _rows(self) -> Iterator[dict[str, Any]]:
        """Each whole line; one that a crash cut off is left out."""
        with (self.folder / NAME).open("rb") as file:
            for number, line in enumerate(file, 1):
                if not line.endswith(b"\n"):
                    return
                try:
                    row = json.loads(line)
                    _ = row["event"]
                except (ValueError, KeyError, TypeError):
                    raise Failed(f"{self.folder / NAME}: line {number} is damaged", next_step="Start anew.") from None
                yield row

    def _write(self, said: dict[str, Any]) -> None:
        line = json.dumps({"t": stamp(datetime.now(UTC)), **said}, ensure_ascii=True).encode() + b"\n"
        with self._lock:
            self._file.write(line)
            self._file.flush()
            os.fsync(self._file.fileno())
