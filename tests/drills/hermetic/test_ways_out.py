"""The limit to loopback, apart from everything else: each way out of a process meets it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.drills.hermetic import running, shells
from tests.drills.hermetic.running import HERE, ROOT
from tests.drills.hermetic.ways_out import WAYS
from tests.needs import lacking

pytestmark = pytest.mark.slow

OUT_OF_REACH = ("a process of its own",)


@pytest.fixture(scope="module")
def met(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """What each way met, where there is nothing but loopback."""
    folder = tmp_path_factory.mktemp("ways")
    command = (sys.executable, "-W", "ignore", str(HERE / "ways_out.py"))
    ended = running.run(command, shells.Home(folder), {"PYTHONPATH": str(ROOT)}, kept=folder / "kept")
    assert ended.code == 0, ended.err
    found: dict[str, str] = ended.json
    return found


@pytest.mark.parametrize("way", [way for way in WAYS if way not in OUT_OF_REACH])
def test_a_way_out_is_stopped(met: dict[str, str], way: str) -> None:
    """No client, no loop and no bare socket gets further than the attempt, whatever it wraps the refusal in."""
    assert met[way] in ("stopped", "stopped inside")


def test_another_process_is_out_of_its_reach(met: dict[str, str]) -> None:
    """The limit is of one process: a child has none of its own, and is held by its proxy settings and the CA alone."""
    assert met["a process of its own"] == "CalledProcessError"


def test_without_the_limit_the_ways_are_open() -> None:
    """The control: the same attempts in a process without the limit meet the network, not a refusal."""
    if not (start := running.into_a_namespace()):
        lacking("network namespaces (unshare -n) are not permitted here")
    code = (
        "import json; from tests.drills.hermetic.ways_out import WAYS, met; print({met(way) for way in WAYS.values()})"
    )
    done = subprocess.run([*start, sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, env={"PYTHONPATH": str(ROOT)}, capture_output=True, text=True)  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "stopped" not in done.stdout


def test_loopback_stays_open() -> None:
    """By number, by name and for IPv6: what is on this machine is still there."""
    code = """
import asyncio, socket
from helpers.services.loopback import only_loopback
only_loopback()
for family, host in ((socket.AF_INET, "127.0.0.1"), (socket.AF_INET, "127.8.9.10"), (socket.AF_INET, "localhost")):
    with socket.create_server((host, 0), family=family) as server:
        socket.create_connection((host, server.getsockname()[1]), timeout=5).close()
        _, writer = asyncio.run(asyncio.open_connection(host, server.getsockname()[1]))
socket.getaddrinfo("::1", 443), socket.getaddrinfo(None, 443)
left, right = socket.socketpair()
"""
    done = subprocess.run([sys.executable, "-W", "ignore", "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_unix_sockets_are_left_alone(tmp_path: Path) -> None:
    """A kernel is reached over sockets in the file system, and those lead nowhere else."""
    code = """
import socket, sys
from helpers.services.loopback import only_loopback
only_loopback()
with socket.socket(socket.AF_UNIX) as server, socket.socket(socket.AF_UNIX) as client:
    server.bind(sys.argv[1])
    server.listen()
    client.connect(sys.argv[1])
    client.sendall(b"x")
"""
    done = subprocess.run([sys.executable, "-c", code, str(tmp_path / "s")], cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
