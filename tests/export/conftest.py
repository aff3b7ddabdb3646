"""The Azure CLI of a test: a small stand-in at once, and the real one for the tests marked az."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.export.running import ROOT, small


@pytest.fixture(scope="module", params=["small", pytest.param("real", marks=pytest.mark.az)])
def az(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Both, one after the other."""
    if request.param == "small":
        return small(tmp_path_factory.mktemp("az"))
    given = os.environ.get("CMEK_AZ")
    if not given or not Path(given).is_file():
        reason = "CMEK_AZ does not name the Azure CLI"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    return ROOT / given


@pytest.fixture
def small_az(tmp_path: Path) -> Path:
    """The stand-in alone."""
    return small(tmp_path)
