"""Kernels of a guided run: started by the JupyterLab server as headless ones are, in this environment's own Python.

Each has its sockets in a private folder of its own: over TCP, anybody on the machine could listen in, and two kernels
that share a folder collide.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from jupyter_server.services.kernels.kernelmanager import ServerKernelManager
from traitlets import Unicode, default

from helpers.headless.kernels import RecordedKernelManager


class GuidedKernelManager(ServerKernelManager, RecordedKernelManager):
    """A server's kernel manager: kernels scrub what they send; what they write past the notebook goes to a file."""

    sockets = Unicode(help="The private folder that the sockets of all kernels are in.").tag(config=True)

    @default("transport")
    def _over_files(self) -> str:
        return "ipc"

    @default("ip")
    def _own_folder(self) -> str:
        return str(Path(tempfile.mkdtemp(dir=self.sockets)) / "kernel")
