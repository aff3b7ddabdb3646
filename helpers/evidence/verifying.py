"""Verifying a sealed run, from its folder alone: what is proven, what is not, what is broken. EVIDENCE.md is the rule.

Nothing in the folder is trusted, written to or followed, and nothing in it makes this raise. What a rule cannot look at
because what it rests on is broken already is not judged by it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from helpers.evidence import content_rules, contents, files, release, seal_rules
from helpers.evidence.asked import Asked
from helpers.evidence.files import Listing, Unreadable
from helpers.evidence.findings import Finding, Report, broken, proven, unproven
from helpers.evidence.statement import Statement, digest, parse
from helpers.evidence.strict_json import NotStrict

NOBODY_CAN = (
    "that no newer run was deleted: nothing in a folder shows it",
    "that the record was true when it was sealed: that is the word of who held the key",
)
"""Said of every run: no folder can prove it."""


@dataclass(frozen=True)
class Folder:
    """A run folder with a statement that could be read."""

    path: Path
    found: Listing
    payload: bytes
    statement: Statement

    @property
    def digest(self) -> str:
        return digest(self.payload)


def verify(folder: Path, asked: Asked) -> Report:
    """What a run folder proves. Raises nothing for what is in it."""
    found = files.listing(folder)
    odd = tuple(broken(name, f"{why}; a run holds plain files only") for name, why in found.odd)
    if files.STATEMENT not in found.plain:
        return Report(str(folder), None, None, None, (*odd, *_without_statement(found)))
    try:
        payload = files.content(folder / files.STATEMENT)
        statement = parse(payload)
    except (NotStrict, Unreadable) as error:
        return Report(str(folder), None, None, None, (*odd, broken(files.STATEMENT, str(error))))
    run = Folder(folder, found, payload, statement)
    changed = (*odd, *_changed(run))
    findings = (*changed, *_of_rules(run, asked, whole=not changed), *map(unproven, NOBODY_CAN))
    return Report(str(folder), statement.run, statement.rehearsal, run.digest, findings)


def _without_statement(found: Listing) -> Iterator[Finding]:
    left = [name for name in files.SEAL if name in found.plain]
    if files.UNFINISHED in found.plain:
        yield unproven("anything: its sealing was cut short; it can be sealed again", needed=True)
    elif left:
        yield broken(files.STATEMENT, f"is not there, and {', '.join(left)} is: it was taken away")
    elif not any(name == files.STATEMENT for name, _ in found.odd):
        yield unproven("anything: the run is not sealed", needed=True)


def _changed(run: Folder) -> Iterator[Finding]:
    """Every file that is not what the statement says, and every one that it does not name."""
    sealed, there = dict(run.statement.subjects), set(run.found.plain)
    for name in run.found.subjects:
        if name not in sealed:
            yield broken(name, "is not in the statement: it was added")
    for name, wanted in sealed.items():
        if name not in there:
            yield broken(name, "is not there: it was dropped or renamed")
            continue
        try:
            if files.sha256(run.path / name) != wanted:
                yield broken(name, "is not as it was sealed")
        except Unreadable as error:
            yield unproven(f"what is in {name}: it {error}", needed=True)


def _of_rules(run: Folder, asked: Asked, *, whole: bool) -> Iterator[Finding]:
    """What each rule finds; those on what the files say only where all files are as they were sealed."""
    statement = run.statement
    held = contents.read(run.path, statement) if whole else None
    if held is not None:
        yield proven(f"nothing was edited, dropped or added since it was sealed: {len(statement.subjects)} files")
        yield from content_rules.ledger(held.ledger, statement)
        yield from content_rules.notebooks(held.notebooks, statement)
    yield from seal_rules.sums(run.path, run.found, statement)
    yield from seal_rules.signature(run.path, run.found, run.payload, asked)
    yield from content_rules.complete(statement)
    yield from content_rules.asked_for(statement, run.digest, asked)
    yield from content_rules.said(statement)
    if held is not None and asked.release is not None:
        yield from release.same_code(held, asked.release)
