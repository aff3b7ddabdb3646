"""Which cloud is out there: a rehearsal says so itself, and its signs must agree."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
import trustme

from helpers.errors import WrongCloud
from helpers.services import front
from helpers.services.connect import connect
from tests.services.rehearsed import ROOT, Rehearsed, given

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


def test_the_times_of_a_rehearsal_are_its_own(healthy: Rehearsed) -> None:
    """Services of a rehearsal go by the cloud's time, not by the machine's."""
    services = healthy.services()
    assert abs((services.clock.now() - healthy.world.now()).total_seconds()) < 5
