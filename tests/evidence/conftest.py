"""Commands in this process, keys made once, and a home for runs of a test's own."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from helpers.cli import main
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from tests.evidence.building import KINDS, Scene, Told, copied, p256, private_pem, sealed_run
from tests.evidence.tsa import Authority, serving


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder that commands of this test keep runs in."""
    monkeypatch.setenv("CMEK_HOME", str(tmp_path / "home"))
    (tmp_path / "home" / "runs").mkdir(parents=True)
    return tmp_path / "home"


@pytest.fixture(scope="session")
def signer() -> PemSigner:
    """The signer that a verifier knows."""
    return p256()


@pytest.fixture(scope="session")
def stranger() -> PemSigner:
    """A signer that a verifier does not know."""
    return p256()


@pytest.fixture(params=KINDS)
def each_signer(request: pytest.FixtureRequest) -> PemSigner:
    """A signer of each kind."""
    return KINDS[request.param]()


@pytest.fixture
def key_file(tmp_path: Path, signer: PemSigner) -> Path:
    """The signer's public key, as an auditor was given it before."""
    file = tmp_path / "auditors-copy.pem"
    file.write_bytes(signer.public_key.pem)
    return file


@pytest.fixture
def private_file(tmp_path: Path, signer: PemSigner) -> Path:
    """The signer's private key."""
    file = tmp_path / "signer-private.pem"
    file.write_bytes(private_pem(signer.key))
    return file


@pytest.fixture(scope="session")
def live_run(tmp_path_factory: pytest.TempPathFactory, signer: PemSigner) -> Run:
    """A small sealed run, live, which nobody changes."""
    return sealed_run(tmp_path_factory.mktemp("sealed"), signer)


@pytest.fixture
def scene(tmp_path: Path, live_run: Run, key_file: Path, signer: PemSigner, stranger: PemSigner) -> Scene:
    """A copy of it, to be changed."""
    return Scene(copied(live_run, tmp_path / "copies"), key_file, signer, stranger)


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Authority]:
    """A time-stamping authority on loopback."""
    with serving(tmp_path_factory.mktemp("tsa")) as served:
        yield served


@pytest.fixture
def command(capfd: pytest.CaptureFixture[str]) -> Callable[..., Told]:
    """Runs a command in this process; what it prints is what a person sees."""

    def run(*arguments: object) -> Told:
        capfd.readouterr()
        code = main([str(argument) for argument in arguments])
        said = capfd.readouterr()
        return Told(code, said.out, said.err)

    return run
