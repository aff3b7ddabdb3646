"""What goes wrong on order, so that a drill can try what a client makes of it.

A fault of the world is met by the requests of its operation, from the (skip + 1)th on, `times` of them. It stands
between the front and the handler: the handler runs first when the request is carried out, and what it said is then
lost. Of several faults that are due, the first one answers, and all of them count the request.

What is sent, by `body`: `error` a refusal with `status`, `code` and `message` in the shape of the service asked;
`nonsense` HTML; `empty` nothing; `wrong_type` JSON of another shape; `truncated` the true reply cut in the middle;
`malformed` the true reply with a comma too many, still called JSON. Those two, `content_type` and a reply that is only
late or slow are the true one, so the request is always carried out. `challenge` is answered to requests that carry a
token (challenges.py); `reset` and `hold` send nothing. Delays, drips and holds are waited out by the cloud and the
front, without the world's lock.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from helpers.rehearsal import challenges, dialects
from helpers.rehearsal.entra.discovery import HOST as ENTRA
from helpers.rehearsal.router import NOT_SIMULATED, Router
from helpers.rehearsal.state import Fault, first_problem
from helpers.rehearsal.state.fault import ANY
from helpers.rehearsal.wire import NoReply, Raw, Request, Response
from helpers.rehearsal.world import World

NONSENSE = "<html><head><title>Sorry</title></head><body><h1>Something went wrong</h1></body></html>"
_LISTS = ("GetKeys", "GetKeyVersions", "GetDeletedKeys")
"""Operations that answer with a list and do not have the word in their name."""


class UnknownOperation(Exception):
    """A fault of an operation that there is not, or that cannot have it; the message is one line."""


def due(world: World, request: Request, operation: str) -> Fault | None:
    """The fault that this request meets now; to be asked once a request, under the world's lock."""
    can = challenges.can_meet(request)
    met = [
        fault
        for fault in world.state.faults
        if _is_of(fault, request, operation) and fault.meets(can=can or fault.challenge is None)
    ]
    return met[0] if met else None


def reply(fault: Fault, world: World, request: Request, operation: str, carry_out: Callable[[], Response]) -> Response:
    """What the client gets, after the request was carried out if the fault says so."""
    carried_out = carry_out() if fault.carried_out or fault.replies_truly else None
    if fault.sends_nothing:
        return NoReply()
    sent = _sent(fault, world, request, operation, carried_out)
    wait = {} if fault.retry_after is None else {"retry-after": _seconds(fault.retry_after)}
    return replace(sent, headers={**sent.headers, **wait}, drip_seconds=fault.drip_seconds)


def parsed(given: Any) -> list[Fault]:
    """Faults out of JSON values. Raises ValueError with one line that says what is wrong where."""
    try:
        return TypeAdapter(list[Fault]).validate_python(given)
    except ValidationError as error:
        raise ValueError(first_problem(error, "faults")) from None


def check(faults: Sequence[Fault], router: Router) -> None:
    """Every fault is of an operation of the router that can have it. Raises UnknownOperation for the first that is not.

    A challenge is for services that are asked with a token of Entra.
    """
    hosts = {route.operation: route.host for route in router.routes}
    for fault in faults:
        if fault.operation == ANY:
            continue
        if fault.operation not in hosts:
            raise UnknownOperation(f"faults: {fault.operation}: there is no such operation{_hint(fault, hosts)}")
        if fault.challenge is not None and not challenges.takes_tokens(hosts[fault.operation]):
            where = f"{hosts[fault.operation]} is not asked with a token of Entra"
            raise UnknownOperation(f"faults: {fault.operation}: it cannot have a challenge, as {where}")


def _is_of(fault: Fault, request: Request, operation: str) -> bool:
    """Whether a fault is one of this operation. ANY leaves out tokens and discovery, and what is not simulated."""
    if fault.operation == ANY:
        return operation != NOT_SIMULATED and request.host != ENTRA
    return fault.operation == operation


def _sent(fault: Fault, world: World, request: Request, operation: str, carried_out: Response | None) -> Response:
    if carried_out is not None and fault.replies_truly:
        return _spoilt(fault, request, carried_out)
    if fault.challenge is not None:
        return challenges.reply(world, request, fault.challenge)
    headers, status = dialects.headers(request), fault.status or 200
    match fault.body:
        case "nonsense":
            html = {**headers, "content-type": "text/html; charset=utf-8"}
            return Raw(status, headers=html, content=NONSENSE.encode())
        case "wrong_type":
            listing = "list" in operation.lower() or operation in _LISTS
            return Response(status, {"value": 7, "data": 7} if listing else ["something", "else"], headers)
        case "empty":
            return Raw(status, headers=headers)
        case _:
            message = fault.message or "A fault of this rehearsal, on order."
            return dialects.refusal(world, request, operation, status, fault.code, message)


def _spoilt(fault: Fault, request: Request, true: Response) -> Response:
    """The true reply, with what the fault does to it. One without a body has nothing to spoil but its headers."""
    if fault.content_type is not None:
        return replace(true, headers={**true.headers, "content-type": fault.content_type})
    if fault.body == "error":
        return true
    whole, headers = true.encoded(), {**dialects.headers(request), **true.headers}
    cut = whole[: len(whole) // 2] if fault.body == "truncated" else whole[:-1] + b"," + whole[-1:]
    return Raw(fault.status or true.status, headers=headers, content=cut if whole else b"")


def _hint(fault: Fault, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(fault.operation, sorted(known), n=3)
    return f"; is it {' or '.join(near)}?" if near else "; COVERAGE.md names them"


def _seconds(value: float) -> str:
    return str(int(value)) if value == int(value) else str(value)
