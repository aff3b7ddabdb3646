"""How one target of a fleet ended, in values that go into a line of JSON and come back the same."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

ORDER = (64, 1, 3, 4, 2)
"""Exit codes, the first that applies to any target; else 0."""
WORDS = {0: "in order", 2: "changes planned", 3: "blocked", 4: "unknown", 1: "failed", 64: "wrong usage"}


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
    """Over all targets the first that applies of 64 wrong usage, 1 failed, 3 blocked, 4 unknown, 2 changes; else 0."""
    codes = {result.exit_code for result in results}
    return next((code for code in ORDER if code in codes), 0)


def counted(results: Iterable[Result]) -> dict[str, int]:
    """How many ended in which way, in words; ways that did not occur are left out."""
    found = Counter(result.exit_code for result in results)
    return {WORDS.get(code, f"exit {code}"): found[code] for code in (0, *reversed(ORDER)) if found[code]}
