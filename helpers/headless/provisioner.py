"""What jupyter_client asks about a kernel's process, asked of the process that it was forked from."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from jupyter_client.connect import KernelConnectionInfo
from jupyter_client.provisioning.local_provisioner import LocalProvisioner

from helpers.headless.forking import Preloaded
from helpers.headless.kernels import RecordedKernelManager


class ForkingProvisioner(LocalProvisioner):
    """jupyter_client's own provisioner for this machine, but for where the process comes from."""

    def __init__(self, preloaded: Preloaded, **options: Any) -> None:
        super().__init__(**options)
        self.preloaded = preloaded

    async def launch_kernel(self, cmd: list[str], **options: Any) -> KernelConnectionInfo:
        """As the base class says; `stdout` is the log, and the process leads a group of its own."""
        cwd, log = Path(options.get("cwd") or Path.cwd()), Path(options["stdout"].name)
        process: Any = self.preloaded.start(cmd, options["env"], cwd, log)
        self.process, self.pid, self.pgid, self.cwd = process, process.pid, process.pid, cwd
        return self.connection_info


def managed(preloaded: Preloaded) -> type[RecordedKernelManager]:
    """The manager for kernels that are forked from this process."""

    class ForkedKernelManager(RecordedKernelManager):
        """The same kernels with the same arguments, started by another provisioner."""

        def new_provisioner(self) -> ForkingProvisioner:
            return ForkingProvisioner(preloaded, kernel_spec=self.kernel_spec, parent=self)

    return ForkedKernelManager
