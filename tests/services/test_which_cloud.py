"""Which cloud is out there: signs that must agree, replies that must carry the mark, and a process kept on loopback."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from helpers.errors import WrongCloud
from helpers.model import Unknown
from helpers.services import front
from helpers.services.connect import Services, connect
from helpers.services.witness import Witness
from tests.services.faults import marked
from tests.services.rehearsed import GIVEN, ROOT, Rehearsed, given

CALLS: dict[str, tuple[str, Callable[[Services], Any]]] = {
    "sign-in": ("token", lambda s: s.caller),
    "sign-in of a read": ("token", lambda s: s.keys.key("claude-cmek")),
    "sign-in of a write": ("token", lambda s: s.roles.grant(given().vault_id, "role", "principal")),
    "sign-in for Graph": ("token", lambda s: s.principals.consent()),
    "vault": ("Vaults_Get", lambda s: s.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"])),
    "diagnostics": ("DiagnosticSettings_List", lambda s: s.vaults.diagnostic_settings(given().vault_id)),
    "key": ("GetKey", lambda s: s.keys.key("claude-cmek")),
    "grant": ("RoleAssignments_Create", lambda s: s.roles.grant(given().vault_id, "role", "principal")),
    "principals": ("servicePrincipal list", lambda s: s.principals.of_published_app()),
    "consent": ("servicePrincipal create", lambda s: s.principals.consent()),
    "organization": ("organization retrieve", lambda s: s.admin.organization()),
    "validation": ("external key validate", lambda s: s.admin.validate("ekey_01")),
    "attach": ("workspace update", lambda s: s.admin.attach_once("wrkspc_01REHEARSALDEFAULT", "ekey_01")),
}
each = pytest.mark.parametrize("call", CALLS)


@each
@pytest.mark.parametrize("mark", ["rehearsal-0ther", ""])
def test_a_reply_without_this_rehearsals_mark_ends_the_run(healthy: Rehearsed, call: str, mark: str) -> None:
    """In a rehearsal a reply of another cloud raises WrongCloud, through every client, and nothing more is sent."""
    operation, make = CALLS[call]
    services = healthy.services()
    if operation != "token":
        make_ready(services)
    healthy.cloud.mend()
    healthy.cloud.after(operation, marked(mark))
    with pytest.raises(WrongCloud, match="without the mark"):
        make(services)
    assert healthy.cloud.asked(operation) == 1
    assert healthy.cloud.journal.rows()[-1]["operation"] == operation


@each
def test_a_reply_with_a_mark_outside_a_rehearsal_ends_the_run(healthy: Rehearsed, call: str) -> None:
    """A process that takes itself for live stops at the first marked reply, before anything is concluded."""
    _, make = CALLS[call]
    services = healthy.services()
    services.witness._world = None
    with pytest.raises(WrongCloud, match="this is not a rehearsal"):
        make(services)
    assert len(healthy.cloud.journal.rows()) == 1
    assert healthy.cloud.wrote() == []


def make_ready(services: Services) -> None:
    """Sign in for every service, and meet the vault's challenge."""
    services.caller.object_id  # noqa: B018
    services.keys.key("claude-cmek")
    services.principals.of_published_app()


@pytest.mark.parametrize(
    ("world", "headers", "right"),
    [
        ("rehearsal-1", {"X-Rehearsal": "rehearsal-1"}, True),
        ("rehearsal-1", {"x-rehearsal": "rehearsal-2"}, False),
        ("rehearsal-1", {}, False),
        (None, {}, True),
        (None, {"x-rehearsal": "rehearsal-1"}, False),
    ],
)
def test_the_mark_and_the_world_agree(world: str | None, headers: dict[str, str], right: bool) -> None:
    """The mark of the very world, or outside a rehearsal none; the request id of the reply is kept either way."""
    witness = Witness(world)
    if right:
        witness.saw("vault.azure.net", {**headers, "X-MS-Request-Id": "id-1"})
    else:
        with pytest.raises(WrongCloud):
            witness.saw("vault.azure.net", {**headers, "X-MS-Request-Id": "id-1"})
    assert witness.request_id == "id-1"


Reply = Callable[[BaseHTTPRequestHandler], None]


