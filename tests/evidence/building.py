"""Small run folders that hold what real ones do, and keys to seal them with. Everything is on this machine's disk."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from helpers.evidence import files, sealing
from helpers.evidence.asked import Asked
from helpers.evidence.bundle import Bundle
from helpers.evidence.dsse import pae
from helpers.evidence.findings import Report
from helpers.evidence.scan import scan
from helpers.evidence.sealing import How, Sealed
from helpers.evidence.signers import PemSigner, Signer
from helpers.evidence.statement import Statement, parse
from helpers.evidence.sums import written as sums_of
from helpers.evidence.verifying import verify
from helpers.record.runs import Run
from helpers.waiting import Waiter
from tests.cases.building import GIVEN, TENANT

ROOT = Path(__file__).resolve().parents[2]
RUN = "20261123T090000Z-a1b2c3"
WORLD = "rehearsal-0badcafe"
ACTOR = "b0000000-0000-4000-8000-000000000001"
NOW = datetime(2026, 11, 23, 9, 30, tzinfo=UTC)
SUITE = {
    "version": "0.1.0",
    "commit": "a5ca7c6" + "0" * 33,
    "dirty": False,
    "lock_sha256": "11" * 32,
    "python": "3.11.7",
    "system": "Linux 6.1 x86_64",
    "packages": {"azure-identity": "1.25.1"},
}
QUIET = Waiter(lambda _: None, first_pause=0.02)
"""Waits, and says nothing of it."""
STEPS = ("01_consent", "02_key")
NEWEST = "Not proven: that no newer run was deleted: nothing in a folder shows it"
FORGED = "Not proven: that the record was true when it was sealed: that is the word of who held the key"
"""What is said of every run."""


def p256() -> PemSigner:
    """A new signer on P-256."""
    return PemSigner(generate_private_key(SECP256R1()))


def ed25519() -> PemSigner:
    """A new Ed25519 signer."""
    return PemSigner(Ed25519PrivateKey.generate())


KINDS: dict[str, Callable[[], PemSigner]] = {"P-256": p256, "Ed25519": ed25519}


def private_pem(key: PrivateKeyTypes) -> bytes:
    """A private key as a file holds it."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def line(run: str, event: str, step: str = "run", **said: Any) -> dict[str, Any]:
    """One line of a ledger."""
    return {"t": "2026-11-23T09:00:00.000Z", "run": run, "event": event, "step": step, "actor": ACTOR, **said}


def beginning(run: str, world: str | None, event: str = "run_started", **given: Any) -> dict[str, Any]:
    """The line that begins a run, with what the suite and the parameters were."""
    parameters = {**GIVEN, "cloud": "azure" if world is None else "rehearsal", **given}
    said = {"cloud": parameters["cloud"], "world": world, "parameters": parameters, "suite": SUITE}
    return line(run, event, **said)


def rows(run: str, world: str | None, exit_code: int | None, **given: Any) -> list[dict[str, Any]]:
    """The lines of a small run; None for one that did not end."""
    said = [
        beginning(run, world, **given),
        line(run, "identity", STEPS[0], object_id=ACTOR, tenant_id=TENANT, kind="user"),
        line(run, "step_finished", STEPS[0], plan={"step": STEPS[0], "items": []}),
    ]
    return said if exit_code is None else [*said, line(run, "run_finished", exit_code=exit_code, steps={})]


def write_ledger(folder: Path, lines: Sequence[Mapping[str, Any]]) -> None:
    """A ledger of these lines, as the suite writes them."""
    (folder / "ledger.jsonl").write_text("".join(json.dumps(row) + "\n" for row in lines))


