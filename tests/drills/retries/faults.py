"""What a write meets in the retry matrix: every fault of the list, where it makes a difference before and after it took
effect."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

DELAY_SECONDS, DRIP_SECONDS = 0.5, 1.0
"""Real seconds, long enough to be late and slow, and far below what any client waits."""
RETRY_AFTER = 1
UNCLEAR = (408, 500, 502, 503, 504)
"""Statuses after which a write may or may not have happened."""


@dataclass(frozen=True)
class Kind:
    """One fault: how it is ordered, and what may follow from it."""

    name: str
    order: Mapping[str, Any]
    takes_effect: bool
    """Whether the write takes effect although its reply is not a good one."""
    replies: bool = True
    """Whether the reply has a request id, which a person who has to ask for help needs."""
    sends: int = 1
    """How often the write may be sent in one run because of it: a refused token is not a write that was tried."""
    recovers: bool = False
    """Whether a run must end right although the write did not take effect when it was first sent."""
    tokens: bool | None = None
    """Whether it is for services that are asked with a token of Entra (True), for others (False), or for all."""


_LOST = tuple(
    Kind(f"{status} {'lost' if after else 'before'}", {"status": status, "carried_out": after}, after)
    for status in UNCLEAR
    for after in (False, True)
)
KINDS = (
    Kind("delay", {"delay_seconds": DELAY_SECONDS}, takes_effect=True),
    Kind("slow drip", {"drip_seconds": DRIP_SECONDS}, takes_effect=True),
    Kind("429 with Retry-After", {"status": 429, "retry_after": RETRY_AFTER}, takes_effect=False),
    Kind("429 without Retry-After", {"status": 429}, takes_effect=False),
    *_LOST,
    Kind("503 lost, with Retry-After", {"status": 503, "retry_after": RETRY_AFTER, "carried_out": True}, True),
    Kind("reset before", {"reset": True}, takes_effect=False, replies=False),
    Kind("reset lost", {"reset": True, "carried_out": True}, takes_effect=True, replies=False),
    Kind("truncated body", {"body": "truncated"}, takes_effect=True),
    Kind("malformed JSON", {"body": "malformed"}, takes_effect=True),
    Kind("wrong content type", {"content_type": "text/html"}, takes_effect=True),
    Kind("claims challenge", {"challenge": "claims"}, takes_effect=False, sends=2, recovers=True, tokens=True),
    Kind("expired token", {"challenge": "expired"}, takes_effect=False, sends=2, tokens=True),
    Kind("refused key", {"status": 401}, takes_effect=False, tokens=False),
)
"""The Admin API is asked with a key, which does not expire: for it a refused key stands for the expired token, and there
is no claims challenge."""
