"""A small run, sealed as any other: what is published in these tests."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from helpers.evidence.archived import Published
from helpers.evidence.sealing import How, seal
from helpers.evidence.signers import PemSigner
from helpers.record.ledger import Ledger
from helpers.record.runs import Run
from tests.evidence.building import QUIET

RUN = "20261101T090000Z-abc123"
TENANT = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
NAMES = [
    "html/02_key.html",
    "ledger.jsonl",
    "notebooks/02_key.ipynb",
    "report.html",
    "SHA256SUMS",
    "signer.pem",
    "seal.sigstore.json",
    "statement.json",
]
"""The files of a sealed run, in the order in which they are published."""

_PARAMETERS = {
    "subscription_id": "8635ae1a-3e5d-44e8-a4ed-e0f614466f87",
    "resource_group": "rg",
    "vault_name": "vault-one",
    "key_name": "cmek",
    "organization_id": "0b2f7f3e-0f52-4f2c-9a7f-7b3f9a1b2c3d",
    "tenant_id": TENANT,
    "credential": "azure_cli",
}


def made(home: Path, run: str = RUN, world: str | None = None) -> Run:
    """A run that has ended and is not sealed."""
    made = Run(home / run)
    made.notebooks.mkdir(parents=True)
    ledger = Ledger(made.ledger, run, "run", lambda: datetime.now(UTC))
    ledger.write("run_started", cloud="azure", world=world, parameters=_PARAMETERS, suite=None)
    ledger.write("run_finished", exit_code=0, steps=["02_key"])
    cell = {"cell_type": "code", "id": "a1", "source": "1", "execution_count": 1, "outputs": [], "metadata": {}}
    notebook = {"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}
    (made.notebooks / "02_key.ipynb").write_text(json.dumps(notebook))
    return made


def sealed(home: Path, run: str = RUN, world: str | None = None) -> Run:
    """The same, sealed and signed."""
    return seal_it(made(home, run, world))


def seal_it(run: Run) -> Run:
    """Seal a run as it is."""
    how = How(PemSigner(Ed25519PrivateKey.generate()), known=())
    seal(run, how, lambda: datetime.now(UTC), pages=_pages, scan=lambda folder, known: (), wait=QUIET)
    return run


def _pages(run: Run) -> None:
    (run.folder / "html").mkdir()
    (run.folder / "html" / "02_key.html").write_text("<p>shown</p>")
    (run.folder / "report.html").write_text("<p>the decision</p>" * 1000)


def contents(folder: Path) -> dict[str, bytes]:
    """Every file below a folder."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def states(done: Published) -> dict[str, str]:
    """What became of each file that was published."""
    return {file.name: file.state for file in done.files}
