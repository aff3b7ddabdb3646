"""A node of Azure ML, as far as a job can tell: placeholders are folders, the code and what comes in are only read."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.azureml.jobs import Job, Step

Folders = Mapping[str, Path]


@dataclass(frozen=True)
class Ended:
    """A step that has ended: its exit code, what it said, and the folders of its outputs."""

    code: int
    err: str
    outputs: Folders


@dataclass
class Node:
    """Runs steps in `code`, inside a rehearsal whose variables are `environment`."""

    code: Path
    environment: Mapping[str, str]
    place: Path
    shell: str = "bash"
    _made: int = field(default=0)

    def run(self, step: Step, inputs: Folders, outputs: Folders) -> Ended:
        """One step. Asserts that neither its code nor its inputs were changed by it."""
        read = [self.code, *(path for path in inputs.values() if path not in outputs.values())]
        before = [fingerprint(path) for path in read]
        done = subprocess.run(
            [self.shell, "-c", step.filled({"inputs": inputs, "outputs": outputs})],
            cwd=self.code,
            env=self._variables(),
            capture_output=True,
            text=True,
            timeout=240,
            check=False,
        )
        assert [fingerprint(path) for path in read] == before, f"{step.name} wrote into what it is only given to read"
        assert "Setting up" not in done.stderr, done.stderr
        return Ended(done.returncode, done.stderr, outputs)

    def submit(self, job: Job, given: Folders, kept: Folders | None = None) -> dict[str, Ended]:
        """A whole job, step by step up to the first that fails; `kept` are outputs with a path of their own."""
        ended: dict[str, Ended] = {}
        of_job = {name: self.folder() for name in job.declared("outputs")} | dict(kept or {})
        for step in job.steps:
            ended[step.name] = self.run(step, self._inputs(job, step, given, ended), self._outputs(job, step, of_job))
            if ended[step.name].code:
                break
        return ended

    def folder(self) -> Path:
        """An empty folder for an output."""
        self._made += 1
        made = self.place / f"output{self._made}"
        made.mkdir(parents=True)
        return made

    def _inputs(self, job: Job, step: Step, given: Folders, ended: Mapping[str, Ended]) -> Folders:
        if not job.is_pipeline:
            return {name: given[name] for name in step.declared("inputs")}
        bound = step.bound("inputs")
        assert bound.keys() == step.declared("inputs").keys(), f"{step.name} has an input that nothing is bound to"
        return {name: ended[to.job].outputs[to.name] if to.job else given[to.name] for name, to in bound.items()}

    def _outputs(self, job: Job, step: Step, of_job: Folders) -> Folders:
        if not job.is_pipeline:
            return of_job
        bound = step.bound("outputs")
        return {name: of_job[bound[name].name] if name in bound else self.folder() for name in step.declared("outputs")}

    def _variables(self) -> dict[str, str]:
        """Our Python is the conda environment's; the node's clock is not in UTC, and its home is nobody's."""
        temporary = self.place / "tmp"
        temporary.mkdir(parents=True, exist_ok=True)
        path = os.pathsep.join((str(Path(sys.executable).parent), self.environment.get("PATH", os.defpath)))
        variables = {**self.environment, "PATH": path, "TMPDIR": str(temporary), "TZ": "Asia/Kolkata"}
        variables["PYTHONDONTWRITEBYTECODE"] = "1"  # we may be root, to whom nothing is read-only
        return {name: value for name, value in variables.items() if name not in ("CMEK_HOME", "PYTHONPATH")}


def fingerprint(path: Path) -> str:
    """Of a file, or of a folder with all that is in it."""
    files = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
    whole = hashlib.sha256()
    for file in files:
        whole.update(f"{file}\n".encode() + file.read_bytes())
    return whole.hexdigest()


def run_of(record: Path) -> Path:
    """The one run folder in a record."""
    (run,) = (record / "runs").iterdir()
    return run


def ledger(run: Path) -> list[dict[str, Any]]:
    """The lines of a run's ledger."""
    return [json.loads(line) for line in (run / "ledger.jsonl").read_text(encoding="utf-8").splitlines()]
