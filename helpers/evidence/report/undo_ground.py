"""What the undoing of a change is judged on, and what it comes to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.evidence.report.attachment import Attachment
from helpers.evidence.report.changes import Change
from helpers.evidence.report.told import Told, rows_of, words

_LOOK_FIRST = {
    "not read": "Whether a workspace has this key was not read in this run; look first. ",
    "by hand": "Whether this key was entered in claude.ai cannot be seen from here; look there first. ",
}


@dataclass(frozen=True)
class Undo:
    """How one change is undone: commands, or steps in the portal; and what follows. `never` is why it cannot be."""

    change: Change
    follows: str
    commands: tuple[str, ...] = ()
    portal: str = ""
    never: str = ""
    locks: bool = False
    """Whether data that is under the key, as far as this record knows, cannot be read after it."""


@dataclass(frozen=True)
class Ground:
    """What the undoing of a change is judged on."""

    told: Told
    held: Attachment
    change: Change

    @property
    def vault(self) -> str:
        return self.told.given("vault_name")

    @property
    def key(self) -> str:
        return self.told.given("key_name")

    @property
    def in_use(self) -> str:
        """A sentence where data may be under the key, or where this record does not know."""
        if self.held.may_hold_data:
            return "Data may be encrypted under this key: "
        return _LOOK_FIRST.get(self.held.state, "")

    @property
    def locks(self) -> str:
        """What Azure refuses to delete while a lock is there, with the locks that were there when last read."""
        reads = [found for _, found in self.told.facts("locks")]
        rows = rows_of(reads[-1].get("value")) if reads else ()
        there = ", ".join(f"{words(row.get('name'))} ({words(row.get('level'))})" for row in rows)
        seen = f": {there} as last read" if there else ""
        return (
            f"Azure refuses it while a lock is at the vault or above it{seen}. Remove that before, put it back after."
        )

    def key_before(self) -> Mapping[str, Any] | None:
        """The key as it was last read before the change."""
        reads = [found for row, found in self.told.facts("key") if row.line < self.change.row.line]
        value = reads[-1].get("value") if reads else None
        return value if isinstance(value, dict) else None
