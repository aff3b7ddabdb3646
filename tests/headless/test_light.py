"""What the driver of a run, and the clients of the services, do not import."""

from __future__ import annotations

import subprocess
import sys

import pytest

from helpers.cli import ELSEWHERE
from helpers.light import without
from helpers.record.runs import project_root
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served

DRIVER = """
import sys
import helpers.headless.executing
print(*(name in sys.modules for name in ("papermill", "rfc3987_syntax", "lark", "azure.storage.blob", "anthropic")))
import rfc3987_syntax, azure.storage.blob
"""

READS = """
import sys
from pathlib import Path
from helpers import parameters
from helpers.services.connect import connect
given = parameters.load(Path("parameters/rehearsal.yaml"))
services = connect(given, root=Path.cwd(), say=print)
found = (services.principals.of_published_app(), services.principals.conditional_access(), services.admin.workspaces())
models = [name for name in sys.modules if name.startswith("msgraph.generated.models.")]
print(*(type(one).__name__ for one in found), len(models) < 20, "aiohttp" in sys.modules)
"""


def test_papermill_is_imported_without_what_nothing_uses() -> None:
    """Nor any SDK that only a kernel needs; and who wants those packages afterwards gets them."""
    done = subprocess.run([sys.executable, "-c", DRIVER], capture_output=True, text=True)
    assert (done.stdout.split(), done.returncode) == (["True", "False", "False", "False", "False"], 0), done.stderr


def test_graph_is_read_without_the_models_of_all_that_graph_has() -> None:
    """Nor is a transport imported that no client uses."""
    with Served("onboarded") as cloud:
        inside = {**applied(cloud.environment("operator")), "PYTHONPATH": str(project_root())}
        done = subprocess.run(
            [sys.executable, "-c", READS], cwd=project_root(), env=inside, capture_output=True, text=True
        )
    assert done.stdout.split() == ["Known", "Known", "Known", "True", "False"], done.stderr


def test_a_command_imports_no_other_commands_modules() -> None:
    """All of them are there where none is asked for, or one that there is not."""
    code = "import sys; from helpers.cli import _commands; _commands(*sys.argv[1:]); print(*sys.modules)"

    def imported(*asked: str) -> set[str]:
        done = subprocess.run([sys.executable, "-c", code, *asked], capture_output=True, text=True, check=True)
        return {name.removeprefix("helpers.cli_") for name in done.stdout.split() if name.startswith("helpers.cli_")}

    assert imported("run") == {"shared"}
    assert imported("check") == {"shared", "check"}
    assert imported() == imported("nonsense") > {"shared", *ELSEWHERE}


def test_a_package_is_missing_for_a_block_only() -> None:
    """One that is imported already stays."""
    with without("this_is_not_a_package"), pytest.raises(ModuleNotFoundError):
        import this_is_not_a_package  # type: ignore[import-not-found]  # noqa: F401
    assert "this_is_not_a_package" not in sys.modules
    with without("json"):
        import json
    assert sys.modules["json"] is json
