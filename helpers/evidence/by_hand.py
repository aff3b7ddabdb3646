"""How to check a sealed run without this code: lines for a POSIX shell with openssl and the core utilities.

They rest on the fixed form in which statement and bundle are written. Sources: DSSE protocol v1.0.2 (what is signed),
Sigstore bundle v0.3, RFC 3161; read 2026-11. Nothing is written into the run folder.
"""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from typing import Literal

from helpers.evidence.dsse import PAYLOAD_TYPE
from helpers.evidence.files import BUNDLE, SEAL, STATEMENT, SUMS, TOKEN

Kind = Literal["p256", "ed25519"]
"""Kinds of signing keys: ECDSA on P-256 with SHA-256 (ES256), and Ed25519."""

NAMES: dict[Kind, str] = {"p256": "P-256", "ed25519": "Ed25519"}


@dataclass(frozen=True)
class Command:
    """One thing to check: what it proves, and the shell lines that check it. Each exits 0 only where it is so."""

    proves: str
    shell: str


def begin(run: str, key: str, tsa_root: str) -> str:
    """The lines that come first: the run folder, your copy of the public key and of the TSA's root, a place to work."""
    return "\n".join(
        (
            f"KEY=$(realpath {shlex.quote(key)})",
            f"TSA_ROOT=$(realpath {shlex.quote(tsa_root)})",
            "WORK=$(mktemp -d)",
            f"cd {shlex.quote(run)}",
        )
    )


def files() -> tuple[Command, ...]:
    """The files are those of the statement, with what they held when they were sealed, and no others."""
    seal = " ".join(SEAL)
    return (
        Command("every file is as it was sealed", f"sha256sum --strict -c {SUMS}"),
        Command(
            "the list of files is the statement's",
            f"""awk -F'"' '/^  "subject": \\[/ {{ on = 1 }} on && /"sha256": / {{ sum = $4 }} """
            f"""on && /"name": / {{ print sum "  " $4 }}' {STATEMENT} | cmp - {SUMS}""",
        ),
        Command(
            "there is no other file, and no link",
            f"""find . ! -type d | sed 's|^\\./||' | LC_ALL=C sort > "$WORK/there"\n"""
            f"""{{ cut -c 67- {SUMS}; ls {seal} 2> /dev/null; }} | LC_ALL=C sort | cmp - "$WORK/there"\n"""
            """test -z "$(find . ! -type d ! -type f)\"""",
        ),
    )


def signature(kind: Kind) -> tuple[Command, ...]:
    """The statement is what the key signed."""
    pae = f"DSSEv1 {len(PAYLOAD_TYPE)} {PAYLOAD_TYPE} %d "
    checked = {
        "p256": 'openssl dgst -sha256 -verify "$KEY" -signature "$WORK/signature" "$WORK/signed"',
        "ed25519": 'openssl pkeyutl -verify -rawin -pubin -inkey "$KEY" -in "$WORK/signed" -sigfile "$WORK/signature"',
    }
    return (
        Command(
            "the statement is the one that was signed",
            f"""sed -n 's/^ *"payload": "\\(.*\\)",$/\\1/p' {BUNDLE} | base64 -d | cmp - {STATEMENT}""",
        ),
        Command(
            f"it was signed by your key ({NAMES[kind]})",
            f"""sed -n 's/^ *"sig": "\\(.*\\)"$/\\1/p' {BUNDLE} | base64 -d > "$WORK/signature"\n"""
            f"""{{ printf '{pae}' "$(wc -c < {STATEMENT})"; cat {STATEMENT}; }} > "$WORK/signed"\n"""
            f"{checked[kind]}",
        ),
    )


def timestamp() -> tuple[Command, ...]:
    """The signature was there at the time of the time stamp. Needs the lines of `signature` before it."""
    return (
        Command(
            "it was signed before the time of the time stamp",
            f'openssl ts -verify -in {TOKEN} -data "$WORK/signature" -CAfile "$TSA_ROOT"',
        ),
        Command(
            "which time that is (with -attime SECONDS above it holds after the certificate has ended)",
            f'openssl ts -reply -in {TOKEN} -text | grep "Time stamp:"',
        ),
    )
