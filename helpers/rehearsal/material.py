"""Real RSA keys for the keys of a world."""

from __future__ import annotations

import base64
import threading
from functools import cache, lru_cache

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from helpers.rehearsal.state import KeyVersion, State

_SHARING = threading.Lock()
"""So that two worlds at once do not make two of them."""


def base64url(data: bytes) -> str:
    """Base64url without padding, as Key Vault writes binary values."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unbase64url(text: str) -> bytes:
    """The bytes of a base64url value, padded or not. Raises ValueError for anything else."""
    return base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)


def generate(version: KeyVersion) -> KeyVersion:
    """The version with a new private key of its size, and the modulus that goes with it."""
    private = rsa.generate_private_key(public_exponent=65537, key_size=version.size)
    pem = private.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    modulus = private.public_key().public_numbers().n
    return version.model_copy(
        update={"pem": pem.decode(), "n": base64url(modulus.to_bytes((modulus.bit_length() + 7) // 8))}
    )


def shared(version: KeyVersion) -> KeyVersion:
    """The version with the one private key of its size that this process has for all of them.

    For drills in which the key itself is not under test: a real RSA key that wraps and unwraps, only not a fresh one.
    """
    with _SHARING:
        made = _shared(version.size)
    return version.model_copy(update={"pem": made.pem, "n": made.n})


@lru_cache(maxsize=256)
def private_key(pem: str) -> rsa.RSAPrivateKey:
    """The private key in a PEM text; parsed once, as parsing costs more than using it."""
    key = serialization.load_pem_private_key(pem.encode(), password=None)
    if not isinstance(key, rsa.RSAPrivateKey):
        raise TypeError("a world holds RSA keys only")
    return key


def complete(state: State) -> State:
    """The state with key material for every key version that has none yet."""
    with_key = shared if state.settings.shared_keys else generate
    for vault in state.vaults.values():
        for key in vault.keys.values():
            for name, version in key.versions.items():
                if not version.pem:
                    key.versions[name] = with_key(version)
    return state


@cache
def _shared(size: int) -> KeyVersion:
    return generate(KeyVersion(size=size))
