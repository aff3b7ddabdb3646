"""The notebooks in their order, and one executed by papermill as a copy in the run's folder."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from helpers.errors import Failed, Interrupted, RunbookError, WrongUsage
from helpers.record import ledger
from helpers.record.in_use import Known, of_environment
from helpers.record.runs import Run, project_root
from helpers.record.scrubbing import scrub_log

if TYPE_CHECKING:
    from helpers.headless.kernel_start import KernelStart

STEPS = ("01_consent", "02_key", "03_rbac", "04_verify", "05_register")


def steps_to_run(asked: str | None) -> tuple[str, ...]:
    """All steps, or the one asked for by its number or name. Raises WrongUsage for another."""
    if asked is None:
        return STEPS
    found = tuple(step for step in STEPS if asked in (step, step[:2]))
    if not found:
        raise WrongUsage(f"--step: {asked}: the steps are {', '.join(STEPS)}")
    return found


@dataclass(frozen=True)
class Outcome:
    """How one notebook ended."""

    step: str
    result: str
    """changed, kept, verified, or how it stopped."""
    seconds: float
    notebook: Path
    exit_code: int = 0
    lines: tuple[str, ...] = ()


def execute(
    run: Run,
    mapping: Mapping[str, Any],
    step: str,
    known: Known = of_environment,
    *,
    kernel_start: KernelStart | None = None,
) -> Outcome:
    """Run one notebook, and how it ended. Tracked sources are only read.

    `known` are the secrets taken out of what cells put out and kernels wrote to standard error, beside all that look
    like one. `kernel_start` is what `kernel_start.started` gives; kernels start each by itself without it.
    """
    try:
        return _one(run, mapping, step, known, kernel_start)
    finally:
        scrub_log(run, known)


@dataclass(frozen=True)
class _Stop:
    """Why a notebook stopped."""

    kind: str
    exit_code: int
    lines: tuple[str, ...]

    @classmethod
    def of(cls, error: RunbookError) -> _Stop:
        return cls(type(error).__name__, error.exit_code, tuple(error.lines()))


def _one(run: Run, mapping: Mapping[str, Any], step: str, known: Known, kernel_start: KernelStart | None) -> Outcome:
    from helpers.headless.executing import DeadKernelError, NoSuchKernel, PapermillExecutionError, execute_copy
    from helpers.headless.kernels import RecordedKernelManager

    copy, manager = _unused(run, step), kernel_start or RecordedKernelManager
    stop: _Stop | None = None
    before, start = len(ledger.read(run.ledger)), time.monotonic()
    try:
        source = project_root() / "notebooks" / f"{step}.ipynb"
        execute_copy(source, copy, mapping, log=run.kernels_log, known=known, manager=manager)
    except PapermillExecutionError as error:
        stop = _told(run, step, before) or _Stop.of(_unexpected(error.ename, error.evalue))
    except DeadKernelError:
        stop = _Stop.of(Failed("the kernel died", next_step="Run this step again; it starts by looking."))
    except (RuntimeError, NoSuchKernel) as error:
        stop = _Stop.of(Failed(f"the kernel did not start: {error}", next_step="Run this step again."))
    except KeyboardInterrupt:
        stop = _Stop.of(Interrupted("interrupted", next_step="Run this step again; it starts by looking."))
    if stop is None:
        return Outcome(step, _result(run, step, before), time.monotonic() - start, copy)
    return Outcome(step, stop.kind, time.monotonic() - start, copy, stop.exit_code, stop.lines)


def _unused(run: Run, step: str) -> Path:
    """Where the executed copy goes: a step run again in a continued run does not overwrite its earlier record."""
    names = (f"{step}.ipynb", *(f"{step}-{number}.ipynb" for number in range(2, 1000)))
    return next(path for path in (run.notebooks / name for name in names) if not path.exists())


def _told(run: Run, step: str, before: int) -> _Stop | None:
    """What the notebook itself put into the ledger before it stopped."""
    rows = [r for r in ledger.read(run.ledger)[before:] if r["event"] == "stopped" and r["step"] == step]
    if not rows:
        return None
    return _Stop(str(rows[-1]["error"]), int(rows[-1]["exit_code"]), tuple(map(str, rows[-1]["lines"])))


def _unexpected(name: str, value: str) -> RunbookError:
    return Failed(
        f"{name}: {value}",
        why="The suite did not expect this; it is a fault of the suite or of its surroundings.",
        next_step="Look at the executed notebook, and run this step again: it starts by looking.",
    )


def _result(run: Run, step: str, before: int) -> str:
    events = [row["event"] for row in ledger.read(run.ledger)[before:] if row["step"] == step]
    if "step_finished" not in events:
        raise Failed(f"{step} ended without saying so in the ledger", next_step="Do not rely on it; start a new run.")
    if "receipt" in events:
        return "changed"
    return "verified" if step == "04_verify" else "kept"
