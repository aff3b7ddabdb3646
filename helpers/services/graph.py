"""Lists of Microsoft Graph, read whole: every page, bounded, never at another host."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

import httpx
from anyio import to_thread

from helpers.errors import Interrupted
from helpers.services.replies import MOST_PAGES, MOST_ROWS, TooLong, follow, listed, needed

if TYPE_CHECKING:
    from helpers.services.backoff import BackOff

HOST = "graph.microsoft.com"


async def lists_are_lists(response: httpx.Response) -> None:
    """The hook that refuses rows that are no list, which the SDK would read as an empty one. Raises ValueError."""
    if response.request.method != "GET" or response.status_code != 200:
        return
    try:
        body = json.loads(await response.aread())
    except ValueError:
        return  # the SDK refuses it too
    if isinstance(body, dict):
        listed(body.get("value"))


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


async def every(builder: Any, asked: Any = None) -> list[Any]:
    """All rows of all pages of what a request builder lists. `asked` configures the first request.

    Raises ValueError for a reply without rows or a next page elsewhere, TooLong beyond the bounds.
    """
    rows: list[Any] = []
    for _ in range(MOST_PAGES):
        reply = needed(await builder.get(request_configuration=asked), "the reply")
        rows.extend(listed(reply.value))
        link = follow(reply.odata_next_link, HOST)
        if link is None:
            return rows
        if len(rows) > MOST_ROWS:
            break
        builder, asked = builder.with_url(link), None  # the link holds what was asked
    raise TooLong(f"more than {MOST_PAGES} pages or {MOST_ROWS} rows")


async def all_of(*builders: Any) -> list[list[Any]]:
    """Several lists at once. When one fails the others are waited for, and the first failure is raised."""
    done = await asyncio.gather(*map(every, builders), return_exceptions=True)
    for outcome in done:
        if isinstance(outcome, BaseException):
            raise outcome
    return [outcome for outcome in done if isinstance(outcome, list)]
