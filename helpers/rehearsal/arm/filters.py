"""`$filter` and paging, as far as ARM's lists use them."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode

from helpers.rehearsal.arm import errors
from helpers.rehearsal.wire import Request, Response

_CLAUSE = re.compile(
    r"\s*(?:(?P<field>\w+)\s+eq\s+(?:'(?P<quoted>(?:[^']|'')*)'|(?P<bare>[^\s'()]+))"
    r"|(?P<function>\w+)\(\s*(?:'(?P<argument>[^']*)')?\s*\))\s*",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Clause:
    """`name eq 'value'`, or a function such as `atScope()` or `assignedTo('value')`. Both parts in lower case."""

    name: str
    value: str = ""


def clauses(request: Request, known: set[str]) -> tuple[Clause, ...]:
    """The clauses of `$filter`, joined by `and`; none when there is no filter.

    Raises 400 InvalidFilterInQueryString for anything but the known names (lower case): a filter that was not
    understood must not pass for one that was. The code is an assumption.
    """
    text = request.query.get("$filter", "")
    if not text.strip():
        return ()
    found: list[Clause] = []
    position = 0
    while match := _CLAUSE.match(text, position):
        name = (match["field"] or match["function"]).lower()
        value = match["quoted"] or match["bare"] or match["argument"] or ""
        found.append(Clause(name, value.replace("''", "'").lower()))
        position = match.end()
        if position == len(text):
            break
        if text[position : position + 4].lower() != "and ":
            raise _invalid(text)
        position += 4
    if position != len(text) or not {clause.name for clause in found} <= known:
        raise _invalid(text)
    return tuple(found)


def page(request: Request, rows: Mapping[str, Any], *, ends_empty: bool) -> Response:
    """One page of rows by name, after `$skiptoken` and at most `$top` of them.

    The skip token is the base64 of the last name, and vault lists link on even from their only row to a page that is
    empty (both recorded 2020): that is `ends_empty`. Raises 400 for a `$top` or `$skiptoken` that is none.
    """
    names = sorted(rows)
    after = _last_name(request)
    rest = [name for name in names if name > after]
    shown = rest[: _top(request, len(rest))]
    body: dict[str, Any] = {"value": [rows[name] for name in shown]}
    if shown and (ends_empty or len(rest) > len(shown)):
        token = base64.b64encode(shown[-1].encode()).decode()
        query = {k: v for k, v in request.query.items() if k.lower() != "$skiptoken"} | {"$skiptoken": token}
        path = quote(request.path, safe="/()")
        body["nextLink"] = f"https://{request.host}{path}?{urlencode(query, safe='$', quote_via=quote)}"
    return Response(200, body)


def _invalid(text: str) -> Exception:
    return errors.bad_request(f"Invalid $filter '{text}' specified in the query string.", "InvalidFilterInQueryString")


def _top(request: Request, default: int) -> int:
    text = request.query.get("$top", "")
    if not text:
        return default
    if not text.isdecimal() or int(text) == 0:
        raise errors.bad_request(f"The value '{text}' of $top is not a positive number.")
    return int(text)


def _last_name(request: Request) -> str:
    try:
        return base64.b64decode(request.query.get("$skiptoken", ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        raise errors.bad_request("The $skiptoken is not one of this service.") from None
