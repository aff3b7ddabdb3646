"""A copy of a real record, changed as people, crashes and forgers change one, and the pages that are made of it."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bs4 import Tag

from helpers.evidence.report import write
from helpers.evidence.report.told import Told, read
from helpers.record.runs import Run
from tests.evidence.report import reading

Row = dict[str, Any]


class Record:
    """One run's folder, which a test may change."""

    def __init__(self, source: Path, folder: Path) -> None:
        self.run = Run(Path(shutil.copytree(source, folder / source.name)))
        self.rows: list[Row] = [json.loads(line) for line in self.run.ledger.read_text().splitlines()]
        self._made_of: list[tuple[Path, bytes]] = []

    def keep(self, wanted: Callable[[Row], bool]) -> Record:
        """Only some lines of the ledger."""
        self.rows = [row for row in self.rows if wanted(row)]
        return self

    def cut_after(self, event: str, step: str = "", last: bool = True) -> Record:
        """The ledger up to the last (or first) line of an event: what a crash leaves."""
        at = [n for n, row in enumerate(self.rows) if row["event"] == event and step in row["step"]]
        self.rows = self.rows[: at[-1 if last else 0] + 1]
        return self

    def edit(self, change: Callable[[Row], None]) -> Record:
        """Each line changed."""
        for row in self.rows:
            change(row)
        return self

    def live(self) -> Record:
        """As a live run would have recorded it."""

        def change(row: Row) -> None:
            if "world" in row:
                row["world"], row["cloud"], row["parameters"]["cloud"] = None, "azure", "azure"
            if row["event"] == "approval":
                row["approval"]["world"] = None

        return self.edit(change)

    def saved(self) -> Record:
        self.run.ledger.write_text("".join(json.dumps(row) + "\n" for row in self.rows))
        return self

    @property
    def told(self) -> Told:
        """The ledger as the report reads it."""
        return read(self.saved().run.ledger)

    @property
    def report(self) -> Path:
        """The report, made now, unless it was made of the same just before."""
        self.saved()
        made_of = [(path, path.read_bytes()) for path in (self.run.ledger, *sorted(self.run.notebooks.iterdir()))]
        if made_of != self._made_of:
            write(self.run)
            self._made_of = made_of
        return self.run.folder / "report.html"

    @property
    def pages(self) -> list[Path]:
        """All pages, made now."""
        return [self.report, *sorted(self.run.folder.glob("html/*"))]

    def part(self, name: str) -> Tag:
        """One part of the report, made now."""
        return reading.part(self.report, name)

    def words(self, name: str) -> str:
        """The same as text."""
        return reading.words(self.part(name))

    def of(self, event: str, step: str = "") -> list[Row]:
        """The lines of an event."""
        return [row for row in self.rows if row["event"] == event and step in row["step"]]
