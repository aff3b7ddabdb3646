"""The one event loop of this process, for the one SDK that is asynchronous only.

A notebook's kernel already runs a loop, and a client's connections belong to the loop they were opened in: so one
blocking portal for the whole process, started when first needed, closed when the process ends.
"""

from __future__ import annotations

import atexit
from collections.abc import Awaitable, Callable
from contextlib import ExitStack
from functools import lru_cache
from threading import Lock
from typing import TypeVar

from anyio.from_thread import BlockingPortal, start_blocking_portal

T = TypeVar("T")


def run(call: Callable[[], Awaitable[T]]) -> T:
    """The result of an asynchronous call, waited for."""
    with _starting:
        portal = _portal()
    return portal.call(call)


_starting = Lock()
"""Two threads that come first at the same time must not start two loops."""


@lru_cache(maxsize=1)
def _portal() -> BlockingPortal:
    stack = ExitStack()
    atexit.register(stack.close)
    return stack.enter_context(start_blocking_portal())
