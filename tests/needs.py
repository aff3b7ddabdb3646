"""What a test needs that is not part of the project: without it skipped for a user, in continuous integration failed."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

IN_CI = bool(os.environ.get("CI"))


def lacking(reason: str) -> NoReturn:
    """End the test that cannot be done here."""
    if IN_CI:
        pytest.fail(reason)
    pytest.skip(reason)


def named(variable: str, what: str) -> Path:
    """The file that a variable names; `python runbook.py test --all` makes it and sets the variable."""
    given = os.environ.get(variable)
    if not given or not Path(given).is_file():
        lacking(f"{variable} does not name {what}; `python runbook.py test --all` makes it")
    return Path(given)


def program(name: str) -> str:
    """A program on PATH."""
    found = shutil.which(name)
    if found is None:
        lacking(f"{name} is not installed here")
    return found
