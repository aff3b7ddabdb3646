"""What is left of a rehearsal: nothing, however it ends; and of one that was killed, nothing after the next start."""

from __future__ import annotations

import json
import os
import signal
import socket
import ssl
import subprocess
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
import urllib3

from helpers.rehearsal import folders, ready
from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import ECHO, all_of, get, port_of, tunnel, tunnel_to, until
from tests.unit.rehearsal.processes import serving

ARM = "management.azure.com"
FAULTS: dict[str, dict[str, Any]] = {
    "held": {"operation": "Tenants_List", "hold": True},
    "dripped": {"operation": "Tenants_List", "drip_seconds": 600},
    "late": {"operation": "Tenants_List", "delay_seconds": 600},
}


def ask(place: Path, direct: urllib3.PoolManager, method: str, path: str, body: Any = None) -> Any:
    """Asks the control interface of the cloud that a ready file names."""
    said = json.loads(place.read_text())
    headers = {"Authorization": f"Bearer {said['control_token']}"}
    return direct.request(method, f"{said['proxy']}{path}", headers=headers, body=json.dumps(body)).json()


def waiting(place: Path, direct: urllib3.PoolManager, fault: dict[str, Any]) -> ssl.SSLSocket:
    """A request that meets a fault in another process, once it does; the caller closes its connection."""
    said = json.loads(place.read_text())
    ask(place, direct, "POST", "/faults", [fault])
    connection = tunnel_to(said["proxy"], said["ca_bundle"], ARM)
    connection.sendall(get("/tenants?api-version=2022-12-01", ARM))
    until(lambda: ask(place, direct, "GET", "/log"))
    return connection


def gone() -> int:
    """The number of a process that is no more."""
    with subprocess.Popen([sys.executable, "-c", ""]) as process:
        process.wait()
    return process.pid


def descriptors() -> int:
    """How many files and sockets this process has open."""
    return sum(1 for _ in Path("/dev/fd").iterdir())


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("fault", FAULTS.values(), ids=FAULTS)
def test_nothing_is_left_when_a_signal_comes_in_the_middle(
    tmp_path: Path, direct: urllib3.PoolManager, fault: dict[str, Any], number: signal.Signals
) -> None:
    """A request that is held, dripped or late does not keep the process, its folder, its ready file or its port."""
    with serving(tmp_path) as (process, place, _):
        port = json.loads(place.read_text())["proxy"].rpartition(":")[2]
        with waiting(place, direct, fault) as connection:
            process.send_signal(number)
            assert process.wait(10) == 0
            all_of(connection)
    assert list(place.parent.iterdir()) == list((tmp_path / "tmp").iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)


def test_what_a_killed_one_left_goes_with_the_next_start(tmp_path: Path, direct: urllib3.PoolManager) -> None:
    """Its ready file is known to be stale, its port is closed, and the next one removes its folder and its file."""
    with serving(tmp_path) as (process, place, _):
        port = json.loads(place.read_text())["proxy"].rpartition(":")[2]
        with waiting(place, direct, FAULTS["held"]) as connection:
            process.kill()
            process.wait()
            assert all_of(connection) == b""
    (left,) = (tmp_path / "tmp").iterdir()
    assert left.name.startswith(f"cmek-rehearsal-{process.pid}-")
    with pytest.raises(ready.NotReady, match=f"process {process.pid}, is gone"):
        ready.read(place)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(port)), timeout=5)
    half = place.with_name(".ready.json.k1ll3d_x")
    half.write_text("{")
    others = place.with_name(".ready.json.swp")
    others.touch()
    with serving(tmp_path) as (second, place, _):
        (folder,) = (tmp_path / "tmp").iterdir()
        assert folder.name.startswith(f"cmek-rehearsal-{second.pid}-")
        assert ready.read(place).pid == second.pid
        assert sorted(place.parent.iterdir()) == [others, place]
        second.terminate()
        assert second.wait(10) == 0
    assert list(place.parent.iterdir()) == [others]
    assert list((tmp_path / "tmp").iterdir()) == []


def test_only_folders_of_dead_rehearsals_are_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of live processes, links, files and whatever has another name stay, and so does what a link leads to."""
    temporary, elsewhere = tmp_path / "tmp", tmp_path / "elsewhere"
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    dead = gone()
    stay = [
        f"cmek-rehearsal-{os.getpid()}-abcdefgh",
        f"cmek-rehearsal-{os.getppid()}-abcdefgh",
        f"other-{dead}-abcdefgh",
        f"cmek-rehearsal-{dead}",
        f"cmek-rehearsal-{dead}-ABC",
        f"cmek-rehearsal-{dead}-abc-def",
        "cmek-rehearsal-abcdefgh",
        "cmek-rehearsal-0-abcdefgh",
    ]
    for name in (*stay, f"cmek-rehearsal-{dead}-abcdefgh", f"cmek-rehearsal-{dead}-12345_78"):
        (temporary / name / "certificates").mkdir(parents=True)
        (temporary / name / "certificates" / "ca.pem").touch()
    elsewhere.mkdir()
    (elsewhere / "kept").touch()
    (temporary / f"cmek-rehearsal-{dead}-linklink").symlink_to(elsewhere)
    (temporary / f"cmek-rehearsal-{dead}-filefile").touch()
    mine = folders.make()
    left = {path.name for path in temporary.iterdir()}
    links = {f"cmek-rehearsal-{dead}-linklink", f"cmek-rehearsal-{dead}-filefile"}
    assert left == {*stay, *links, mine.name}
    assert mine.name.startswith(f"cmek-rehearsal-{os.getpid()}-")
    assert mine.stat().st_mode & 0o777 == 0o700
    assert (elsewhere / "kept").exists()


def test_folders_of_others_are_left_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What another user's process left is that user's."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    theirs = tmp_path / f"cmek-rehearsal-{gone()}-abcdefgh"
    theirs.mkdir()
    me = os.getuid()
    monkeypatch.setattr("os.getuid", lambda: me + 1)
    folders.sweep()
    assert theirs.is_dir()
    monkeypatch.setattr("os.getuid", lambda: me)
    folders.sweep()
    assert not theirs.exists()


def test_no_thread_and_no_socket_is_left(direct: urllib3.PoolManager) -> None:
    """Within one process as well: with requests held, dripped and late, and with clients that say nothing."""
    threads, open_files = set(threading.enumerate()), descriptors()
    with ExitStack() as stack:
        with Served("healthy", router=ECHO) as served:
            faults = [
                {"operation": "echo", "hold": True},
                {"operation": "echo a name", "drip_seconds": 600},
                {"operation": "echo of a vault", "delay_seconds": 600},
            ]
            headers = {"Authorization": f"Bearer {served.control_token}"}
            assert direct.request("POST", f"{served.url}/faults", headers=headers, json=faults).status == 200
            for target, host in (("/echo", None), ("/echo/a", None), ("/echo", "kv.vault.azure.net")):
                connection = stack.enter_context(tunnel(served, *([host] if host else [])))
                connection.sendall(get(target, *([host] if host else [])))
            stack.enter_context(socket.create_connection(("127.0.0.1", port_of(served)), timeout=5))
            until(lambda: len(served.cloud.journal.rows()) == 3)
        assert served._front._threads_running == 0
        direct.clear()
    until(lambda: set(threading.enumerate()) <= threads)
    assert descriptors() <= open_files
