"""What one process shares among its targets: the TLS rules stay requests' own, and a throttled host is everybody's."""

from __future__ import annotations

import asyncio
import socket
import ssl
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, cast

import httpx
import pytest
import trustme
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import HttpTransport

from helpers.cli_fleet import MOST_JOBS
from helpers.errors import Interrupted
from helpers.model import Found, Known, Unknown
from helpers.rehearsal.faults import parsed
from helpers.services import graph, sessions
from helpers.services.backoff import BackOff
from helpers.services.connect import Services, connect
from helpers.services.one_token import OneToken
from helpers.services.shared import ARM, Shared
from tests.services.conftest import onboarded, onboarded_world, outside
from tests.services.faults import text
from tests.services.rehearsed import ADMIN_KEY, GIVEN, ROOT, Rehearsed, given

__all__ = ["onboarded", "onboarded_world", "outside"]


class Time:
    """Seconds that pass when somebody sleeps."""

    def __init__(self) -> None:
        self.now = 1000.0
        self.slept: list[float] = []

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += seconds

    def elapsed(self) -> float:
        return self.now


@pytest.fixture
def time(monkeypatch: pytest.MonkeyPatch) -> Time:
    """Nothing sleeps for real, azure-core neither: its time is the same."""
    time = Time()
    monkeypatch.setattr(HttpTransport, "sleep", lambda _, seconds: time.sleep(seconds))
    return time


@pytest.fixture
def shared(time: Time) -> Iterator[Shared]:
    shared = Shared(BackOff(lambda line: None, sleep=time.sleep, elapsed=time.elapsed))
    yield shared
    shared.close()


def services(shared: Shared) -> Services:
    return connect(given(), root=ROOT, say=print, shared=shared)


def vault(of: Services) -> Found[object]:
    return of.vaults.vault(str(GIVEN["resource_group"]), str(GIVEN["vault_name"]))


READS = {
    "Vaults_Get": ("management.azure.com", vault),
    "GetKey": ("kv-contoso-claude.vault.azure.net", lambda of: of.keys.key(str(GIVEN["key_name"]))),
    "servicePrincipal list": ("graph.microsoft.com", lambda of: of.principals.of_published_app()),
    "external key list": ("api.anthropic.com", lambda of: of.admin.external_keys()),
}


@pytest.mark.parametrize("operation", READS)
def test_what_one_target_is_told_all_targets_heed(
    onboarded: Rehearsed, shared: Shared, time: Time, operation: str
) -> None:
    """A host asks one target for more time than is waited in silence: the next target's request waits it out first."""
    host, read = READS[operation]
    one, other = services(shared), services(shared)
    onboarded.state.faults = parsed([{"operation": operation, "status": 429, "times": 1, "retry_after": 40}])
    found = read(one)
    assert isinstance(found, Unknown) and "asks to be left alone for 40 s" in found.reason
    assert time.slept == [] and shared.backoff.waits(host)
    assert isinstance(read(other), Known)
    assert time.slept == [pytest.approx(40)]
    one.close(), other.close()


def test_a_host_that_is_not_throttled_is_not_waited_for(onboarded: Rehearsed, shared: Shared, time: Time) -> None:
    """While Azure Resource Manager is left alone, the vault, Graph and the Admin API are asked as ever."""
    one = services(shared)
    shared.backoff.saw("management.azure.com", 429, {"retry-after": "40"})
    for operation in ("GetKey", "servicePrincipal list", "external key list"):
        assert isinstance(READS[operation][1](one), Known)
    assert time.slept == []
    one.close()


@pytest.mark.parametrize("operation", READS)
def test_a_wait_that_is_stopped_ends_the_target_and_is_no_result(
    onboarded: Rehearsed, shared: Shared, time: Time, operation: str
) -> None:
    """Nothing more is sent to a host that is left alone, and what is raised is what Ctrl-C raises."""
    host, read = READS[operation]
    one = services(shared)
    shared.backoff.saw(host, 429, {"retry-after": "600"})
    shared.stop()
    asked = len(onboarded.cloud.journal.rows())
    with pytest.raises(KeyboardInterrupt):
        read(one)
    assert time.slept == [] and not [r for r in onboarded.cloud.journal.rows()[asked:] if r["host"] == host]
    one.close()


