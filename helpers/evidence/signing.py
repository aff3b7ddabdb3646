"""From a signer's name to the signer: a file is read, a key in a vault is reached as who signs in for the run.

Nothing here imports an SDK until a key in a vault is named.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.evidence.signers import Signer, VaultKey, pem_signer, reference
from helpers.evidence.statement import Target

if TYPE_CHECKING:
    from helpers.services.connect import Services

Reach = Callable[[VaultKey], Signer]
"""Makes a signer of a key in a vault. Raises Failed where it cannot be used."""


def signer(said: str, run: Path | None, target: Target, reach: Reach) -> Signer | None:
    """The signer that a reference names for the run in a folder, if it is there already; None for `none`.

    Raises WrongUsage for what is no signer, Refused for the key that the run is about, Failed for one out of reach.
    """
    named = reference(said)
    if isinstance(named, VaultKey):
        named.refuse_cmek(target)
        return reach(named)
    return pem_signer(named, run) if isinstance(named, Path) else None


def as_signed_in(services: Services) -> Reach:
    """Reaches a key as who is signed in for the run; every reply is witnessed as any other."""

    def reach(key: VaultKey) -> Signer:
        from helpers.evidence import keyvault

        return keyvault.reached(key, services.credential, services.witness.azure)

    return reach
