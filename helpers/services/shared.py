"""What many targets have in common when one process reads them: sign-ins, connections, TLS settings, patience.

Rule: a credential, and what it was answered, is shared by the targets that sign in the same way to the same tenant, and
by no other. The other clients, the witness and the Admin API key stay each target's own.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable
from functools import cached_property
from threading import RLock
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from azure.core.pipeline import PipelineRequest
from azure.core.pipeline.policies import SansIOHTTPPolicy

from helpers.record.in_use import InUse
from helpers.services.backoff import BackOff
from helpers.services.noted import Noted
from helpers.services.one_token import OneToken

if TYPE_CHECKING:
    import requests
    from azure.core.pipeline.transport import RequestsTransport

    from helpers.services.tenant_wide import TenantWide
    from helpers.services.witness import Witness

ARM = "https://management.azure.com"
Who = tuple[str, str]
"""A way of signing in, and the tenant signed in to."""


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
        self._lock = RLock()

    def credential(self, who: Who, make: Callable[[], OneToken]) -> OneToken:
        """The credential of all who sign in so; made when it is first asked for."""
        with self._lock:
            if who not in self._credentials:
                self._credentials[who] = make()
            return self._credentials[who]

    def principals(self, who: Who, witness: Witness) -> TenantWide:
        """What Graph says to all who sign in so. Their credential was asked for before."""
        from helpers.services.tenant_wide import TenantWide

        with self._lock:
            if who not in self._principals:
                signed_in = Noted(self._credentials[who], self.in_use, owned=False)
                self._principals[who] = TenantWide(signed_in, witness, self.backoff)
            return self._principals[who]

    def azure(self, url: str) -> dict[str, Any]:
        """What a client of Azure's SDKs for this address is made with."""
        return {"transport": self._transport(url), "per_retry_policies": [Considerate(self.backoff)]}

    def _transport(self, url: str) -> RequestsTransport:
        """Of connections that are shared to Azure Resource Manager, and of the client's own to a vault."""
        from helpers.services.sessions import session, transport

        with self._lock:
            if url == ARM:
                return transport(self._arm, owned=False)
            return transport(session(url, self._trusted), owned=True)

    @cached_property
    def _trusted(self) -> ssl.SSLContext:
        from helpers.services.sessions import context

        return context()

    @cached_property
    def _arm(self) -> requests.Session:
        from helpers.services.sessions import session

        return session(ARM, self._trusted)

    def close(self) -> None:
        """Close every connection and sign-in that is shared."""
        with self._lock:
            for credential in self._credentials.values():
                credential.close()
            if "_arm" in vars(self):
                self._arm.close()
