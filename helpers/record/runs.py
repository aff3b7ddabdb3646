"""Where things are: the project's folder, and run folders, runs/<utc>-<id>/, with notebooks, ledger and approvals."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from helpers.errors import WrongUsage
from helpers.record.ledger import NAME


@dataclass(frozen=True)
class Run:
    """One run's folder."""

    folder: Path

    @property
    def id(self) -> str:
        return self.folder.name

    @property
    def ledger(self) -> Path:
        return self.folder / NAME

    @property
    def notebooks(self) -> Path:
        return self.folder / "notebooks"

    @property
    def kernels_log(self) -> Path:
        """What kernels wrote past their notebooks, to standard output and error."""
        return self.folder / "kernels.log"

    @property
    def approvals(self) -> Path:
        """What was approved while it was under way: by hand in a notebook, or by nobody in a rehearsal."""
        return self.folder / "approvals"


def project_root() -> Path:
    """The folder that holds notebooks/, parameters/ and runs/."""
    return Path(__file__).resolve().parents[2]


def located(file: str) -> Path:
    """A parameter file as named from here, else from the project's folder. What is nowhere stays as named."""
    return next((path for path in (Path(file), project_root() / file) if _is_there(path)), Path(file))


def _is_there(path: Path) -> bool:
    try:
        return path.is_file()
    except (OSError, ValueError):  # no name that a file could have
        return False


def home() -> Path:
    """The folder that runs/ and approvals/ are kept in: CMEK_HOME where the code is read-only, else the project's."""
    return Path(os.environ.get("CMEK_HOME") or project_root())


def new(under: Path | None = None) -> Run:
    """A new run folder with an empty ledger, below runs/ of home or of another folder."""
    run = Run((under or home()) / "runs" / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}")
    run.notebooks.mkdir(parents=True)
    run.ledger.touch()
    return run


def find(name: str) -> Run:
    """A run by its folder or its id. Raises WrongUsage when there is none."""
    for folder in (Path(name), home() / "runs" / name):
        if _is_there(folder / NAME):
            return Run(folder.resolve())
    raise WrongUsage(f"{name}: no such run; a run is a folder under runs/ with a {NAME} in it")


def of_folder(folder: Path) -> Run | None:
    """The run whose notebooks folder this is, or None."""
    parent = folder.resolve().parent
    return Run(parent) if folder.name == "notebooks" and (parent / NAME).is_file() else None
