"""Log Analytics: the one query that is answered, how the vault's keys were used.

KQL is not interpreted. A query is one of the two forms below, over AZKVAuditLogs or AzureDiagnostics, with any vault,
operations, time and bound; any other is 501. Evidence: the reply, the refusal of a table that is not there yet and
InsufficientAccessError as Azure's pages and client libraries show them; the rest is assumed, see COVERAGE.md.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.rehearsal.access import decide
from helpers.rehearsal.anthropic.use import catch_up
from helpers.rehearsal.arm.resources import WORKSPACE_TYPE, resource_id
from helpers.rehearsal.callers import Caller, Stranger, caller
from helpers.rehearsal.destinations import customer_id
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import KeyEvent
from helpers.rehearsal.wire import Request, Response, WireError
from helpers.rehearsal.world import World

HOST = "api.loganalytics.io"
AUDIENCE = "https://api.loganalytics.io"
OPERATION = "logs query"

_OID = "http://schemas.microsoft.com/identity/claims/objectidentifier"
_FLAT = re.sub(r"[:/.]+", "_", _OID)
_EXTENDS = {
    "AZKVAuditLogs": (
        f'PrincipalId = coalesce(tostring(Identity.claim.oid), tostring(Identity.claim["{_OID}"])), '
        "Address = CallerIpAddress, KeyId = Id"
    ),
    "AzureDiagnostics": (
        f'PrincipalId = coalesce(tostring(column_ifexists("identity_claim_oid_g", "")), '
        f'tostring(column_ifexists("identity_claim_{_FLAT}_g", ""))), '
        'Address = tostring(column_ifexists("CallerIPAddress", "")), KeyId = tostring(column_ifexists("id_s", ""))'
    ),
}
_FORM = re.compile(
    r"(?P<table>\w+)\n"
    r'\| where _ResourceId =~ "(?P<vault>[^"\\]*)"\n'
    r'\| where OperationName in \((?P<operations>"\w+"(?:, "\w+")*)\)\n'
    r"\| extend (?P<extend>.*)\n"
    r"\| summarize Count = count\(\), First = min\(TimeGenerated\), Last = max\(TimeGenerated\) "
    r"by OperationName, ResultSignature, PrincipalId, Address, KeyId\n"
    r"\| take (?P<most>\d+)"
)
_COLUMNS = {
    **dict.fromkeys(("OperationName", "ResultSignature", "PrincipalId", "Address", "KeyId"), "string"),
    "Count": "long",
    "First": "datetime",
    "Last": "datetime",
}


@dataclass(frozen=True)
class Query:
    """What is asked for."""

    table: str
    vault: str
    operations: tuple[str, ...]
    most: int
    start: datetime
    end: datetime

    def wants(self, event: KeyEvent) -> bool:
        """Whether an event is one of those asked for; case does not count in a resource id."""
        same = event.vault.lower() == self.vault.lower()
        return same and event.operation in self.operations and self.start <= event.time <= self.end


def query(world: World, request: Request, workspace_id: str) -> Response:
    """The reply to one query of one workspace, by its customer id."""
    try:
        reply = _reply(world, request, workspace_id)
    except WireError as error:
        reply = error.response
    return replace(reply, headers={**headers(request), **reply.headers})


def headers(request: Request) -> dict[str, str]:
    """What every reply carries."""
    return {"content-type": "application/json; charset=utf-8", "x-ms-request-id": request.id}


def _reply(world: World, request: Request, workspace_id: str) -> Response:
    who = caller(world, request, AUDIENCE)
    if isinstance(who, Stranger):
        raise _error(401, "AuthorizationRequiredError", "Valid authentication was not provided")
    workspace = _workspace(world, workspace_id)
    asked = _asked(request)
    _require(world, who, workspace, asked.table)
    catch_up(world)
    shown = world.now() - timedelta(seconds=world.state.settings.log_delay_seconds)
    there = [e for e in world.state.key_events if e.tables.get(workspace) == asked.table and e.time <= shown]
    if not there:
        raise _no_such_table(asked.table)
    columns = [{"name": name, "type": kind} for name, kind in _COLUMNS.items()]
    rows = list(_rows(event for event in there if asked.wants(event)))[: asked.most]
    return Response(200, {"tables": [{"name": "PrimaryResult", "columns": columns, "rows": rows}]})


def _rows(events: Iterable[KeyEvent]) -> Iterable[list[Any]]:
    alike: dict[tuple[str, ...], list[datetime]] = {}
    for event in events:
        like: tuple[str, ...] = (event.operation, event.result, event.principal_id, event.address, event.key_id)
        alike.setdefault(like, []).append(event.time)
    for like, times in alike.items():
        yield [*like, len(times), _time(min(times)), _time(max(times))]


def _workspace(world: World, workspace_id: str) -> str:
    """The resource id, in lower case, of the workspace with a customer id. Raises 404."""
    for name, stored in world.state.log_analytics_workspaces.items():
        if customer_id(name, stored) == workspace_id.lower():
            return resource_id(WORKSPACE_TYPE, name, stored).lower()
    raise _error(404, "WorkspaceNotFoundError", f"The workspace {workspace_id} was not found")


def _require(world: World, who: Caller, workspace: str, table: str) -> None:
    """Query, and read the table by either of the rights that are enough. Raises 403."""
    right = f"{WORKSPACE_TYPE}/query"
    may_query = decide(world, who.object_id, f"{right}/read", workspace, data=False).allowed
    may_read = (
        decide(world, who.object_id, f"{right}/{table}/read", workspace, data=False).allowed
        or decide(world, who.object_id, f"{WORKSPACE_TYPE}/tables/data/read", workspace, data=True).allowed
    )
    if not (may_query and may_read):
        text = "The provided credentials have insufficient access to perform the requested operation"
        raise _error(403, "InsufficientAccessError", text)


def _asked(request: Request) -> Query:
    """The query of a request. Raises 400 for a body that is none, and 501 for a query of another form."""
    try:
        body = request.json()
        text, timespan = str(body["query"]), str(body["timespan"])
    except (ValueError, KeyError):
        raise _bad("The request had some invalid properties") from None
    found = _FORM.fullmatch(text)
    if found is None or _EXTENDS.get(found["table"]) != found["extend"] or body.get("workspaces"):
        raise _error(501, "NotSimulated", f"The rehearsal cloud does not interpret this query: {text}")
    try:
        start, end = (datetime.fromisoformat(part).astimezone(UTC) for part in timespan.split("/"))
    except ValueError:
        raise _error(501, "NotSimulated", f"The rehearsal cloud takes two times, not {timespan}") from None
    operations = tuple(word.strip('"') for word in found["operations"].split(", "))
    return Query(found["table"], found["vault"], operations, int(found["most"]), start, end)


def _no_such_table(table: str) -> WireError:
    """400, as client libraries quote it for a table that has never had a row."""
    text = f"'where' operator: Failed to resolve table or column expression named '{table}'"
    inner = {"code": "SEM0100", "message": text}
    semantic = {"code": "SemanticError", "message": "A semantic error occurred.", "innererror": inner}
    return _bad("The request had some invalid properties", semantic)


def _bad(message: str, inner: dict[str, Any] | None = None) -> WireError:
    return _error(400, "BadArgumentError", message, inner)


def _error(status: int, code: str, message: str, inner: dict[str, Any] | None = None) -> WireError:
    more = {"innererror": inner} if inner else {}
    return WireError(Response(status, {"error": {"message": message, "code": code, **more}}))


def _time(time: datetime) -> str:
    return time.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


ROUTES = (Route(OPERATION, "POST", HOST, "/v1/workspaces/{workspace_id}/query", query),)
