"""Kernels for headless runs: reached over private sockets, their own noise kept in the run's folder."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any

from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Unicode
from traitlets.config import Config

from helpers.record import kernel_outputs

LOOK_EVERY = 0.01
"""Seconds between two looks whether a kernel has ended."""


class RecordedKernelManager(AsyncKernelManager):
    """Starts a kernel whose standard output and error go to a file: what it says there has passed no scrubber, and is
    neither for the person at the terminal nor for the program that reads what `--json` prints.
    """

    errors_file = Unicode(help="The file for the kernel's standard output and error.").tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        """This environment's own Python, whatever kernels a person has installed, and no kernel that does not scrub."""
        scrubbing = (
            f"--IPKernelApp.extra_extensions={kernel_outputs.__name__}",
            "--IPKernelApp.reraise_ipython_extension_failures=True",
        )
        argv = [sys.executable, "-m", "ipykernel_launcher", "-f", "{connection_file}", *scrubbing]
        return KernelSpec(argv=argv, display_name="Python 3", language="python")

    def new_provisioner(self) -> KernelProvisionerBase | None:
        """What starts the kernel's process; None for jupyter_client's own."""
        return None

    async def _async_start_kernel(self, **options: Any) -> None:
        """Without a person's own startup files: they could change where requests go."""
        self.provisioner = self.provisioner or self.new_provisioner()
        env = {**(options.get("env") or os.environ), "IPYTHONDIR": str(Path(self.ip).parent)}
        for name in ("PYTHONSTARTUP", "JUPYTER_TOKEN"):  # the server's token is nothing that a cell may print
            env.pop(name, None)
        with Path(self.errors_file).open("ab") as log:
            await super()._async_start_kernel(**{**options, "env": env, "stdout": log, "stderr": log})

    start_kernel = _async_start_kernel

    async def _async_finish_shutdown(
        self, waittime: float | None = None, pollinterval: float = LOOK_EVERY, restart: bool = False
    ) -> None:
        """As the base class, which looks whether a kernel has ended ten times a second only."""
        await super()._async_finish_shutdown(waittime, pollinterval, restart)

    finish_shutdown = _async_finish_shutdown


def settings(folder: str, log: Path) -> Config:
    """The configuration of one kernel. Its sockets are in a private folder: over TCP, anybody here could listen in."""
    return Config(
        {
            "KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"},
            "RecordedKernelManager": {"errors_file": str(log)},
        }
    )
