"""A process that rehearses reaches nothing but this machine, and does not go live afterwards."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from helpers.errors import WrongCloud
from helpers.services.connect import connect
from tests.services.rehearsed import ROOT, Rehearsed, given


def test_a_process_that_rehearsed_does_not_go_live(healthy: Rehearsed, outside: pytest.MonkeyPatch) -> None:
    """After a rehearsal, cloud: azure in the same process is refused even where no rehearsal answers any more."""
    with healthy.inside():
        healthy.services()
    with pytest.raises(WrongCloud, match="has rehearsed"):
        connect(given(cloud="azure", credential="environment"), root=ROOT, say=print)


def test_live_is_not_refused_where_nothing_rehearses() -> None:
    """A fresh process outside a rehearsal may go live: no refusal, no request, no limit to loopback."""
    code = """
from pathlib import Path
from helpers.services import loopback
from helpers.services.connect import connect
from tests.services.rehearsed import given
services = connect(given(cloud="azure", credential="environment"), root=Path("."), say=print)
assert services.world is None and services.clock.shift.total_seconds() == 0
assert not loopback.is_only_loopback()
"""
    run(code, {name: value for name, value in os.environ.items() if "proxy" not in name.lower()})


def test_a_rehearsal_keeps_its_process_on_loopback() -> None:
    """After the hook is laid, looking up, connecting and sending elsewhere raise WrongCloud; loopback works."""
    code = """
import socket
from helpers.errors import WrongCloud
from helpers.services.loopback import is_only_loopback, only_loopback
assert not is_only_loopback()
only_loopback()
only_loopback()
assert is_only_loopback()
udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
tcp = socket.socket()
attempts = [
    lambda: socket.getaddrinfo("example.com", 443),
    lambda: socket.getaddrinfo(b"example.com", 443),
    lambda: socket.gethostbyname("example.com"),
    lambda: socket.gethostbyname_ex("example.com"),
    lambda: socket.create_connection(("192.0.2.1", 443), timeout=1),
    lambda: tcp.connect(("192.0.2.1", 443)),
    lambda: tcp.connect_ex(("0.0.0.0", 443)),
    lambda: socket.socket(socket.AF_INET6).connect(("2001:db8::1", 443, 0, 0)),
    lambda: udp.sendto(b"x", ("192.0.2.1", 53)),
    lambda: udp.sendmsg([b"x"], [], 0, ("192.0.2.1", 53)),
]
for number, attempt in enumerate(attempts):
    try:
        attempt()
    except WrongCloud as error:
        assert "was stopped" in error.what
    else:
        raise SystemExit(f"attempt {number} was not stopped")
with socket.create_server(("127.0.0.1", 0)) as server:
    for name in ("127.0.0.1", "localhost"):
        socket.create_connection((name, server.getsockname()[1]), timeout=5).close()
"""
    run(code, dict(os.environ))


def test_a_bypass_that_comes_up_later_is_stopped(healthy: Rehearsed) -> None:
    """NO_PROXY set after the rehearsal was found: every client is stopped on this machine, none reads as unknown."""
    code = """
import os
from pathlib import Path
from helpers.errors import WrongCloud
from helpers.services.connect import connect
from tests.services.rehearsed import GIVEN, given
services = connect(given(), root=Path("."), say=print)
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "*"
reads = {
    "sign-in": lambda: services.caller,
    "vault": lambda: services.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]),
    "key": lambda: services.keys.key("claude-cmek"),
    "principals": lambda: services.principals.of_published_app(),
    "organization": lambda: services.admin.organization(),
}
for name, read in reads.items():
    try:
        found = read()
    except WrongCloud as error:
        assert "was stopped" in error.what, error
    else:
        raise SystemExit(f"{name} was not stopped: {found}")
"""
    run(code, healthy.environment())
    assert healthy.cloud.journal.rows() == []


def run(code: str, environment: dict[str, str]) -> None:
    """Run a program in a process of its own, as a hook stays for good."""
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, env=environment, capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr + done.stdout
