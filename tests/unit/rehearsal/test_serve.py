"""Serving a rehearsal, and running commands inside one."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from helpers import cli_cloud
from helpers.rehearsal import child, ready
from helpers.rehearsal.environment import LEAKS, applied
from helpers.rehearsal.serve import Served
from helpers.rehearsal.worldfile import WorldError
from tests.unit.rehearsal.echoing import GRAPH, port_of, tunnel
from tests.unit.rehearsal.processes import CLOUD, ROOT, serving

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def invoke(*arguments: str) -> Result:
    return CliRunner().invoke(cli_cloud.cloud, arguments)


def inside(*options: str, base: dict[str, str] | None = None, code: str = SHOW) -> subprocess.CompletedProcess[str]:
    """`cloud exec` with a Python program as the command."""
    return subprocess.run(
        [*CLOUD, "exec", *options, "--", sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, **(base or {})},
        capture_output=True,
        text=True,
        timeout=60,
    )


def test_served_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """After the block the private folder is gone and the port is closed, also with a connection still open."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with Served("healthy") as served:
        port = port_of(served)
        (folder,) = tmp_path.iterdir()
        assert folder.stat().st_mode & 0o777 == 0o700
        connection = socket.create_connection(("127.0.0.1", port), timeout=5)
        connection.sendall(b"GET http://rehearsal.invalid/ HTTP/1.1\r\n\r\n")
        assert connection.recv(65536).startswith(b"HTTP/1.1 200 ")
    with connection:
        assert connection.recv(1) == b""
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=5)


def test_a_world_or_port_that_cannot_be_used_leaves_nothing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A bad world file and a taken port are raised before anything is started."""
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with pytest.raises(WorldError, match="no such world file"):
        Served("nowhere")
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        with pytest.raises(OSError, match="in use"):
            Served("healthy", port=other.getsockname()[1])
    assert list(tmp_path.iterdir()) == []


def test_the_environment_is_complete_and_hides_the_users_own() -> None:
    """Both cases of the proxy variables, only our CA, the identity's credentials; presets that leak are unset."""
    with Served("healthy") as served:
        variables = served.environment()
        private = served.certificates.bundle.parent.parent
    for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"):
        assert variables[name] == served.url
    for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"):
        assert variables[name] == str(served.certificates.bundle)
    assert variables["NO_PROXY"] == variables["no_proxy"] == ""
    assert all(variables[name] is None for name in LEAKS)
    assert {"ALL_PROXY", "AZURE_AUTHORITY_HOST", "ANTHROPIC_API_KEY", "ANTHROPIC_BASE_URL"} <= set(LEAKS)
    assert Path(str(variables["AZURE_CONFIG_DIR"])).is_relative_to(private)
    assert variables["AZURE_TENANT_ID"] == served.world.state.tenant.id
    assert variables["AZURE_CLIENT_SECRET"] == "rehearsal-only-operator"
    assert variables["CMEK_REHEARSAL"] == served.world.id
    assert variables["CMEK_REHEARSAL_CA"] == served.certificates.fingerprint
    users = {"PATH": "/bin", "AZURE_ANYTHING": "x", "ANTHROPIC_NEW": "x", "ARM_X": "x", "all_proxy": "socks5://x"}
    seen = applied(variables, users)
    assert seen == {"PATH": "/bin", **{k: v for k, v in variables.items() if v is not None}}


def test_served_does_not_wait_for_a_client_that_says_nothing() -> None:
    """Connections idle before, within and after the TLS handshake do not hold up the end."""
    with Served("healthy") as served:
        early, late = (socket.create_connection(("127.0.0.1", port_of(served)), timeout=5) for _ in range(2))
        late.sendall(f"CONNECT {GRAPH}:443 HTTP/1.1\r\n\r\n".encode())
        assert late.recv(65536).startswith(b"HTTP/1.1 200 ")
        idle = tunnel(served)
        start = time.monotonic()
    with early, late, idle:
        assert time.monotonic() - start < 2


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_served_until_a_signal(tmp_path: Path, number: signal.Signals) -> None:
    """The ready file is whole, private and exact while it serves; after a signal nothing is left and the exit is 0."""
    with serving(tmp_path, "--world", "onboarded") as (process, place, lines):
        said: dict[str, Any] = json.loads(place.read_text())
        assert place.stat().st_mode & 0o777 == 0o600
        assert place.parent.stat().st_mode & 0o777 == 0o700
        assert [path.name for path in place.parent.iterdir()] == ["ready.json"]
        assert list(said) == ["proxy", "ca_bundle", "environment", "control_token", "pid"]
        assert said["pid"] == process.pid
        assert said["environment"]["HTTPS_PROXY"] == said["proxy"]
        assert said["environment"]["ALL_PROXY"] is None
        assert Path(said["ca_bundle"]).is_relative_to(tmp_path / "tmp")
        assert said["proxy"] in lines[0]
        assert "Everything is onboarded" in lines[0]
        assert f"cloud exec --ready-file {place} -- CMD" in lines[1]
        assert said["control_token"] not in "".join(lines)
        process.send_signal(number)
        assert process.wait(10) == 0
    assert list(place.parent.iterdir()) == []
    assert list((tmp_path / "tmp").iterdir()) == []
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(said["proxy"].rpartition(":")[2])), timeout=5)


