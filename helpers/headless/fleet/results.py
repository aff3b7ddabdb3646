"""How one target of a fleet ended, in values that go into a line of JSON and come back the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ORDER = (64, 1, 130, 3, 4, 2)
"""Exit codes, the first that applies to any target; else 0. A code that is not here counts as 1."""
NOT_DONE = 130
WORDS = {
    0: "in order",
    2: "changes planned",
    3: "blocked",
    4: "unknown",
    1: "failed",
    64: "wrong usage",
    NOT_DONE: "not done",
}


@dataclass(frozen=True)
class Result:
    """One target: its exit code and what it means, where its record is, and what a person has to read."""

    file: str
    target: str
    """Vault and key; empty where the file could not be read."""
    digest: str
    """Of the parameters it was made with; empty where there are none."""
    exit_code: int
    summary: str
    folder: str | None = None
    """Where its record is, from the folder that holds runs/."""
    seconds: float = 0.0
    lines: tuple[str, ...] = ()
    cloud: str = ""
    """Of its parameters; empty where the file could not be read."""
    rehearsal: str | None = None
    """The world it was in; None on Azure, and where no rehearsal was reached."""
    notebook: str | None = None
    at: str = ""
    """When this was found out, in UTC: a fleet that is gone on with has results of several days."""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Result:
        """What `said` made. Raises TypeError or KeyError for anything else."""
        return cls(**{**said, "lines": tuple(said["lines"])})

    def said(self) -> dict[str, Any]:
        """As JSON values."""
        return {**asdict(self), "lines": list(self.lines)}

    @property
    def is_well(self) -> bool:
        """Whether nobody has to look at it: in order, or ready for changes that were planned."""
        return self.exit_code in (0, 2)


def exit_code(results: Iterable[Result]) -> int:
    """Over all targets the first that applies of ORDER; 0 where all of them are in order."""
    codes = {result.exit_code if result.exit_code in WORDS else 1 for result in results}
    return next((code for code in ORDER if code in codes), 0)


def counted(results: Iterable[Result]) -> dict[str, int]:
    """How many ended in which way, in words; ways that did not occur are left out."""
    found = Counter(result.exit_code for result in results)
    codes = (0, *reversed(ORDER), *sorted(set(found) - set(WORDS)))
    return {WORDS.get(code, f"exit {code}"): found[code] for code in codes if found[code]}
