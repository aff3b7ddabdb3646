"""A key in Azure Key Vault that signs: EC on P-256, with `sign` allowed. It needs the rights keys/get and keys/sign.

Source: Key Vault REST API 7.6, sign: ES256 takes a SHA-256 digest and returns r and s side by side; read 2026-11.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.keyvault.keys import JsonWebKey, KeyClient
from azure.keyvault.keys.crypto import CryptographyClient, SignatureAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicNumbers

from helpers.errors import Failed
from helpers.evidence.public_keys import PublicKey, der_of_raw
from helpers.evidence.signers import VaultKey
from helpers.services.patience import Patient
from helpers.services.replies import UNREADABLE, first_line, sentence, stop_at_wrong_cloud


@dataclass(frozen=True)
class KeyVaultSigner:
    """Signs by a cryptography client; `public_key` is that of the same key."""

    client: CryptographyClient
    public_key: PublicKey

    def sign(self, data: bytes) -> bytes:
        """A signature by the key. Raises Failed when the vault does not sign."""
        digest = hashlib.sha256(data).digest()
        try:
            return der_of_raw(self.client.sign(SignatureAlgorithm.es256, digest).signature)
        except (AzureError, *UNREADABLE) as error:
            raise _refused("did not sign", error) from None


def reached(key: VaultKey, credential: TokenCredential, hook: Callable[[Any], None]) -> KeyVaultSigner:
    """The signer that a key in a vault is. Raises Failed when the key cannot be read or is of another kind."""
    shared: dict[str, Any] = {"raw_response_hook": hook, "retry_policy": Patient()}
    try:
        with KeyClient(f"https://{key.vault}.vault.azure.net", credential, **shared) as client:
            found = client.get_key(key.name, key.version)
        public = public_key(found.key)
        return KeyVaultSigner(CryptographyClient(found, credential, **shared), public)
    except (AzureError, *UNREADABLE) as error:
        raise _refused(f"{key.name} in {key.vault} cannot be used", error) from None


def public_key(jwk: JsonWebKey) -> PublicKey:
    """The public key of a JSON web key. Raises ValueError unless it is EC on P-256."""
    kind, curve = (str(getattr(value, "value", value)) for value in (jwk.kty, jwk.crv))  # type: ignore[attr-defined]
    if kind not in ("EC", "EC-HSM") or curve != "P-256":
        raise ValueError("it is not an EC key on P-256")
    x, y = (int.from_bytes(value, "big") for value in (jwk.x, jwk.y))  # type: ignore[attr-defined]
    return PublicKey(EllipticCurvePublicNumbers(x, y, SECP256R1()).public_key())


def _refused(what: str, error: Exception) -> Failed:
    stop_at_wrong_cloud(error)
    reason = sentence(error) if isinstance(error, AzureError) else first_line(error)
    return Failed(
        f"signer: Key Vault: {what}: {reason}",
        why="Without a signature nobody can tell later who sealed the record.",
        next_step="It needs an EC P-256 key with sign allowed, and keys/get and keys/sign for who is signed in.",
    )
