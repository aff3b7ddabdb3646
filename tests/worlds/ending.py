"""How `rehearse` ends in a world, without kernels: the steps are taken in this process as the notebooks take them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from helpers.errors import RunbookError
from helpers.headless.planning import plan_all
from tests.steps.walking import STEPS, Walk
from tests.worlds.stage import Stage


def ending(stage: Stage, run: Path) -> dict[str, Any]:
    """Exit code and stopping step of the world on the stage, in a run folder that is the current one."""
    walk, step = Walk(stage, run), None
    try:
        services = stage.connected()
        _ = services.caller
        plan_all(services, stage.parameters)  # as `rehearse` shows it before any step
        for step in STEPS:
            walk.take(step, **stage.changes)
    except RunbookError as error:
        return {"exit": error.exit_code, "stops_in": step}
    return {"exit": 0, "stops_in": None}
