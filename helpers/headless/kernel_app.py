"""ipykernel's application, made sure to end when it is told to."""

from __future__ import annotations

import atexit
import gc
import logging
import os
import sys
from typing import Any

from ipykernel.kernelapp import IPKernelApp

HANDLED_SECONDS = 2.0
"""How long the request to end may take until it is handled: milliseconds do."""


class EndingApp(IPKernelApp):
    """Ends when told to, and quickly.

    The control thread, which is told so, then flushes what was printed through the IOPub thread. The base class stops
    that one at the same time: the first may wait for it, up to ten seconds, and the manager kills the kernel before
    that. Seen in ipykernel 7.4, 2026-11-27: in one run of twenty.
    """

    _served = False

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        atexit.register(self._leave)  # first, so that it is called last

    def start(self) -> None:
        """Serve until told to end, and let that be handled. Then everything else may end."""
        super().start()  # type: ignore[no-untyped-call]
        if self.control_thread is not None:
            self.control_thread.join(HANDLED_SECONDS)
        gc.freeze()  # IPython searches for garbage when it ends
        self._served = True

    def _leave(self) -> None:
        """After all that was registered since: memory is given back at once, not object by object."""
        if self._served:
            logging.shutdown()
            for stream in filter(None, (sys.__stdout__, sys.__stderr__)):
                stream.flush()
            os._exit(0)
