"""The rules about what a statement says of a run: read again from its files, and what somebody asked of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace

from helpers.evidence.asked import Asked
from helpers.evidence.files import STATEMENT
from helpers.evidence.findings import Finding, broken, proven, unproven
from helpers.evidence.notebooks import Executed, told
from helpers.evidence.recorded import Recorded
from helpers.evidence.statement import Notebook, Statement
from helpers.record.ledger import NAME


def ledger(found: Recorded | Finding, statement: Statement) -> Iterator[Finding]:
    """The ledger says of run, target, world, end and suite what the statement says."""
    if isinstance(found, Finding):
        yield found
        return
    pairs = {
        "the run": (found.run, statement.run),
        "the number of lines": (found.lines, statement.ledger.lines),
        "the digest": (dict(statement.subjects).get(NAME), statement.ledger.sha256),
        "the target": (found.target, statement.target),
        "the rehearsal": (found.rehearsal, statement.rehearsal),
        "how it ended": ((found.complete, found.exit_code), (statement.complete, statement.exit_code)),
        "the suite": (found.suite, statement.suite),
    }
    wrong = [what for what, (there, said) in pairs.items() if there != said]
    if wrong:
        yield broken(STATEMENT, f"it says something else than {NAME} of: {', '.join(wrong)}")
    else:
        yield proven(f"the ledger is whole and of this run: {found.lines} lines")


def notebooks(found: Mapping[str, Executed] | Finding, statement: Statement) -> Iterator[Finding]:
    """The notebooks ended, and ran the code in the order, that the statement says."""
    if isinstance(found, Finding):
        yield found
        return
    if told(found, shipped=None) != tuple(replace(one, shipped=None) for one in statement.notebooks):
        yield broken(STATEMENT, "it says something else of the notebooks than they hold")
        return
    for one in statement.notebooks:
        yield from _of_one(one, found[one.path])
    if statement.notebooks:
        ended = ", ".join(f"{one.step} {one.status}" for one in statement.notebooks)
        if all(one.started for one in found.values()):
            yield proven(f"the executed notebooks, in their order: {ended}")
        else:
            yield proven(f"the executed notebooks: {ended}")
            yield unproven(
                "in which order they were run: not all of them say when; the ledger tells what was done when"
            )


def _of_one(said: Notebook, found: Executed) -> Iterator[Finding]:
    if not found.ran:
        yield unproven(f"anything of {said.path}: none of its cells was run")
        return
    if said.shipped is None:
        yield unproven(f"that {said.path} ran shipped code: it was sealed where no such notebook is shipped")
    elif said.shipped != said.executed:
        yield unproven(f"that {said.path} ran shipped code: when it was sealed, its code differed")
    if not said.order:
        yield unproven(f"that {said.path} ran from top to bottom: cells were run out of order or again")


def complete(statement: Statement) -> Iterator[Finding]:
    """The run ended by itself."""
    if statement.complete:
        yield proven(f"the run is complete, and ended with exit code {statement.exit_code}")
    else:
        yield unproven("that the run is complete: it was sealed as an interrupted one", needed=True)


def asked_for(statement: Statement, digest: str, asked: Asked) -> Iterator[Finding]:
    """Digest, run and live: each as it was asked for; where it was not, that is said."""
    if asked.digest is not None:
        same = asked.digest == digest
        yield (
            proven("the statement is the one whose digest was given")
            if same
            else broken(STATEMENT, f"its digest is {digest}, and {asked.digest} was expected")
        )
    if asked.run_id is None:
        yield unproven(f"that this is the run you want: it is {statement.run}, and no --run-id was given")
    elif asked.run_id == statement.run:
        yield proven(f"it is the run {statement.run}")
    else:
        yield broken(STATEMENT, f"it is of run {statement.run}, and {asked.run_id} was asked for")
    if asked.require_live:
        yield (
            proven("it is a live run")
            if statement.rehearsal is None
            else broken(STATEMENT, "it is of a rehearsal, and a live run was asked for")
        )


def said(statement: Statement) -> Iterator[Finding]:
    """What the seal says of itself and what a folder alone cannot show."""
    if not statement.scan.known:
        yield unproven("that the run's own secrets were looked for: it was sealed later, by shapes of secrets only")
    if statement.previous is not None:
        named = f"{statement.previous.run} ({statement.previous.statement_sha256})"
        yield unproven(f"that it follows on {named}: it says so, and verify --archive shows whether it is there")
