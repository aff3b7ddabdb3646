"""What tests of applying share: a change that is only counted, services that give it the time, a second look."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from helpers.approval import Approval
from helpers.errors import ServiceFailed
from helpers.plan import Done, Plan
from helpers.record.ledger import Ledger, read
from tests.cases.building import NOW


@dataclass(frozen=True)
class Pretended:
    """A change for tests. Performing it adds its name to `performed` of the services, or raises."""

    said: Mapping[str, str] = field(default_factory=lambda: {"change": "pretend"})
    beside: Mapping[str, str] = field(default_factory=dict)
    permanent: bool = False
    fails: bool = False

    def __str__(self) -> str:
        return f"pretend {self.said['change']}"

    def intent(self) -> Mapping[str, str]:
        return self.said

    def seen(self) -> Mapping[str, str]:
        return self.beside

    def perform(self, services: Any) -> Done:
        services.performed.append(self.said["change"])
        if self.fails:
            raise ServiceFailed("the service answered 500", request_id="req-500")
        return Done(f"pretended {self.said['change']}", {"version": "v1"}, "req-1")


@dataclass
class Clock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment


@dataclass
class Services:
    """As much of the services as `apply` uses: the time, whether this is a rehearsal, and the lock of the target."""

    world: str | None = None
    clock: Clock = field(default_factory=Clock)
    performed: list[str] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)

    @contextmanager
    def alone(self, run: str, step: str) -> Iterator[None]:
        self.locked.append(f"{run} {step}")
        yield
        self.locked.append("released")


@dataclass
class Looking:
    """The second look: what it finds leads to this plan. It counts how often it was asked."""

    finds: Plan
    looked: int = 0

    def __call__(self) -> Plan:
        self.looked += 1
        return self.finds


def ledger(folder: Path) -> Ledger:
    path = folder / "ledger.jsonl"
    path.touch()
    return Ledger(path, "run-1", "02_key", lambda: NOW, "ada")


def written(folder: Path) -> list[Mapping[str, Any]]:
    return read(folder / "ledger.jsonl")


def approved(plan: Plan) -> Approval:
    return Approval(plan.digest, True, "typed", seen=plan.seen)
