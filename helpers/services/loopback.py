"""In a rehearsal this process connects to loopback only, whatever its proxy settings say.

The rule is laid with an audit hook, which cannot be taken away again: a process that has rehearsed does not go live.
"""

from __future__ import annotations

import ipaddress
import sys
from functools import lru_cache
from typing import Any

from helpers.errors import WrongCloud

_NAMES = {"localhost", "127.0.0.1", "::1", "", None}


@lru_cache(maxsize=1)
def only_loopback() -> None:
    """From now on, refuse to look up or connect to anything but loopback. Raises WrongCloud at the attempt."""
    sys.addaudithook(_watch)


def is_only_loopback() -> bool:
    """Whether this process has been limited to loopback."""
    return only_loopback.cache_info().currsize > 0


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if event in ("socket.getaddrinfo", "socket.gethostbyname", "socket.gethostbyaddr"):
        host = arguments[0]
    elif event == "socket.getnameinfo":
        host = arguments[0][0]
    elif event in ("socket.connect", "socket.sendto", "socket.sendmsg") and isinstance(arguments[1], tuple):
        host = arguments[1][0]
    else:
        return
    name = host.decode() if isinstance(host, bytes) else host
    if name not in _NAMES and not _is_loopback(str(name)):
        raise WrongCloud(
            f"this rehearsal tried to reach {name}, and was stopped",
            why="A rehearsal must not touch anything outside this machine.",
            next_step="Look at NO_PROXY and the proxy settings of this shell, and start again.",
        )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host.split("%", maxsplit=1)[0]).is_loopback
    except ValueError:
        return False
