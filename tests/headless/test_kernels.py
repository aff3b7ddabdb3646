"""One headless kernel: ready as soon as it says so, heard from its first word on, ended when told to."""

from __future__ import annotations

import asyncio
import json
import signal
import tempfile
from pathlib import Path
from queue import Empty
from typing import Any

import pytest

from helpers.headless import kernels

pytestmark = pytest.mark.slow
TELL = """
import gc, json, sys
kept = get_ipython().history_manager.enabled
print(json.dumps({"debugger": sys.modules.get("debugpy") is not None, "history": kept, "searches after": gc.get_threshold()[0]}))
"""


async def _one(log: Path, sockets: str) -> tuple[str, int, str]:
    """What a kernel printed that was asked at once, its exit code after it was told to end, and its log."""
    manager = kernels.RecordedKernelManager(config=kernels.settings(sockets, log))
    await manager.start_kernel()
    assert all(Path(f"{manager.ip}-{port}").exists() for port in manager.ports)
    process: Any = manager.provisioner.process
    client = manager.client()
    client.start_channels()
    try:
        await client.wait_for_ready(60)
        heard: list[str] = []
        await client.execute_interactive(TELL, output_hook=lambda said: heard.append(said["content"].get("text", "")))
    finally:
        client.stop_channels()
        await manager.shutdown_kernel()
    return "".join(heard), process.returncode, log.read_text(encoding="utf-8")


def test_kernels_tell_all_and_end_by_themselves(tmp_path: Path) -> None:
    """None is killed for not ending; their sockets are there once they have started; nothing is in a log."""
    ran = []
    for number in range(6):
        with tempfile.TemporaryDirectory() as sockets:
            ran.append(asyncio.run(_one(tmp_path / f"log-{number}", sockets)))
    assert [(code, log) for _, code, log in ran] == [(0, "")] * 6
    for said, _, _ in ran:
        assert json.loads(said) == {"debugger": False, "history": False, "searches after": 400_000}


class Late(kernels.PromptKernelClient):
    """A client whose kernel answers, and whose subscription comes after so many questions."""

    def __init__(self, late: int) -> None:
        super().__init__()
        self.late, self.asked = late, 0

    def kernel_info(self) -> str:
        self.asked += 1
        return str(self.asked)

    async def _async_recv_reply(self, asked: str, timeout: float | None = None, channel: str = "shell") -> Any:
        return {"content": {"protocol_version": "5.4"}}

    @property
    def iopub_channel(self) -> Any:
        return self

    async def get_msg(self, timeout: float) -> Any:
        if self.asked <= self.late:
            raise Empty
        return {"parent_header": {"msg_id": str(self.asked)}, "content": {"execution_state": "idle"}}

    async def _async_is_alive(self) -> bool:
        return True


@pytest.mark.parametrize("late", [0, 1, 5])
def test_a_kernel_is_ready_once_what_it_publishes_is_heard(late: int) -> None:
    """It is asked again until then, and no more: a silence is not waited for."""
    client = Late(late)
    asyncio.run(client.wait_for_ready(10))
    assert client.asked == late + 1


def test_headless_kernels_have_this_client(tmp_path: Path) -> None:
    """jupyter_client's own waits for a silence."""
    manager = kernels.RecordedKernelManager(config=kernels.settings(str(tmp_path), tmp_path / "log"))
    assert manager.client_factory is kernels.PromptKernelClient


def test_a_kernel_that_never_has_its_sockets_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the time that was given, with the reason; and it does not stay."""
    monkeypatch.setattr(kernels, "PROCESS", "tests.headless.sleeping")
    monkeypatch.setattr(kernels, "BIND_SECONDS", 0.2)
    sockets = tempfile.TemporaryDirectory()
    manager = kernels.RecordedKernelManager(config=kernels.settings(sockets.name, tmp_path / "log"))

    async def start() -> Any:
        await manager.start_kernel()
        process: Any = manager.provisioner.process
        client = manager.client()
        client.start_channels()
        try:
            with pytest.raises(RuntimeError, match="didn't respond in 1 seconds"):
                await client.wait_for_ready(1)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)
        return process.returncode

    with sockets:
        assert asyncio.run(start()) == -signal.SIGKILL
