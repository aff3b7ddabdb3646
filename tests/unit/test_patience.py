"""How long a reply asks to be left alone for, and what is made of it."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from azure.core.exceptions import ClientAuthenticationError

from helpers.services.patience import LONGEST_SECONDS, Patient, asked, next_step, signing_in, told, too_long

DATE = {"Date": "Mon, 23 Nov 2026 09:00:00 GMT"}


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"Retry-After": "600"}, 600),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"RETRY-AFTER": "0"}, 0),
        ({"Retry-After": "-5"}, 0),
        ({**DATE, "Retry-After": "Mon, 23 Nov 2026 09:10:00 GMT"}, 600),
        ({**DATE, "Retry-After": "Mon, 23 Nov 2026 08:00:00 GMT"}, 0),
        ({"Retry-After": "Mon, 23 Nov 2020 08:00:00 GMT"}, 0),
        ({"Retry-After": "soon"}, None),
        ({"Retry-After": ""}, None),
        ({"Retry-After": "soon", "Date": "now"}, None),
        ({"retry-after-ms": "2500"}, 2.5),
        ({"x-ms-retry-after-ms": "90000"}, 90),
        ({"x-ms-retry-after-ms": "soon"}, None),
    ],
)
def test_what_a_reply_asks_for(headers: dict[str, str], seconds: float | None) -> None:
    """Seconds, milliseconds, or a date that counts from the reply's own; what cannot be understood asks for nothing."""
    assert asked(headers) == seconds


@pytest.mark.parametrize(
    ("seconds", "tries", "long"),
    [(None, 9, False), (0, 9, False), (30, 0, False), (30.1, 0, True), (30, 1, True), (10, 2, False), (10, 3, True)],
)
def test_the_sum_of_all_waits_of_a_request_is_bounded(seconds: float | None, tries: int, long: bool) -> None:
    """What was waited for already counts: half a minute in all."""
    assert too_long(seconds, tries) is long
    assert LONGEST_SECONDS == 30


def reply(status: int, retry_after: str | None, tries: int = 0) -> Any:
    """As much of a pipeline's reply as is looked at."""
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    response = SimpleNamespace(status_code=status, headers=headers)
    request = SimpleNamespace(method="GET")
    return SimpleNamespace(http_response=response, http_request=request, context={"retry_count": tries})


@pytest.mark.parametrize(
    ("status", "retry_after", "tries", "again"),
    [
        (429, None, 0, True),
        (429, "30", 0, True),
        (429, "soon", 0, True),
        (429, "10", 2, True),
        (429, "10", 3, False),
        (429, "600", 0, False),
        (503, "600", 0, False),
        (404, None, 0, False),
        (200, "600", 0, False),
    ],
)
def test_an_azure_client_tries_again_only_where_the_wait_is_short(
    status: int, retry_after: str | None, tries: int, again: bool
) -> None:
    """As the SDK decides, but not after a reply that asks for more than is waited in silence."""
    policy = Patient()
    settings = {**policy.configure_retries({}), "history": [None] * tries}
    assert policy.is_retry(settings, reply(status, retry_after)) is again


@pytest.mark.parametrize(
    ("status", "retry_after", "ends"), [(429, "600", True), (429, "5", False), (200, "600", False)]
)
def test_signing_in_ends_where_the_wait_is_long(status: int, retry_after: str, ends: bool) -> None:
    """After the hook of its own; the error says how long Entra asks for."""
    seen: list[Any] = []
    hook, given = signing_in(seen.append), reply(status, retry_after)
    if ends:
        with pytest.raises(ClientAuthenticationError, match=r"Entra answered 429; the service asks .* 600 s"):
            hook(given)
    else:
        hook(given)
    assert seen == [given]


@pytest.mark.parametrize(
    ("status", "headers", "end", "what_next"),
    [
        (429, {"Retry-After": "600"}, "for 600 s: try again after that", "Try again after 600 s"),
        (429, {}, "asked too often: try again in a few minutes", "in a few minutes"),
        (503, {"Retry-After": "20"}, "for 20 s: try again after that", "Try again after 20 s"),
        (403, {}, "", "Mend it."),
        (None, {}, "", "Mend it."),
    ],
)
def test_it_is_told_with_how_to_go_on(status: int | None, headers: dict[str, str], end: str, what_next: str) -> None:
    """The end of the sentence about a reply, and the next step after a write that was refused."""
    assert told(status, headers).endswith(end) and bool(told(status, headers)) is bool(end)
    assert what_next in next_step(status, headers, "Mend it.")
