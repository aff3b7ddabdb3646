"""A credential that notes every token it hands out, so that the record can be searched for it."""

from __future__ import annotations

from typing import Any, Protocol

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenRequestOptions

from helpers.record.in_use import InUse
from helpers.record.secrets import Secret


class Offering(Protocol):
    """Both ways in which clients of Azure ask for a token. Every credential of azure-identity has them."""

    def get_token(self, *scopes: str, **options: Any) -> AccessToken: ...

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo: ...


class Noted:
    """Hands out what another credential does, and raises what that one raises."""

    def __init__(self, inner: Offering, in_use: InUse, *, owned: bool = True) -> None:
        self._inner = inner
        self._in_use = in_use
        self._owned = owned

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        token = self._inner.get_token(*scopes, **options)
        self._in_use.note(Secret(token.token))
        return token

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        token = self._inner.get_token_info(*scopes, options=options)
        self._in_use.note(Secret(token.token))
        return token

    def close(self) -> None:
        """Close it, if that can be done and it is nobody else's; one that runs a program for each token cannot be."""
        close = getattr(self._inner, "close", None) if self._owned else None
        if close is not None:
            close()
