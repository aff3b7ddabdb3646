"""From what SDKs return or raise to what looking can turn out as."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, TypeVar
from urllib.parse import urlsplit

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ServiceRequestError,
    ServiceResponseError,
)
from azure.core.paging import ItemPaged

from helpers.errors import ServiceFailed, WrongCloud
from helpers.model import Absent, Found, Known, Unknown
from helpers.services.patience import next_step, told

T = TypeVar("T")

MOST_ROWS, MOST_PAGES = 5000, 400
"""Lists longer than this are not read to the end, and then nothing is concluded from them."""


NOT_THERE = frozenset(
    {
        "KeyNotFound",
        "ResourceNotFound",
        "ResourceGroupNotFound",
        "ParentResourceNotFound",
        "SubscriptionNotFound",
        "PolicyDefinitionNotFound",
    }
)
"""Codes with which a service says that a thing is not there. Any other 404 may be anybody's, and proves nothing."""


def look(read: Callable[[], T]) -> Found[T]:
    """What a read through an Azure SDK turned out as: the service's own "not found" is absent, all else unknown."""
    try:
        return Known(read())
    except HttpResponseError as error:
        stop_at_wrong_cloud(error)
        if error.status_code == 404 and code(error) in NOT_THERE:
            return Absent()
        return Unknown(sentence(error), request_id(error), code(error))
    except AzureError as error:
        stop_at_wrong_cloud(error)
        return Unknown(f"no usable answer: {first_line(error)}")
    except UNREADABLE as error:
        return Unknown(f"the reply could not be understood: {type(error).__name__}: {first_line(error)}")


class TooLong(Exception):
    """A list that does not end within the bound."""


UNREADABLE = (TooLong, ValueError, TypeError, AttributeError, LookupError, RecursionError, OverflowError)
"""What SDKs and this code raise for a reply that does not have the shape it must have."""


def needed(value: T | None, name: str) -> T:
    """A value every right reply has. Raises ValueError where it is missing, so that nothing is made up for it."""
    if value is None or value == "":
        raise ValueError(f"{name} is missing")
    return value


def stop_at_wrong_cloud(error: BaseException) -> None:
    """Raise the WrongCloud behind an error: sign-in and the Anthropic client wrap whatever is raised inside them."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, WrongCloud):
            raise cause from None
        cause = cause.__cause__ or cause.__context__


def whole(listed: ItemPaged[T], host: str) -> Iterator[T]:
    """All rows of all pages of a list of an Azure SDK. A next page at another host is never asked for.

    The SDKs follow a next link wherever it leads, and some send their token along. Raises ValueError for such a link,
    and TooLong beyond the bounds, so that a cut list never passes for a whole one.
    """
    pages, rows = listed.by_page(), 0
    for _ in range(MOST_PAGES):
        page = next(pages, None)
        if page is None:
            return
        for row in page:
            rows += 1
            yield row
        follow(getattr(pages, "continuation_token", None), host)
        if rows > MOST_ROWS:
            break
    raise TooLong(f"more than {MOST_PAGES} pages or {MOST_ROWS} rows")


def follow(link: str | None, host: str) -> str | None:
    """A link to the next page, if it leads to the same host over HTTPS; None where there is none. Raises ValueError.

    Source: Key Vault writes the port of HTTPS into its links (recorded 2019 to 2023), and it is the same host.
    """
    if not link:
        return None
    parts = urlsplit(link)
    if parts.scheme != "https" or parts.netloc.lower().removesuffix(":443") != host.lower().removesuffix(":443"):
        raise ValueError(f"the next page is said to be at {parts.scheme}://{parts.netloc}")
    return link


def listed(value: Any) -> list[Any]:
    """The rows of a reply. Raises ValueError for what is no list: it must not read as an empty one."""
    if not isinstance(value, list):
        raise ValueError("where a list must be, there is none")
    return value


def unclear(error: AzureError) -> bool:
    """Whether a write may have happened although it failed: the reply was lost or unreadable, or the service broke off.

    Source: azure-core 1.41 measured: a 5xx or a broken connection can follow a committed change. A sign-in that failed
    is clear: the write was not sent.
    """
    if isinstance(error, ClientAuthenticationError):
        return False
    if isinstance(error, HttpResponseError):
        return unclear_status(error.status_code)
    return isinstance(error, ServiceResponseError | ServiceRequestError)


def unclear_status(status: int | None) -> bool:
    """The same, by the status alone: none, no error at all, one of the service's own, or a request timeout."""
    return status is None or status < 400 or status >= 500 or status == 408


def failed(what: str, error: AzureError) -> ServiceFailed:
    """The error to raise for a write that a service refused."""
    return ServiceFailed(
        f"{what} failed: {sentence(error)}",
        why="Nothing was changed by it.",
        next_step=next_step(
            *_reply(error), "Mend what the message names, then run this step again; it starts by looking."
        ),
        request_id=request_id(error),
    )


def code(error: AzureError) -> str | None:
    """The most telling error code of a reply: the inner one where there is one."""
    detail = getattr(error, "error", None)
    inner = getattr(detail, "innererror", None)
    if isinstance(inner, dict) and inner.get("code"):
        return str(inner["code"])
    return getattr(detail, "code", None)


def request_id(error: AzureError) -> str | None:
    """The request id of the reply behind an error, for a support case."""
    response = getattr(error, "response", None)
    return None if response is None else response.headers.get("x-ms-request-id")


def sentence(error: AzureError) -> str:
    """Status, code and the service's own first line; and how long the service asks to be left alone for, if it does."""
    status, headers = _reply(error)
    named = " ".join(str(part) for part in (status, code(error)) if part)
    message = getattr(getattr(error, "error", None), "message", None) or getattr(error, "message", "") or str(error)
    if code(error) == "MissingSubscriptionRegistration":
        return f"{named}: {_unregistered(str(message))}"
    said = f"{named}: {first_line(message)}" if named else first_line(message)
    return said + told(status, headers)


def _reply(error: AzureError) -> tuple[int | None, Mapping[str, str]]:
    """Status and headers of the reply behind an error; none where there was no reply."""
    response = getattr(error, "response", None)
    return getattr(error, "status_code", None), {} if response is None else response.headers


def _unregistered(message: str) -> str:
    """What to do about it, in place of the service's link; nothing here registers a provider (see arm)."""
    named = re.search(r"'([A-Za-z][A-Za-z0-9.]*)'", message)
    provider = named[1] if named else "NAMESPACE"
    return (
        f"the resource provider {provider} is not registered in the subscription. Registering it is a change, for "
        f"somebody with the right to it: az provider register --namespace {provider}"
    )


def first_line(text: object) -> str:
    """The first line of a message, at most 300 characters."""
    line = next(iter(str(text).strip().splitlines()), "no message")
    return line if len(line) <= 300 else line[:300] + "…"
