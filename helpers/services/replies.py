"""From what SDKs return or raise to what looking can turn out as."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import TypeVar

from azure.core.exceptions import (
    AzureError,
    HttpResponseError,
    ResourceNotFoundError,
    ServiceRequestError,
    ServiceResponseError,
)

from helpers.errors import ServiceFailed
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
    except HttpResponseError as error:
        return Unknown(sentence(error), request_id(error))
    except AzureError as error:
        return Unknown(f"no usable answer: {first_line(error)}")
    except (TooLong, ValueError, TypeError, AttributeError, KeyError) as error:
        return Unknown(f"the reply could not be understood: {type(error).__name__}: {first_line(error)}")


class TooLong(Exception):
    """A list that does not end within the bound."""


def whole(rows: Iterable[T]) -> Iterator[T]:
    """All rows of a paged list. Raises TooLong beyond the bound, so that a cut list never passes for a whole one."""
    yield from islice(iterator := iter(rows), MOST_ROWS)
    if next(iterator, None) is not None:
        raise TooLong(f"more than {MOST_ROWS} rows")


def unclear(error: AzureError) -> bool:
    """Whether a write may have happened although it failed: the reply was lost, or the service broke off.

    Source: azure-core 1.41 measured: a 5xx or a broken connection can follow a committed change.
    """
    if isinstance(error, HttpResponseError):
        return error.status_code is None or error.status_code >= 500 or error.status_code == 408
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