def reply(status: int, body: str = "", **headers: str) -> Reply:
    """What a proxy answers; header names are written with underscores."""

    def send(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response_only(status)
        for name, value in headers.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.send_header("Content-Length", str(len(body)))
        handler.end_headers()
        handler.wfile.write(body.encode())

    return send


def garbage(handler: BaseHTTPRequestHandler) -> None:
    handler.wfile.write(b"\x05\x00 this is not HTTP\r\n\r\n")


def silence(handler: BaseHTTPRequestHandler) -> None:
    handler.close_connection = True


@contextmanager
def proxy(answer: Reply) -> Iterator[str]:
    """A plain proxy on loopback that answers every GET so; yields its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            answer(self)

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def outside(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment without any proxy."""
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "no_proxy", "NO_PROXY", "ALL_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


SAID = '{"rehearsal": "rehearsal-1", "ca_sha256": "00"}'
DATE = "Mon, 23 Nov 2026 09:00:00 GMT"


def test_without_a_proxy_nobody_is_asked(outside: pytest.MonkeyPatch) -> None:
    """No proxy, or a proxy that is bypassed: not a rehearsal, and the reserved name is not even looked up."""
    assert front.identify() is None
    outside.setenv("http_proxy", "http://127.0.0.1:9")
    assert front.identify() is None
    outside.setenv("no_proxy", "*")
    assert front.identify() is None


@pytest.mark.parametrize(
    "answer",
    [
        reply(403, "blocked by policy"),
        reply(502, "<html>no such host</html>"),
        reply(200, "<html>Sign in to the network</html>"),
        reply(200, '{"error": "no such host"}'),
        reply(200, '{"rehearsal": true, "ca_sha256": 5}'),
        reply(200, "[]"),
        reply(204),
        garbage,
        silence,
    ],
    ids=["403", "502", "html", "json", "json like it", "list", "empty", "garbage", "silence"],
)
def test_a_plain_relay_is_not_a_rehearsal(outside: pytest.MonkeyPatch, answer: Reply) -> None:
    """A corporate relay that answers for the name in its own way is no rehearsal, and a live run is not refused."""
    with proxy(answer) as address:
        outside.setenv("http_proxy", address)
        found = front.identify()
    assert found is None
    front.check("azure", found, os.environ)


@pytest.mark.parametrize(
    "answer",
    [
        reply(200, SAID, Date=DATE),
        reply(200, SAID, Date=DATE, x_rehearsal="rehearsal-2"),
        reply(200, SAID, x_rehearsal="rehearsal-1"),
        reply(200, SAID, Date="yesterday", x_rehearsal="rehearsal-1"),
        reply(200, "{}", Date=DATE, x_rehearsal="rehearsal-1"),
        reply(403, SAID, Date=DATE, x_rehearsal="rehearsal-1"),
    ],
    ids=["no header", "other header", "no date", "bad date", "says nothing", "403"],
)
def test_a_look_alike_is_refused(outside: pytest.MonkeyPatch, answer: Reply) -> None:
    """Something that shows only part of a rehearsal's signs is refused, whatever the parameters say."""
    with proxy(answer) as address:
        outside.setenv("http_proxy", address)
        with pytest.raises(WrongCloud, match="signs do not agree"):
            front.identify()


def test_the_rehearsal_identifies_itself(healthy: Rehearsed) -> None:
    """Inside a rehearsal its world, its authority and its time are found, and it is accepted."""
    found = front.identify()
    assert found is not None
    assert (found.world, found.ca_sha256) == (healthy.world.id, healthy.served.certificates.fingerprint)
    assert abs((found.now - healthy.world.now()).total_seconds()) < 5
    front.check("rehearsal", found, os.environ)


def test_an_authority_that_is_not_the_only_one_is_refused(healthy: Rehearsed, tmp_path: Path) -> None:
    """Another authority, a second one, none, or something else in the bundle: WrongCloud, for each kind of client."""
    found = front.identify()
    own = healthy.served.certificates.bundle.read_text()
    other = trustme.CA().cert_pem.bytes().decode()
    trusted = other.replace("CERTIFICATE", "TRUSTED CERTIFICATE")
    bundles = {"other": other, "two": own + other, "two kinds": own + trusted, "empty": "", "text": "hello", "é": "é"}
    for variable in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE"):
        for name, content in bundles.items():
            path = tmp_path / "bundle.pem"
            path.write_text(content, encoding="utf-8")
            with pytest.raises(WrongCloud, match="authority"):
                front.check("rehearsal", found, {**os.environ, variable: str(path)})
                pytest.fail(f"{variable} {name} was accepted")
        for missing in (str(tmp_path), str(tmp_path / "nothing")):
            with pytest.raises(WrongCloud, match="authority"):
                front.check("rehearsal", found, {**os.environ, variable: missing})
        with pytest.raises(WrongCloud, match="authority"):
            front.check("rehearsal", found, {k: v for k, v in os.environ.items() if k != variable})


def test_live_inside_a_rehearsal_is_refused(healthy: Rehearsed) -> None:
    """cloud: azure where a rehearsal answers raises WrongCloud, and no service was asked."""
    with pytest.raises(WrongCloud, match=healthy.world.id):
        connect(given(cloud="azure", credential="environment"), root=ROOT, say=print)
    assert healthy.cloud.journal.rows() == []


def test_a_rehearsal_without_a_cloud_is_refused(outside: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """cloud: rehearsal where none answers names the one command that starts one."""
    with pytest.raises(WrongCloud) as caught:
        connect(given(), root=tmp_path, say=print)
    assert "python runbook.py cloud" in caught.value.next_step


@pytest.mark.parametrize("written", ["", "{}", "[]", '{"pid": 1}', '{"pid": "x", "environment": {}}', "\x00"])
def test_a_damaged_ready_file_is_no_rehearsal(outside: pytest.MonkeyPatch, tmp_path: Path, written: str) -> None:
    """A ready file that cannot be used leads to the same refusal, not to a traceback."""
    (tmp_path / ".rehearsal").mkdir()
    (tmp_path / ".rehearsal" / "ready.json").write_text(written)
    with pytest.raises(WrongCloud, match="no rehearsal cloud answers"):
        connect(given(), root=tmp_path, say=print)


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


def test_the_times_of_a_rehearsal_are_its_own(healthy: Rehearsed) -> None:
    """Services of a rehearsal go by the cloud's time, not by the machine's."""
    services = healthy.services()
    assert abs((services.clock.now() - healthy.world.now()).total_seconds()) < 5


def test_unknown_is_not_what_a_wrong_cloud_reads_as(healthy: Rehearsed) -> None:
    """The control for the tests above: with the right mark the same read is an answer or Unknown, not an error."""
    services = healthy.services("nobody")
    assert isinstance(services.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]), Unknown)
