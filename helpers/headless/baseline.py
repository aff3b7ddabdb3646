"""The run that a check is compared with: named, or the last one about the same target. Only its ledger is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from helpers.checks import Verdict
from helpers.drift import Look, compare
from helpers.errors import Failed, WrongUsage
from helpers.parameters import Parameters
from helpers.record import runs
from helpers.record.ledger import NAME, read
from helpers.record.runs import Run
from helpers.same_target import difference

Last = Literal["last"]
"""Compare with the newest run about the same target."""

_TARGET = ("cloud", "tenant_id", "vault_name", "key_name", "organization_id", "world")
_HOW = frozenset({"mode", "credential", "admin_key", "remediate", "log_destination"})
"""Parameters that say how to work and not what is right."""


class Damaged(WrongUsage):
    """A ledger that cannot be relied on."""


@dataclass(frozen=True)
class Baseline:
    """An earlier look, in which world, and the parameters it was made with."""

    look: Look
    world: str | None
    parameters: Mapping[str, Any]

    def other_target(self, parameters: Parameters, world: str | None) -> str:
        """In which way it is about another target, in words; empty where it is about this one."""
        here = {**parameters.model_dump(mode="json"), "world": world}
        other = difference(_TARGET, {**self.parameters, "world": self.world}, here)
        return f"{self.look.run} is about {other}" if other else ""

    def refuse_other_target(self, parameters: Parameters, world: str | None) -> None:
        """Raise WrongUsage, in one line, unless it is about this target."""
        other = self.other_target(parameters, world)
        if other:
            raise WrongUsage(f"--baseline: {other}")

    def other_parameters(self, parameters: Parameters) -> tuple[str, ...]:
        """The names of the parameters that differ, as far as the run knew them."""
        now = parameters.model_dump(mode="json")
        return tuple(name for name in now if name not in _HOW and self.parameters.get(name, now[name]) != now[name])

    @property
    def was_attached(self) -> bool:
        """Whether it judged the key as one that is attached."""
        return self.look.verdicts.get("phase") in ("attached", "watch")


def named(name: str) -> Baseline | Last:
    """The baseline in a run, by its id or folder, or "last". Raises WrongUsage when it holds none, or is damaged."""
    if name == "last":
        return "last"
    try:
        return _of(runs.find(name))
    except WrongUsage as error:
        raise WrongUsage(f"--baseline: {error.what}") from None


def last(parameters: Parameters, world: str | None) -> tuple[Baseline | None, tuple[str, ...]]:
    """The newest run about this target that has verdicts, and the newer ones that could not be read."""
    unreadable = []
    for run in _newest_first():
        try:
            found = _of(run)
        except Damaged as error:
            unreadable.append(error.what)
        except WrongUsage:
            continue
        else:
            if not found.other_target(parameters, world):
                return found, tuple(unreadable)
    return None, tuple(unreadable)


def _newest_first() -> Iterator[Run]:
    """By the second in their names, and within one by when they were last written to."""
    folders = [path.parent for path in (runs.home() / "runs").glob(f"*/{NAME}")]
    return map(Run, sorted(folders, key=lambda path: (path.name[:16], (path / NAME).stat().st_mtime_ns), reverse=True))


def _of(run: Run) -> Baseline:
    try:
        rows = read(run.ledger)
        return _whole(run, rows)
    except Failed as error:
        raise Damaged(error.what) from None
    except OSError as error:
        raise Damaged(f"{run.id}: its ledger cannot be read: {error.strerror}") from None
    except (KeyError, TypeError, AttributeError):
        raise Damaged(f"{run.id}: its ledger is damaged") from None


def _whole(run: Run, rows: Sequence[Mapping[str, Any]]) -> Baseline:
    """The last verdicts and the facts before them in the same step. Raises WrongUsage; KeyError and such if damaged."""
    begun = [row for row in rows if row["event"] in ("run_started", "run_continued")]
    at = next((number for number in range(len(rows) - 1, -1, -1) if rows[number]["event"] == "verdicts"), None)
    if at is None or not begun:
        raise WrongUsage(f"{run.id} has no verdicts to compare with")
    judged = rows[at]
    step = judged["step"]
    seen = [row for row in rows[:at] if row["event"] == "facts" and row["step"] == step and "facts" in row]
    if not seen:
        raise WrongUsage(f"{run.id} does not hold the facts that its verdicts are about")
    look = Look(run.id, str(judged["t"]), seen[-1]["facts"], judged["verdicts"])
    _refuse_damaged(look)
    return Baseline(look, begun[-1]["world"], dict(begun[-1]["parameters"]))


def _refuse_damaged(look: Look) -> None:
    """Raise KeyError, TypeError or AttributeError for facts and verdicts that nothing can be compared with."""
    known = {verdict.value for verdict in Verdict}
    for row in look.verdicts["checks"]:
        if not all(isinstance(row[name], str) for name in ("id", "severity", "seen")) or row["verdict"] not in known:
            raise TypeError("not a verdict")
    for name, found in look.facts.items():
        if name != "read_at" and found["outcome"] not in ("known", "absent", "unknown"):
            raise TypeError("not a fact")
    if not compare(look, look, ("", "")).is_none:
        raise TypeError("not even the same as itself")
