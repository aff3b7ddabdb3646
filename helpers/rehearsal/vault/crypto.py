"""Using a key: real RSA, after the key's own conditions are met.

Conditions: a disabled key refuses unwrapKey, decrypt and sign (one report of 2026; that wrapKey, encrypt and verify
stay allowed is the same report, so an assumption); outside nbf and exp wrapKey, encrypt and sign are refused, and
unwrapKey, decrypt and verify go on (Key Vault documentation, about keys; the codes are an assumption); an operation
not in key_ops is always refused.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.padding import AsymmetricPadding
from cryptography.hazmat.primitives.asymmetric.utils import Prehashed

from helpers.rehearsal.material import base64url, private_key, unbase64url
from helpers.rehearsal.state import KeyVersion
from helpers.rehearsal.vault import errors
from helpers.rehearsal.vault.inputs import Payload

_PROTECTING = ("wrapKey", "encrypt", "sign")
_OPENING = ("unwrapKey", "decrypt", "sign")


def _oaep(algorithm: hashes.HashAlgorithm) -> AsymmetricPadding:
    return padding.OAEP(padding.MGF1(algorithm), algorithm, label=None)


_ENCRYPTION: dict[str, AsymmetricPadding] = {
    "RSA-OAEP": _oaep(hashes.SHA1()),  # noqa: S303 - what the algorithm's name stands for
    "RSA-OAEP-256": _oaep(hashes.SHA256()),
    "RSA1_5": padding.PKCS1v15(),
}
_DIGESTS: dict[str, hashes.HashAlgorithm] = {
    "256": hashes.SHA256(),
    "384": hashes.SHA384(),
    "512": hashes.SHA512(),
}


def check(now: datetime, operation: str, version: KeyVersion) -> None:
    """Whether the key may do this now. Raises 403."""
    if not version.enabled and operation in _OPENING:
        raise errors.forbidden("KeyDisabled", f"Operation {operation} is not allowed on a disabled key.")
    if operation in _PROTECTING:
        if version.expires is not None and now >= version.expires:
            raise errors.forbidden("KeyExpired", f"Operation {operation} is not allowed on an expired key.")
        if version.not_before is not None and now < version.not_before:
            raise errors.forbidden("KeyNotYetValid", f"Operation {operation} is not allowed on a not yet valid key.")
    if operation not in version.key_ops:
        raise errors.forbidden("KeyOperationForbidden", f"Operation {operation} is not permitted on this key.")


def encrypt(version: KeyVersion, payload: Payload) -> str:
    """wrapKey and encrypt: the value under the public key. Raises 400."""
    scheme, value = _encryption(payload), _bytes(payload, "value")
    try:
        return base64url(private_key(version.pem).public_key().encrypt(value, scheme))
    except ValueError:
        raise errors.bad_parameter("The value is too long for this key and algorithm") from None


def decrypt(version: KeyVersion, payload: Payload) -> str:
    """unwrapKey and decrypt. Raises 400 for a value this key and algorithm did not make."""
    scheme, value = _encryption(payload), _bytes(payload, "value")
    try:
        return base64url(private_key(version.pem).decrypt(value, scheme))
    except ValueError:
        raise errors.bad_parameter("The value could not be decrypted with this key and algorithm") from None


def sign(version: KeyVersion, payload: Payload) -> str:
    """The signature of a digest. Raises 400."""
    scheme, algorithm = _signature(payload)
    digest = _digest(payload, "value", algorithm)
    return base64url(private_key(version.pem).sign(digest, scheme, Prehashed(algorithm)))


def verify(version: KeyVersion, payload: Payload) -> bool:
    """Whether `value` is this key's signature of `digest`. Raises 400."""
    scheme, algorithm = _signature(payload)
    digest, signature = _digest(payload, "digest", algorithm), _bytes(payload, "value")
    try:
        private_key(version.pem).public_key().verify(signature, digest, scheme, Prehashed(algorithm))
    except InvalidSignature:
        return False
    return True


def _encryption(payload: Payload) -> AsymmetricPadding:
    scheme = _ENCRYPTION.get(str(payload.get("alg")))
    if scheme is None:
        raise errors.bad_parameter(f"Algorithm {payload.get('alg')} is not supported for an RSA key")
    return scheme


def _signature(payload: Payload) -> tuple[AsymmetricPadding, hashes.HashAlgorithm]:
    name = str(payload.get("alg"))
    algorithm = _DIGESTS.get(name[2:])
    if algorithm is None or name[:2] not in ("RS", "PS"):
        raise errors.bad_parameter(f"Algorithm {payload.get('alg')} is not supported for an RSA key")
    if name.startswith("RS"):
        return padding.PKCS1v15(), algorithm
    return padding.PSS(padding.MGF1(algorithm), algorithm.digest_size), algorithm


def _digest(payload: Payload, member: str, algorithm: hashes.HashAlgorithm) -> bytes:
    digest = _bytes(payload, member)
    if len(digest) != algorithm.digest_size:
        raise errors.bad_parameter(f"The {member} has {len(digest)} bytes, the algorithm needs {algorithm.digest_size}")
    return digest


def _bytes(payload: Payload, member: str) -> bytes:
    text: Any = payload.get(member)
    try:
        decoded = unbase64url(text) if isinstance(text, str) else b""
    except ValueError:
        decoded = b""
    if not decoded:
        raise errors.bad_parameter(f"The {member} is not base64url")
    return decoded
