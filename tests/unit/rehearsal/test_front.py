"""The front: simulated hosts behind a proxy on loopback, and nothing else."""

from __future__ import annotations

import hashlib
import json
import socket
import ssl
import threading

import pytest
import urllib3

from helpers.rehearsal import front
from helpers.rehearsal.serve import Served
from tests.unit.rehearsal.echoing import GRAPH, all_of, port_of, sent, tunnel


def test_a_client_gets_a_stamped_reply_it_can_verify(served: Served, client: urllib3.ProxyManager) -> None:
    """A client that trusts only ca.pem is answered under a production host name, stamped with world id and time."""
    reply = client.request("GET", f"https://{GRAPH}/echo/a%20b%2Fc?x=1&empty=&x=2")
    assert reply.status == 200
    assert reply.headers["x-rehearsal"] == served.world.id
    assert reply.headers["date"].startswith("Mon, 23 Nov 2026 09:0")
    assert reply.headers["content-type"].startswith("application/json")
    said = reply.json()
    assert (said["path"], said["query"]) == ("/echo/a b/c", {"x": "1,2", "empty": ""})
    assert len(said["id"]) == 36


def test_a_wildcard_host_is_one_label(client: urllib3.ProxyManager) -> None:
    """Any vault name is simulated; a name with two labels before the suffix is refused."""
    assert client.request("GET", "https://kv-one.vault.azure.net/echo").status == 200
    with pytest.raises(urllib3.exceptions.ProxyError, match=r"a\.b\.vault\.azure\.net is not simulated"):
        client.request("GET", "https://a.b.vault.azure.net/echo")


def test_a_double_slash_is_one(client: urllib3.ProxyManager) -> None:
    """Clients write an empty segment where a name is left out; it does not change which operation is meant."""
    assert client.request("GET", f"https://{GRAPH}//echo//").json()["path"] == "/echo/"


@pytest.mark.parametrize("target", ["example.com:443", "login.live.com:443", "169.254.169.254:80", "[::1]:443", "x"])
def test_a_host_that_is_not_simulated_is_refused_in_the_reason_phrase(served: Served, target: str) -> None:
    """CONNECT to any other host is 403 and the reason phrase names the host."""
    line = sent(served, f"CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n\r\n".encode()).split(b"\r\n")[0].decode()
    host = target.rpartition(":")[0] or target
    assert line == f"HTTP/1.1 403 rehearsal: {host} is not simulated"


def test_another_port_of_a_simulated_host_is_refused(served: Served) -> None:
    """Only port 443 is simulated."""
    assert sent(served, f"CONNECT {GRAPH}:80 HTTP/1.1\r\n\r\n".encode()).startswith(
        f"HTTP/1.1 403 rehearsal: {GRAPH}:80 is not simulated, only port 443 is\r\n".encode()
    )


@pytest.mark.parametrize(
    "url", ["http://169.254.169.254/metadata/identity", "http://graph.microsoft.com/echo", "http://rehearsal.invalid/x"]
)
def test_plain_http_is_refused(client: urllib3.ProxyManager, url: str) -> None:
    """A plain HTTP request through the proxy is refused: the instance metadata address and simulated hosts too."""
    reply = client.request("GET", url)
    host = url.split("/")[2]
    assert (reply.status, reply.reason) == (403, f"rehearsal: {host} is not simulated over plain HTTP")
    assert reply.headers["x-rehearsal"]


def test_the_marker_names_the_world_and_the_ca(served: Served, client: urllib3.ProxyManager) -> None:
    """GET http://rehearsal.invalid/ through the proxy says which rehearsal this is, and that its CA is ca.pem."""
    reply = client.request("GET", "http://rehearsal.invalid/")
    der = ssl.PEM_cert_to_DER_cert(served.certificates.bundle.read_text())
    said = reply.json()
    assert reply.headers["x-rehearsal"] == said["rehearsal"] == served.world.id
    assert said["ca_sha256"] == hashlib.sha256(der).hexdigest()
    assert said["about"] == served.world.state.about
    assert said["now"].startswith("2026-11-23T09:0")
    assert set(said) == {"rehearsal", "ca_sha256", "about", "now"}


def test_the_marker_is_for_the_proxy_only(served: Served) -> None:
    """Asked directly, under its own name in the Host header, the marker is not given."""
    assert sent(served, b"GET / HTTP/1.1\r\nHost: rehearsal.invalid\r\n\r\n").startswith(b"HTTP/1.1 421 ")


