"""Replies of Microsoft Graph. Lists are read whole: every page, bounded, never at another host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias
from uuid import UUID

import httpx
from anyio import to_thread
from kiota_abstractions.base_request_builder import BaseRequestBuilder
from kiota_abstractions.request_adapter import RequestAdapter
from kiota_abstractions.request_information import RequestInformation
from msgraph.generated.models.o_data_errors.o_data_error import ODataError

from helpers.errors import Interrupted
from helpers.services.replies import MOST_PAGES, MOST_ROWS, TooLong, follow, listed, needed

if TYPE_CHECKING:
    from helpers.services.backoff import BackOff

HOST = "graph.microsoft.com"
Row: TypeAlias = Mapping[str, Any]


def considerate(backoff: BackOff) -> Callable[[httpx.Request], Awaitable[None]]:
    """The hook that sends nothing to a host that is left alone. It waits in a thread: the loop is everybody's.

    It raises Interrupted where the wait is stopped: a KeyboardInterrupt would end the loop, and all who wait for it.
    """

    def here(host: str) -> None:
        try:
            backoff.wait(host)
        except KeyboardInterrupt:
            raise Interrupted("interrupted") from None

    async def wait(request: httpx.Request) -> None:
        if backoff.waits(request.url.host):
            await to_thread.run_sync(here, request.url.host)

    return wait


async def every(builder: BaseRequestBuilder, asked: Any = None) -> list[Row]:
    """All rows of all pages of what a request builder lists. `asked` configures the first request.

    Raises ValueError for a reply without rows or a next page elsewhere, TooLong beyond the bounds.
    """
    rows: list[Row] = []
    at: Any = builder
    for _ in range(MOST_PAGES):
        reply = await answered(at.to_get_request_information(asked), at.request_adapter)
        rows.extend(map(as_object, listed(reply.get("value"))))
        link = follow(text_of(reply, "@odata.nextLink"), HOST)
        if link is None:
            return rows
        if len(rows) > MOST_ROWS:
            break
        at, asked = at.with_url(link), None  # the link holds what was asked
    raise TooLong(f"more than {MOST_PAGES} pages or {MOST_ROWS} rows")


async def answered(asked: RequestInformation, adapter: RequestAdapter) -> Row:
    """The reply to what a request builder made, through the SDK's own requests and errors. Raises ValueError.

    Not through its models: for the first reply they import 1,200 modules of all that Graph has, most of a second and
    40 MB in every process, and they read rows that are no list as none. msgraph-sdk 1.65.0, measured 2026-11-27.
    """
    body: Any = await adapter.send_primitive_async(asked, "bytes", {"XXX": ODataError})
    return as_object(json.loads(needed(body, "the reply")))


def as_object(value: Any) -> Row:
    """A JSON object. Raises ValueError for anything else."""
    if not isinstance(value, dict):
        raise ValueError("where an object must be, there is none")
    return value


def text_of(row: Row, name: str) -> str | None:
    """A string, None where there is none. Raises ValueError for anything else."""
    value = row.get(name)
    if value is not None and not isinstance(value, str):
        raise ValueError(f"{name} is no text")
    return value


def texts_of(row: Row, name: str) -> tuple[str, ...]:
    """A list of strings, empty where there is none. Raises ValueError for anything else."""
    values = listed([] if row.get(name) is None else row[name])
    if not all(isinstance(value, str) for value in values):
        raise ValueError(f"{name} has what is no text")
    return tuple(values)


def object_of(row: Row, name: str) -> Row:
    """An object in this one, an empty one where there is none. Raises ValueError for anything else."""
    return {} if row.get(name) is None else as_object(row[name])


def guid_of(row: Row, name: str) -> str | None:
    """A GUID in its usual spelling, None where there is none. Raises ValueError for anything else."""
    value = text_of(row, name)
    return None if value is None else str(UUID(value))


async def all_of(*builders: BaseRequestBuilder) -> list[list[Row]]:
    """Several lists at once. When one fails the others are waited for, and the first failure is raised."""
    done = await asyncio.gather(*map(every, builders), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if isinstance(outcome, list)]
