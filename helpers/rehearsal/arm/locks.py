"""Management locks at any scope (api-versions 2016-09-01 and 2020-05-01 alike).

A list holds the locks at the scope, those it inherits from above, and those below; `$filter=atScope()` leaves the lower
ones out. That inherited locks are listed is an assumption. What a lock stops is in the gateway.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from helpers.rehearsal.access import within
from helpers.rehearsal.arm import errors
from helpers.rehearsal.arm.filters import clauses
from helpers.rehearsal.arm.gateway import HOST, Call, arm, normal
from helpers.rehearsal.arm.resources import require_existing
from helpers.rehearsal.arm.responses import lock_body
from helpers.rehearsal.router import Route
from helpers.rehearsal.state import Lock
from helpers.rehearsal.wire import Response

ACTION = "Microsoft.Authorization/locks"


def list_locks(call: Call, scope: str) -> Response:
    scope = _open(call, "read", scope)
    only_at = bool(clauses(call.request, {"atscope"}))
    return Response(200, {"value": [lock_body(n, k) for n, k in _near(call, scope, below=not only_at).items()]})


def get_lock(call: Call, scope: str, name: str) -> Response:
    scope = _open(call, "read", scope)
    found = _at(call, scope, name)
    if found is None:
        raise errors.error(404, "LockNotFound", f"The lock '{name}' could not be found.")
    return Response(200, lock_body(found, call.world.state.locks[found]))


def put_lock(call: Call, scope: str, name: str) -> Response:
    """201 for a new lock (recorded 2021), 200 for a changed one."""
    scope = _open(call, "write", scope)
    found = _at(call, scope, name)
    if found is None and any(other.lower() == name.lower() for other in call.world.state.locks):
        raise errors.not_simulated("two locks of one name at two scopes")
    given = call.properties()
    call.world.state.locks[found or name] = _lock(scope, given)
    return Response(201 if found is None else 200, lock_body(found or name, call.world.state.locks[found or name]))


def delete_lock(call: Call, scope: str, name: str) -> Response:
    """200, or 204 when there is none. A lock does not stand against its own removal."""
    scope = _open(call, "delete", scope)
    found = _at(call, scope, name)
    if found is None:
        return Response(204)
    del call.world.state.locks[found]
    return Response(200)


def _open(call: Call, verb: str, scope: str) -> str:
    scope = normal(scope)
    call.require(f"{ACTION}/{verb}", scope)
    require_existing(call, scope)
    return scope


def _near(call: Call, scope: str, *, below: bool) -> dict[str, Lock]:
    return {
        name: lock
        for name, lock in call.world.state.locks.items()
        if within(scope, lock.scope) or (below and within(lock.scope, scope))
    }


def _at(call: Call, scope: str, name: str) -> str | None:
    for own, lock in call.world.state.locks.items():
        if own.lower() == name.lower() and lock.scope.strip("/").lower() == scope.strip("/").lower():
            return own
    return None


def _lock(scope: str, given: dict[str, Any]) -> Lock:
    try:
        return Lock(scope=scope, level=given["level"], notes=given.get("notes"))
    except (KeyError, ValidationError):
        raise errors.bad_request("The lock level must be CanNotDelete or ReadOnly.", "InvalidLockLevel") from None


_ALL = "{scope*}/providers/Microsoft.Authorization/locks"
_ONE = f"{_ALL}/{{name}}"
ROUTES = (
    Route("ManagementLocks_ListByScope", "GET", HOST, _ALL, arm(list_locks)),
    Route("ManagementLocks_GetByScope", "GET", HOST, _ONE, arm(get_lock)),
    Route("ManagementLocks_CreateOrUpdateByScope", "PUT", HOST, _ONE, arm(put_lock)),
    Route("ManagementLocks_DeleteByScope", "DELETE", HOST, _ONE, arm(delete_lock)),
)
