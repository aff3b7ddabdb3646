"""`attest`: who entered the key in claude.ai, when, and what came of it, on record. Claimed, and never verified.

There is no API for Claude Enterprise keys, so nothing here says that the key is in use. What is authenticated is who
was signed in when it was recorded, and what vault and key were then: still the vault and key of the run's sheet, or
it is refused. A rotation since is no other key: the version is nothing that is entered. Both versions are kept then.
A run that is sealed stays as it is: what is said of it goes into a run of its own, which names the seal.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from helpers import parameters as parameter_files
from helpers.checks import Verdicts, judge
from helpers.clock import stamp
from helpers.display import Shown, plain
from helpers.errors import Refused, Unproven, WrongUsage
from helpers.evidence import files
from helpers.evidence.looked_through import LookedThrough, look_through
from helpers.facts import Facts
from helpers.headless.begun import begun, sealing
from helpers.model import Absent, Known, Unknown
from helpers.parameters import Parameters
from helpers.record import ledger, runs
from helpers.record.ledger import SEAL
from helpers.record.runs import Run
from helpers.record.secrets import Sought
from helpers.record.under_way import under_way
from helpers.same_target import refuse_another_target
from helpers.services.connect import Services
from helpers.steps import by_hand, register
from helpers.steps.by_hand import DIGEST, SHEET_DIGEST, SHEET_VERSION, VERSION, Sheet
from helpers.view import Table, View

if TYPE_CHECKING:
    from helpers.evidence.self_sealing import Ending

STEP = "attest"
LONGEST = 2000
"""Letters of what the screen showed; a tenth of it for a name."""
_CLOCKS_DIFFER = timedelta(minutes=1)
_ADDRESS = re.compile(r"[^\s@]+@[^\s@]+")

Ask = Callable[[str], str]
"""Asks for `entered_by`, `entered_at`, `screen` or `accepted`, by that name."""


@dataclass(frozen=True)
class Attested(Shown):
    """What was recorded, in which run, and what became of the record."""

    into: Run
    attestation: Mapping[str, Any]
    world: str | None
    before: int
    looked: LookedThrough
    evidence: Ending | None

    @property
    def exit_code(self) -> int:
        """1 where a secret was found in the record, or it could not be sealed or published as asked; else 0."""
        return int(bool(self.looked.hits) or (self.evidence is not None and self.evidence.failed))

    def view(self) -> View:
        said = self.attestation
        claimed = (
            ("Entered by", said["entered_by"]),
            ("Entered at (UTC)", said["entered_at"]),
            ("The screen showed", said["screen"]),
            ("The form accepted the key", said["accepted"]),
        )
        known = (
            ("Recorded by", f"{said['kind']} {said['by']} of tenant {said['tenant_id']}"),
            ("Recorded in", self.into.id),
            *said["seen"].items(),
        )
        tables = [
            Table(("Claimed, by whoever typed it", ""), claimed),
            Table(("From the sign-in, and as read just now", ""), known),
        ]
        heading = "Attested, not verified" if said["accepted"] == "yes" else "Attested as NOT ACCEPTED, not verified"
        if self.world:
            heading = f"REHEARSAL ({self.world}): {heading[0].lower()}{heading[1:]}"
        return View("attestation", heading, [_UNSEEN], tables, self._notes(), self.data())

    def data(self) -> dict[str, Any]:
        """It for a machine."""
        return {
            "run": self.into.id,
            "rehearsal": self.world,
            "attestation": dict(self.attestation),
            "verified": False,
            "earlier": self.before,
            "exit_code": self.exit_code,
            "evidence": None if self.evidence is None else dict(self.evidence.data),
        }

    def _notes(self) -> list[str]:
        there = f"Attestations that stand before it in {self.attestation['of_run']}, and stay: {self.before}"
        notes = [there] if self.before else []
        seen = self.attestation["seen"]
        if SHEET_VERSION in seen:
            notes.append(f"The key was rotated since the sheet: from version {seen[SHEET_VERSION]} to {seen[VERSION]}")
        if self.into.id != self.attestation["of_run"]:
            notes.append(f"{self.attestation['of_run']} is sealed and stays as it is; {self.into.id} names its seal")
        notes += self.looked.lines()
        return [*notes, *(self.evidence.lines if self.evidence else (_SEAL.format(self.into.id),))]


_UNSEEN = "This suite cannot see claude.ai: that the key was entered is the word of those named."
_OTHER = "What was entered cannot be said to be what is there now. Nothing was recorded."
_FIND_OUT = "Find out what changed and who changed it; run 05 again for a sheet of what is there now."
_SEAL = "Seal it by: python runbook.py evidence seal {}"


def attest(run: Run, connect: Callable[[Parameters], Services], ask: Ask, say: Callable[[str], None]) -> Attested:
    """Record what somebody says of entering the sheet of a run. What is asked for is checked before it is written.

    Raises WrongUsage for a run without a sheet and for words that cannot be kept, Refused where key or vault are not
    those of the sheet, and Unproven where they could not be read. Nothing is written then.
    """
    rows = ledger.read(run.ledger)
    parameters, sheet = _handed_over(run, rows)
    services = connect(parameters)
    refuse_another_target(run, services.world, parameters)
    who = services.caller
    where = f"REHEARSAL ({services.world}): nothing here is real. " if services.world else ""
    say(f"{where}About the sheet of {run.id}, which was made for key version {sheet.seen[VERSION]}.")
    claim = _claim(ask, str(rows[0]["t"]), services)
    found = register.facts(services, parameters)
    verdicts = judge(found, parameters, "gate")
    seen = _unchanged(sheet, parameters, found, verdicts)
    sealed = (run.folder / SEAL).exists()
    seals = sealing(None, parameters, services) if sealed else None
    into = runs.new() if sealed else run
    said = {
        **claim,
        "by": who.object_id,
        "tenant_id": who.tenant_id,
        "kind": who.kind,
        "seen": seen,
        "of_run": run.id,
        "statement_sha256": files.sha256(run.folder / SEAL) if sealed else None,
    }
    with under_way(into.folder):
        record = begun(into, services, parameters, fresh=sealed)
        mine = replace(record, step=STEP)
        mine.write("identity", **asdict(who))
        mine.write("facts", facts=found.view().data)
        mine.write("verdicts", verdicts=verdicts.view().data)
        mine.write("attestation", attestation=said)
        mine.write("step_finished", verdicts=verdicts.counts())
        looked = look_through(into, services.secrets_in_use())
        code = 0 if sealed else _ended(rows)
        if code is not None:
            code = code or int(bool(looked.hits))
            record.write("run_finished", exit_code=code, steps={STEP: "attested"}, scan=looked.data())
    before = sum(row["event"] == "attestation" for row in rows)
    return Attested(into, said, services.world, before, looked, seals.seal(into, code or 0) if seals else None)


def _handed_over(run: Run, rows: list[Mapping[str, Any]]) -> tuple[Parameters, Sheet]:
    """The parameters that a run was last begun with, and the last sheet it showed. Raises WrongUsage."""
    begun_with = [row["parameters"] for row in rows if row["event"] in ("run_started", "run_continued")]
    if not begun_with:
        raise WrongUsage(f"{run.id} does not say what it was started with, so nothing is attested of it")
    given = {name: value for name, value in begun_with[-1].items() if value is not None}
    if given.get("product") != by_hand.PRODUCT:
        raise WrongUsage(
            f"{run.id} is not for Claude Enterprise, so there is nothing to attest",
            why="For the Claude Platform the Admin API itself says which workspace has the key.",
        )
    shown = [row["sheet"] for row in rows if row["event"] == "sheet"]
    if not shown:
        raise WrongUsage(
            f"{run.id} never showed what to enter in claude.ai, so nothing is attested of it",
            why="An attestation is about the values of one sheet, and the key it was made for.",
            next_step="Attest the run whose 05 ended with the sheet, or run 05.",
        )
    return parameter_files.load(given), Sheet.of(shown[-1], run.id)


def _claim(ask: Ask, began: str, services: Services) -> dict[str, str]:
    """Who, when and what, as somebody says it. Raises WrongUsage, which never repeats what was said."""
    entered_by = _words("who entered it", ask("entered_by"), LONGEST // 10, services)
    entered_at = _time(ask("entered_at").strip(), datetime.fromisoformat(began), services.clock.now())
    screen = _words("what the screen showed", ask("screen"), LONGEST, services)
    accepted = ask("accepted").strip().lower()
    if accepted not in ("yes", "no"):
        raise WrongUsage("whether the form accepted the key: allowed: yes, no")
    return {"entered_by": entered_by, "entered_at": entered_at, "screen": screen, "accepted": accepted}


def _words(name: str, said: str, longest: int, services: Services) -> str:
    said = said.strip()
    if not said or len(said) > longest or plain(said) != said:
        raise WrongUsage(f"{name}: it takes 1 to {longest} letters, and no control characters")
    if kinds := Sought.of(services.secrets_in_use()).kinds(said):
        raise WrongUsage(f"{name}: it holds {' and '.join(kinds)}, so it was not written", next_step="Leave it out.")
    if _ADDRESS.search(said):
        raise WrongUsage(f"{name}: it holds an e-mail address, which no record keeps", next_step="Give a name or role.")
    return said


def _time(said: str, began: datetime, now: datetime) -> str:
    """When it was entered: not before the minute in which the run began, nor after now, as far as clocks agree.

    Raises WrongUsage.
    """
    try:
        given = datetime.fromisoformat(said)
    except ValueError:
        given = datetime.min
    if given.utcoffset() != timedelta():
        raise WrongUsage("when it was entered: allowed: a time in UTC like 2026-11-23T09:30Z")
    if given > now + _CLOCKS_DIFFER:
        raise WrongUsage(f"when it was entered: {stamp(given)} is in the future; it is {stamp(now)}")
    if given < began.replace(second=0, microsecond=0):
        raise WrongUsage(
            f"when it was entered: {stamp(given)} is before the run began, on {stamp(began.astimezone(UTC))}",
            why="What was entered then was not taken from this run's sheet.",
            next_step="Attest the run whose sheet was used.",
        )
    return stamp(given)


def _unchanged(sheet: Sheet, parameters: Parameters, found: Facts, verdicts: Verdicts) -> dict[str, str]:
    """What was seen now, where vault and key are still those of the sheet. Raises Refused and Unproven."""
    for what, there in (("vault", found.vault), ("key", found.key)):
        if isinstance(there, Unknown):
            raise Unproven(
                f"the {what} could not be read: {there.reason}",
                why="Whether it still is what the sheet showed is not known. Nothing was recorded.",
                request_id=there.request_id,
            )
        if isinstance(there, Absent):
            raise Refused(f"the {what} of the sheet is not there any more", why=_OTHER, next_step=_FIND_OUT)
    now = by_hand.as_read(parameters, found, verdicts)
    was, reads = {**dict(sheet.rows), **sheet.seen}, {**dict(now.rows), **now.seen}
    rotated = _rotated(was, reads, found)
    for name in (*dict(sheet.rows), *(() if rotated else (VERSION, DIGEST))):
        if was.get(name) != reads.get(name):
            raise Refused(
                f"{name} is not what the sheet showed: it was {was.get(name)}, and is {reads.get(name, 'not there')}",
                why=_OTHER,
                next_step=_FIND_OUT,
            )
    reads |= rotated
    stopping = " ".join(row.check.id for row in verdicts.stopping)
    return {**reads, "blocking checks that do not pass": stopping or "none"}


def _rotated(was: Mapping[str, str], reads: Mapping[str, str], found: Facts) -> dict[str, str]:
    """What the sheet's version was, where the key was rotated since; empty where it was not, or is another key.

    A key that was deleted and made again does not list the versions it had. Raises Unproven without the list.
    """
    if was[VERSION] == reads.get(VERSION):
        return {}
    if not isinstance(found.versions, Known):
        unread = found.versions if isinstance(found.versions, Unknown) else Unknown("none are there")
        raise Unproven(
            f"the key's version is not the sheet's any more, and its versions could not be read: {unread.reason}",
            why="Whether it was rotated or is another key is not known. Nothing was recorded.",
            request_id=unread.request_id,
        )
    if was[VERSION] not in {row.version for row in found.versions.value}:
        return {}
    return {SHEET_VERSION: was[VERSION], SHEET_DIGEST: was[DIGEST]}


def _ended(rows: list[Mapping[str, Any]]) -> int | None:
    """The exit code of a run that has ended; None for one that goes on or was interrupted, which stays so."""
    return int(rows[-1]["exit_code"]) if rows[-1]["event"] == "run_finished" else None
