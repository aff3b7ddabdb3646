"""What a client sends, within a time: however slowly it sends, and however little at once, the time is up when it is.

A socket's own timeout starts anew with every byte, so that a client could hold a connection for ever.
"""

from __future__ import annotations

import io
import socket
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer


class TooSlow(TimeoutError):
    """A request has begun to arrive and is not whole when its time is up."""


class Inlet(io.RawIOBase):
    """The reading side of a connection. To be told with `expect` how long what comes next may take."""

    def __init__(self, connection: socket.socket) -> None:
        super().__init__()
        self._connection = connection
        self.expect(0, 0)

    def expect(self, first: float, whole: float) -> None:
        """So many seconds until something comes, and then so many until all is there."""
        self._ends = time.monotonic() + first
        self._whole: float | None = whole

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Raises TooSlow, or TimeoutError where nothing has come at all."""
        try:
            self._connection.settimeout(self._left())
            received = self._connection.recv_into(buffer)
        except TimeoutError:
            raise TimeoutError if self._whole is not None else TooSlow from None
        if self._whole is not None:
            self._ends, self._whole = time.monotonic() + self._whole, None
        return received

    def _left(self) -> float:
        left = self._ends - time.monotonic()
        if left <= 0:  # as a socket's timeout 0 would mean: do not wait
            raise TimeoutError
        return left
