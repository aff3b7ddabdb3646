"""What is uploaded as the code of a job: all that it needs, and nothing of anybody's runs, approvals or keys."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.azureml.jobs import ROOT
from tests.azureml.uploaded import MUST_BE_THERE, uploaded

NEVER = (
    ".git/config",
    ".venv/bin/python",
    ".venvs/az/bin/az",
    ".rehearsal/ready.json",
    "runs/20261123T090000Z-abc123/ledger.jsonl",
    "approvals/0123.json",
    "locks/0123.json",
    "tests/conftest.py",
    "helpers/__pycache__/cli.cpython-311.pyc",
    ".mypy_cache/3.11/cache.json",
    "notebooks/.ipynb_checkpoints/01_consent-checkpoint.ipynb",
    ".env",
    "client.pem",
    "parameters/signing.key",
)


def test_what_a_job_needs_is_uploaded() -> None:
    """The code, the notebooks, the lock; and every file of helpers that git would take."""
    found = set(uploaded())
    assert set(MUST_BE_THERE) <= found
    helpers = {str(path.relative_to(ROOT)) for path in (ROOT / "helpers").rglob("*.py")}
    assert helpers <= found
    assert len(found) < 1000 and sum((ROOT / name).stat().st_size for name in found) < 20_000_000


@pytest.mark.parametrize("name", NEVER)
def test_what_is_somebodys_own_is_not_uploaded(tmp_path: Path, name: str) -> None:
    """A file of that name would be left out, wherever .gitignore would leave it out, and for secrets beyond that."""
    shutil.copy(ROOT / ".amlignore", tmp_path)
    (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / name).write_text("")
    assert uploaded(tmp_path) == [".amlignore"]


def test_everything_that_git_ignores_is_left_out_too() -> None:
    """.amlignore takes the place of .gitignore, so each pattern of .gitignore is covered by it."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").split()
    ours = (ROOT / ".amlignore").read_text(encoding="utf-8").split()
    covered = {line.strip("/") for line in ours}
    caches = {".mypy_cache", ".ruff_cache", ".pytest_cache", ".import_linter_cache"}
    assert {line.strip("/") for line in ignored} - covered <= caches | {".*_cache"}
    assert ".*_cache/" in ours
