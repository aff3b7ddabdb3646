"""The door of management.azure.com: who calls, with which right, under which locks.

Order of refusal: not signed in, no api-version, no such subscription, not allowed, then what the operation itself finds
(assumption; only the 404 of a missing vault is recorded). Api-versions are not pinned: clients send many.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from helpers.rehearsal.access import decide, within
from helpers.rehearsal.arm import errors
from helpers.rehearsal.callers import Caller, Stranger, caller, expiry
from helpers.rehearsal.router import Handler
from helpers.rehearsal.state import Subscription
from helpers.rehearsal.wire import Request, Response, WireError
from helpers.rehearsal.world import World

HOST = "management.azure.com"
AUDIENCE = "https://management.azure.com"


@dataclass(frozen=True)
class Call:
    """One signed-in request with what its handler needs to judge it."""

    world: World
    request: Request
    caller: Caller

    def require(self, action: str, scope: str) -> None:
        """The caller must have a right, and no deny assignment stand against it.

        Raises 404 SubscriptionNotFound, 403 AuthorizationFailed or DenyAssignmentAuthorizationFailed.
        """
        self.subscription(scope)
        decision = decide(self.world, self.caller.object_id, action, scope, data=False)
        if decision.deny is not None:
            raise errors.denied(self.caller, action, scope, decision.deny)
        if not decision.allowed:
            raise errors.not_allowed(self.caller, action, scope)

    def may(self, action: str, scope: str) -> bool:
        """Whether the caller has a control-plane right at a scope now."""
        return decide(self.world, self.caller.object_id, action, scope, data=False).allowed

    def subscription(self, scope: str) -> Subscription | None:
        """The subscription a scope lies in; None above subscriptions. Raises 404 SubscriptionNotFound."""
        kind, _, rest = scope.strip("/").partition("/")
        if kind.lower() != "subscriptions":
            return None
        subscription_id = rest.partition("/")[0]
        for known, subscription in self.world.state.subscriptions.items():
            if known.lower() == subscription_id.lower():
                return subscription
        raise errors.no_subscription(subscription_id)

    def require_provider(self, namespace: str, scope: str) -> None:
        """The scope's subscription must be registered. Raises 409 MissingSubscriptionRegistration."""
        subscription = self.subscription(scope)
        if subscription is not None and namespace.lower() not in map(str.lower, subscription.registered_providers):
            raise errors.not_registered(namespace)

    def require_unlocked(self, scope: str, verb: str) -> None:
        """No lock at or above may stand against it: ReadOnly stops `write` and `delete`, CanNotDelete only `delete`.

        Raises 409 ScopeLocked.
        """
        levels = {"write": {"ReadOnly"}, "delete": {"ReadOnly", "CanNotDelete"}}[verb]
        locks = [
            lock.scope for lock in self.world.state.locks.values() if lock.level in levels and within(scope, lock.scope)
        ]
        if locks:
            raise errors.locked(scope, verb, locks)

    def body(self) -> dict[str, Any]:
        """The request body, a JSON object. Raises 400 InvalidRequestContent."""
        try:
            return self.request.json()
        except ValueError as error:
            raise errors.bad_request(f"The request content was invalid: {error}.", "InvalidRequestContent") from None

    def properties(self) -> dict[str, Any]:
        """The body's `properties`. Raises 400 InvalidRequestContent."""
        properties = self.body().get("properties", {})
        if not isinstance(properties, dict):
            raise errors.bad_request("The request content was invalid: properties.", "InvalidRequestContent")
        return properties


def arm(operation: Callable[..., Response]) -> Handler:
    """A handler out of `operation(call, **path parameters)`: signs the caller in and stamps the request ids."""

    def handle(world: World, request: Request, **path: str) -> Response:
        try:
            response = operation(_signed_in(world, request), **path)
        except WireError as error:
            response = error.response
        return replace(response, headers={**request_ids(request), **response.headers})

    return handle


def normal(scope: str) -> str:
    """A scope with one leading slash and no empty segments: the SDK sends `Microsoft.KeyVault//vaults/v1`."""
    return "/" + "/".join(part for part in scope.split("/") if part)


def _signed_in(world: World, request: Request) -> Call:
    found = caller(world, request, AUDIENCE)
    if found is Stranger.EXPIRED:
        raise errors.expired(expiry(world, request), world.now(), world.state.tenant.id)
    if isinstance(found, Stranger):
        raise errors.not_signed_in(found, world.state.tenant.id)
    if not request.query.get("api-version"):
        raise errors.no_api_version()
    return Call(world, request, found)


def request_ids(request: Request) -> dict[str, str]:
    """The headers in which Resource Manager says which request it answers."""
    return {
        "x-ms-request-id": request.id,
        "x-ms-correlation-request-id": request.id,
        "x-ms-routing-request-id": f"REHEARSAL:{request.id}",
    }
