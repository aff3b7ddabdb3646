"""Sealing a run: refuse what is odd, make the pages, look for secrets, then state, sign, stamp and write.

Nothing is half sealed: the statement's own name comes last, by one rename. A sealing that was killed before leaves a
run that is not sealed and can be sealed again; one that fails takes away what it made. One sealing at a time goes on in
a folder of runs, so that the chain has no forks, and no line of the ledger is written meanwhile.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Protocol

from helpers.clock import stamp
from helpers.errors import Failed, Refused, RunbookError, WrongUsage
from helpers.evidence import chain, files, notebooks, refusals, sums, timestamps
from helpers.evidence.bundle import Bundle
from helpers.evidence.chain import Head
from helpers.evidence.dsse import pae
from helpers.evidence.files import Unreadable
from helpers.evidence.notebooks import Unfit
from helpers.evidence.recorded import Recorded
from helpers.evidence.seal_lock import alone
from helpers.evidence.signers import Signer
from helpers.evidence.statement import LedgerHead, Scan, Statement, digest
from helpers.evidence.timestamps import Stamp
from helpers.record.ledger import NAME
from helpers.record.runs import Run, project_root
from helpers.record.secrets import Secret
from helpers.record.under_way import at_rest
from helpers.waiting import Waiter

NOTHING = "Nothing was sealed."


class Pages(Protocol):
    """Writes report.html and html/ into a run folder."""

    def __call__(self, run: Run) -> None: ...


class Scanner(Protocol):
    """Looks for secrets in all files of a folder; a hit's text names file, cell and kind, and never the value."""

    def __call__(self, folder: Path, known: Sequence[Secret]) -> Sequence[object]: ...


@dataclass(frozen=True)
class How:
    """What a seal is made with. `known` is None where the run's own secrets are not at hand; shapes are looked for."""

    signer: Signer | None
    timestamp: str | None = None
    known: Sequence[Secret] | None = None
    previous: Path | None = None
    incomplete: bool = False


@dataclass(frozen=True)
class Sealed:
    """A seal that was made. Keep the digest: it proves the run even where nobody signed."""

    run: str
    digest: str
    sequence: int
    hint: str | None
    stamp: Stamp | None
    notes: tuple[str, ...] = ()

    def lines(self) -> tuple[str, ...]:
        """It in words."""
        signed = f"Signed by the key {self.hint}" if self.hint else "Signed by nobody: keep the digest apart from it"
        stamped = (f"Time stamp: {self.stamp}",) if self.stamp else ()
        return (f"Sealed: run {self.sequence} of its target, statement {self.digest}", signed, *stamped, *self.notes)

    def data(self) -> dict[str, Any]:
        """The same for a machine."""
        return {
            "run": self.run,
            "statement_sha256": self.digest,
            "sequence": self.sequence,
            "hint": self.hint,
            "time_stamp": None if self.stamp is None else str(self.stamp),
            "notes": list(self.notes),
        }


def seal(run: Run, how: How, now: Callable[[], datetime], *, pages: Pages, scan: Scanner, wait: Waiter) -> Sealed:
    """Seal a run. Raises Refused for a run that is sealed, not complete or odd, or where a secret was found; WrongUsage
    for a previous run that it cannot follow on, or a time stamp without a signer; Failed.

    Whatever is raised, the run is as it was before, without what a sealing that was killed had left in it.
    """
    folder = run.folder
    if how.timestamp is not None:
        timestamps.refuse_wrong_url(how.timestamp)
        if how.signer is None:
            raise WrongUsage("timestamp: a time stamp is over a signature, and the signer is none")
    with alone(run, wait), at_rest(folder) as rests:
        refusals.sealed(folder)
        refusals.under_way(folder, rests)
        refusals.odd(folder)
        said = refusals.told(run)
        if not how.incomplete:
            refusals.incomplete(said)
        _take_away(folder)
        with _taken_away_unless_sealed(folder):
            _make(pages, run)
            refusals.odd(folder)
            refusals.secrets(folder, scan(folder, how.known or ()))
            scanned = Scan(known=how.known is not None, files=len(files.listing(folder).subjects))
            head = _head(folder, said, how)
            return _sealed(folder, _statement(folder, said, head, scanned, stamp(now())), how, head.unread)


