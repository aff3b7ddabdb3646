"""What a step means to do: changes, things already right, things to wait for, and refusals."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, runtime_checkable

from helpers.display import Shown
from helpers.view import Table, View

if TYPE_CHECKING:
    from helpers.services.connect import Services


@dataclass(frozen=True)
class Done:
    """What one change did: a sentence, the facts worth keeping, the request id of the write, and when (UTC)."""

    what: str
    facts: Mapping[str, str] = field(default_factory=dict)
    request_id: str | None = None
    at: str = ""


@runtime_checkable
class Change(Protocol):
    """One thing that will be done, and how. Its str is the sentence a person approves."""

    permanent: ClassVar[bool]

    def intent(self) -> Mapping[str, str]:
        """What will be done by stable identity, the same on every machine and day: it goes into the digest."""
        ...

    def seen(self) -> Mapping[str, str]:
        """What was read that the approval relies on; empty for a reversible change."""
        ...

    def perform(self, services: Services) -> Done:
        """Do it. Raises RunbookError."""
        ...


@dataclass(frozen=True)
class Keep:
    """Already right: nothing is done, and this sentence says so."""

    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Waits:
    """Cannot be planned before another step has been done."""

    for_step: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


@dataclass(frozen=True)
class Refusal:
    """Will not be done, and why; what was found and what was expected; what a person can do."""

    what: str
    why: str = ""
    next_step: str = ""
    got: str = ""
    expected: str = ""
    request_id: str | None = None
    unproven: bool = False
    """Whether it rests on something that could not be read, and not on something that is wrong."""

    def __str__(self) -> str:
        found = f" (found {self.got}, expected {self.expected})" if self.expected else ""
        return f"{self.what}{found}"


Item = Change | Keep | Waits | Refusal


@dataclass(frozen=True)
class Plan(Shown):
    """All a step means to do. The digest names it; two plans of one intent have the same digest."""

    step: str
    items: tuple[Item, ...]
    accepted_deviations: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if not self.items:
            raise ValueError("a plan says something, even if it is that nothing is to be done")

    @property
    def changes(self) -> tuple[Change, ...]:
        return tuple(item for item in self.items if not isinstance(item, Keep | Waits | Refusal))

    @property
    def keeps(self) -> tuple[Keep, ...]:
        return tuple(item for item in self.items if isinstance(item, Keep))

    @property
    def waits(self) -> tuple[Waits, ...]:
        return tuple(item for item in self.items if isinstance(item, Waits))

    @property
    def refusals(self) -> tuple[Refusal, ...]:
        return tuple(item for item in self.items if isinstance(item, Refusal))

    @property
    def permanent(self) -> bool:
        """Whether any change in it can never be undone."""
        return any(change.permanent for change in self.changes)

    @property
    def nothing_to_do(self) -> bool:
        """Whether everything is already right."""
        return len(self.keeps) == len(self.items)

    @property
    def digest(self) -> str:
        """SHA-256, hex, over step, intents in order and accepted deviations, as JSON with sorted keys."""
        said: dict[str, Any] = {
            "step": self.step,
            "changes": [dict(change.intent()) for change in self.changes],
            "accepted_deviations": sorted(self.accepted_deviations),
        }
        return hashlib.sha256(json.dumps(said, sort_keys=True, ensure_ascii=True).encode()).hexdigest()

    @property
    def seen(self) -> dict[str, str]:
        """What was read that an approval of this plan relies on."""
        return {name: value for change in self.changes for name, value in change.seen().items()}

    def view(self) -> View:
        rows = tuple(_row(item) for item in self.items)
        tables = [Table(("Plan", "What", "Why, and what next"), rows)]
        if self.seen:
            tables.append(Table(("An approval relies on", "As read just now"), tuple(self.seen.items())))
        lines = [f"Plan digest {self.digest[:12]}"] if self.changes else []
        return View("plan", f"Plan of {self.step}: {self.summary}", lines, tables, data=self.said())

    @property
    def summary(self) -> str:
        """The plan in a few words."""
        if self.refusals:
            return "refused"
        if self.waits:
            return f"waits for {self.waits[0].for_step}"
        if not self.changes:
            return "nothing to change"
        return f"{len(self.changes)} to change" + (", FOR GOOD" if self.permanent else "")

    def sentences(self) -> list[str]:
        """The plan as one line for each item."""
        return [f"{self.step}: {' '.join(part for part in _row(item)[:2] if part)}" for item in self.items]

    def said(self) -> dict[str, Any]:
        """The plan as JSON values."""
        return {
            "step": self.step,
            "digest": self.digest,
            "permanent": self.permanent,
            "seen": self.seen,
            "accepted_deviations": list(self.accepted_deviations),
            "items": [_said(item) for item in self.items],
        }


def _row(item: Item) -> tuple[str, str, str]:
    match item:
        case Keep():
            return "keep", str(item), ""
        case Waits():
            return "wait", f"for {item.for_step}: {item}", f"run {item.for_step} first"
        case Refusal():
            return "REFUSED", str(item), " ".join(part for part in (item.why, item.next_step) if part)
    undo = "can never be undone" if item.permanent else "can be undone"
    return "change", str(item), undo


def _said(item: Item) -> dict[str, Any]:
    match item:
        case Keep():
            return {"kind": "keep", "says": str(item)}
        case Waits():
            return {"kind": "wait", "says": str(item), "for_step": item.for_step}
        case Refusal():
            kept = ("what", "why", "next_step", "got", "expected", "request_id", "unproven")
            return {"kind": "refusal", "says": str(item), **{name: getattr(item, name) for name in kept}}
    return {"kind": "change", "says": str(item), "intent": dict(item.intent()), "permanent": item.permanent}
