"""What somebody who verifies a run has from elsewhere, and asks to be proven."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from helpers.evidence.public_keys import PublicKey


@dataclass(frozen=True)
class Asked:
    """All optional; with neither `key` nor `digest` nothing says that the seal is not somebody else's."""

    key: PublicKey | None = None
    digest: str | None = None
    run_id: str | None = None
    require_timestamp: bool = False
    tsa_roots: bytes | None = None
    require_live: bool = False
    release: Path | None = None
    """The folder with the notebooks as shipped, to compare the executed code with."""
