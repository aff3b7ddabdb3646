"""What a fleet that is gone on with keeps of its earlier results, and what is missing in the end."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from helpers.errors import WrongUsage
from helpers.headless.fleet.results import NOT_DONE, WORDS, Result
from helpers.headless.fleet.targets import Target
from helpers.record.runs import project_root

_KEPT = {"check": (0, 2, 3), "plan": (0, 2, 3), "run": (0,)}
"""Exit codes by command that stand. What failed, was not known or was interrupted is done again, and a run that waits
for an approval too: it may have been given since."""


def left(verb: str, targets: Iterable[Target], earlier: Iterable[Result]) -> list[Target]:
    """The targets that are to be done: without a result that stands, or with other parameters than then."""
    stands = {result.file: result.digest for result in earlier if result.exit_code in _KEPT[verb]}
    return [target for target in targets if stands.get(target.file) != target.digest]


def refuse_other_world(fleet: str, targets: Sequence[Target], earlier: Iterable[Result]) -> None:
    """Raise WrongUsage where earlier results are of another cloud, or of another rehearsal than the one here now."""
    earlier = [result for result in earlier if result.cloud]
    if not targets or not earlier:
        return
    cloud = targets[0].parameters.cloud
    other = next((result.cloud for result in earlier if result.cloud != cloud), None)
    if other:
        raise WrongUsage(f"--resume: {fleet} is of cloud: {other}, and these files say cloud: {cloud}; start a new one")
    worlds = {result.rehearsal for result in earlier if result.rehearsal}
    if worlds and worlds != {now := _world_now()}:
        here = f"here is {now}" if now else "none answers here"
        raise WrongUsage(
            f"--resume: {fleet} is of the rehearsal {', '.join(sorted(worlds))}, and {here}; start a new one"
        )


def of_now(targets: Sequence[Target], refused: Sequence[Result], recorded: Iterable[Result]) -> list[Result]:
    """A row for each file as it is now, in no order: what is on record about it, else that it was not done."""
    rows = {(result.file, result.digest): result for result in recorded}
    missing = [
        Result(target.file, target.name, target.digest, NOT_DONE, WORDS[NOT_DONE], cloud=target.parameters.cloud)
        for target in targets
        if (target.file, target.digest) not in rows
    ]
    wanted = {*((target.file, target.digest) for target in targets), *((one.file, one.digest) for one in refused)}
    return [*missing, *(row for which, row in rows.items() if which in wanted)]


def _world_now() -> str | None:
    """The rehearsal that answers here, found as `connect` finds it."""
    from helpers.services import front

    found = front.identify()
    if found is None and (recorded := front.running(project_root())) is not None:
        front.attach(recorded)
        found = front.identify()
    return found.world if found else None
