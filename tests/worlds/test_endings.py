"""`rehearse --world NAME` ends as the world says, for every world; tests/drills does a few of them with real kernels."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.worlds.ending import ending
from tests.worlds.expected import names, of
from tests.worlds.stage import Stage

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("name", [name for name in names() if of(name).rehearse])
def test_the_five_steps_end_as_the_world_says(
    stage: Stage, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same exit code, and the same step that stops."""
    notebooks = tmp_path / "run" / "notebooks"
    notebooks.mkdir(parents=True)
    (notebooks.parent / "ledger.jsonl").touch()
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))  # what was typed in one world was used up by it
    monkeypatch.chdir(notebooks)
    stage.put(name)
    assert ending(stage, notebooks.parent) == dict(of(name).rehearse)
