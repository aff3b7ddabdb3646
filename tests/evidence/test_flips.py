"""One bit changed anywhere in a sealed run, and the verifier never says that all is well."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable
from pathlib import Path

import pytest

from helpers.evidence import files
from helpers.evidence.asked import Asked
from helpers.evidence.signers import PemSigner
from helpers.evidence.verifying import verify
from helpers.record.runs import Run
from tests.evidence.building import KINDS, looked, run_folder, seal
from tests.evidence.tsa import Authority

WHOLE = [
    *(("P-256", name) for name in (files.STATEMENT, files.BUNDLE, files.SUMS, "ledger.jsonl")),
    ("Ed25519", files.BUNDLE),
]
"""Only the bundle differs by the kind of key."""
SEEDED = 200


@pytest.fixture(scope="module")
def sealed(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, authority: Authority
) -> tuple[Run, PemSigner]:
    """A sealed and time-stamped run with a short ledger, and its signer: every file a seal can have is there."""
    signer = KINDS[request.param]()
    run = run_folder(tmp_path_factory.mktemp("flipped"), steps=("01_consent",))
    seal(run, signer, timestamp=authority.url)
    assert looked(run, signer).exit_code == 0
    assert set(files.SEAL) <= set(files.listing(run.folder).plain)
    return run, signer


def passed(run: Run, signer: PemSigner, name: str, bits: Iterable[int]) -> list[int]:
    """Those bits of a file that can be changed without the verifier saying anything but 0."""
    asked, data, unseen = Asked(key=signer.public_key), (run.folder / name).read_bytes(), []
    with (run.folder / name).open("r+b", buffering=0) as file:
        for bit in bits:
            at, flipped = bit // 8, data[bit // 8] ^ 1 << bit % 8
            os.pwrite(file.fileno(), bytes([flipped]), at)
            if verify(run.folder, asked).exit_code == 0:
                unseen.append(bit)
            os.pwrite(file.fileno(), data[at : at + 1], at)
    assert verify(run.folder, asked).exit_code == 0
    return unseen


def bits_of(file: Path) -> range:
    return range(file.stat().st_size * 8)


@pytest.mark.parametrize("sealed", KINDS, indirect=True)
def test_a_bit_in_each_file(sealed: tuple[Run, PemSigner]) -> None:
    """200 bits, by seed, in every file of the run and of its seal: each change is seen."""
    run, signer = sealed
    seeded = random.Random(20261123)
    for name in files.listing(run.folder).plain:
        bits = bits_of(run.folder / name)
        assert passed(run, signer, name, seeded.sample(bits, min(SEEDED, len(bits)))) == [], name


@pytest.mark.slow
@pytest.mark.parametrize(("sealed", "name"), WHOLE, indirect=["sealed"])
def test_every_bit_of_the_seal_and_the_ledger(name: str, sealed: tuple[Run, PemSigner]) -> None:
    """Every single bit of the statement, the signature, the list of sums and the ledger: each change is seen."""
    run, signer = sealed
    assert passed(run, signer, name, bits_of(run.folder / name)) == []


@pytest.mark.parametrize("sealed", KINDS, indirect=True)
def test_a_byte_more_or_less_at_the_end(sealed: tuple[Run, PemSigner]) -> None:
    """Nothing can be put at the end of a file or taken from it."""
    run, signer = sealed
    for name in files.listing(run.folder).plain:
        file = run.folder / name
        data = file.read_bytes()
        for changed in (data + b"\n", data + b"\0", data[:-1]):
            file.write_bytes(changed)
            assert looked(run, signer).exit_code == 1, (name, changed[-10:])
        file.write_bytes(data)
    assert looked(run, signer).exit_code == 0
