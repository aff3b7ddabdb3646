"""The record of a guided run: that it began, and how it ended, read from what its notebooks wrote into the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from helpers.display import Shown
from helpers.errors import Failed, Interrupted
from helpers.evidence.looked_through import look_through
from helpers.headless.begun import begun
from helpers.headless.notebooks import STEPS
from helpers.lab import prepared
from helpers.parameters import Parameters
from helpers.record import runs
from helpers.record.ledger import Ledger, read
from helpers.record.runs import Run
from helpers.record.scrubbing import scrub_log
from helpers.services.connect import Services
from helpers.view import Table, View

_NOT_RUN = "not finished"
_GO_ON = "Go on with: python3 runbook.py lab --continue {}"
_ENDED_WITH_IT = (
    "Its rehearsal cloud was started for it and is gone, so this run cannot be gone on with; start again. "
    "To rehearse in parts, serve a cloud first: python3 runbook.py cloud"
)


@dataclass(frozen=True)
class Ended(Shown):
    """How the notebooks of a guided run stand when JupyterLab is closed."""

    run: Run
    rehearsal: bool
    steps: Mapping[str, str]
    exit_code: int
    lasting: bool = True
    """Whether its cloud is still there, so that the run can be gone on with."""
    found: tuple[str, ...] = ()
    """What must not be kept and was found in its folder, told without it."""

    @classmethod
    def of(cls, run: Run, rehearsal: bool, lasting: bool = True) -> Ended:
        """By the last word of each notebook that was begun: 0 where all five are done, else that of the first that
        stopped, else interrupted.
        """
        last: dict[str, Mapping[str, Any]] = {}
        for row in read(run.ledger):
            if row["step"] in STEPS and row["event"] in ("identity", "stopped", "step_finished"):
                last[row["step"]] = row
        codes = (row["exit_code"] for _, row in sorted(last.items()) if row["event"] == "stopped")
        said = {"stopped": "stopped", "step_finished": "done", "identity": _NOT_RUN}
        steps = {step: said[row["event"]] for step, row in sorted(last.items())}
        whole = all(steps.get(step) == "done" for step in STEPS)
        return cls(run, rehearsal, steps, 0 if whole else next(codes, Interrupted.exit_code), lasting)

    def view(self) -> View:
        where = "REHEARSAL, nothing here is real" if self.rehearsal else "LIVE"
        rows = tuple((step, self.steps.get(step, "not begun"), f"notebooks/{step}.ipynb") for step in STEPS)
        done = all(self.steps.get(step) == "done" for step in STEPS)
        left = "" if done else _GO_ON.format(self.run.id) if self.lasting else _ENDED_WITH_IT
        return View(
            "lab",
            f"{where}: {'all five notebooks are done' if done else 'closed'}",
            [f"Everything is in {self.run.folder}"],
            [Table(("Step", "Result", "Where to look"), rows)],
            [*([left] if left else []), *self.found],
            {"run": self.run.id, "rehearsal": self.rehearsal, "exit_code": self.exit_code, "steps": dict(self.steps)},
        )


def begin(services: Services, parameters: Parameters, continued: Run | None) -> tuple[Run, Ledger]:
    """A new run, or one that is gone on with. Raises WrongUsage for one of another target, or a sealed one."""
    run = continued or runs.new()
    return run, begun(run, services, parameters, fresh=continued is None)


def close(run: Run, ledger: Ledger, services: Services, *, lasting: bool, failed: bool = False) -> Ended:
    """Scrub what kernels wrote, take out forms that went with them, and write the run's last line.

    `failed` says that JupyterLab did not end because it was closed: that is exit code 1, however far the notebooks are.
    """
    scrub_log(run, services.secrets_in_use)
    prepared.tidy(run, services.secrets_in_use)
    looked = look_through(run, services.secrets_in_use())
    ended = Ended.of(run, services.world is not None, lasting)
    code = Failed.exit_code if failed else ended.exit_code or int(bool(looked.hits))
    ended = replace(ended, exit_code=code, found=looked.lines())
    ledger.write("run_finished", exit_code=ended.exit_code, steps=dict(ended.steps), scan=looked.data())
    return ended
