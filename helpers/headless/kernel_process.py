"""The process of one headless kernel: ipykernel's own, lighter, and sure to end.

`python -P -m helpers.headless.kernel_process -f FILE`. Nobody is there to debug a headless kernel, and ipykernel
imports a debugger for each: a third of the time that it takes to start. Source: ipykernel 7.4, debugger.py, which does
without debugpy where that cannot be imported; read 2026-11-27.
"""

from __future__ import annotations

from helpers import light
from helpers.headless import garbage

with light.without("debugpy"):
    from ipykernel.kernelapp import IPKernelApp


HANDLED_SECONDS = 2.0
"""How long the request to end may take until it is handled: milliseconds do."""


class EndingApp(IPKernelApp):
    """Ends when told to.

    The thread that is told so says afterwards that it is idle, by means of another thread. The base class ends that one
    at the same time: then the first waits for it, up to ten seconds, and the manager kills the kernel after less. Seen
    in ipykernel 7.4, 2026-11-27: in one run of twenty.
    """

    def start(self) -> None:
        """Serve until told to end, and let that be handled. Then everything else may end."""
        super().start()  # type: ignore[no-untyped-call]
        if self.control_thread is not None:
            self.control_thread.join(HANDLED_SECONDS)


def main() -> None:
    """Serve, until told to shut down, the connection file that the command line names."""
    garbage.seldom()
    with light.without("debugpy"):
        EndingApp.launch_instance()


if __name__ == "__main__":
    main()
