"""What is done for one target of a fleet that is only looked at. What goes wrong in it is not thrown at the others."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import TypeVar

from helpers.checks import refuse_deviations
from helpers.display import plain
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from helpers.headless.planning import WholePlan, plan_all
from helpers.headless.watching import check_target, told
from helpers.record import beginning, runs
from helpers.record.in_use import Known, of_environment
from helpers.record.ledger import NAME, Ledger
from helpers.record.scrubbing import Scrubber
from helpers.services.connect import Services, connect
from helpers.services.shared import Shared

T = TypeVar("T")
Say = Callable[[str], None]


def checked(target: Target, shared: Shared, say: Say, under: Path | None = None) -> Result:
    """As `check` does it, into a run folder of its own, below runs/ of home or of another folder."""
    start = time.monotonic()
    ended = check_target(target.file, target.parameters, baseline=None, say=say, shared=shared, under=under)
    return Result(
        target.file,
        target.name,
        target.digest,
        ended.exit_code,
        safe(ended.summary)[0],
        folder=f"runs/{ended.run}" if ended.run else None,
        seconds=_since(start),
        lines=safe(*ended.error, *ended.notes),
        cloud=target.parameters.cloud,
        rehearsal=ended.world,
    )


def planned(target: Target, shared: Shared, say: Say, fleet: str, folder: Path) -> Result:
    """As `plan` does it; what was seen and planned goes into a ledger in this folder, not named in the result."""
    start, world = time.monotonic(), None
    known: Known = of_environment
    try:
        services = connect(target.parameters, root=runs.project_root(), say=say, shared=shared)
        known = services.secrets_in_use
        try:
            world = services.world
            whole = _recorded_plan(target, services, fleet, folder)
        finally:
            services.close()
    except Exception as error:  # noqa: BLE001 - told in the result, whatever it is: the other targets go on
        lines = safe(*told(error).lines(), known=known)
        code, summary = told(error).exit_code, lines[0]
    else:
        code, summary = whole.exit_code, _summary(whole)
        lines = safe(*(sentence for plan in whole.plans for sentence in plan.sentences() if code), known=known)
    seconds, cloud = _since(start), target.parameters.cloud
    return Result(target.file, target.name, target.digest, code, summary, None, seconds, lines, cloud, world)


def _recorded_plan(target: Target, services: Services, fleet: str, folder: Path) -> WholePlan:
    folder.mkdir(parents=True, exist_ok=True)
    refuse_deviations(target.parameters, services.clock.now().date())
    ledger = Ledger(
        folder / NAME,
        fleet,
        "plan",
        services.clock.now,
        services.caller.object_id,
        services.secrets_in_use,
    )
    whole = plan_all(services, target.parameters)
    beginning.write(ledger, target.parameters, services.world, fresh=True)
    ledger.write("identity", **asdict(services.caller))
    ledger.write("facts", facts=whole.facts.view().data)
    for plan in whole.plans:
        ledger.write("plan", plan=plan.said())
    ledger.write("verdicts", verdicts=whole.verdicts.view().data)
    ledger.write("run_finished", exit_code=whole.exit_code)
    return whole


def _summary(whole: WholePlan) -> str:
    """What the plans come to, in one line."""
    refused = [plan.step for plan in whole.plans if plan.refusals]
    changing = [plan.step for plan in whole.plans if plan.changes or plan.waits]
    failing = [row.check.id for row in whole.verdicts.blocking_failures]
    parts = (("refused in", refused), ("changes in", changing), ("blocking checks fail:", failing))
    return "; ".join(f"{what} {', '.join(which)}" for what, which in parts if which) or "nothing to do"


def safe(*lines: str, known: Known = of_environment) -> tuple[str, ...]:
    """Lines as they may be kept and shown: without secrets, known or by their shape, and without control characters."""
    return tuple(Scrubber(known).text(plain(line)) for line in lines)


def _since(start: float) -> float:
    return round(time.monotonic() - start, 3)