def test_a_second_one_is_refused_and_a_dead_one_is_taken_over(tmp_path: Path) -> None:
    """While one lives another is refused in one line naming its process, whatever the port; a dead one is replaced."""
    with serving(tmp_path) as (first, place, _):
        before = place.read_text()
        port = json.loads(before)["proxy"].rpartition(":")[2]
        second = invoke("--ready-file", str(place), "--port", port)
        assert second.exit_code == 1
        assert second.stderr == f"Error: {place}: a rehearsal cloud is running already, process {first.pid}\n"
        assert place.read_text() == before
        first.kill()
        first.wait()
    assert place.exists()
    with serving(tmp_path) as (third, place, _):
        assert json.loads(place.read_text())["pid"] == third.pid
        third.terminate()
        assert third.wait(10) == 0


def test_a_file_that_is_not_a_ready_file_is_left_alone(tmp_path: Path) -> None:
    """A path given by mistake is never overwritten."""
    mistake = tmp_path / "notes.json"
    mistake.write_text("[1]")
    result = invoke("--ready-file", str(mistake))
    assert (result.exit_code, result.stderr) == (1, f"Error: {mistake}: this is not a ready file\n")
    assert mistake.read_text() == "[1]"


def test_of_two_that_start_at_once_one_is_refused(tmp_path: Path) -> None:
    """Where the place was free at first and taken since, publishing refuses and leaves the other's file."""
    place = tmp_path / "ready.json"
    mine = ready.Ready("http://127.0.0.1:1", "ca.pem", {}, "token", os.getpid())
    other = ready.Ready("http://127.0.0.1:2", "ca.pem", {}, "other", os.getppid())
    with ready.published(place, other):
        with pytest.raises(ready.Taken, match=str(os.getppid())), ready.published(place, mine):
            pass
        assert ready.read(place) == other
    assert not place.exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--port", "x"), "--port: x: a port is a number"),
        (("--port", "65536"), "--port: 65536: a port is a number"),
        (("--world", "nowhere"), "nowhere: no such world file"),
        (("exec", "--world", "nowhere", "--", "true"), "nowhere: no such world file"),
        (("exec", "--world", "healthy", "--ready-file", "x", "--", "true"), "exclude each other"),
        (("exec", "--ready-file", "/nonexistent/ready.json", "--", "true"), "no such ready file"),
        (("exec", "--world", "healthy", "--as", "mallory", "--", "true"), "nobody in this world is called mallory"),
        (("--world", "healthy", "exec", "--", "true"), "options of `cloud exec` stand after it"),
    ],
)
def test_wrong_usage_is_one_line_and_64(tmp_path: Path, arguments: tuple[str, ...], said: str) -> None:
    """What cannot be meant is refused in one line before anything is started."""
    before = () if "exec" in arguments else ("--ready-file", str(tmp_path / "ready.json"))
    result = invoke(*before, *arguments)
    assert result.exit_code == 64
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert list(tmp_path.iterdir()) == []


