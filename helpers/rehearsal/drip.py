"""A reply that is written slowly, on order: in small pieces, with a pause before each."""

from __future__ import annotations

import contextlib
import math
import socket
from collections.abc import Callable

LOOKS_A_SECOND = 10
"""At the client, whether it is still there; and pieces, at the most."""


def drip(connection: socket.socket, whole: bytes, seconds: float, closes_within: Callable[[float], bool]) -> None:
    """Write it all over so many seconds; no piece is smaller than a byte.

    `closes_within` waits so long and says whether the cloud closes. Raises OSError as soon as it does, or the client
    has left.
    """
    size = math.ceil(len(whole) / max(2, seconds * LOOKS_A_SECOND))
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    looks = math.ceil(seconds / len(pieces) * LOOKS_A_SECOND)
    patience = connection.gettimeout()
    for piece in pieces:
        for _ in range(looks):
            if closes_within(seconds / len(pieces) / looks):
                raise ConnectionAbortedError("the cloud closes")
            _check_there(connection)
        connection.settimeout(patience)
        connection.sendall(piece)


def _check_there(connection: socket.socket) -> None:
    """The plain method, below TLS: what a client says is encrypted, that it has left is not."""
    connection.settimeout(0)
    with contextlib.suppress(BlockingIOError):  # nothing was said
        if not socket.socket.recv(connection, 1, socket.MSG_PEEK):
            raise ConnectionAbortedError("the client has left")
