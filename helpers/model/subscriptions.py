"""The Azure subscriptions that somebody can see."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Subscription:
    """A subscription as ARM lists it. None stands for what Azure left out."""

    id: str
    name: str
    state: str | None
    tenant_id: str | None