def test_who_waits_already_is_woken_by_the_end() -> None:
    """Nobody sits out ten minutes after Ctrl-C."""
    said = threading.Event()
    shared = Shared(BackOff(lambda line: said.set()))
    with ThreadPoolExecutor(1) as pool:
        shared.backoff.saw("one", 429, {"retry-after": "600"})
        waits = pool.submit(shared.backoff.wait, "one")
        with pytest.raises(TimeoutError):
            waits.result(0.05)
        shared.close()
        try:
            assert isinstance(waits.exception(10), KeyboardInterrupt)
        finally:
            shared.backoff.stop()


def test_a_wait_for_graph_that_is_stopped_does_not_end_the_loop(shared: Shared) -> None:
    """In the loop that all targets' reads of Graph run in, it is an error of that read; no request is sent."""
    shared.backoff.saw(graph.HOST, 429, {"retry-after": "600"})
    shared.stop()

    async def ask() -> None:
        await graph.considerate(shared.backoff)(httpx.Request("GET", f"https://{graph.HOST}/v1.0/servicePrincipals"))

    with pytest.raises(Interrupted):
        asyncio.run(ask())


def test_a_sign_in_is_not_asked_for_where_signing_in_is_left_alone(
    onboarded: Rehearsed, shared: Shared, time: Time
) -> None:
    """What one target is told when it signs in, the next one heeds before it does; a token at hand needs no wait."""
    onboarded.state.faults = parsed([{"operation": "token", "status": 429, "times": 1, "retry_after": 40}])
    one, other = services(shared), services(shared)
    assert isinstance(vault(one), Unknown) and time.slept == []
    assert isinstance(vault(other), Known) and time.slept == [pytest.approx(40)]
    shared.backoff.saw("login.microsoftonline.com", 429, {"retry-after": "40"})
    assert isinstance(vault(one), Known) and len(time.slept) == 1
    assert isinstance(one.principals.of_published_app(), Known) and len(time.slept) == 2
    one.close(), other.close()


def test_an_admin_key_is_not_asked_for_where_its_vault_is_left_alone(
    onboarded: Rehearsed, shared: Shared, time: Time
) -> None:
    """The vault of the Admin API keys is waited for as any other host."""
    onboarded.cloud.before("not simulated", text(f'{{"value": "{ADMIN_KEY}"}}'))
    reference = "keyvault:https://kv-contoso-claude.vault.azure.net/secrets/admin-key"
    one = connect(given(admin_key=reference), root=ROOT, say=print, shared=shared)
    shared.backoff.saw("kv-contoso-claude.vault.azure.net", 429, {"retry-after": "40"})
    assert isinstance(one.admin.organization(), Known)
    assert time.slept == [pytest.approx(40)]
    one.close()


def test_a_target_sees_its_own_replies_alone(onboarded: Rehearsed, shared: Shared) -> None:
    """The request id that counts as evidence of one target never is that of a sign-in or a read shared with others."""
    one, other = services(shared), services(shared)
    assert isinstance(one.keys.key(str(GIVEN["key_name"])), Known)
    mine = one.witness.request_id
    assert mine and isinstance(one.principals.of_published_app(), Known)
    assert isinstance(other.principals.conditional_access(), Known) and isinstance(vault(other), Known)
    assert one.witness.request_id == mine
    one.close(), other.close()


def test_nothing_of_one_cloud_is_handed_to_a_target_of_another(onboarded: Rehearsed, shared: Shared) -> None:
    """Neither the sign-in, though way and tenant are the same, nor a connection, nor whom it trusts."""

    of_azure = OneToken(cast(Any, object()))
    shared.credential((None, str(given().credential or "environment"), given().tenant_id), lambda: of_azure)
    one = services(shared)
    assert isinstance(vault(one), Known) and one.caller.tenant_id == given().tenant_id
    transports = [shared.azure(world, ARM)["transport"] for world in (None, one.world, one.world)]
    sessions_of = [transport.session for transport in transports]
    assert sessions_of[0] is not sessions_of[1] and sessions_of[1] is sessions_of[2]
    assert len({id(session.get_adapter(ARM)) for session in sessions_of}) == 2
    one.close()


