"""The Python that has azure-ai-ml, which is in an environment of its own."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.azureml.jobs import ROOT

LOADING = ROOT / "tests" / "azureml" / "loading.py"
Loader = Callable[..., Any]


@pytest.fixture(scope="session")
def loader() -> Loader:
    """Calls loading.py with these arguments, and gives what it prints. Without CMEK_AZUREML skipped, in CI failed."""
    given = os.environ.get("CMEK_AZUREML")
    if not given or not Path(given).is_file():
        reason = "CMEK_AZUREML does not name the Python that has azure-ai-ml; `runbook.py test --all` makes it"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)

    def load(*arguments: object) -> Any:
        done = subprocess.run(
            [given, str(LOADING), *map(str, arguments)], capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    return load
