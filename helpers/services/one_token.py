"""One token for each audience and process, however many clients ask for it, and side by side.

A credential of azure-identity that signs in itself keeps its tokens, the one that asks the Azure CLI does not: it runs
`az` every time, for a second or more, and each client asks for itself.
Source: azure-identity 1.27, AzureCliCredential.get_token_info ("doesn't cache the tokens"), read 2026-11-27.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock
from typing import Any, TypeAlias

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from helpers.services.noted import Offering

FRESH_SECONDS = 300
"""A token that is valid for less is asked for anew, as azure-core's own policies do."""
Audience: TypeAlias = tuple[tuple[str, ...], str | None, bool]


class OneToken:
    """Hands out what another credential does, and that again while it is fresh. Raises what the other raises.

    What was asked for with claims answers a challenge: it is never one that was handed out before. `wait` returns when
    the other may be asked.
    """

    def __init__(self, inner: Offering, wait: Callable[[], None] = lambda: None) -> None:
        self._inner, self._wait = inner, wait
        self._tokens: dict[Audience, AccessTokenInfo] = {}
        self._asking: dict[Audience, Lock] = {}

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        asked = {name: given for name, given in options.items() if name in TokenRequestOptions.__annotations__}
        token = self.get_token_info(*scopes, options=TokenRequestOptions(**asked))  # type: ignore[typeddict-item]
        return AccessToken(token.token, token.expires_on)

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        asked = options or TokenRequestOptions()
        audience = (scopes, asked.get("tenant_id"), bool(asked.get("enable_cae")))
        with self._asking.setdefault(audience, Lock()):
            token = self._tokens.get(audience)
            if token is None or asked.get("claims") or token.expires_on - time.time() < FRESH_SECONDS:
                self._wait()
                token = self._tokens[audience] = self._inner.get_token_info(*scopes, options=asked)
            return token

    def close(self) -> None:
        """Close the other, if that can be done."""
        close = getattr(self._inner, "close", None)
        if close is not None:
            close()
