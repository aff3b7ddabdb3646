"""Kernels for headless runs: reached over private sockets, their own noise kept in the run's folder."""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path
from queue import Empty
from typing import Any

from jupyter_client.asynchronous.client import AsyncKernelClient
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning.provisioner_base import KernelProvisionerBase
from traitlets import Type, Unicode
from traitlets.config import Config

from helpers.record import kernel_outputs

PROCESS = "helpers.headless.kernel_process"
LOOK_EVERY = 0.01
"""Seconds between two looks whether a kernel is there, or has ended."""
BIND_SECONDS = 10.0
"""How long a kernel's sockets are waited for before they are used: after a failed attempt ZeroMQ waits longer."""


class PromptKernelClient(AsyncKernelClient):
    """Knows that a kernel is ready as soon as it says so, where its base class waits for a silence besides."""

    async def _async_wait_for_ready(self, timeout: float | None = None) -> None:
        """Until the kernel has answered, and what it publishes arrives. Raises RuntimeError, as the base class does."""
        end = None if timeout is None else time.monotonic() + timeout
        while not await self._answers():
            if not await self._async_is_alive():
                raise RuntimeError("Kernel died before replying to kernel_info")
            if end is not None and time.monotonic() > end:
                raise RuntimeError(f"Kernel didn't respond in {timeout} seconds")

    async def _answers(self) -> bool:
        """Whether one question is answered, and the kernel heard to be idle after it: a subscription may come late."""
        asked = self.kernel_info()
        try:
            self._handle_kernel_info_reply(await self._async_recv_reply(asked, timeout=1.0))
            while True:
                told = await self.iopub_channel.get_msg(timeout=0.1)
                if told["parent_header"].get("msg_id") == asked and told["content"].get("execution_state") == "idle":
                    return True
        except (TimeoutError, Empty):
            return False

    wait_for_ready = _async_wait_for_ready


class RecordedKernelManager(AsyncKernelManager):
    """Starts a kernel whose standard output and error go to a file: what it says there has passed no scrubber, and is
    neither for the person at the terminal nor for the program that reads what `--json` prints.
    """

    client_factory = Type(PromptKernelClient, klass=AsyncKernelClient)
    errors_file = Unicode(help="The file for the kernel's standard output and error.").tag(config=True)

    @property
    def kernel_spec(self) -> KernelSpec:
        """This environment's own Python, whatever kernels a person has installed, and no kernel that does not scrub."""
        options = (
            f"--IPKernelApp.extra_extensions={kernel_outputs.__name__}",
            "--IPKernelApp.reraise_ipython_extension_failures=True",
            "--HistoryManager.enabled=False",
        )
        argv = [sys.executable, "-P", "-m", PROCESS, "-f", "{connection_file}"]
        return KernelSpec(argv=[*argv, *options], display_name="Python 3", language="python")

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
        await self._bound()

    start_kernel = _async_start_kernel

    async def _bound(self) -> None:
        """Until the kernel has its sockets, has ended, or BIND_SECONDS are over: what comes next finds out which."""
        sockets, end = [Path(f"{self.ip}-{port}") for port in self.ports], time.monotonic() + BIND_SECONDS
        while not all(socket.exists() for socket in sockets) and time.monotonic() < end:
            if not await self._async_is_alive():
                return
            await asyncio.sleep(LOOK_EVERY)

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
