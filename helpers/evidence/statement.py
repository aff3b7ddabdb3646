"""The statement: what is sealed. An in-toto Statement v1 whose subjects are all files of a run.

Strict: a statement is read only where writing its values again gives the same bytes; its subjects have plain names,
sorted, each once. Source: in-toto Attestation Framework, Statement v1, read 2026-11.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.evidence.files import SEAL, is_plain
from helpers.evidence.strict_json import NotStrict, fields, is_written_so, parsed, written

STATEMENT_TYPE = "https://in-toto.io/Statement/v1"
PREDICATE_TYPE = "urn:cmek-runbook:evidence:v1"
STATUSES = ("ok", "error", "not finished")
SUITE = ("commit", "dirty", "lock_sha256", "packages", "python", "system", "version")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_UTC = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@dataclass(frozen=True)
class Target:
    """What the run was about, in lower case: the chain of sealed runs is one for each target and world."""

    vault_id: str
    key_name: str
    organization_id: str
    tenant_id: str

    @classmethod
    def of(cls, parameters: Mapping[str, Any]) -> Target:
        """What parameters are about, given by their names, as a ledger has them."""
        group = f"/subscriptions/{parameters['subscription_id']}/resourceGroups/{parameters['resource_group']}"
        vault = f"{group}/providers/Microsoft.KeyVault/vaults/{parameters['vault_name']}"
        names = (vault, parameters["key_name"], parameters["organization_id"], parameters["tenant_id"])
        return cls(*(name.lower() for name in names))


@dataclass(frozen=True)
class Previous:
    """The sealed run before this one: its id, and the SHA-256 of its statement."""

    run: str
    statement_sha256: str


@dataclass(frozen=True)
class LedgerHead:
    """The ledger as it was sealed: its whole lines, and the SHA-256 of the file."""

    lines: int
    sha256: str


@dataclass(frozen=True)
class Notebook:
    """One executed notebook; `shipped` is null where this suite has no notebook of that step."""

    path: str
    step: str
    status: str
    shipped: str | None
    executed: str
    order: bool


@dataclass(frozen=True)
class Scan:
    """Whether the run's own secrets were looked for beside shapes of secrets, and in how many files."""

    known: bool
    files: int


@dataclass(frozen=True)
class Statement:
    """All that a seal says. `subjects` are file names and the SHA-256 of each, sorted by name."""

    run: str
    sequence: int
    previous: Previous | None
    target: Target
    rehearsal: str | None
    complete: bool
    exit_code: int | None
    sealed_at: str
    ledger: LedgerHead
    notebooks: tuple[Notebook, ...]
    suite: Mapping[str, Any] | None
    scan: Scan
    subjects: tuple[tuple[str, str], ...]

    def document(self) -> dict[str, Any]:
        """It as an in-toto Statement."""
        predicate = {name: _plain(getattr(self, name)) for name in _PREDICATE}
        subject = [{"digest": {"sha256": digest}, "name": name} for name, digest in self.subjects]
        return {"_type": STATEMENT_TYPE, "predicate": predicate, "predicateType": PREDICATE_TYPE, "subject": subject}

    def written(self) -> bytes:
        """Its bytes: what statement.json holds, and what is signed."""
        return written(self.document())


_PREDICATE = (
    "complete",
    "exit_code",
    "ledger",
    "notebooks",
    "previous",
    "rehearsal",
    "run",
    "scan",
    "sealed_at",
    "sequence",
    "suite",
    "target",
)


def digest(statement: bytes) -> str:
    """A statement's SHA-256: what --expect-digest and the next run's `previous` name."""
    return hashlib.sha256(statement).hexdigest()


