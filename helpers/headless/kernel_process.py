"""The process of one kernel, headless or guided: ipykernel's own, lighter, and sure to end.

`python -P -m helpers.headless.kernel_process -f FILE`. Nobody debugs these notebooks, and ipykernel imports a debugger
for each: a third of the time that it takes to start. Source: ipykernel 7.4, debugger.py, which does without debugpy
where that cannot be imported; read 2026-11-27.
"""

from __future__ import annotations

from helpers import light
from helpers.headless import garbage


def main() -> None:
    """Serve, until told to shut down, the connection file that the command line names."""
    garbage.seldom()  # before the first import that makes much of it
    with light.without("debugpy"):
        from helpers.headless.kernel_app import EndingApp

        EndingApp.launch_instance()


if __name__ == "__main__":
    main()
