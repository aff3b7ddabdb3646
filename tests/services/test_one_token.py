"""One token for each audience: asked for once, kept while it is fresh, and not kept against a challenge."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from azure.core.credentials import AccessTokenInfo

from helpers.services.one_token import FRESH_SECONDS, OneToken

ARM, GRAPH = "https://management.azure.com/.default", "https://graph.microsoft.com/.default"


class Counting:
    """A credential that keeps nothing, as the one that asks the Azure CLI."""

    def __init__(self, *valid: float) -> None:
        self.valid = list(valid)
        self.asked: list[tuple[Any, ...]] = []
        self._lock = threading.Lock()

    def get_token(self, *scopes: str, **options: Any) -> Any:
        raise NotImplementedError

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        with self._lock:
            self.asked.append((*scopes, *sorted((options or {}).items())))
            number, seconds = len(self.asked), self.valid.pop(0) if self.valid else 3600.0
        if seconds < 0:
            raise OSError("no sign-in")
        return AccessTokenInfo(f"token-{number}", int(time.time() + seconds))


def test_each_audience_is_asked_for_once_by_whatever_client() -> None:
    """By both ways in which clients ask, and for each audience by itself."""
    inner = Counting()
    one = OneToken(inner)
    first = one.get_token(ARM)
    assert one.get_token_info(ARM).token == one.get_token(ARM, other="ignored").token == first.token
    assert one.get_token(GRAPH, enable_cae=True).token != first.token
    assert inner.asked == [(ARM,), (GRAPH, ("enable_cae", True))]
    assert one.get_token_info(ARM).expires_on == first.expires_on


def test_clients_side_by_side_get_the_same_token() -> None:
    """Those that come while it is being asked for wait for it."""
    inner = Counting()
    one = OneToken(inner)
    with ThreadPoolExecutor(8) as pool:
        tokens = set(pool.map(lambda _: one.get_token(ARM).token, range(64)))
    assert tokens == {"token-1"} and len(inner.asked) == 1


@pytest.mark.parametrize(("seconds", "times"), [(FRESH_SECONDS + 60, 1), (FRESH_SECONDS - 60, 2), (-1, 2)])
def test_a_token_is_kept_while_it_is_fresh(seconds: float, times: int) -> None:
    """One that is about to expire is asked for anew, and a failure is not kept."""
    inner = Counting(seconds)
    one = OneToken(inner)
    if seconds < 0:
        with pytest.raises(OSError, match="no sign-in"):
            one.get_token(ARM)
    else:
        one.get_token(ARM)
    assert one.get_token(ARM).token == f"token-{times}"
    assert len(inner.asked) == times


def test_a_challenge_is_answered_with_another_token() -> None:
    """What is asked for with claims was refused before; the new one is what everybody gets from then on."""
    inner = Counting()
    one = OneToken(inner)
    assert one.get_token(ARM).token == "token-1"
    assert one.get_token(ARM, claims="{}").token == "token-2"
    assert one.get_token(ARM).token == "token-2"
    assert inner.asked[1] == (ARM, ("claims", "{}"))
