"""The certificates of one rehearsal: a new CA that nothing else trusts, and a leaf for the simulated hosts.

The CA key lives in memory only, so that nobody can extend what the rehearsal may pretend to be.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import trustme

MANAGED_HSM = "*.managedhsm.azure.net"
"""In the leaf like the vaults, so that a refusal there is the front's own and not a TLS failure."""


@dataclass(frozen=True)
class Certificates:
    """What a client trusts (`bundle`, `fingerprint`) and what the front shows (`leaf`, certificate and key)."""

    bundle: Path
    """The CA certificate alone, PEM."""
    leaf: Path
    no_others: Path
    """An empty folder, for SSL_CERT_DIR."""
    fingerprint: str
    """SHA-256 of the CA certificate's DER, lower-case hex."""

    def context(self) -> ssl.SSLContext:
        """The TLS context of the front; HTTP/1.1 only."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.leaf)
        context.set_alpn_protocols(["http/1.1"])
        return context


def make(folder: Path, hosts: Iterable[str]) -> Certificates:
    """New certificates for host names, where `*.` covers one label, in a new private folder under the one given."""
    authority = trustme.CA(organization_name="CMEK rehearsal", organization_unit_name="worthless elsewhere")
    leaf = authority.issue_cert(*dict.fromkeys((*hosts, MANAGED_HSM)))
    private = folder / "certificates"
    private.mkdir(mode=0o700)
    made = Certificates(
        private / "ca.pem",
        private / "leaf.pem",
        private / "none",
        hashlib.sha256(ssl.PEM_cert_to_DER_cert(authority.cert_pem.bytes().decode())).hexdigest(),
    )
    made.no_others.mkdir(mode=0o700)
    made.bundle.write_bytes(authority.cert_pem.bytes())
    made.leaf.touch(mode=0o600)
    made.leaf.write_bytes(leaf.private_key_and_cert_chain_pem.bytes())
    return made
