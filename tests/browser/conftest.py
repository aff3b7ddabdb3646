"""A real browser, and the walk that most tests look back at: it is taken once.

CMEK_PICTURES names a folder that pictures of every step are kept in.
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.walking import Walked, walk
from tests.needs import lacking

PROGRAMS = ("/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome")


@pytest.fixture(scope="session")
def program() -> str:
    """The browser's program. Where there is none, skipped; in CI failed."""
    found = next((path for path in PROGRAMS if Path(path).is_file()), None) or shutil.which("chromium")
    if found is None:
        lacking("there is no chromium on this machine (Debian and Ubuntu: apt-get install chromium)")
    return found


@pytest.fixture(scope="session")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where pictures go."""
    folder = Path(os.environ.get("CMEK_PICTURES") or tmp_path_factory.mktemp("pictures"))
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: sockets are made in it, and their paths must be."""
    with tempfile.TemporaryDirectory(prefix="cb-") as own:
        yield Path(own)


@pytest.fixture(scope="session")
def walked(program: str, pictures: Path) -> Iterator[Walked]:
    """The walk through all five notebooks."""
    with tempfile.TemporaryDirectory(prefix="cb-") as own:
        yield walk(program, Path(own), pictures)
