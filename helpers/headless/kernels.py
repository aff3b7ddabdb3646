"""Kernels for headless runs: reached over private sockets, their own noise kept in the run's folder."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from traitlets import Unicode
from traitlets.config import Config


class RecordedKernelManager(AsyncKernelManager):
    """Starts a kernel whose standard error goes to a file: what it says there is not for the person at the terminal."""

    errors_file = Unicode(help="The file for the kernel's standard error.").tag(config=True)

    async def _async_start_kernel(self, **options: Any) -> None:
        with Path(self.errors_file).open("ab") as log:
            await super()._async_start_kernel(**{**options, "stderr": log})

    start_kernel = _async_start_kernel


def settings(folder: str, log: Path) -> Config:
    """The configuration of one kernel. Its sockets are in a private folder: over TCP, anybody here could listen in."""
    return Config(
        {
            "KernelManager": {"transport": "ipc", "ip": f"{folder}/kernel"},
            "RecordedKernelManager": {"errors_file": str(log)},
        }
    )
