"""Defects put into a copy of the suite: what the drills of seeded defects share."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
COPIED = ("helpers", "notebooks", "parameters", "tests", "pyproject.toml", "runbook.py")


@dataclass(frozen=True)
class Ended:
    """A command that has ended, and all that it printed."""

    code: int
    said: str


@dataclass(frozen=True)
class Copy:
    """The suite as it is, in a folder of its own, and a process there that forks for each command."""

    folder: Path
    process: subprocess.Popen[str]

    def run(self, module: str, *arguments: str) -> Ended:
        """`python -m MODULE ARGUMENTS` in the copy. Raises AssertionError where it did not come to an end."""
        told = self.folder / "told.log"
        told.unlink(missing_ok=True)
        order = {"module": module, "arguments": arguments, "told": str(told)}
        assert self.process.stdin and self.process.stdout
        self.process.stdin.write(json.dumps(order) + "\n")
        self.process.stdin.flush()
        answer: dict[str, Any] = json.loads(self.process.stdout.readline())
        said = told.read_text(encoding="utf-8", errors="replace")
        assert answer["code"] is not None, f"{answer['why']}\n{said}"
        return Ended(answer["code"], said)

    @contextmanager
    def broken(self, file: str, right: str, wrong: str) -> Iterator[None]:
        """The wrong text in the place of the right one, which must be there exactly once, while the block lasts."""
        path = self.folder / file
        text, before = path.read_text(encoding="utf-8"), path.stat()
        assert text.count(right) == 1, f"{file} has changed: say here what the defect is now"
        path.write_text(text.replace(right, wrong), encoding="utf-8")
        try:
            yield
        finally:
            path.write_text(text, encoding="utf-8")
            os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))  # what was compiled of it is right again


@contextmanager
def copied(folder: Path) -> Iterator[Copy]:
    """A copy in a folder, what was compiled of it too."""
    for name in COPIED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.pyc.*"))
        else:
            shutil.copy(source, folder / name)
    process = subprocess.Popen(
        [sys.executable, "-m", "tests.drills.forking"],
        cwd=folder,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        yield Copy(folder, process)
    finally:
        process.kill()
        process.communicate()
