"""A credential that hands a token out until it is nearly old, to every target that signs in as it does.

Rule: one of these is for one way of signing in and one tenant. A token is handed out again for the very same scopes and
options only, never for a claims challenge, and not in its last five minutes.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeVar

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from helpers.services.noted import Offering

LAST_SECONDS = 300
T = TypeVar("T", AccessToken, AccessTokenInfo)


class Kept:
    """Asks another credential, one request at a time, and raises what that one raises; an error is not kept."""

    def __init__(self, inner: Offering, now: Callable[[], float] = time.time) -> None:
        self._inner = inner
        self._now = now
        self._tokens: dict[Any, Any] = {}
        self._lock = Lock()

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        return self._kept(("token", scopes), options, lambda: self._inner.get_token(*scopes, **options))

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        asked = dict(options or {})
        return self._kept(("info", scopes), asked, lambda: self._inner.get_token_info(*scopes, options=options))

    def close(self) -> None:
        """Close the other one, if that can be done."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()

    def _kept(self, kind: tuple[str, tuple[str, ...]], options: dict[str, Any], ask: Callable[[], T]) -> T:
        key = (kind, tuple(sorted((name, value) for name, value in options.items() if name != "claims")))
        with self._lock:
            found: T | None = None if options.get("claims") else self._tokens.get(key)
            if found is None or found.expires_on - self._now() < LAST_SECONDS:
                found = self._tokens[key] = ask()
            return found
