"""A sealed run checked without this suite: by a shell, the core utilities and openssl, with the lines that it prints."""

from __future__ import annotations

import os
import re
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.evidence import bundle, by_hand, files
from helpers.evidence.by_hand import Command, Kind
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from tests.evidence.attacks import (
    Attack,
    added_hidden_file,
    cut_ledger,
    cut_sums,
    dropped_notebook,
    edited_output,
    edited_sums,
    edited_with_its_sum,
    link_to_a_copy,
    link_to_the_folder,
    renamed_notebook,
)
from tests.evidence.building import KINDS, run_folder, seal, stated_anew, statement_of
from tests.evidence.tsa import Authority


def commands(kind: Kind | None, *, stamped: bool) -> tuple[Command, ...]:
    """All that can be checked of a run sealed with a kind of key (None: signed by nobody), with or without a stamp."""
    signed = by_hand.signature(kind) if kind else ()
    return (*by_hand.files(), *signed, *(by_hand.timestamp() if kind and stamped else ()))


def script_of(run: str, kind: Kind | None, *, stamped: bool, key: str, tsa_root: str) -> str:
    """The same as one script, which stops at the first thing that is not so."""
    shown = (f"# {command.proves}\n{command.shell}" for command in commands(kind, stamped=stamped))
    return "\n".join(("set -e", by_hand.begin(run, key, tsa_root), *shown)) + "\n"


def by_shell(
    run: Run, signer: PemSigner | None, tmp_path: Path, root: Path | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the script for a run in a POSIX shell, with the auditor's copies of key and root."""
    key = tmp_path / "key of the auditor.pem"
    key.write_bytes(signer.public_key.pem if signer else b"")
    kind = signer.public_key.kind if signer else None
    script = script_of(str(run.folder), kind, stamped=root is not None, key=str(key), tsa_root=str(root or key))
    return subprocess.run(
        ["sh", "-c", script], cwd=tmp_path, env=_environment(tmp_path), capture_output=True, text=True, timeout=60
    )


def _environment(tmp_path: Path) -> dict[str, str]:
    return {"PATH": os.environ["PATH"], "TMPDIR": str(tmp_path)}


@pytest.fixture
def sealed(tmp_path: Path, each_signer: PemSigner, authority: Authority) -> Run:
    """A sealed and time-stamped run, in a folder whose name needs quotes."""
    run = run_folder(tmp_path / "runs of 'ours'")
    seal(run, each_signer, timestamp=authority.url)
    return run


def test_a_good_run_passes_by_hand(sealed: Run, each_signer: PemSigner, authority: Authority, tmp_path: Path) -> None:
    """Every command succeeds, the time is shown, and nothing is written into the run."""
    before = files.listing(sealed.folder)
    done = by_shell(sealed, each_signer, tmp_path, authority.root)
    assert done.returncode == 0, done.stderr
    assert "kernels.log: OK" in done.stdout
    assert re.search(r"Time stamp: \w{3} +\d+ [\d:]+ \d{4} GMT", done.stdout)
    assert files.listing(sealed.folder) == before


def test_a_run_that_nobody_signed_passes_by_hand(tmp_path: Path) -> None:
    """The files can be checked where there is no signature."""
    run = run_folder(tmp_path)
    seal(run, None)
    assert by_shell(run, None, tmp_path).returncode == 0


def edited_statement(folder: Path) -> None:
    file = folder / files.STATEMENT
    file.write_text(file.read_text().replace('"exit_code": 0', '"exit_code": 3'))


def edited_signature(folder: Path) -> None:
    file = folder / files.BUNDLE
    file.write_text(re.sub(r'("sig": ".{8})(.)', lambda m: m[1] + ("B" if m[2] == "A" else "A"), file.read_text()))


def no_bundle(folder: Path) -> None:
    (folder / files.BUNDLE).unlink()


def stamp_of_something_else(folder: Path) -> None:
    file = folder / files.TOKEN
    data = bytearray(file.read_bytes())
    data[-20] ^= 1
    file.write_bytes(data)


def another_payload(folder: Path) -> None:
    file = folder / files.BUNDLE
    found = bundle.parse(file.read_bytes())
    file.write_bytes(replace(found, payload=found.payload.replace(b'"exit_code": 0', b'"exit_code": 3')).written())


CAUGHT: dict[str, Attack] = {
    attack.__name__: attack
    for attack in (
        edited_output,
        dropped_notebook,
        renamed_notebook,
        added_hidden_file,
        cut_ledger,
        edited_sums,
        edited_with_its_sum,
        another_payload,
        cut_sums,
        link_to_a_copy,
        link_to_the_folder,
        edited_statement,
        edited_signature,
        no_bundle,
        stamp_of_something_else,
    )
}


@pytest.mark.parametrize("name", CAUGHT)
def test_a_broken_run_fails_by_hand(
    name: str, sealed: Run, each_signer: PemSigner, authority: Authority, tmp_path: Path
) -> None:
    """The script ends with a failure, whatever was changed."""
    CAUGHT[name](sealed.folder)
    assert by_shell(sealed, each_signer, tmp_path, authority.root).returncode != 0


def test_another_key_fails_by_hand(sealed: Run, each_signer: PemSigner, tmp_path: Path) -> None:
    """A run that somebody else sealed again is not taken, though all of it fits together."""
    other = KINDS["P-256" if each_signer.public_key.kind == "p256" else "Ed25519"]()
    stated_anew(sealed, statement_of(sealed), other)
    assert by_shell(sealed, other, tmp_path).returncode == 0
    assert by_shell(sealed, each_signer, tmp_path).returncode != 0


def test_the_time_stamp_of_another_run_fails_by_hand(
    sealed: Run, each_signer: PemSigner, authority: Authority, tmp_path: Path
) -> None:
    """A genuine time stamp over another signature is not taken."""
    other = run_folder(tmp_path / "other", "20261124T090000Z-ffffff")
    seal(other, each_signer, timestamp=authority.url)
    (sealed.folder / files.TOKEN).write_bytes((other.folder / files.TOKEN).read_bytes())
    assert by_shell(sealed, each_signer, tmp_path, authority.root).returncode != 0
