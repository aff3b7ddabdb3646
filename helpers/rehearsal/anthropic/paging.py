"""The two ways the Admin API pages: an opaque token for external keys, ids as cursors for workspaces."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from helpers.rehearsal.anthropic import errors
from helpers.rehearsal.anthropic.responses import Object
from helpers.rehearsal.wire import Request


class _Dated(Protocol):
    created: datetime


def newest_first(held: Mapping[str, _Dated]) -> list[str]:
    """The ids, newest first; those of one instant by their id, so that the order never changes."""
    return sorted(held, key=lambda object_id: (held[object_id].created, object_id), reverse=True)


def by_token(request: Request, held: Mapping[str, _Dated], limit: int, show: Callable[[str], Object]) -> Object:
    """`data` and `next_page`. A token says after which item to go on, so items made or deleted meanwhile shift nothing.

    Raises 400 for a token this service did not give out.
    """
    ids = newest_first(held)
    token = request.query.get("page")
    if token is not None:
        after = _read(request, token)
        ids = [object_id for object_id in ids if (held[object_id].created.isoformat(), object_id) < after]
    shown = ids[:limit]
    more = len(ids) > limit
    return {"data": [show(i) for i in shown], "next_page": _token(held, shown[-1]) if more else None}


@dataclass(frozen=True)
class Cursor:
    """Where a page of workspaces begins or ends."""

    after: str | None
    before: str | None
    limit: int


def by_cursor(
    request: Request, order: Sequence[str], listed: Container[str], cursor: Cursor, show: Callable[[str], Object]
) -> Object:
    """`data`, `has_more`, `first_id`, `last_id`, of those in `order` that are listed.

    A cursor counts by its place in the order, listed or not: it may have been archived meanwhile. Raises 400 for one
    that is not in the order, and for two.
    """
    if cursor.after is not None and cursor.before is not None:
        raise errors.invalid(request, "after_id and before_id exclude one another")
    at = cursor.after if cursor.after is not None else cursor.before
    if at is not None and at not in order:
        raise errors.invalid(request, f"{at} was not found")
    first = 0 if cursor.after is None else order.index(cursor.after) + 1
    last = len(order) if cursor.before is None else order.index(cursor.before)
    rest = [object_id for object_id in order[first:last] if object_id in listed]
    shown = rest[: cursor.limit] if cursor.before is None else rest[-cursor.limit :]
    return {
        "data": [show(object_id) for object_id in shown],
        "has_more": len(rest) > len(shown),
        "first_id": shown[0] if shown else None,
        "last_id": shown[-1] if shown else None,
    }


def _token(held: Mapping[str, _Dated], object_id: str) -> str:
    return base64.urlsafe_b64encode(f"{held[object_id].created.isoformat()} {object_id}".encode()).decode()


def _read(request: Request, token: str) -> tuple[str, str]:
    try:
        text = base64.urlsafe_b64decode(token).decode()
    except (binascii.Error, ValueError):
        text = ""
    created, _, object_id = text.partition(" ")
    if not object_id:
        raise errors.invalid(request, "page: not a token of an earlier list")
    return created, object_id
