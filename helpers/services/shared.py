"""What many targets have in common when one process reads them: sign-ins, connections, TLS settings, patience.

Rule: a credential, and what it was answered, is shared by the targets that sign in the same way to the same tenant of
the same cloud, and by no other; connections are shared within one cloud. What is shared has a witness of its own, so
that a target's own witness sees that target's replies alone. The other clients and the Admin API key stay its own.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from helpers.record.in_use import InUse
from helpers.services.backoff import BackOff
from helpers.services.noted import Noted
from helpers.services.one_token import OneToken
from helpers.services.witness import Witness

if TYPE_CHECKING:
    import requests
    from azure.core.pipeline.transport import RequestsTransport

    from helpers.services.tenant_wide import TenantWide

ARM = "https://management.azure.com"
World = str | None
"""A rehearsal's world id, or None on Azure."""
Who = tuple[World, str, str]
"""A cloud, a way of signing in there, and the tenant signed in to."""


class Considerate(SansIOHTTPPolicy[Any, Any]):
    """Sends nothing to a host that is left alone."""

    def __init__(self, backoff: BackOff) -> None:
        self._backoff = backoff

    def on_request(self, request: PipelineRequest[Any]) -> None:
        self._backoff.wait(urlsplit(request.http_request.url).netloc)


class Shared:
    """Made once in a process, before its first target; closed after its last. Safe to use from many threads."""

    def __init__(self, backoff: BackOff) -> None:
        self.backoff = backoff
        self.in_use = InUse()
        """The tokens that were used for several targets."""
        self._credentials: dict[Who, OneToken] = {}
        self._principals: dict[Who, TenantWide] = {}
        self._trusted: dict[World, ssl.SSLContext] = {}
        self._arm: dict[World, requests.Session] = {}
        self._lock = RLock()

    def credential(self, who: Who, make: Callable[[], OneToken]) -> OneToken:
        """The credential of all who sign in so; made when it is first asked for."""
        with self._lock:
            if who not in self._credentials:
                self._credentials[who] = make()
            return self._credentials[who]

    def witness(self, world: World) -> Witness:
        """One for a client that is shared."""
        return Witness(world, self.backoff)

    def principals(self, who: Who) -> TenantWide:
        """What Graph says to all who sign in so. Their credential was asked for before."""
        from helpers.services.tenant_wide import TenantWide

        with self._lock:
            if who not in self._principals:
                signed_in = Noted(self._credentials[who], self.in_use, owned=False)
                self._principals[who] = TenantWide(signed_in, self.witness(who[0]), self.backoff)
            return self._principals[who]

    def azure(self, world: World, url: str) -> dict[str, Any]:
        """What a client of Azure's SDKs for this address in this cloud is made with."""
        return {"transport": self._transport(world, url), "per_retry_policies": [Considerate(self.backoff)]}

    def _transport(self, world: World, url: str) -> RequestsTransport:
        """Of connections that are shared to Azure Resource Manager, and of the client's own to a vault."""
        from helpers.services.sessions import context, session, transport

        with self._lock:
            if world not in self._trusted:
                self._trusted[world] = context()
            if url != ARM:
                return transport(session(url, self._trusted[world]), owned=True)
            if world not in self._arm:
                self._arm[world] = session(ARM, self._trusted[world])
            return transport(self._arm[world], owned=False)

    def stop(self) -> None:
        """End the waits of all threads: each target under way that would wait ends with KeyboardInterrupt instead."""
        self.backoff.stop()

    def close(self) -> None:
        """Stop, and close every connection and sign-in that is shared."""
        self.stop()
        with self._lock:
            for credential in self._credentials.values():
                credential.close()
            for connections in self._arm.values():
                connections.close()
