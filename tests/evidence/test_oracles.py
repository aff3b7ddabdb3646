"""Readers of others agree with this suite about its seals: securesystemslib on the DSSE envelope, @sigstore/verify on
the whole bundle. Each takes what is good and refuses what was changed."""

from __future__ import annotations

import base64
import copy
import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509 import load_pem_x509_certificates
from securesystemslib.dsse import Envelope
from securesystemslib.exceptions import VerificationError
from securesystemslib.signer import SSlibKey

from helpers.evidence import files
from helpers.evidence.public_keys import PublicKey
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from tests.evidence.building import run_folder, seal
from tests.evidence.tsa import Authority

Change = Callable[[dict[str, Any]], None]


@pytest.fixture
def sealed(tmp_path: Path, each_signer: PemSigner, authority: Authority) -> Run:
    run = run_folder(tmp_path)
    seal(run, each_signer, timestamp=authority.url)
    return run


def document(run: Run) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((run.folder / files.BUNDLE).read_text())
    return found


def _payload(changed: dict[str, Any]) -> None:
    text = base64.b64decode(changed["dsseEnvelope"]["payload"]).replace(b'"exit_code": 0', b'"exit_code": 3')
    changed["dsseEnvelope"]["payload"] = base64.b64encode(text).decode()


def _type(changed: dict[str, Any]) -> None:
    changed["dsseEnvelope"]["payloadType"] = "application/vnd.in-toto+jsom"


def _signature(changed: dict[str, Any]) -> None:
    signature = bytearray(base64.b64decode(changed["dsseEnvelope"]["signatures"][0]["sig"]))
    signature[-1] ^= 1
    changed["dsseEnvelope"]["signatures"][0]["sig"] = base64.b64encode(signature).decode()


CHANGES: dict[str, Change] = {"payload": _payload, "type": _type, "signature": _signature}


def by_securesystemslib(bundle: dict[str, Any], key: PublicKey) -> bytes:
    """The payload, verified. Raises VerificationError. Its envelope must name the key, which DSSE does not ask for."""
    named = SSlibKey.from_crypto(key.key)
    envelope = copy.deepcopy(bundle["dsseEnvelope"])
    envelope["signatures"][0]["keyid"] = named.keyid
    found = Envelope.from_dict(envelope)
    found.verify([named], 1)
    return found.payload


def test_securesystemslib_takes_a_seal(sealed: Run, each_signer: PemSigner) -> None:
    """The envelope verifies, and its payload is statement.json."""
    payload = by_securesystemslib(document(sealed), each_signer.public_key)
    assert payload == (sealed.folder / files.STATEMENT).read_bytes()


@pytest.mark.parametrize("name", CHANGES)
def test_securesystemslib_refuses_a_changed_seal(name: str, sealed: Run, each_signer: PemSigner) -> None:
    """It refuses what this suite's verifier refuses."""
    changed = document(sealed)
    CHANGES[name](changed)
    with pytest.raises(VerificationError):
        by_securesystemslib(changed, each_signer.public_key)


@pytest.fixture(scope="session")
def npm() -> Path:
    """The folder with node_modules that CMEK_NPM names; `python runbook.py test --all` makes one."""
    named = os.environ.get("CMEK_NPM")
    if named and (Path(named) / "node_modules" / "@sigstore" / "verify").is_dir():
        return Path(named)
    why = "CMEK_NPM does not name a folder with node_modules made from tests/npm (npm ci)"
    if os.environ.get("CI") == "true":
        pytest.fail(why)
    pytest.skip(why)


def by_sigstore(npm: Path, bundle: dict[str, Any], key: PublicKey, authority: Authority) -> Any:
    """@sigstore/verify on a bundle, in node."""
    public = key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    given = {"bundle": bundle, "key": {key.hint: _text64(public)}, "chain": _chain(authority)}
    return subprocess.run(
        ["node", Path(__file__).with_name("sigstore.cjs")],
        input=json.dumps(given),
        env={"PATH": os.environ["PATH"], "NODE_PATH": str(npm / "node_modules")},
        capture_output=True,
        text=True,
        timeout=60,
    )


def _chain(authority: Authority) -> list[str]:
    pem = (authority.folder / "tsa.pem").read_bytes() + authority.root.read_bytes()
    return [_text64(one.public_bytes(Encoding.DER)) for one in load_pem_x509_certificates(pem)]


def _text64(data: bytes) -> str:
    return base64.b64encode(data).decode()


@pytest.mark.npm
def test_sigstore_takes_a_seal(sealed: Run, each_signer: PemSigner, authority: Authority, npm: Path) -> None:
    """The bundle is one of the latest form, its signature and its time stamp verify, and it is over statement.json."""
    done = by_sigstore(npm, document(sealed), each_signer.public_key, authority)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == files.sha256(sealed.folder / files.STATEMENT)


@pytest.mark.npm
@pytest.mark.parametrize("name", CHANGES)
def test_sigstore_refuses_a_changed_seal(
    name: str, sealed: Run, each_signer: PemSigner, authority: Authority, npm: Path
) -> None:
    """It refuses what this suite's verifier refuses; a changed signature is not what the time stamp is over either."""
    changed = document(sealed)
    CHANGES[name](changed)
    done = by_sigstore(npm, changed, each_signer.public_key, authority)
    assert done.returncode != 0
    assert f"code: '{'TIMESTAMP_ERROR' if name == 'signature' else 'SIGNATURE_ERROR'}'" in done.stderr


@pytest.mark.npm
def test_sigstore_refuses_another_key_and_another_runs_time_stamp(
    sealed: Run, each_signer: PemSigner, stranger: PemSigner, authority: Authority, npm: Path, tmp_path: Path
) -> None:
    """A key with another hint, and a genuine time stamp over another signature, are refused by it too."""
    bundle = document(sealed)
    assert "key not found" in by_sigstore(npm, bundle, stranger.public_key, authority).stderr
    other = run_folder(tmp_path / "other", "20261124T090000Z-ffffff")
    seal(other, each_signer, timestamp=authority.url)
    moved = "timestampVerificationData"
    bundle["verificationMaterial"][moved] = document(other)["verificationMaterial"][moved]
    assert "timestamp could not be verified" in by_sigstore(npm, bundle, each_signer.public_key, authority).stderr
