"""Writing once: send a change a single time, and after an unclear answer look before deciding."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from azure.core.exceptions import AzureError

from helpers.errors import ServiceFailed
from helpers.model import Absent, Found, Known
from helpers.services.replies import UNREADABLE, failed, first_line, request_id, sentence, stop_at_wrong_cloud, unclear

T = TypeVar("T")


class Lost(Exception):
    """The request went out and no clear answer came back: it may or may not have taken effect."""

    def __init__(self, reason: str, request_id: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.request_id = request_id


def once(what: str, write: Callable[[], T], look: Callable[[], Found[T]]) -> T:
    """The result of one write, or what a look finds when the answer was lost.

    `write` sends exactly one request and raises Lost when its outcome is unclear; a reply that cannot be understood is
    unclear too. Raises ServiceFailed when the look finds nothing (it did not take effect) or cannot see (nobody knows
    yet); the write is never repeated here.
    """
    try:
        return write()
    except Lost as caught:
        lost = caught
    except UNREADABLE as error:
        lost = Lost(f"the reply could not be understood: {type(error).__name__}: {first_line(error)}")
    found = look()
    if isinstance(found, Known):
        return found.value
    happened = "It did not take effect." if isinstance(found, Absent) else "Whether it took effect is not known."
    raise ServiceFailed(
        f"{what}: no clear answer came back ({lost.reason})",
        why=f"{happened} It was not sent a second time, because a second time could make a second one.",
        next_step="Run this step again: it starts by looking, and goes on from what is there.",
        request_id=lost.request_id,
    )


def lost_or_failed(what: str, error: AzureError) -> Exception:
    """Lost when the write may have taken effect all the same, else the error to show. Raises WrongCloud."""
    stop_at_wrong_cloud(error)
    return Lost(sentence(error), request_id(error)) if unclear(error) else failed(what, error)
