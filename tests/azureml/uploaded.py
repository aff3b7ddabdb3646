"""What of a folder is uploaded as the code of a job, by the rules of .amlignore."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pathspec

from tests.azureml.jobs import ROOT

MUST_BE_THERE = (
    "runbook.py",
    "requirements.lock",
    "environment.yml",
    "azureml/record.sh",
    "helpers/cli.py",
    "notebooks/01_consent.ipynb",
    "notebooks/05_register.ipynb",
)


def uploaded(folder: Path = ROOT) -> list[str]:
    """The files, relative to the folder, in order."""
    lines = (folder / ".amlignore").read_text(encoding="utf-8").splitlines()
    ignored = pathspec.GitIgnoreSpec.from_lines(lines)
    found = []
    for here, folders, files in os.walk(folder):
        place = Path(here).relative_to(folder)
        folders[:] = [name for name in folders if not ignored.match_file(f"{place / name}/")]
        found += [str(place / name) for name in files if not ignored.match_file(str(place / name))]
    return sorted(found)


def copy_to(place: Path) -> Path:
    """The code as a job is given it: what is uploaded, and read-only."""
    for name in uploaded():
        target = place / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, target)
        target.chmod(0o444)
    for folder in [place, *(path for path in place.rglob("*") if path.is_dir())]:
        folder.chmod(0o555)
    return place
