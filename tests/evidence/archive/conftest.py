"""One certificate authority and one Azurite for all tests of the archive; a container and a relay for each."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

import pytest
import trustme
from azure.storage.blob import BlobServiceClient, ContainerClient

from helpers.evidence import archive_blob
from helpers.record.runs import Run
from tests.evidence.archive import azurite, relay, runs_sealed

_numbers = itertools.count(1)


@dataclass(frozen=True)
class Certificates:
    """Issues the certificates of loopback servers; `file` is what clients trust."""

    ca: trustme.CA
    file: Path

    def serving(self, behind: int | None) -> AbstractContextManager[relay.Relay]:
        issued = self.ca.issue_cert("127.0.0.1", "localhost")
        return relay.serving(issued.configure_cert, behind, str(self.file))


@dataclass(frozen=True)
class Container:
    """A new container in Azurite: its address through the relay, and a client that goes past it."""

    address: str
    client: ContainerClient

    def blobs(self) -> dict[str, bytes]:
        return {blob.name: self.client.download_blob(blob.name).readall() for blob in self.client.list_blobs()}

    def run(self, run: str = runs_sealed.RUN) -> dict[str, bytes]:
        """What is there of a run."""
        return {n.removeprefix(f"{run}/"): data for n, data in self.blobs().items() if n.startswith(f"{run}/")}


@pytest.fixture(scope="session")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Certificates:
    file, ca = tmp_path_factory.mktemp("archive-ca") / "ca.pem", trustme.CA()
    file.write_bytes(ca.cert_pem.bytes())
    return Certificates(ca, file)


@pytest.fixture(scope="session")
def azurite_port(certificates: Certificates, tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    azurite.modules()
    folder, issued = tmp_path_factory.mktemp("azurite"), certificates.ca.issue_cert("127.0.0.1")
    issued.private_key_pem.write_to_path(folder / "key.pem")
    issued.cert_chain_pems[0].write_to_path(folder / "cert.pem")
    with azurite.running(folder / "cert.pem", folder / "key.pem", folder) as port:
        yield port


@pytest.fixture
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests to blob storage are tried again without waiting."""
    for name in ("initial_backoff", "increment_base", "random_jitter_range"):
        monkeypatch.setitem(archive_blob.PATIENCE, name, 0)


@pytest.fixture
def trusted(certificates: Certificates, monkeypatch: pytest.MonkeyPatch) -> Certificates:
    """The certificate authority, which this process trusts, and which no proxy stands before."""
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificates.file))
    monkeypatch.setenv("NETRC", "/dev/null")
    return certificates


@pytest.fixture
def between(trusted: Certificates, azurite_port: int) -> Iterator[relay.Relay]:
    """A relay before Azurite."""
    with trusted.serving(azurite_port) as found:
        yield found


@pytest.fixture
def alone(trusted: Certificates) -> Iterator[relay.Relay]:
    """A relay that has nothing behind it: the test gives every answer."""
    with trusted.serving(None) as found:
        yield found


@pytest.fixture
def container(between: relay.Relay, azurite_port: int) -> Iterator[Container]:
    name = f"archive-{next(_numbers)}"
    account = f"https://127.0.0.1:{azurite_port}/{azurite.ACCOUNT}"
    with BlobServiceClient(account, azurite.SignedIn()) as service:
        client = service.create_container(name)
        yield Container(between.address(f"{azurite.ACCOUNT}/{name}"), client)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """A sealed run."""
    return runs_sealed.sealed(tmp_path / "runs")


@pytest.fixture
def signed_in() -> azurite.SignedIn:
    return azurite.SignedIn()
