"""What a tenant holds for all its vaults, asked once for many targets: Graph throttles whoever asks again and again.

Rule: an answer that is known is handed on for up to a minute, to targets that sign in the same way to the same tenant.
An unknown is never handed on: the next target asks for itself. Whoever asks signs in and waits in its own thread: Graph
is read in a loop that is everybody's.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from azure.core.credentials import TokenCredential

from helpers.model import ConditionalAccessPolicy, Found, Grants, Known, ServicePrincipal, Unknown
from helpers.services.backoff import BackOff
from helpers.services.graph import HOST
from helpers.services.principals import SCOPES, Principals
from helpers.services.witness import Witness

SECONDS = 60.0
T = TypeVar("T")


class TenantWide(Principals):
    """Principals whose reads are handed on. For targets that are only looked at: what it writes it does not see."""

    def __init__(
        self,
        credential: TokenCredential,
        witness: Witness,
        backoff: BackOff,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(credential, witness, backoff)
        self._credential, self._backoff, self._elapsed = credential, backoff, elapsed
        self._known: dict[Any, tuple[float, Any]] = {}
        self._locks: dict[Any, Lock] = {}
        self._lock = Lock()

    def of_published_app(self) -> Found[tuple[ServicePrincipal, ...]]:
        return self._once("app", super().of_published_app)

    def grants(self, object_id: str) -> Found[Grants]:
        ask = super().grants
        return self._once(("grants", object_id), lambda: ask(object_id))

    def groups(self, object_id: str) -> Found[tuple[str, ...]]:
        ask = super().groups
        return self._once(("groups", object_id), lambda: ask(object_id))

    def conditional_access(self) -> Found[tuple[ConditionalAccessPolicy, ...]]:
        return self._once("conditional access", super().conditional_access)

    def _once(self, what: Any, read: Callable[[], Found[T]]) -> Found[T]:
        with self._lock:
            alone = self._locks.setdefault(what, Lock())
        with alone:
            at, found = self._known.get(what, (0.0, None))
            if found is not None and self._elapsed() - at < SECONDS:
                handed_on: Found[T] = found
                return handed_on
            fresh = self._asked(read)
            if isinstance(fresh, Known):
                self._known[what] = (self._elapsed(), fresh)
            return fresh

    def _asked(self, read: Callable[[], Found[T]]) -> Found[T]:
        """What is read, once signed in as the client will be, and once Graph may be asked."""
        signed_in = self._look(lambda: self._credential.get_token(*SCOPES, enable_cae=True))
        if isinstance(signed_in, Unknown):
            return signed_in
        self._backoff.wait(HOST)
        found = read()
        self._backoff.refuse_stopped()
        return found
