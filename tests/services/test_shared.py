"""What one process shares among its targets: the TLS rules stay requests' own, and a throttled host is everybody's."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import trustme
from azure.core.exceptions import ServiceRequestError
from azure.core.pipeline.transport import HttpTransport

from helpers.model import Found, Known, Unknown
from helpers.rehearsal.faults import parsed
from helpers.services import sessions
from helpers.services.backoff import BackOff
from helpers.services.connect import Services, connect
from helpers.services.shared import ARM, Shared
from tests.services.conftest import onboarded, onboarded_world
from tests.services.rehearsed import GIVEN, ROOT, Rehearsed, given

__all__ = ["onboarded", "onboarded_world"]


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
    """With another authority, or under a name that is not in the certificate, nothing is sent."""
    trusted = sessions.session(ARM, sessions.context())
    assert trusted.get(f"{ARM}/subscriptions?api-version=2022-12-01").status_code == 401
    with pytest.raises(sessions.requests.exceptions.SSLError, match="certificate verify failed"):
        other = trustme.CA()
        other.cert_pem.write_to_path(tmp_path / "ca.pem")
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(tmp_path / "ca.pem"))
        sessions.session(ARM, sessions.context()).get(f"{ARM}/subscriptions")
    assert not trusted.cookies and not trusted.trust_env
    assert sessions.context().check_hostname and sessions.context().verify_mode is ssl.CERT_REQUIRED


def test_a_bundle_that_cannot_be_read_is_no_reason_to_trust_anybody(
    onboarded: Rehearsed, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Neither a file that is not there nor an empty one."""
    for bundle in (tmp_path / "none.pem", tmp_path / "empty.pem"):
        (tmp_path / "empty.pem").touch()
        monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(bundle))
        with pytest.raises((OSError, ServiceRequestError)):
            sessions.session(ARM, sessions.context()).get(f"{ARM}/subscriptions")