def test_connections_to_azure_are_shared_and_closed_once(onboarded: Rehearsed, shared: Shared) -> None:
    """A second target makes no new connection to Azure Resource Manager; closing a target closes its own alone."""
    one, other = services(shared), services(shared)
    assert isinstance(vault(one), Known)
    one.close()
    before = threading.active_count()
    assert isinstance(vault(other), Known)
    assert threading.active_count() <= before  # the cloud has a thread for each connection
    other.close()


def test_only_whom_requests_would_trust_is_trusted(
    onboarded: Rehearsed, shared: Shared, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With another authority nothing is sent."""
    trusted = sessions.session(ARM, sessions.context())
    assert trusted.get(f"{ARM}/subscriptions?api-version=2022-12-01").status_code == 401
    with pytest.raises(sessions.requests.exceptions.SSLError, match="certificate verify failed"):
        other = trustme.CA()
        other.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        sessions.session(ARM, sessions.context()).get(f"{ARM}/subscriptions")
    assert not trusted.cookies and not trusted.trust_env
    assert sessions.context().check_hostname and sessions.context().verify_mode is ssl.CERT_REQUIRED


@contextmanager
def by_tls(authority: trustme.CA, name: str) -> Iterator[tuple[int, list[bytes]]]:
    """A server on loopback with a certificate for this name: its port, and the first bytes of each who trusted it."""
    context, got = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER), []
    authority.issue_cert(name).configure_cert(context)

    def serve() -> None:
        while True:
            try:
                plain, _ = listening.accept()
            except OSError:
                return
            with suppress(OSError), plain, context.wrap_socket(plain, server_side=True) as one:
                got.append(one.recv(4096))
                one.sendall(b"HTTP/1.1 502 no\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], got
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(10)


@pytest.fixture
def authority(outside: pytest.MonkeyPatch, tmp_path: Path) -> trustme.CA:
    """The one authority that requests trusts, with no proxy."""
    authority = trustme.CA()
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    outside.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
    return authority


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("management.azure.com", False)])
def test_a_certificate_counts_for_the_name_that_is_in_it_alone(authority: trustme.CA, name: str, trusted: bool) -> None:
    """By the right authority, but for another host: nothing is sent."""
    with by_tls(authority, name) as (port, got):
        url = f"https://localhost:{port}/"
        with sessions.session(url, sessions.context()) as session:
            if trusted:
                assert session.get(url, timeout=10).status_code == 502
            else:
                with pytest.raises(sessions.requests.exceptions.SSLError, match="Hostname mismatch"):
                    session.get(url, timeout=10)
    assert len(got) == trusted


@pytest.mark.parametrize(("name", "trusted"), [("localhost", True), ("management.azure.com", False)])
def test_a_proxy_that_is_reached_by_tls_is_checked_by_the_same_rules(
    authority: trustme.CA, monkeypatch: pytest.MonkeyPatch, name: str, trusted: bool
) -> None:
    """By the authorities of this process and by its name, as servers are; else it is told nothing."""
    with by_tls(authority, name) as (port, got):
        monkeypatch.setenv("HTTPS_PROXY", f"https://localhost:{port}")
        with sessions.session(ARM, sessions.context()) as session:
            why = sessions.requests.exceptions.RequestException
            with pytest.raises(why, match="Tunnel connection failed: 502" if trusted else "Hostname mismatch"):
                session.get(ARM, timeout=10)
    assert [line.split()[0] for line in got] == [b"CONNECT"] * trusted


def test_each_target_at_once_can_keep_its_connection() -> None:
    """As many are kept open to one host as there may be targets at once."""
    assert sessions.AT_ONCE >= MOST_JOBS


def test_a_bundle_that_cannot_be_read_is_no_reason_to_trust_anybody(
    onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a file that is not there nor an empty one."""
    for bundle in (tmp_path / "none.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").touch()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        with pytest.raises((OSError, ServiceRequestError)):
            sessions.session(ARM, sessions.context()).get(f"{ARM}/subscriptions")
