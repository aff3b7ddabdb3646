"""A change that is made of its intent and does nothing but be counted, and services that give it the time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from helpers.errors import ServiceFailed
from helpers.plan import Done
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
    """As much of the services as `apply` uses: the time, and whether this is a rehearsal."""

    world: str | None = None
    clock: Clock = field(default_factory=Clock)
    performed: list[str] = field(default_factory=list)