def test_a_client_without_the_ca_fails_in_tls(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    """A client with the usual trust does not believe the front, and the front prints nothing about it."""
    with (
        urllib3.ProxyManager(served.url, retries=False, timeout=5) as client,
        pytest.raises(urllib3.exceptions.SSLError, match="CERTIFICATE_VERIFY_FAILED"),
    ):
        client.request("GET", f"https://{GRAPH}/echo")
    assert capfd.readouterr().err == ""


def test_a_connection_is_kept(served: Served) -> None:
    """Several requests go over one TLS connection, also after a reply without a body and an unknown operation."""
    with tunnel(served) as connection:
        for target, status in (("/echo", b"200"), ("/echo?status=204", b"204"), ("/what", b"501"), ("/echo", b"200")):
            connection.sendall(f"GET {target} HTTP/1.1\r\nHost: {GRAPH}:443\r\n\r\n".encode())
            reply = connection.recv(65536)
            assert reply.split(b" ")[1] == status
            assert b"connection: close" not in reply.lower()
    assert len(served.cloud.journal.rows()) == 4


def test_another_method_is_not_simulated(served: Served) -> None:
    """HEAD and OPTIONS reach the router like any method; the reply to HEAD has no body."""
    with tunnel(served) as connection:
        connection.sendall(f"HEAD /echo HTTP/1.1\r\nHost: {GRAPH}\r\nConnection: close\r\n\r\n".encode())
        head, _, body = all_of(connection).partition(b"\r\n\r\n")
    assert (head.split(b" ")[1], body) == (b"501", b"")
    with tunnel(served) as connection:
        connection.sendall(f"OPTIONS /echo HTTP/1.1\r\nHost: {GRAPH}\r\nConnection: close\r\n\r\n".encode())
        assert all_of(connection).startswith(b"HTTP/1.1 501 ")


@pytest.mark.parametrize(
    ("request_text", "status"),
    [
        ("GET /echo HTTP/1.1\r\nHost: management.azure.com\r\n\r\n", 421),
        ("GET /echo HTTP/1.1\r\n\r\n", 400),
        ("GET /echo HTTP/1.1\r\nHost: {h}\r\nHost: {h}\r\n\r\n", 400),
        ("GET https://{h}/echo HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
        ("CONNECT {h}:443 HTTP/1.1\r\nHost: {h}\r\n\r\n", 403),
        ("GET /echo\r\n\r\n", 400),
        ("nonsense\r\n\r\n", 400),
        ("GET /echo HTTP/2.0\r\nHost: {h}\r\n\r\n", 505),
        ("GET /echo HTTP/1.1\r\nHost: {h}\r\nno colon\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: {h}\r\nContent-Length: -1\r\n\r\n", 400),
        ("POST /echo HTTP/1.1\r\nHost: {h}\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400),
        ("POST /echo HTTP/1.1\r\nHost: {h}\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 411),
        ("GET /{long} HTTP/1.1\r\nHost: {h}\r\n\r\n", 414),
        ("GET /echo HTTP/1.1\r\nHost: {h}\r\nA: {half}\r\nB: {half}\r\n\r\n", 431),
        ("GET /echo HTTP/1.1\r\nHost: {h}\r\nA: {long}\r\n\r\n", 431),
        ("GET /echo?{fields} HTTP/1.1\r\nHost: {h}\r\n\r\n", 400),
    ],
)
def test_a_request_that_is_not_well_formed_is_refused(served: Served, request_text: str, status: int) -> None:
    """What cannot be read, is too large, or is meant for another host gets its status once, and the connection ends."""
    text = request_text.format(h=GRAPH, long="x" * 70000, half="x" * 40000, fields="a=1&" * 200)
    with tunnel(served) as connection:
        connection.sendall(text.encode())
        connection.sendall(f"GET /echo HTTP/1.1\r\nHost: {GRAPH}\r\n\r\n".encode())
        reply = all_of(connection)
    assert reply.startswith(f"HTTP/1.1 {status} ".encode())
    assert reply.count(b"x-rehearsal: ") == 1
    assert served.cloud.journal.rows() == []


def test_a_body_over_one_mebibyte_is_refused(served: Served, client: urllib3.ProxyManager) -> None:
    """One MiB is taken, one byte more is 413, and the client gets to see it."""
    size = 1024 * 1024
    assert len(client.request("POST", f"https://{GRAPH}/echo", body=b"x" * size).json()["body"]) == size
    assert client.request("POST", f"https://{GRAPH}/echo", body=b"x" * (size + 1)).status == 413


def test_a_client_may_ask_before_it_sends_a_body(served: Served) -> None:
    """Expect: 100-continue is answered inside the tunnel."""
    with tunnel(served) as connection:
        connection.sendall(
            f"POST /echo HTTP/1.1\r\nHost: {GRAPH}\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n".encode()
        )
        assert connection.recv(65536) == b"HTTP/1.1 100 Continue\r\n\r\n"
        connection.sendall(b"ok")
        assert b'"body":"ok"' in connection.recv(65536)


def test_a_defect_of_the_rehearsal_is_told_without_a_credential(
    served: Served, client: urllib3.ProxyManager, capfd: pytest.CaptureFixture[str]
) -> None:
    """A handler that raises gives a stamped 500 that takes the blame, and where it was on standard error."""
    reply = client.request("GET", f"https://{GRAPH}/broken", headers={"Authorization": "Bearer s3cret"})
    printed = capfd.readouterr().err
    assert reply.status == 500
    assert reply.headers["x-rehearsal"] == served.world.id
    assert reply.json()["error"]["message"].startswith("The rehearsal cloud itself failed on GET https://graph")
    assert "in broken" in printed
    assert "RuntimeError" in printed
    assert "s3cret" not in printed + reply.data.decode()


def test_clients_that_leave_early_are_not_reported(served: Served, capfd: pytest.CaptureFixture[str]) -> None:
    """A client may vanish at any point without a traceback."""
    for text in (b"", b"GET ", f"CONNECT {GRAPH}:443 HTTP/1.1\r\n\r\n".encode()):
        with socket.create_connection(("127.0.0.1", port_of(served)), timeout=5) as plain:
            plain.sendall(text)
    with tunnel(served) as connection:
        connection.sendall(f"POST /echo HTTP/1.1\r\nHost: {GRAPH}\r\nContent-Length: 9\r\n\r\nabc".encode())
    with tunnel(served) as connection:
        connection.sendall(f"GET /echo HTTP/1.1\r\nHost: {GRAPH}\r\n\r\n".encode())
    assert sent(served, b"GET http://rehearsal.invalid/ HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 ")
    assert capfd.readouterr().err == ""


def test_one_connection_too_many_is_told_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the limit a client gets 503; when others have left there is room again."""
    monkeypatch.setattr(front, "CONNECTIONS", 2)
    with tunnel(served), tunnel(served):
        assert sent(served, b"GET http://rehearsal.invalid/ HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 503 rehearsal: ")
    released = threading.Event()
    while not sent(served, b"GET http://rehearsal.invalid/ HTTP/1.1\r\n\r\n").startswith(b"HTTP/1.1 200 "):
        assert not released.wait(0.01)


def test_replies_are_not_held_back(served: Served) -> None:
    """Small replies leave at once (TCP_NODELAY)."""
    with socket.create_connection(("127.0.0.1", port_of(served)), timeout=5):
        connections = served._front._open
        for _ in range(100):
            if connections:
                break
            threading.Event().wait(0.01)
        (connection,) = connections
        assert connection.connection.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_the_ca_key_is_never_written(served: Served) -> None:
    """The private folder holds the CA certificate and the leaf; the one private key in it is the leaf's."""
    folder = served.certificates.bundle.parent
    files = {path.name: path.read_text() for path in folder.rglob("*") if path.is_file()}
    assert set(files) == {"ca.pem", "leaf.pem"}
    assert "PRIVATE KEY" not in files["ca.pem"]
    assert files["leaf.pem"].count("BEGIN") == 2
    assert folder.stat().st_mode & 0o777 == 0o700
    assert served.certificates.leaf.stat().st_mode & 0o777 == 0o600
    assert list(served.certificates.no_others.iterdir()) == []


def test_every_rehearsal_has_a_ca_of_its_own(served: Served) -> None:
    """A client of one rehearsal does not believe another."""
    with Served("healthy", router=served.cloud.router) as other:
        assert other.certificates.fingerprint != served.certificates.fingerprint
        with (
            urllib3.ProxyManager(other.url, ca_certs=str(served.certificates.bundle), retries=False) as client,
            pytest.raises(urllib3.exceptions.SSLError),
        ):
            client.request("GET", f"https://{GRAPH}/echo")


def test_the_log_has_what_was_asked(served: Served, client: urllib3.ProxyManager) -> None:
    """Each request inside a tunnel is one entry with the id the service saw; refusals and the marker are none."""
    said = json.loads(client.request("GET", f"https://{GRAPH}/echo").data)
    client.request("GET", "http://rehearsal.invalid/")
    (row,) = served.cloud.journal.rows()
    assert (row["operation"], row["status"], row["request_id"]) == ("echo", 200, said["id"])
