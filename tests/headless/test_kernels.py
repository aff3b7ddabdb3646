"""One headless kernel: ready as soon as it says so, heard from its first word on, ended when told to."""

from __future__ import annotations

import asyncio
import json
import tempfile
from pathlib import Path
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
    """None is killed for not ending, as most were before one was let finish what it says last; nothing is in a log."""
    ran = []
    for number in range(6):
        with tempfile.TemporaryDirectory() as sockets:
            ran.append(asyncio.run(_one(tmp_path / f"log-{number}", sockets)))
    assert [(code, log) for _, code, log in ran] == [(0, "")] * 6
    for said, _, _ in ran:
        assert json.loads(said) == {"debugger": False, "history": False, "searches after": 400_000}


def test_a_kernel_that_never_has_its_sockets_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within the time that was given, with the reason; and it does not stay."""
    monkeypatch.setattr(kernels, "PROCESS", "tests.headless.sleeping")
    monkeypatch.setattr(kernels, "BIND_SECONDS", 0.2)
    sockets = tempfile.TemporaryDirectory()
    manager = kernels.RecordedKernelManager(config=kernels.settings(sockets.name, tmp_path / "log"))

    async def start() -> None:
        await manager.start_kernel()
        client = manager.client()
        client.start_channels()
        try:
            with pytest.raises(RuntimeError, match="didn't respond in 1 seconds"):
                await client.wait_for_ready(1)
        finally:
            client.stop_channels()
            await manager.shutdown_kernel(now=True)

    with sockets:
        asyncio.run(start())
    assert not asyncio.run(manager.is_alive())
