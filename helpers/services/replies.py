"""From what SDKs return or raise to what looking can turn out as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from azure.core.exceptions import (
    AzureError,
    ClientAuthenticationError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from helpers.errors import ServiceFailed, WrongCloud
from helpers.model import Absent, Found, Known, Unknown

T = TypeVar("T")

MOST_ROWS = 5000
"""Lists longer than this are not read to the end, and then nothing is concluded from them."""


def look(read: Callable[[], T]) -> Found[T]:
    """What a read through an Azure SDK turned out as: 404 is absent, any other trouble is unknown with its reason."""
    try:
        return Known(read())
    except ResourceNotFoundError:
        return Absent()
    except AzureError as error:
        stop_at_wrong_cloud(error)
        if isinstance(error, HttpResponseError):
            return Unknown(sentence(error), request_id(error))
        return Unknown(f"no usable answer: {first_line(error)}")
    except UNREADABLE as error:
        return Unknown(f"the reply could not be understood: {type(error).__name__}: {first_line(error)}")


class TooLong(Exception):
    """A list that does not end within the bound."""


UNREADABLE = (TooLong, ValueError, TypeError, AttributeError, KeyError)
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


def whole(rows: Iterable[T]) -> Iterator[T]:
    """All rows of a paged list. Raises TooLong beyond the bound, so that a cut list never passes for a whole one."""
    yield from islice(iterator := iter(rows), MOST_ROWS)
    if next(iterator, None) is not None:
        raise TooLong(f"more than {MOST_ROWS} rows")


def unclear(error: AzureError) -> bool:
    """Whether a write may have happened although it failed: the reply was lost or unreadable, or the service broke off.

    Source: azure-core 1.41 measured: a 5xx or a broken connection can follow a committed change. A sign-in that failed
    is clear: the write was not sent.
    """
    if isinstance(error, ClientAuthenticationError):
        return False
    if isinstance(error, HttpResponseError):
        status = error.status_code
        return status is None or status < 400 or status >= 500 or status == 408
    return isinstance(error, ServiceResponseError | ServiceRequestError)


def failed(what: str, error: AzureError) -> ServiceFailed:
    """The error to raise for a write that a service refused."""
    return ServiceFailed(
        f"{what} failed: {sentence(error)}",
        why="Nothing was changed by it.",
        next_step="Mend what the message names, then run this step again; it starts by looking.",
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
    """Status, code and the service's own first line."""
    status = getattr(error, "status_code", None)
    named = " ".join(str(part) for part in (status, code(error)) if part)
    message = getattr(getattr(error, "error", None), "message", None) or getattr(error, "message", "") or str(error)
    return f"{named}: {first_line(message)}" if named else first_line(message)


def first_line(text: object) -> str:
    """The first line of a message, at most 300 characters."""
    line = next(iter(str(text).strip().splitlines()), "no message")
    return line if len(line) <= 300 else line[:300] + "…"
