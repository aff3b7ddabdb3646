"""Looking through a run's folder before the run ends, for the secrets that it has in its hands and for known shapes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from helpers.evidence import files
from helpers.evidence.scan import scan
from helpers.record.runs import Run
from helpers.record.secrets import Secret


@dataclass(frozen=True)
class LookedThrough:
    """How many files were looked through, and what was found: file, cell and kind, never the value."""

    files: int
    hits: tuple[str, ...]

    def data(self) -> dict[str, Any]:
        """What the ledger keeps of it."""
        return {"files": self.files, "hits": list(self.hits)}

    def lines(self) -> tuple[str, ...]:
        """What a person has to know of it, if anything was found."""
        if not self.hits:
            return ()
        return ("Something that must not be kept was found, and the run cannot be sealed with it:", *self.hits)


def look_through(run: Run, known: Sequence[Secret]) -> LookedThrough:
    """Search all files of a run. Raises OSError where one cannot be read."""
    hits = scan(run.folder, known)
    return LookedThrough(len(files.listing(run.folder).subjects), tuple(map(str, hits)))