def parse(data: bytes) -> Statement:
    """The statement in these bytes. Raises NotStrict unless they are exactly what writing it again gives."""
    document = fields(parsed(data), ("_type", "predicate", "predicateType", "subject"))
    if document["_type"] != STATEMENT_TYPE or document["predicateType"] != PREDICATE_TYPE:
        raise NotStrict("not a statement of this suite")
    said = fields(document["predicate"], _PREDICATE)
    statement = Statement(
        run=_text(said["run"], "run"),
        sequence=_number(said["sequence"], "sequence", least=1),
        previous=None if said["previous"] is None else _previous(said["previous"]),
        target=_target(said["target"]),
        rehearsal=None if said["rehearsal"] is None else _text(said["rehearsal"], "rehearsal"),
        complete=_yes_or_no(said["complete"], "complete"),
        exit_code=None if said["exit_code"] is None else _number(said["exit_code"], "exit_code"),
        sealed_at=_matching(said["sealed_at"], _UTC, "sealed_at"),
        ledger=_ledger(said["ledger"]),
        notebooks=tuple(map(_notebook, _list(said["notebooks"], "notebooks"))),
        suite=None if said["suite"] is None else fields(said["suite"], SUITE),
        scan=_scan(said["scan"]),
        subjects=_subjects(document["subject"]),
    )
    if statement.complete != (statement.exit_code is not None):
        raise NotStrict("complete and exit_code do not agree")
    if (statement.previous is None) != (statement.sequence == 1):
        raise NotStrict("sequence and previous do not agree")
    if not is_written_so(statement.document(), data):
        raise NotStrict("not in the form in which a statement is written")
    return statement


def _subjects(value: Any) -> tuple[tuple[str, str], ...]:
    found = []
    for row in _list(value, "subject"):
        fields(row, ("digest", "name"))
        name, sums = _text(row["name"], "a subject's name"), fields(row["digest"], ("sha256",))
        if not is_plain(name) or name in SEAL:
            raise NotStrict("a subject's name is not plain, or is a file of the seal")
        found.append((name, _matching(sums["sha256"], _SHA256, "a subject's digest")))
    names = [name for name, _ in found]
    if names != sorted(set(names)):
        raise NotStrict("subjects are given twice, or not in order")
    return tuple(found)


def _previous(value: Any) -> Previous:
    row = fields(value, ("run", "statement_sha256"))
    return Previous(_text(row["run"], "previous.run"), _matching(row["statement_sha256"], _SHA256, "previous"))


def _target(value: Any) -> Target:
    row = fields(value, ("key_name", "organization_id", "tenant_id", "vault_id"))
    values = {name: _text(row[name], name) for name in row}
    if any(text != text.lower() for text in values.values()):
        raise NotStrict("the target is not in lower case")
    return Target(**values)


def _ledger(value: Any) -> LedgerHead:
    row = fields(value, ("lines", "sha256"))
    return LedgerHead(_number(row["lines"], "ledger.lines"), _matching(row["sha256"], _SHA256, "ledger.sha256"))


def _notebook(value: Any) -> Notebook:
    row = fields(value, ("executed", "order", "path", "shipped", "status", "step"))
    if row["status"] not in STATUSES:
        raise NotStrict("a notebook's status is none there is")
    return Notebook(
        path=_text(row["path"], "path"),
        step=_text(row["step"], "step"),
        status=row["status"],
        shipped=None if row["shipped"] is None else _matching(row["shipped"], _SHA256, "shipped"),
        executed=_matching(row["executed"], _SHA256, "executed"),
        order=_yes_or_no(row["order"], "order"),
    )


def _scan(value: Any) -> Scan:
    row = fields(value, ("files", "known"))
    return Scan(_yes_or_no(row["known"], "scan.known"), _number(row["files"], "scan.files"))


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str) or not value or not value.isprintable():
        raise NotStrict(f"{name} is not a text that can be shown")
    return value


def _matching(value: Any, shape: re.Pattern[str], name: str) -> str:
    if not isinstance(value, str) or not shape.fullmatch(value):
        raise NotStrict(f"{name} does not have the form it must have")
    return value


def _number(value: Any, name: str, least: int = 0) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or not least <= value < 2**53:
        raise NotStrict(f"{name} is not a number that it can be")
    return value


def _yes_or_no(value: Any, name: str) -> bool:
    if not isinstance(value, bool):
        raise NotStrict(f"{name} is neither true nor false")
    return value


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise NotStrict(f"{name} is not a list")
    return value


def _plain(value: Any) -> Any:
    """A part of the statement as JSON values."""
    if isinstance(value, tuple):
        return [_plain(inner) for inner in value]
    if isinstance(value, Target | Previous | LedgerHead | Notebook | Scan):
        return dict(vars(value))
    return value