def _make(pages: Pages, run: Run) -> None:
    """Have the pages written. Raises Failed where they cannot be made from this record, whatever the reason is."""
    try:
        pages(run)
    except (RunbookError, OSError):
        raise
    except Exception as error:
        raise Failed(
            f"{run.id}: not sealed: its report could not be made: {type(error).__name__}: {error}",
            why="It is a fault of the suite, or something in the record that it does not know. Nothing was sealed.",
            next_step="Keep the folder as it is, report this, and seal again with a version that can.",
        ) from error


def _head(folder: Path, said: Recorded, how: How) -> Head:
    if how.previous is not None:
        return chain.given(how.previous, folder.parent, said.target, said.rehearsal)
    return chain.head(folder.parent, said.target, said.rehearsal)


def _statement(folder: Path, said: Recorded, head: Head, scanned: Scan, sealed_at: str) -> Statement:
    names = files.listing(folder).subjects
    try:
        subjects = tuple((name, files.sha256(folder / name)) for name in names)
        told = notebooks.told(notebooks.executed(folder, names), project_root() / "notebooks")
    except Unreadable as error:
        raise Failed(f"{folder.name}: not sealed: {error}", next_step="Look at who owns its files.") from None
    except Unfit as error:
        raise Refused(
            f"{folder.name}: not sealed: {error}", next_step="Keep the folder, and start a new run."
        ) from None
    return Statement(
        run=said.run,
        sequence=head.sequence,
        previous=head.previous,
        target=said.target,
        rehearsal=said.rehearsal,
        complete=said.complete,
        exit_code=said.exit_code,
        sealed_at=sealed_at,
        ledger=LedgerHead(said.lines, dict(subjects)[NAME]),
        notebooks=told,
        suite=said.suite,
        scan=scanned,
        subjects=subjects,
    )


def _sealed(folder: Path, statement: Statement, how: How, notes: tuple[str, ...]) -> Sealed:
    """Sign and stamp, then write: the statement under another name, the rest of the seal, and the rename."""
    payload, parts = statement.written(), {files.SUMS: sums.written(statement)}
    hint, stamped = None, None
    if how.signer is not None:
        key, signature = how.signer.public_key, how.signer.sign(pae(payload))
        if not key.verifies(signature, pae(payload)):
            raise Failed("signer: what came back is not a signature by its key", next_step="Look at the signer's key.")
        token = timestamps.ask(how.timestamp, signature) if how.timestamp else None
        hint, stamped = key.hint, timestamps.look(token, signature) if token else None
        parts[files.PUBLIC_KEY] = key.pem
        parts[files.BUNDLE] = Bundle(payload, signature, key.hint, token).written()
        if token:
            parts[files.TOKEN] = token
    files.persist(folder / files.UNFINISHED, payload)
    for name, data in parts.items():
        files.write(folder / name, data)
    (folder / files.UNFINISHED).replace(folder / files.STATEMENT)
    files.sync(folder)
    return Sealed(statement.run, digest(payload), statement.sequence, hint, stamped, notes)


@contextmanager
def _taken_away_unless_sealed(folder: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        if not files.is_there(folder / files.STATEMENT):
            _take_away(folder)
        raise


def _take_away(folder: Path) -> None:
    """Take away what this or a killed sealing made: the pages and the parts of a seal. Links are not followed."""
    pages = folder / files.PAGES
    if pages.is_dir() and not pages.is_symlink():
        shutil.rmtree(pages)
    parts = (*files.SEAL, files.REPORT)
    for name in (*parts, *map(files.unfinished, parts)):
        (folder / name).unlink(missing_ok=True)