def test_a_port_that_is_taken_is_told_in_one_line(tmp_path: Path) -> None:
    """A port somebody else has ends with exit 1 and leaves no ready file."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        result = invoke("--ready-file", str(tmp_path / "ready.json"), "--port", str(other.getsockname()[1]))
    assert result.exit_code == 1
    assert result.stderr == "Error: the rehearsal cloud could not start: Address already in use\n"
    assert list(tmp_path.iterdir()) == []


def test_exec_in_a_cloud_of_its_own(tmp_path: Path) -> None:
    """The command gets the environment and its own arguments, the cloud lives as long as it, the exit code is its."""
    users = {"AZURE_AUTHORITY_HOST": "x", "ANTHROPIC_API_KEY": "x", "AZURE_X": "x", "TMPDIR": str(tmp_path)}
    done = inside("--world", "healthy", "--as", "reader", base=users)
    assert done.stderr == ""
    seen = json.loads(done.stdout)
    assert not {"AZURE_AUTHORITY_HOST", "ANTHROPIC_API_KEY", "AZURE_X"} & set(seen)
    assert seen["AZURE_CLIENT_SECRET"] == "rehearsal-only-reader"
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", int(seen["HTTPS_PROXY"].rpartition(":")[2])), timeout=5)
    assert inside("--world", "healthy", base=users, code="raise SystemExit(7)").returncode == 7
    assert list(tmp_path.iterdir()) == []


def test_exec_in_the_running_cloud(tmp_path: Path) -> None:
    """With a ready file the command uses that cloud, as the operator or as another identity of its world."""
    with serving(tmp_path) as (process, place, _):
        operator = json.loads(inside("--ready-file", str(place)).stdout)
        reader = json.loads(inside("--ready-file", str(place), "--as", "reader").stdout)
        unknown = inside("--ready-file", str(place), "--as", "mallory")
        said = json.loads(place.read_text())
        assert operator["HTTPS_PROXY"] == reader["HTTPS_PROXY"] == said["proxy"]
        assert operator["AZURE_CLIENT_SECRET"] == "rehearsal-only-operator"
        assert reader["AZURE_CLIENT_SECRET"] == "rehearsal-only-reader"
        assert (unknown.returncode, unknown.stderr.count("\n")) == (64, 1)
        process.kill()
        process.wait()
        gone = inside("--ready-file", str(place))
        assert gone.returncode == 64
        assert gone.stderr == f"Error: {place}: the rehearsal cloud it names, process {process.pid}, is gone\n"


def test_exec_finds_the_running_cloud_in_the_usual_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    """Without an option the command uses the cloud in the usual place if it lives, else one of its own."""
    monkeypatch.setattr(ready, "DEFAULT", tmp_path / "place" / "ready.json")
    command = ("exec", sys.executable, "-c", "import os; print(os.environ['HTTPS_PROXY'])")
    with serving(tmp_path) as (process, place, _):
        running = json.loads(place.read_text())["proxy"]
        assert invoke(*command).exit_code == 0
        assert capfd.readouterr().out.strip() == running
        process.kill()
        process.wait()
    assert invoke(*command).exit_code == 0
    assert capfd.readouterr().out.strip() not in ("", running)


def test_a_command_that_is_not_there_is_127(tmp_path: Path) -> None:
    """An unknown command is one line and 127; a file that may not be run is 126; an end by a signal is 128 + N."""
    missing = invoke("exec", "--world", "healthy", "--", "no-such-command")
    assert (missing.exit_code, missing.stderr) == (127, "Error: no-such-command: command not found\n")
    text = tmp_path / "text"
    text.touch()
    assert invoke("exec", "--world", "healthy", "--", str(text)).exit_code == 126
    assert invoke("exec", "--world", "healthy", "--", "sh", "-c", "kill -9 $$").exit_code == 137


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_goes_to_the_command(tmp_path: Path, number: signal.Signals) -> None:
    """The command decides what a signal means; the cloud stays until it has ended, and then leaves nothing."""
    code = (
        "import signal, sys, time\n"
        f"signal.signal({int(number)}, lambda *_: (print('heard', flush=True), sys.exit(5)))\n"
        "print('ready', flush=True)\n"
        "time.sleep(30)\n"
    )
    with subprocess.Popen(
        [*CLOUD, "exec", "--world", "healthy", "--", sys.executable, "-c", code],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.stdout.readline() == "heard\n"
        assert process.wait(10) == 5
    assert list(tmp_path.iterdir()) == []


def test_a_signal_while_the_command_starts_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A signal that comes before we know of the child reaches it as soon as we do."""
    start = subprocess.Popen

    def interrupted(*arguments: Any, **more: Any) -> subprocess.Popen[bytes]:
        process: subprocess.Popen[bytes] = start(*arguments, **more)
        signal.raise_signal(signal.SIGTERM)
        return process

    monkeypatch.setattr(subprocess, "Popen", interrupted)
    assert child.run(["sleep", "30"], dict(os.environ)) == 128 + signal.SIGTERM
