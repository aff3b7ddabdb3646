"""What a run's ledger tells, line by line, for the report. Nothing in a line is trusted to have its form."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from helpers.evidence import recorded
from helpers.evidence.files import blocks
from helpers.evidence.recorded import BEGINNINGS, Recorded
from helpers.evidence.strict_json import loaded


@dataclass(frozen=True)
class Row:
    """One line of the ledger: its number, and what it says."""

    line: int
    said: Mapping[str, Any]

    @property
    def event(self) -> str:
        return words(self.said.get("event"))

    @property
    def step(self) -> str:
        return words(self.said.get("step"))

    @property
    def time(self) -> str:
        return words(self.said.get("t"))

    @property
    def actor(self) -> str:
        return words(self.said.get("actor")) if self.said.get("actor") else "nobody signed in yet"

    def at(self, *path: str) -> Any:
        """What stands at a path of keys, or None."""
        return dig(self.said, *path)

    def mapping(self, *path: str) -> Mapping[str, Any]:
        """What stands at a path of keys where that is a mapping; else an empty one."""
        value = self.at(*path)
        return value if isinstance(value, dict) else {}

    def word(self, *path: str) -> str:
        """The same in words; empty where there is nothing."""
        value = self.at(*path)
        return "" if value is None else words(value)


@dataclass(frozen=True)
class Told:
    """All lines of a ledger, and what they say of the run as a whole."""

    run: Recorded
    rows: tuple[Row, ...]

    def of(self, *events: str) -> tuple[Row, ...]:
        """The lines of these events, in order."""
        return tuple(row for row in self.rows if row.event in events)

    @cached_property
    def begun(self) -> tuple[Row, ...]:
        """The lines that begin the run or go on with it, one for each part."""
        return self.of(*BEGINNINGS)

    @cached_property
    def world(self) -> str | None:
        """The rehearsal's world; None for a live run only."""
        if self.run.rehearsal is not None:
            return self.run.rehearsal
        said = [row for row in self.begun if "rehearsal" in (row.at("cloud"), row.at("parameters", "cloud"))]
        return "a world that is not named" if said else None

    @cached_property
    def steps(self) -> tuple[str, ...]:
        """The steps that were begun, each once, in order."""
        return tuple(dict.fromkeys(row.step for row in self.rows if row.step != "run"))

    def given(self, name: str) -> str:
        """A parameter that the run was last begun with, in words; empty where there is none."""
        value = self.run.parameters.get(name)
        return "" if value is None else words(value)

    @property
    def vault_id(self) -> str:
        """The resource ID of the vault, spelled as the parameters have it."""
        group = f"/subscriptions/{self.given('subscription_id')}/resourceGroups/{self.given('resource_group')}"
        return f"{group}/providers/Microsoft.KeyVault/vaults/{self.given('vault_name')}"

    def facts(self, name: str) -> Iterator[tuple[Row, Mapping[str, Any]]]:
        """Each time one fact was read, in order, with its outcome; an empty one where that is no mapping."""
        for row in self.of("facts"):
            if name in row.mapping("facts"):
                yield row, row.mapping("facts", name)

    @cached_property
    def unread(self) -> tuple[Row, ...]:
        """The lines of what was looked at that hold it in no form that can be read."""
        return tuple(row for row in self.of("facts") if not _can_be_read(row))

    def kind_of(self, object_id: str) -> str:
        """What kind of identity signed in under an object ID, where a line says so."""
        said = (row.word("kind") for row in self.of("identity") if row.at("object_id") == object_id)
        return next(said, "")


def read(ledger: Path) -> Told:
    """The whole lines of a ledger. Raises NotARecord and Unreadable, as the seal does."""
    run = recorded.read(ledger)
    whole = b"".join(blocks(ledger)).split(b"\n")[:-1]
    return Told(run, tuple(Row(number, loaded(line)) for number, line in enumerate(whole, 1)))


def _can_be_read(row: Row) -> bool:
    held = [row.at(name) for name in ("facts", "preflight") if name in row.said]
    return bool(held) and all(isinstance(one, dict) for one in held)


def dig(value: Any, *path: str) -> Any:
    """What stands at a path of keys in mappings, or None."""
    for key in path:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def rows_of(value: Any) -> tuple[Mapping[str, Any], ...]:
    """The mappings in a list; nothing where it is no list."""
    return tuple(row for row in value if isinstance(row, dict)) if isinstance(value, list) else ()


def are_rows(value: Any) -> bool:
    """Whether it is a list of mappings and nothing else."""
    return isinstance(value, list) and all(isinstance(row, dict) for row in value)


def words(value: Any) -> str:
    """A JSON value in words; what a service left out is said to be not set."""
    match value:
        case None:
            return "not set"
        case bool():
            return str(value).lower()
        case list():
            between = "; " if any(isinstance(inner, dict) for inner in value) else ", "
            return between.join(map(words, value)) or "none"
        case dict() if value.get("outcome") in ("known", "absent", "unknown"):
            return outcome(value)
        case dict():
            return ", ".join(f"{name}={_inner(inner)}" for name, inner in value.items()) or "none"
    return str(value)


def _inner(value: Any) -> str:
    return f"({words(value)})" if isinstance(value, list) and len(value) > 1 else words(value)


def outcome(found: Mapping[str, Any]) -> str:
    """What came of looking, in words."""
    match found.get("outcome"):
        case "known":
            return words(found.get("value"))
        case "absent":
            return "not there"
        case "unknown":
            number = f" (request id {words(found['request_id'])})" if found.get("request_id") else ""
            return f"UNKNOWN: {words(found.get('reason'))}{number}"
    return "UNKNOWN: the record does not say what came of looking" + (f" ({words(dict(found))})" if found else "")
