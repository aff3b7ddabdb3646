"""Who may sign a seal, in which form signatures are written, and what is refused as a signer or as a key."""

from __future__ import annotations

import base64
import hashlib
import re
from pathlib import Path

import pytest
from azure.keyvault.keys import JsonWebKey, KeyCurveName, KeyOperation, KeyType
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa, x25519
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, SECP384R1, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
    PublicFormat,
)

from helpers.errors import Failed, Refused, WrongUsage
from helpers.evidence import keyvault, public_keys
from helpers.evidence.keyvault import KeyVaultSigner
from helpers.evidence.public_keys import ORDER, NotAKey, der_of_raw
from helpers.evidence.signers import ALLOWED, PemSigner, VaultKey, pem_signer, reference
from helpers.evidence.signing import signer
from helpers.evidence.statement import Target
from tests.evidence.building import looked, p256, private_pem, run_folder, seal

VERSION = "0123456789abcdef0123456789abcdef"
TARGET = Target(
    "/subscriptions/s/resourcegroups/rg/providers/microsoft.keyvault/vaults/kv-contoso-claude", "claude-cmek", "o", "t"
)


def stand_in(key: EllipticCurvePrivateKey | None = None) -> KeyVaultSigner:
    """The signer that a key in Key Vault is, with the SDK signing on this machine with a private key."""
    numbers = (key or ec.generate_private_key(SECP256R1())).private_numbers()
    x, y, d = (
        value.to_bytes(32, "big")
        for value in (numbers.public_numbers.x, numbers.public_numbers.y, numbers.private_value)
    )
    operations = [KeyOperation.sign, KeyOperation.verify]
    jwk = JsonWebKey(
        kid=f"https://kv-evidence.vault.azure.net/keys/evidence/{VERSION}",
        kty=KeyType.ec,
        crv=KeyCurveName.p_256,
        x=x,
        y=y,
        d=d,
        key_ops=operations,
    )
    return KeyVaultSigner(CryptographyClient.from_jwk(jwk), keyvault.public_key(jwk))


def test_a_key_in_a_vault_seals_a_run(tmp_path: Path) -> None:
    """What the SDK signs with ES256 is a seal that verifies with the key's public half."""
    key = ec.generate_private_key(SECP256R1())
    run = run_folder(tmp_path)
    assert seal(run, stand_in(key)).hint == PemSigner(key).public_key.hint
    assert looked(run, PemSigner(key)).exit_code == 0


def test_every_signature_of_a_vault_is_written_in_one_form() -> None:
    """r and s side by side become DER with the lower s, whatever they are, and verify."""
    key = ec.generate_private_key(SECP256R1())
    vault = stand_in(key)
    for number in range(200):
        data = b"%d" % number
        signature = vault.sign(data)
        _, s = decode_dss_signature(signature)
        assert s <= ORDER // 2
        assert vault.public_key.verifies(signature, data)
        key.public_key().verify(signature, data, ECDSA(SHA256()))


def test_leading_zeros_of_r_and_s_are_kept_right() -> None:
    """About one raw signature in 128 has a number that begins with a zero byte: each is found and converted right."""
    key = ec.generate_private_key(SECP256R1())
    vault, seen = stand_in(key), set()
    for number in range(20_000):
        data = b"%d" % number
        raw = vault.client.sign(SignatureAlgorithm.es256, hashlib.sha256(data).digest()).signature
        zeros = {name for name, byte in (("r", raw[0]), ("s", raw[32])) if byte == 0}
        if zeros - seen:
            assert len(raw) == 64
            assert vault.public_key.verifies(der_of_raw(raw), data)
            seen |= zeros
        if seen == {"r", "s"}:
            return
    pytest.fail(f"of 20000 signatures none had a leading zero in {'rs'.strip(''.join(seen))}")


def test_numbers_with_many_leading_zeros_are_encoded_minimally() -> None:
    """DER has no leading zeros but the one that keeps a number positive."""
    assert der_of_raw(b"\0" * 31 + b"\x05" + b"\0" * 30 + b"\x80\x01").hex() == "30080201050203008001"


@pytest.mark.parametrize("length", [0, 63, 65, 70])
def test_a_raw_signature_of_another_length_is_refused(length: int) -> None:
    """What is not 64 bytes is no ES256 signature."""
    with pytest.raises(ValueError, match="64 bytes"):
        der_of_raw(b"\1" * length)


def test_what_a_vault_returns_must_verify(tmp_path: Path) -> None:
    """A signature by another key than the vault says stops the seal, and leaves the run as it was."""
    wrong = KeyVaultSigner(stand_in().client, p256().public_key)
    run = run_folder(tmp_path)
    before = sorted(run.folder.rglob("*"))
    with pytest.raises(Failed, match="not a signature by its key"):
        seal(run, wrong)
    assert sorted(run.folder.rglob("*")) == before


@pytest.mark.parametrize("kind", [KeyType.rsa, KeyType.rsa_hsm, KeyType.oct])
def test_only_ec_keys_of_a_vault_sign(kind: KeyType) -> None:
    """An RSA key, as the CMEK key is one, is no signer."""
    with pytest.raises(ValueError, match="not an EC key on P-256"):
        keyvault.public_key(JsonWebKey(kty=kind, n=b"\1", e=b"\3"))


@pytest.mark.parametrize("curve", [KeyCurveName.p_384, KeyCurveName.p_521, KeyCurveName.p_256_k])
def test_only_p256_of_a_vault_signs(curve: KeyCurveName) -> None:
    """Another curve is no signer."""
    with pytest.raises(ValueError, match="not an EC key on P-256"):
        keyvault.public_key(JsonWebKey(kty=KeyType.ec, crv=curve, x=b"\1", y=b"\1"))


