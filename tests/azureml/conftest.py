"""The Python that has azure-ai-ml, which is in an environment of its own."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from typing import Any

import pytest

from tests.azureml.jobs import ROOT
from tests.needs import named

LOADING = ROOT / "tests" / "azureml" / "loading.py"
Loader = Callable[..., Any]


@pytest.fixture(scope="session")
def loader() -> Loader:
    """Calls loading.py with these arguments, and gives what it prints. Without CMEK_AZUREML skipped, in CI failed."""
    given = named("CMEK_AZUREML", "the Python that has azure-ai-ml")

    def load(*arguments: object) -> Any:
        done = subprocess.run(
            [given, str(LOADING), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return load
