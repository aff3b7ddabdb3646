"""Who signs: a private key in a PEM file, a key in Azure Key Vault, or nobody. The CMEK key itself never does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import ECDSA, EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from helpers.errors import Refused, WrongUsage
from helpers.evidence.files import Unreadable, content
from helpers.evidence.public_keys import NotAKey, PublicKey, der, of
from helpers.evidence.statement import Target

ALLOWED = "pem:FILE, keyvault:https://VAULT.vault.azure.net/keys/KEY/VERSION or none"
_KEY_ID = re.compile(r"https://([A-Za-z0-9-]{3,24})\.vault\.azure\.net/keys/([A-Za-z0-9-]{1,127})/([0-9a-f]{32})")
_LARGEST_PEM = 64 * 1024


class Signer(Protocol):
    """What signs a seal."""

    @property
    def public_key(self) -> PublicKey:
        """The key that its signatures are checked with."""

    def sign(self, data: bytes) -> bytes:
        """A signature over the data, in the form that a seal has: DER for P-256, 64 bytes for Ed25519."""


@dataclass(frozen=True)
class VaultKey:
    """One version of a key in Key Vault."""

    vault: str
    name: str
    version: str

    def refuse_cmek(self, target: Target) -> None:
        """Raise Refused where it is the key that the run is about."""
        if (self.vault.lower(), self.name.lower()) == (target.vault_id.rpartition("/")[2], target.key_name):
            raise Refused(
                f"{self.name} in {self.vault} is the key that this run is about, so it does not sign its record",
                why="A key for wrapping must not sign, and who can use it must not be who vouches for its record.",
                next_step="Name another key: EC, P-256, with sign allowed. Nothing was sealed.",
            )


@dataclass(frozen=True)
class PemSigner:
    """A private key that was read from a file."""

    key: EllipticCurvePrivateKey | Ed25519PrivateKey

    @property
    def public_key(self) -> PublicKey:
        return of(self.key.public_key())

    def sign(self, data: bytes) -> bytes:
        if isinstance(self.key, Ed25519PrivateKey):
            return self.key.sign(data)
        return der(*decode_dss_signature(self.key.sign(data, ECDSA(SHA256()))))


def reference(said: str) -> Path | VaultKey | None:
    """What a reference names: a file, a key in a vault, or nobody. Raises WrongUsage."""
    way, _, where = said.partition(":")
    if said == "none":
        return None
    if way == "pem" and where:
        return Path(where)
    if way == "keyvault" and (found := _KEY_ID.fullmatch(where)):
        return VaultKey(*found.groups())
    raise WrongUsage(f"signer: given {said[:100]!r}; allowed: {ALLOWED}")


def pem_signer(path: Path, run: Path | None) -> PemSigner:
    """The private key in a file. Raises WrongUsage for one inside the run, with a passphrase, or of another kind."""
    if run is not None and path.resolve().is_relative_to(run.resolve()):
        raise WrongUsage(f"signer: {path} lies inside the run that it is to sign; keep it elsewhere")
    try:
        key = load_pem_private_key(content(path, _LARGEST_PEM), password=None)
        of(key.public_key())
    except Unreadable as error:
        raise WrongUsage(f"signer: {path} {error}") from None
    except TypeError:
        raise WrongUsage(f"signer: {path} has a passphrase, which is not supported; use a key in Key Vault") from None
    except NotAKey as error:
        raise WrongUsage(f"signer: {path}: {error}") from None
    except (ValueError, UnsupportedAlgorithm):
        raise WrongUsage(f"signer: {path} does not hold a private key in PEM") from None
    if not isinstance(key, EllipticCurvePrivateKey | Ed25519PrivateKey):
        raise WrongUsage(f"signer: {path}: a key of another kind; only P-256 and Ed25519 are accepted")
    return PemSigner(key)