def test_a_point_that_is_not_on_the_curve_is_refused() -> None:
    """A public key that is none is not taken."""
    with pytest.raises(ValueError, match="curve"):
        keyvault.public_key(JsonWebKey(kty=KeyType.ec, crv=KeyCurveName.p_256, x=b"\1", y=b"\1"))


@pytest.mark.parametrize("vault", ["kv-contoso-claude", "KV-Contoso-Claude"])
@pytest.mark.parametrize("name", ["claude-cmek", "Claude-CMEK"])
def test_the_cmek_key_never_signs(vault: str, name: str) -> None:
    """It is refused in any spelling and version, before anything is asked of the vault."""
    said = f"keyvault:https://{vault}.vault.azure.net/keys/{name}/{VERSION}"
    with pytest.raises(Refused, match="is the key that this run is about") as refused:
        signer(said, None, TARGET, reach=lambda _: pytest.fail("it was reached"))
    assert refused.value.exit_code == 3


@pytest.mark.parametrize(("vault", "name"), [("kv-contoso-claude", "evidence"), ("kv-evidence", "claude-cmek")])
def test_another_key_or_vault_is_reached(vault: str, name: str) -> None:
    """Only vault and name together are the CMEK key."""
    reached = p256()
    said = f"keyvault:https://{vault}.vault.azure.net/keys/{name}/{VERSION}"
    assert signer(said, None, TARGET, reach=lambda _: reached) is reached


@pytest.mark.parametrize(
    "said",
    [
        "",
        "pem:",
        "None",
        "key.pem",
        "keyvault:evidence",
        "keyvault:https://kv-evidence.vault.azure.net/keys/evidence",
        f"keyvault:http://kv-evidence.vault.azure.net/keys/evidence/{VERSION}",
        f"keyvault:https://kv-evidence.vault.azure.net.evil.example/keys/evidence/{VERSION}",
        f"keyvault:https://evil.example/#.vault.azure.net/keys/evidence/{VERSION}",
        f"keyvault:https://kv-evidence.vault.azure.net/secrets/evidence/{VERSION}",
        f"keyvault:https://kv-evidence.vault.azure.net/keys/evidence/{VERSION}\n",
    ],
)
def test_what_names_no_signer_is_refused(said: str) -> None:
    """Anything but the three forms is wrong usage, and the allowed ones are named."""
    with pytest.raises(WrongUsage, match=re.escape(f"allowed: {ALLOWED}")):
        reference(said)


def test_the_three_forms_of_a_signer() -> None:
    """A file, one version of a key, or nobody."""
    assert reference("pem:a b.pem") == Path("a b.pem")
    assert reference(f"keyvault:https://kv-e.vault.azure.net/keys/k/{VERSION}") == VaultKey("kv-e", "k", VERSION)
    assert reference("none") is None


WRONG_FILES = {
    "RSA": (lambda: private_pem(rsa.generate_private_key(65537, 2048)), "only P-256 and Ed25519"),
    "P-384": (lambda: private_pem(ec.generate_private_key(SECP384R1())), "only P-256 and Ed25519"),
    "X25519": (lambda: private_pem(x25519.X25519PrivateKey.generate()), "only P-256 and Ed25519"),
    "public": (lambda: p256().public_key.pem, "does not hold a private key"),
    "passphrase": (
        lambda: p256().key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"words")),
        "has a passphrase",
    ),
    "text": (lambda: b"-----BEGIN PRIVATE KEY-----\nnothing\n", "does not hold a private key"),
    "empty": (lambda: b"", "does not hold a private key"),
    "huge": (lambda: b"x" * 100_000, "larger than"),
}


@pytest.mark.parametrize("name", WRONG_FILES)
def test_a_file_that_is_no_signer_is_refused(name: str, tmp_path: Path) -> None:
    """It is said what it is, and nothing of what is in it."""
    made, why = WRONG_FILES[name]
    file = tmp_path / "key.pem"
    file.write_bytes(made())
    with pytest.raises(WrongUsage, match=why) as refused:
        pem_signer(file, tmp_path / "run")
    assert "nothing" not in str(refused.value)


def test_a_private_key_inside_the_run_is_refused(tmp_path: Path) -> None:
    """It would be sealed and published with it; a link to it from elsewhere does not help."""
    run = run_folder(tmp_path)
    file = run.folder / "key.pem"
    file.write_bytes(private_pem(p256().key))
    (tmp_path / "link.pem").symlink_to(file)
    for path in (file, tmp_path / "link.pem"):
        with pytest.raises(WrongUsage, match="inside the run"):
            pem_signer(path, run.folder)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """The system's reason is told."""
    with pytest.raises(WrongUsage, match="No such file"):
        pem_signer(tmp_path / "none.pem", None)


def test_only_keys_of_the_two_kinds_check_seals() -> None:
    """A public key of another kind, a certificate and a private key are refused with the reason."""
    other = ec.generate_private_key(SECP384R1()).public_key()
    for pem, why in (
        (other.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo), "another kind"),
        (b"-----BEGIN CERTIFICATE-----\nAA==\n-----END CERTIFICATE-----\n", "not a public key in PEM"),
        (private_pem(p256().key), "not a public key in PEM"),
        (b"-----BEGIN PUBLIC KEY-----\nAA==\n-----END PUBLIC KEY-----\n", "does not hold a key"),
    ):
        with pytest.raises(NotAKey, match=why):
            public_keys.load(pem)


def test_a_hint_is_the_digest_of_the_public_key() -> None:
    """SHA-256 of SubjectPublicKeyInfo in DER, base64."""
    key = p256().public_key
    spki = key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert key.hint == base64.b64encode(hashlib.sha256(spki).digest()).decode()
    assert public_keys.load(key.pem) == key or public_keys.load(key.pem).hint == key.hint
