"""A run seals itself when it ends, where its parameters name a signer. Then it is published, if they say where to.

What it takes is got ready before anything runs, so that a wrong name is told before anything is changed. How the
sealing ends never hides how the run ended.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from helpers.errors import Failed, Interrupted, RunbookError
from helpers.evidence import archive_address, chain, sealing, timestamps
from helpers.evidence.scan import scan
from helpers.evidence.sealing import How
from helpers.evidence.signers import Signer
from helpers.evidence.signing import as_signed_in, signer
from helpers.evidence.statement import Target
from helpers.parameter_values import Evidence
from helpers.parameters import Parameters
from helpers.record.runs import Run
from helpers.services.connect import Services


@dataclass(frozen=True)
class Ending:
    """What became of the record: in words, for a machine, and whether something that was asked for did not work."""

    lines: tuple[str, ...]
    failed: bool
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Ready:
    """All it takes to seal a run at its end."""

    wanted: Evidence
    signer: Signer | None
    services: Services

    def seal(self, run: Run, exit_code: int) -> Ending:
        """Seal a run, which has ended with an exit code, and publish it. Raises nothing but KeyboardInterrupt."""
        by_hand = f"python runbook.py evidence seal {run.id}"
        if exit_code == Interrupted.exit_code:
            return Ending(
                (f"Not sealed, as it was interrupted. It can be sealed as it is by: {by_hand}",), failed=False
            )
        told = _tried("Not sealed", f"Seal it by: {by_hand}", lambda: self._seal(run))
        if told.failed or self.wanted.publish_to is None:
            return told
        again = f"Publish it by: python runbook.py evidence publish {run.id} --to {self.wanted.publish_to}"
        after = _tried("Sealed, and not published", again, lambda: self._publish(run))
        return Ending((*told.lines, *after.lines), after.failed, {**told.data, **after.data})

    def _seal(self, run: Run) -> Ending:
        from helpers.evidence import report

        with suppress(RunbookError):
            _ = self.services.admin  # the key becomes known, so that it is looked for; what is wrong with it was told
        previous = Path(self.wanted.previous) if self.wanted.previous else None
        how = How(self.signer, self.wanted.timestamp, self.services.secrets_in_use(), previous)
        now, wait = self.services.clock.now, self.services.wait
        sealed = sealing.seal(run, how, now, pages=report.write, scan=scan, wait=wait)
        return Ending(sealed.lines(), False, {"sealed": sealed.data()})

    def _publish(self, run: Run) -> Ending:
        from helpers.display import text
        from helpers.evidence import archive

        to = str(self.wanted.publish_to)
        done = archive.publish(run, to, self.services.credential, clock=self.services.clock)
        return Ending((text(done.view()),), done.exit_code != 0, {"published": done.data()})


def ready(run: Run | None, parameters: Parameters, services: Services) -> Ready | None:
    """What a run is sealed with at its end; None where its parameters do not say.

    `run` is the one that is gone on with, if one is. Raises RunbookError for a signer that cannot be used, a previous
    run that this one cannot follow on, and an address that it may not be published to.
    """
    wanted = parameters.evidence
    if wanted is None:
        return None
    if wanted.timestamp is not None:
        timestamps.refuse_wrong_url(wanted.timestamp)
    if wanted.publish_to is not None:
        address = archive_address.of(wanted.publish_to)
        if services.world is not None:
            archive_address.refuse_outside(address, "this run")
    target = Target.of(parameters.model_dump())
    if wanted.previous is not None:
        chain.named(Path(wanted.previous), target, services.world)
    with services.witness.aside():
        signs = signer(wanted.signer, run.folder if run else None, target, as_signed_in(services))
    return Ready(wanted, signs, services)


def _tried(what: str, next_step: str, work: Callable[[], Ending]) -> Ending:
    try:
        return work()
    except RunbookError as error:
        told = error
    except OSError as error:
        told = Failed(f"{error.filename or 'the file system'}: {error.strerror or error}", next_step=next_step)
    except Exception as error:  # noqa: BLE001 - told, whatever it is: the run's own end must not be lost
        why = "The suite did not expect this; it is a fault of the suite or of its surroundings."
        told = Failed(f"{type(error).__name__}: {error}", why=why, next_step=next_step)
    return Ending((f"{what}: {told.lines()[0]}", *told.lines()[1:]), failed=True, data={"trouble": told.lines()})