def notebook(step: str, *, sources: Sequence[str] = ("1 + 1",), started: str = "2026-11-23T09:00:01") -> dict[str, Any]:
    """An executed notebook as papermill leaves it: a cell with the tag `parameters`, the one it put in, and code."""
    tagged = _cell("c0", sources[0], 1, tags=["parameters"])
    injected = _cell("injected", "# Parameters\nparameters = {}\n", 2, tags=["injected-parameters"])
    own = [_cell(f"c{number}", source, number + 2) for number, source in enumerate(sources[1:], 1)]
    prose = {"cell_type": "markdown", "id": "m0", "metadata": {}, "source": f"# {step}"}
    metadata = {"papermill": {"start_time": started}}
    return {"cells": [prose, tagged, injected, *own], "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


def _cell(name: str, source: str, count: int, tags: Sequence[str] = ()) -> dict[str, Any]:
    said = {"name": "stdout", "output_type": "stream", "text": f"{source} done\n"}
    return {
        "cell_type": "code",
        "execution_count": count,
        "id": name,
        "metadata": {"tags": list(tags)},
        "outputs": [said],
        "source": source,
    }


def run_folder(
    parent: Path,
    run: str = RUN,
    *,
    world: str | None = None,
    exit_code: int | None = 0,
    steps: Sequence[str] = STEPS,
    **given: Any,
) -> Run:
    """A small run, not sealed: a ledger, notebooks, an approval and a log."""
    folder = parent / run
    (folder / "notebooks").mkdir(parents=True)
    (folder / "approvals").mkdir()
    write_ledger(folder, rows(run, world, exit_code, **given))
    for number, step in enumerate(steps):
        started = f"2026-11-23T09:0{number}:00"
        (folder / "notebooks" / f"{step}.ipynb").write_text(json.dumps(notebook(step, started=started), indent=1))
    (folder / "approvals" / f"{'ab' * 32}.json").write_text(json.dumps({"digest": "ab" * 32, "granted": True}))
    (folder / "kernels.log").write_text("a library said something\n")
    return Run(folder)


def pages(run: Run) -> None:
    """Stands for the report's writer where a test is about the seal alone."""
    (run.folder / "html").mkdir()
    (run.folder / "html" / "01_consent.html").write_text("<p>executed</p>\n")
    (run.folder / "report.html").write_text("<p>decision</p>\n")


def seal(run: Run, signer: Signer | None, *, at: datetime = NOW, wait: Waiter = QUIET, **how: Any) -> Sealed:
    """Seal a run, as the command does, with the small pages above."""
    return sealing.seal(run, How(signer, **how), lambda: at, pages=pages, scan=scan, wait=wait)


def sealed_run(parent: Path, signer: Signer | None, run: str = RUN, **about: Any) -> Run:
    """A small run that is sealed."""
    made = run_folder(parent, run, **about)
    seal(made, signer)
    return made


def copied(run: Run, to: Path) -> Run:
    """A copy of a run's folder under its own name."""
    return Run(shutil.copytree(run.folder, to / run.id, symlinks=True))


def statement_of(run: Run) -> Statement:
    """What a run's statement says."""
    return parse((run.folder / files.STATEMENT).read_bytes())


def stated_anew(run: Run, statement: Statement, signer: Signer | None) -> None:
    """What somebody who knows the format can do: write another statement and, with a key, another signature."""
    payload = statement.written()
    (run.folder / files.STATEMENT).write_bytes(payload)
    (run.folder / files.SUMS).write_bytes(sums_of(statement))
    for name in (files.BUNDLE, files.PUBLIC_KEY, files.TOKEN):
        (run.folder / name).unlink(missing_ok=True)
    if signer is not None:
        key = signer.public_key
        seal = Bundle(payload, signer.sign(pae(payload)), key.hint)
        (run.folder / files.BUNDLE).write_bytes(seal.written())
        (run.folder / files.PUBLIC_KEY).write_bytes(key.pem)


def subjects_again(run: Run) -> Statement:
    """The run's statement with the digests of its files as they are now."""
    names = files.listing(run.folder).subjects
    found = tuple((name, files.sha256(run.folder / name)) for name in names)
    said = statement_of(run)
    return replace(said, subjects=found, ledger=replace(said.ledger, sha256=dict(found)["ledger.jsonl"]))


@dataclass(frozen=True)
class Told:
    """What a command printed and how it ended."""

    code: int
    out: str
    err: str

    @property
    def lines(self) -> list[str]:
        return self.err.splitlines()

    @property
    def json(self) -> Any:
        return json.loads(self.out)


@dataclass(frozen=True)
class Scene:
    """A sealed run, its auditor's key, and who might have meddled with it."""

    run: Run
    key: Path
    signer: PemSigner
    stranger: PemSigner

    @property
    def folder(self) -> Path:
        return self.run.folder


def looked(run: Run, signer: PemSigner | None = None, **asked: Any) -> Report:
    """What the verifier finds, with a signer's public key if one is given."""
    return verify(run.folder, Asked(key=signer.public_key if signer else None, **asked))
