"""The requests sessions under Azure's SDKs where many targets are read by one process.

requests reads all variables of the environment for every request and the whole bundle of authorities for every
connection: half of the CPU time of a check, and 15 ms a connection with the usual bundle (measured 2026-11, requests
2.34). Here both are read once, by requests' own rules: the authorities count for servers and for a proxy that is
reached by TLS.
"""

from __future__ import annotations

import ssl
from http.cookiejar import DefaultCookiePolicy
from pathlib import Path
from typing import Any

import requests
from azure.core.pipeline.transport import RequestsTransport
from requests.adapters import HTTPAdapter
from requests.utils import DEFAULT_CA_BUNDLE_PATH
from urllib3.util.retry import Retry
from urllib3.util.ssl_ import create_urllib3_context

AT_ONCE = 64
"""Connections to one host that are kept open: one for each of as many targets as a fleet has at once."""


class _Adapter(HTTPAdapter):
    """Checks every server by one TLS context. Source: requests, build_connection_pool_key_attributes, its docstring."""

    def __init__(self, context: ssl.SSLContext) -> None:
        self._context = context
        never = Retry(total=False, redirect=False, raise_on_status=False)  # as azure-core has it: retries are its own
        super().__init__(pool_maxsize=AT_ONCE, max_retries=never)

    def build_connection_pool_key_attributes(self, request: Any, verify: Any, cert: Any = None) -> Any:
        """The host as ever, and the one context in the place of a bundle to be read."""
        host, _ = super().build_connection_pool_key_attributes(request, verify, cert)
        return host, {"ssl_context": self._context}

    def proxy_manager_for(self, proxy: str, **options: Any) -> Any:
        """The proxy as ever; one that is reached by TLS is checked by the same context."""
        if proxy.lower().startswith("https:"):
            options["proxy_ssl_context"] = self._context
        return super().proxy_manager_for(proxy, **options)

    def cert_verify(self, conn: Any, url: Any, verify: Any, cert: Any) -> None:
        """Nothing: the context verifies, and requests would have the bundle read into it again."""


def context() -> ssl.SSLContext:
    """A TLS context that trusts whom requests trusts in this process, and verifies names and certificates."""
    bundle = requests.Session().merge_environment_settings("https://management.azure.com", {}, None, None, None)[
        "verify"
    ]
    where = Path(DEFAULT_CA_BUNDLE_PATH if bundle is True else str(bundle))
    made = create_urllib3_context()
    made.load_verify_locations(**{"capath" if where.is_dir() else "cafile": str(where)})
    return made


def session(url: str, trusted: ssl.SSLContext) -> requests.Session:
    """A session for the requests to one host, by the proxy that the environment names for it. It keeps no cookies."""
    made = requests.Session()
    made.proxies = made.merge_environment_settings(url, {}, None, None, None)["proxies"]
    made.trust_env = False
    made.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
    made.mount("https://", _Adapter(trusted))
    return made


def transport(of: requests.Session, *, owned: bool) -> RequestsTransport:
    """The transport of one SDK client; `owned` says whether closing the client closes the session."""
    return RequestsTransport(session=of, session_owner=owned)
