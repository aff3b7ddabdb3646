"""Public keys that a seal can be checked with: ECDSA on P-256, and Ed25519. Nothing else is accepted.

ECDSA signatures are DER (SEC 1, RFC 3279) with s in the lower half of the group order, so that nobody can make a second
one from the first. A key's hint is the SHA-256 of its SubjectPublicKeyInfo (RFC 5280), base64.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    PublicFormat,
    load_der_public_key,
    load_pem_public_key,
)

from helpers.evidence.by_hand import Kind

ORDER = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
"""The order of P-256's group. Source: SEC 2 version 2.0, 2.4.2."""


class NotAKey(ValueError):
    """What is given is not a public key that a seal can be checked with; says why."""


@dataclass(frozen=True)
class PublicKey:
    """A key that signatures are checked with."""

    key: EllipticCurvePublicKey | Ed25519PublicKey

    @property
    def kind(self) -> Kind:
        return "ed25519" if isinstance(self.key, Ed25519PublicKey) else "p256"

    @property
    def hint(self) -> str:
        """What a bundle names it by."""
        der = self.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return base64.b64encode(hashlib.sha256(der).digest()).decode()

    @property
    def pem(self) -> bytes:
        """Its PEM, which is one text for each key."""
        return self.key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    def verifies(self, signature: bytes, data: bytes) -> bool:
        """Whether it made this signature over the data, in the one form that a seal has."""
        try:
            if isinstance(self.key, Ed25519PublicKey):
                self.key.verify(signature, data)
                return True
            _, s = decode_dss_signature(signature)
            self.key.verify(signature, data, ECDSA(SHA256()))
        except (InvalidSignature, ValueError):
            return False
        return s <= ORDER // 2


def of(key: object) -> PublicKey:
    """A key of the right kind. Raises NotAKey for another."""
    if isinstance(key, Ed25519PublicKey):
        return PublicKey(key)
    if isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1):
        return PublicKey(key)
    raise NotAKey("a key of another kind; only P-256 and Ed25519 are accepted")


def load(pem: bytes) -> PublicKey:
    """The key in a PEM text (SubjectPublicKeyInfo). Raises NotAKey."""
    if not pem.lstrip().startswith(b"-----BEGIN PUBLIC KEY-----"):
        raise NotAKey("not a public key in PEM (BEGIN PUBLIC KEY)")
    try:
        return of(load_pem_public_key(pem))
    except NotAKey:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise NotAKey("a PEM text that does not hold a key") from None


def of_der(data: bytes) -> PublicKey:
    """The key in a SubjectPublicKeyInfo (DER). Raises NotAKey."""
    try:
        return of(load_der_public_key(data))
    except NotAKey:
        raise
    except (ValueError, UnsupportedAlgorithm):
        raise NotAKey("not a public key (SubjectPublicKeyInfo)") from None


def der(r: int, s: int) -> bytes:
    """An ECDSA signature in the form that a seal has: of the two equal ones, that with the lower s."""
    return encode_dss_signature(r, min(s, ORDER - s))


def der_of_raw(signature: bytes) -> bytes:
    """The same of r and s side by side, 32 bytes each: Key Vault's ES256 (RFC 7518, 3.4). Raises ValueError."""
    if len(signature) != 64:
        raise ValueError("an ES256 signature is 64 bytes")
    return der(int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big"))
