"""What the driver of a run does not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.headless.light import without

DRIVER = """
import sys
import helpers.headless.executing
print("papermill" in sys.modules, "rfc3987_syntax" in sys.modules, "lark" in sys.modules, "anthropic" in sys.modules)
import rfc3987_syntax
"""


def test_papermill_is_imported_without_a_grammar_that_nothing_uses() -> None:
    """Nor any SDK that only a kernel needs; and who wants that package afterwards gets it."""
    done = subprocess.run([sys.executable, "-c", DRIVER], capture_output=True, text=True)
    assert (done.stdout.split(), done.returncode) == (["True", "False", "False", "False"], 0), done.stderr


def test_a_package_is_missing_for_a_block_only() -> None:
    """One that is imported already stays."""
    with without("this_is_not_a_package"), pytest.raises(ModuleNotFoundError):
        import this_is_not_a_package  # type: ignore[import-not-found]  # noqa: F401
    assert "this_is_not_a_package" not in sys.modules
    with without("json"):
        import json
    assert sys.modules["json"] is json
