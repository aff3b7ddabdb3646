"""The OData query options a list honours: $filter (three forms), $select, $top, $skiptoken, $count.

Any other option or filter is refused by name, so that a filter that does nothing can never look like an answer.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import quote, urlencode

from helpers.rehearsal.graph import errors
from helpers.rehearsal.graph.responses import ROOT, Object
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

ODATA = "application/json;odata.metadata=minimal;odata.streaming=true;IEEE754Compatible=false;charset=utf-8"
PAGE, LARGEST = 100, 999

COLLECTIONS = frozenset({"servicePrincipalNames"})
"""Properties that hold several values: a filter on one needs any(), on another must not have it."""

_OPTIONS = frozenset({"$filter", "$select", "$top", "$skiptoken", "$count"})
_TEXT = r"'((?:[^']|'')*)'"
_EQUALS = re.compile(rf"\s*(\w+)\s+eq\s+{_TEXT}\s*")
_ANY_EQUALS = re.compile(rf"\s*(\w+)/any\(\s*(\w+)\s*:\s*\2\s+eq\s+{_TEXT}\s*\)\s*")


@dataclass(frozen=True)
class Filter:
    """A property that equals a text, or a collection with a member that does; case does not count."""

    name: str
    text: str

    def accepts(self, item: Object) -> bool:
        """Whether an object passes."""
        value = item[self.name]
        values = value if isinstance(value, list) else [value]
        return any(str(one).lower() == self.text.lower() for one in values)


def listed(
    world: World, request: Request, entity_set: str, items: Sequence[Object], filters: Sequence[str]
) -> Response:
    """200 with one page of the items. `filters` names the properties a $filter may use here."""
    check_options(world, request, _OPTIONS)
    wanted = _filter(world, request, filters)
    found = [item for item in items if wanted is None or wanted.accepts(item)]
    start, top = _start(world, request), _top(world, request)
    names = selected(world, request)
    body: Object = {"@odata.context": f"{ROOT}/$metadata#{entity_set}{_shown(names)}"}
    if request.query.get("$count", "").lower() == "true":
        body["@odata.count"] = len(found)
    if start + top < len(found):
        body["@odata.nextLink"] = _next(request, start + top)
    body["value"] = [_project(world, request, item, names) for item in found[start : start + top]]
    return Response(200, body, _headers(request))


def single(world: World, request: Request, entity_set: str, item: Object, *, status: int = 200) -> Response:
    """The reply with one object."""
    check_options(world, request, frozenset({"$select"}))
    names = selected(world, request)
    context = {"@odata.context": f"{ROOT}/$metadata#{entity_set}{_shown(names)}/$entity"}
    return Response(status, context | _project(world, request, item, names), _headers(request))


def selected(world: World, request: Request) -> tuple[str, ...]:
    """The properties asked for; none means all."""
    return tuple(name.strip() for name in request.query.get("$select", "").split(",") if name.strip())


def _filter(world: World, request: Request, allowed: Sequence[str]) -> Filter | None:
    text = request.query.get("$filter")
    if text is None:
        return None
    equals, member = _EQUALS.fullmatch(text), _ANY_EQUALS.fullmatch(text)
    if equals:
        name, value = equals[1], equals[2]
    elif member:
        name, value = member[1], member[3]
    else:
        raise errors.unsupported_query(world, request, f"$filter={text}")
    if name not in allowed or (name in COLLECTIONS) != (member is not None):
        raise errors.unsupported_query(world, request, f"$filter={text}")
    return Filter(name, value.replace("''", "'"))


def check_options(world: World, request: Request, known: frozenset[str]) -> None:
    """Raises 400 for a query option that is not known here; what does not begin with `$` is not Graph's."""
    unknown = sorted(name for name in request.query if name.startswith("$") and name not in known)
    if unknown:
        raise errors.unsupported_query(world, request, f"{', '.join(unknown)} is not simulated here.")


def _top(world: World, request: Request) -> int:
    text = request.query.get("$top", str(PAGE))
    if not text.isascii() or not text.isdigit() or not 1 <= int(text) <= LARGEST:
        raise errors.bad_request(world, request, f"Invalid page size specified: '{text}'. Must be between 1 and 999.")
    return int(text)


def _start(world: World, request: Request) -> int:
    token = request.query.get("$skiptoken")
    if token is None:
        return 0
    try:
        text = base64.urlsafe_b64decode(token).decode("ascii")
    except (ValueError, binascii.Error):
        text = ""
    if not text.isdigit():
        raise errors.bad_request(world, request, "The skip token is invalid.")
    return int(text)


def _next(request: Request, start: int) -> str:
    kept = {name: value for name, value in request.query.items() if name != "$skiptoken"}
    token = base64.urlsafe_b64encode(str(start).encode()).decode()
    return f"https://{request.host}{quote(request.path)}?" + urlencode({**kept, "$skiptoken": token}, quote_via=quote)


def _project(world: World, request: Request, item: Object, names: tuple[str, ...]) -> Object:
    for name in names:
        if name not in item:
            text = f"Parsing OData Select and Expand failed: Could not find a property named '{name}'."
            raise errors.bad_request(world, request, text, code="BadRequest")
    return {name: item[name] for name in names} if names else item


def _shown(names: tuple[str, ...]) -> str:
    return f"({','.join(names)})" if names else ""


def _headers(request: Request) -> dict[str, str]:
    return {**errors.headers(request, content_type=ODATA), "odata-version": "4.0"}
