"""How long a service can make this suite wait without a word: not long.

A reply may ask, in Retry-After, to be left alone for a while. azure-core 1.41 sleeps that long whatever it says, with
`retry_backoff_max` or without, and comes back up to three times; kiota-http 1.16 does so below 180 s (both measured).
Rule: what one request waits for in all stays within LONGEST_SECONDS; a reply that asks for more is taken as it is. A
read is then unknown and a write an error, each saying how long the service asks for: waiting is left to the reader.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline import PipelineResponse
from azure.core.pipeline.policies import RetryPolicy

LONGEST_SECONDS = 30.0
THROTTLED = 429
_IN_MILLISECONDS = ("retry-after-ms", "x-ms-retry-after-ms")


def asked(headers: Mapping[str, str]) -> float | None:
    """The seconds that a reply asks to be left alone for; None where it asks for nothing that can be understood."""
    lower = {name.lower(): str(value).strip() for name, value in headers.items()}
    if text := lower.get("retry-after"):
        return _seconds(text, lower.get("date"))
    in_ms = next((_seconds(lower[name], None) for name in _IN_MILLISECONDS if name in lower), None)
    return None if in_ms is None else in_ms / 1000


def too_long(seconds: float | None, tries: int) -> bool:
    """Whether waiting so long, after so many tries of one request already, is more than is waited in silence."""
    return seconds is not None and seconds * (tries + 1) > LONGEST_SECONDS


def told(status: int | None, headers: Mapping[str, str]) -> str:
    """What a reply asks for and how to go on, as the end of a sentence; empty where it asks for nothing."""
    seconds = asked(headers)
    if seconds is not None:
        return f"; the service asks to be left alone for {seconds:.0f} s: try again after that"
    return "; the service is asked too often: try again in a few minutes" if status == THROTTLED else ""


def next_step(status: int | None, headers: Mapping[str, str], otherwise: str) -> str:
    """How to go on after a write that was refused: when to try again, where that is what it takes."""
    seconds = asked(headers)
    if seconds is not None:
        return f"Try again after {seconds:.0f} s: run this step again then; it starts by looking."
    if status == THROTTLED:
        return "The service is asked too often. Run this step again in a few minutes; it starts by looking."
    return otherwise


class Patient(RetryPolicy[Any, Any]):
    """The retries of an Azure client, without its long sleeps."""

    def get_retry_after(self, response: PipelineResponse[Any, Any]) -> float | None:
        """As `asked`: what cannot be understood is no error here."""
        return asked(response.http_response.headers)

    def is_retry(self, settings: dict[str, Any], response: PipelineResponse[Any, Any]) -> bool:
        """As the SDK decides, but for a reply that asks for too long a wait."""
        if too_long(self.get_retry_after(response), len(settings["history"])):
            return False
        return bool(super().is_retry(settings, response))


def signing_in(hook: Callable[[Any], None]) -> Callable[[Any], None]:
    """A hook for the pipeline of a credential, which takes no retry policy: after `hook`, a long wait ends it.

    The hook it makes raises ClientAuthenticationError, which that pipeline never tries again.
    """

    def both(reply: PipelineResponse[Any, Any]) -> None:
        hook(reply)
        response = reply.http_response
        if response.status_code >= 400 and too_long(asked(response.headers), reply.context.get("retry_count", 0)):
            status = response.status_code
            raise ClientAuthenticationError(f"Microsoft Entra answered {status}{told(status, response.headers)}")

    return both


def _seconds(text: str, date: str | None) -> float | None:
    """A number, or an HTTP date, which counts from the reply's own date."""
    try:
        return max(0.0, float(text))
    except ValueError:
        pass
    try:
        now = parsedate_to_datetime(date) if date else datetime.now(UTC)
        return max(0.0, (parsedate_to_datetime(text) - now).total_seconds())
    except (ValueError, TypeError):
        return None
