"""What verifying finds: proven, not proven, broken. The exit code follows from these alone."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

State = Literal["proven", "not proven", "broken"]
_WORDS: dict[State, str] = {"proven": "Proven", "not proven": "Not proven", "broken": "Broken"}


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `needed` says of what is not proven that it has to be; `file` is what is broken."""

    state: State
    what: str
    needed: bool = False
    file: str | None = None

    def __str__(self) -> str:
        where = f"{self.file}: " if self.file else ""
        return f"{_WORDS[self.state]}: {where}{self.what}{' (needed)' if self.needed else ''}"


def proven(what: str) -> Finding:
    return Finding("proven", what)


def unproven(what: str, *, needed: bool = False) -> Finding:
    return Finding("not proven", what, needed)


def broken(file: str, what: str) -> Finding:
    return Finding("broken", what, file=file)


def sorted_out(findings: Sequence[Finding]) -> dict[str, Any]:
    """Findings for a machine: what is proven, what is not and whether it has to be, what is broken where."""
    return {
        "proven": [one.what for one in findings if one.state == "proven"],
        "not_proven": [{"what": one.what, "needed": one.needed} for one in findings if one.state == "not proven"],
        "broken": [{"file": one.file, "what": one.what} for one in findings if one.state == "broken"],
    }


@dataclass(frozen=True)
class Report:
    """All that was found of one run."""

    folder: str
    run: str | None
    rehearsal: str | None
    digest: str | None
    findings: tuple[Finding, ...]

    @property
    def exit_code(self) -> int:
        """1 where something is broken, 4 where something needed is not proven, else 0."""
        if any(finding.state == "broken" for finding in self.findings):
            return 1
        return 4 if any(finding.needed for finding in self.findings) else 0

    def lines(self) -> tuple[str, ...]:
        """It for a person: REHEARSAL first where it is one, then what is broken, not proven and proven."""
        first = (f"REHEARSAL ({self.rehearsal}): nothing in this run is real",) if self.rehearsal else ()
        named = (f"Run {self.run}, statement {self.digest}",) if self.run else (f"{self.folder}",)
        order: tuple[State, ...] = ("broken", "not proven", "proven")
        told = tuple(str(finding) for state in order for finding in self.findings if finding.state == state)
        return (*first, *named, *told, f"Exit {self.exit_code}: {_ENDS[self.exit_code]}")

    def data(self) -> dict[str, Any]:
        """The same for a machine."""
        return {
            "folder": self.folder,
            "run": self.run,
            "rehearsal": self.rehearsal,
            "statement_sha256": self.digest,
            "exit_code": self.exit_code,
            **sorted_out(self.findings),
        }


_ENDS = {
    0: "nothing is broken, and all that is needed is proven",
    1: "something is broken",
    4: "nothing is broken, and something that is needed is not proven",
}


def worst(codes: Iterable[int]) -> int:
    """Of several runs the first that applies of 1 and 4; else 0."""
    found = set(codes)
    return next((code for code in (1, 4) if code in found), 0)
