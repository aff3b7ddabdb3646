"""The check of one target after another, each into a run folder of its own, so that it can be the next one's baseline.

One target's trouble, whatever it is, is told with its file and never stops the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.attested import attested
from helpers.clock import Clock
from helpers.errors import Failed, Interrupted, RunbookError
from helpers.headless.baseline import Baseline, Last, last
from helpers.headless.checking import Checked, Logged, check
from helpers.parameters import Parameters
from helpers.record import beginning, runs
from helpers.record.in_use import Known, of_environment
from helpers.record.ledger import Ledger
from helpers.services.connect import Services, connect
from helpers.services.shared import Shared
from helpers.view import View

STEP = "check"
NO_EARLIER = "There is no earlier run about this target to compare with"
_ALL_WELL = "no blocking check fails, and none is unknown"
_PHASES = {
    "azure": "what Azure holds",
    "gate": "Azure and the Admin API; the workspace is not seen to have the key",
    "watch": "a key that is attached",
}


@dataclass(frozen=True)
class Target:
    """How the check of one parameter file ended: what was checked, or the lines of the error that stopped it."""

    file: str
    parameters: Parameters
    world: str | None = None
    run: str | None = None
    checked: Checked | None = None
    notes: tuple[str, ...] = ()
    error: tuple[str, ...] = ()
    exit_code: int = 0

    @property
    def summary(self) -> str:
        """How it ended, in one line."""
        return _end(self.checked) if self.checked else next(iter(self.error), "")

    def said(self) -> dict[str, Any]:
        """All of it as JSON values."""
        done = self.checked
        return {
            "file": self.file,
            "run": self.run,
            "rehearsal": self.world,
            "phase": done.phase if done else None,
            "facts": done.facts.view().data if done else None,
            "verdicts": done.verdicts.view().data if done else None,
            "not_asked": done.not_asked or None if done else None,
            "explanation": done.explanation.view().data if done and done.explanation else None,
            "drift": done.drift.view().data if done and done.drift else None,
            "footprints": done.footprints.view().data if done and done.footprints else None,
            "notes": list(self.notes),
            "exit_code": self.exit_code,
            "error": list(self.error) or None,
        }

    def views(self) -> tuple[View, ...]:
        """The same for a person: which target, what needs looking at, what changed, and how it ended."""
        p, done = self.parameters, self.checked
        phase = f", phase {done.phase}: {_PHASES[done.phase]}" if done else ""
        lines = (f"Vault {p.vault_name}, key {p.key_name}{phase}", *([f"Record: {self.run}"] if self.run else []))
        if done is None:
            return (View("check", self._where(), (*lines, *self.notes, *self.error, f"Exit {self.exit_code}")),)
        said = (*lines, *([done.not_asked] if done.not_asked else []), *self.notes)
        why = (done.explanation.view(),) if done.explanation else ()
        changes = (done.drift.view(),) if done.drift else ()
        logged = (done.footprints.view(),) if done.footprints else ()
        shown = (done.verdicts.brief(), *why, *changes, *logged)
        return (View("check", self._where(), said), *shown, View("exit", f"Exit {done.exit_code}: {_end(done)}"))

    def _where(self) -> str:
        if self.world:
            return f"{self.file}  REHEARSAL ({self.world}): nothing here is real"
        return f"{self.file}  {'LIVE' if self.parameters.cloud == 'azure' else 'REHEARSAL, not reached'}"


def exit_code(targets: Sequence[Target]) -> int:
    """Over all targets the first that applies of 64 wrong usage, 1 failed, 3 a check fails, 4 unknown; else 0."""
    codes = {target.exit_code for target in targets}
    return next((code for code in (64, 1, 3, 4) if code in codes), 0)


def check_target(
    file: str,
    parameters: Parameters,
    *,
    baseline: Baseline | Last | None,
    say: Callable[[str], None],
    logged: Logged | None = None,
    shared: Shared | None = None,
    under: Path | None = None,
) -> Target:
    """Check one target, compared with the baseline, which may be the last run about it. What stops it is in the Target.

    With `logged` the log of the key's use is looked at as well. `under` is the folder that runs/ is in, if not home.

    Raises WrongUsage for a baseline about another target, before anything is read.
    """
    asked = Target(file, parameters)
    try:
        services = connect(parameters, root=runs.project_root(), say=say, shared=shared)
    except Exception as error:  # noqa: BLE001 - told in the Target
        return _recorded(asked, Clock().now, of_environment, _raises(error), under)
    try:
        asked = replace(asked, world=services.world)
        if isinstance(baseline, Baseline):
            baseline.refuse_other_target(parameters, services.world)
        elif baseline == "last":
            baseline, notes = last(parameters, services.world)
            asked = replace(asked, notes=notes if baseline else (*notes, NO_EARLIER))
        notes = attested(parameters, services.world, in_fleet=shared is not None)
        asked = replace(asked, notes=(*asked.notes, *notes))
        work = _checks(services, parameters, baseline, logged)
        return _recorded(asked, services.clock.now, services.secrets_in_use, work, under)
    finally:
        services.close()


Work = Callable[[Ledger], Checked]


def _raises(error: Exception) -> Work:
    def work(_: Ledger) -> Checked:
        raise error

    return work


def _checks(services: Services, parameters: Parameters, before: Baseline | None, logged: Logged | None) -> Work:
    """The check of one target, with what it sees and how it judges that in the ledger."""

    def work(ledger: Ledger) -> Checked:
        compared_with = before.look.run if before else None
        beginning.write(ledger, parameters, services.world, fresh=True, baseline=compared_with)
        who = services.caller
        ledger = replace(ledger, actor=who.object_id)
        ledger.write("identity", **asdict(who))
        done = check(services, parameters, before, logged)
        ledger.write("facts", facts=done.facts.view().data)
        ledger.write("verdicts", verdicts=done.verdicts.view().data)
        changes = done.drift.view().data if done.drift else None
        more = {"footprints": done.footprints.view().data} if done.footprints else {}
        ledger.write("run_finished", exit_code=done.exit_code, not_asked=done.not_asked or None, drift=changes, **more)
        return done

    return work


def _recorded(target: Target, now: Callable[[], datetime], known: Known, work: Work, under: Path | None) -> Target:
    """Do the work with a run folder of its own. Whatever it raises is told in the ledger and in the Target."""
    ledger = None
    try:
        run = runs.new(under)
        target = replace(target, run=run.id)
        ledger = Ledger(run.ledger, run.id, STEP, now, known=known)
        done = work(ledger)
    except KeyboardInterrupt:
        _stopped(ledger, Interrupted("interrupted", next_step="Run it again; a check changes nothing."))
        raise
    except Exception as error:  # noqa: BLE001 - told in the Target, whatever it is: the other targets are still checked
        stop = told(error)
        lines = (*stop.lines(), *_stopped(ledger, stop))
        return replace(target, error=lines, exit_code=stop.exit_code)
    return replace(target, checked=done, exit_code=done.exit_code)


def told(error: Exception) -> RunbookError:
    """An error as it is told to a person, whatever it is."""
    match error:
        case RunbookError():
            return error
        case OSError():
            return Failed(f"{error.filename or 'the file system'}: {error.strerror or error}")
    return Failed(
        f"{type(error).__name__}: {error}",
        why="The suite did not expect this; it is a fault of the suite or of its surroundings.",
        next_step="Run the check again; it changes nothing.",
    )


def _stopped(ledger: Ledger | None, error: RunbookError) -> tuple[str, ...]:
    """Put into the ledger why the check stopped; what keeps that from being written, as lines."""
    if ledger is None:
        return ()
    try:
        ledger.write("stopped", error=type(error).__name__, exit_code=error.exit_code, lines=error.lines())
        ledger.write("run_finished", exit_code=error.exit_code)
    except (RunbookError, OSError) as trouble:
        return (f"This could not be recorded: {told(trouble).what}",)
    return ()


def _end(done: Checked) -> str:
    """How a check ended, in one line without its exit code."""
    failing = ", ".join(row.check.id for row in done.verdicts.blocking_failures)
    unknown = ", ".join(row.check.id for row in done.verdicts.blocking_unknowns)
    gone = ", ".join(done.drift.lost_versions) if done.drift else ""
    use = done.footprints.outcome if done.footprints and done.footprints.exit_code else ""
    named = (
        ("blocking checks fail", failing),
        ("versions of the key are gone", gone),
        ("could not be read", unknown),
        ("logged use of the key by Anthropic", use),
    )
    return "; ".join(f"{what}: {which}" for what, which in named if which) or _ALL_WELL
