"""The jobs of azureml/ as values: every step with its command, inputs and outputs, whichever kind of job it is in."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
FOLDER = "azureml"
JOBS = ("run.yml", "pipeline.yml", "check.yml")
SCHEDULE = "schedule-check.yml"
_PLACEHOLDER = re.compile(r"\$\{\{(inputs|outputs)\.(\w+)\}\}")
_BOUND = re.compile(r"\$\{\{parent\.(?:jobs\.(?P<job>\w+)\.)?(?P<way>inputs|outputs)\.(?P<name>\w+)\}\}")


@dataclass(frozen=True)
class Bound:
    """What a step's input or output is bound to: one of the job's own, or an output of another step."""

    job: str | None
    way: str
    name: str


@dataclass(frozen=True)
class Step:
    """One command of a job, as the file gives it."""

    name: str
    given: Mapping[str, Any]

    @property
    def command(self) -> str:
        return str(self.given["command"])

    def declared(self, way: str) -> Mapping[str, Any]:
        """Its `inputs` or `outputs`."""
        return dict(self.given.get(way) or {})

    def used(self, way: str) -> set[str]:
        """The names of the inputs or outputs that its command uses."""
        return {name for found, name in _PLACEHOLDER.findall(self.command) if found == way}

    def filled(self, folders: Mapping[str, Mapping[str, Path]]) -> str:
        """The command as the node runs it: each placeholder is a path there."""
        return _PLACEHOLDER.sub(lambda found: str(folders[found[1]][found[2]]), self.command)

    def bound(self, way: str) -> Mapping[str, Bound]:
        """Its inputs or outputs that are bound to something of the pipeline."""
        said = {name: _path(value) for name, value in self.declared(way).items()}
        found = {name: _BOUND.fullmatch(path) for name, path in said.items()}
        return {name: Bound(**match.groupdict()) for name, match in found.items() if match}


@dataclass(frozen=True)
class Job:
    """One job's file."""

    path: Path
    given: Mapping[str, Any]

    @classmethod
    def read(cls, path: Path) -> Job:
        return cls(path, yaml.safe_load(path.read_text(encoding="utf-8")))

    @property
    def is_pipeline(self) -> bool:
        return bool(self.given["type"] == "pipeline")

    @property
    def steps(self) -> tuple[Step, ...]:
        """In the order of the file; a job that is no pipeline is one step."""
        if self.is_pipeline:
            return tuple(Step(name, given) for name, given in self.given["jobs"].items())
        return (Step(self.path.stem, self.given),)

    def declared(self, way: str) -> Mapping[str, Any]:
        return dict(self.given.get(way) or {})


def _path(value: Any) -> str:
    return str(value.get("path", "")) if isinstance(value, dict) else str(value)


def job(name: str) -> Job:
    """A job of this project."""
    return Job.read(ROOT / FOLDER / name)
