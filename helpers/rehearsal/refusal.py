"""A request that the front answers itself, without asking the cloud."""

from __future__ import annotations

import http.client
import re


class Refusal(Exception):
    """A request the front answers itself; the reason goes into the reason phrase."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status


def shown(text: str) -> str:
    """A client's words, fit for a reason phrase."""
    return re.sub(r"[^\w .:*\[\]/()'-]", "?", text, flags=re.ASCII)[:200]


def phrase(status: int) -> str:
    """The status's reason phrase; a service may send one that has none registered, such as 529."""
    return http.client.responses.get(status, "Unregistered")
