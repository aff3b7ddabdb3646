"""What each world file says must come of it, read whole: a drill names only what differs from its base."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

from helpers.rehearsal.worldfile import WORLDS

_LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

BASES = ("healthy", "registered", "onboarded")
"""The worlds that drills start from; they state all their verdicts."""
WAYS = ("check", "plan", "attached")
"""check and plan: the commands; attached: what 05 judges at its very end, once the key is attached."""


@dataclass(frozen=True)
class Expected:
    """All verdicts of one world by way and check, how `rehearse` ends in it, and what explains a failed validation."""

    name: str
    about: str
    base: str
    verdicts: Mapping[str, Mapping[str, str]]
    differs: Mapping[str, Mapping[str, str]]
    """Only what the file itself states."""
    rehearse: Mapping[str, Any]
    faults: tuple[Mapping[str, Any], ...]
    explains: str | None
    logs: Mapping[str, Any]
    """How `check --logs` ends: `exit` and `outcome`; empty where the world says nothing of the log."""

    @property
    def is_drill(self) -> bool:
        return self.name not in BASES

    @property
    def ending(self) -> str:
        """How `rehearse` ends, in words."""
        code, step = self.rehearse.get("exit", 0), self.rehearse.get("stops_in")
        return f"stops in {step} with exit code {code}" if step else "all five steps run"

    @property
    def logged(self) -> str:
        """How `check --logs` ends, in words."""
        return f"{self.logs['outcome']}, exit code {self.logs['exit']}"


def names() -> tuple[str, ...]:
    """Every world, those to start from first."""
    return (*BASES, *(name for name in _paths() if name not in BASES))


@cache
def _paths() -> dict[str, Path]:
    return {path.stem: path for path in sorted(WORLDS.rglob("*.yaml"), key=lambda path: path.stem)}


@cache
def of(name: str) -> Expected:
    """What one world says. Raises KeyError for a world that says nothing of its `check`."""
    document = yaml.load(_paths()[name].read_text(encoding="utf-8"), Loader=_LOADER)
    said = document.get("expect", {})
    base = document.get("base", name)
    own = {way: said[way] for way in WAYS if way in said or way == "check"}
    under = {} if name in BASES else of(base).verdicts
    return Expected(
        name=name,
        about=document["about"],
        base=base,
        verdicts={way: {**under.get(way, {}), **verdicts} for way, verdicts in own.items()},
        differs=own,
        rehearse=said.get("rehearse", {}),
        faults=tuple(document.get("faults", ())),
        explains=said.get("explains"),
        logs=said.get("logs", {}),
    )
