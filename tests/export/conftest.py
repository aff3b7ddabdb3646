"""The Azure CLI of a test: a small stand-in at once, and the real one for the tests marked az. And Terraform, if any."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tests.export.running import ROOT, small
from tests.needs import IN_CI, named


@pytest.fixture(scope="module", params=["small", pytest.param("real", marks=pytest.mark.az)])
def az(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both, one after the other."""
    if request.param == "small":
        return small(tmp_path_factory.mktemp("az"))
    return ROOT / named("CMEK_AZ", "the Azure CLI")


@pytest.fixture
def small_az(tmp_path: Path) -> Path:
    """The stand-in alone."""
    return small(tmp_path)


WITHOUT_TERRAFORM = (
    "not run here: what is marked terraform, as terraform is not installed; each configuration was read by another parser "
    "(python-hcl2) instead, and held against the arguments that the providers have"
)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Continuous integration cannot install Terraform: where it is not there, that is said, and is not a test passed."""
    left_out = [item for item in items if item.get_closest_marker("terraform")]
    if left_out and IN_CI and shutil.which("terraform") is None:
        items[:] = [item for item in items if item not in left_out]
        config.hook.pytest_deselected(items=left_out)
        config.stash[LEFT_OUT] = True


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """What was not run, for the table at the end of `test --all` too."""
    if config.stash.get(LEFT_OUT, False):
        terminalreporter.write_line(WITHOUT_TERRAFORM)


LEFT_OUT = pytest.StashKey[bool]()
