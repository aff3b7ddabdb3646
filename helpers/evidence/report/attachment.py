"""Whether the key is attached to a workspace, from receipts and from what was read; what is not known stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Any, Literal

from helpers.evidence.report.changes import ATTACH, Change, changes
from helpers.evidence.report.told import Row, Told, are_rows, rows_of, words

State = Literal[
    "attached here", "attached before", "may be attached", "not attached", "not read", "cannot be read", "by hand"
]


@dataclass(frozen=True)
class Read:
    """One line in which external keys and workspaces were both read: the workspaces that have this key, id and name.

    Where they are not told in a form that is known, `sound` is false, and which of them have the key is not known.
    """

    row: Row
    holding: tuple[tuple[str, str], ...] = ()
    sound: bool = True


@dataclass(frozen=True)
class Attachment:
    """The state of it; the change that made it or may have; the last time it was read, and whether that confirms it."""

    state: State
    change: Change | None = None
    read: Read | None = None
    confirmed: bool = False
    handed_over: bool = False
    """For Claude Enterprise, whether a person was shown what to enter, or somebody says that it was entered."""

    @property
    def may_hold_data(self) -> bool:
        """Whether data may be encrypted under the key, as far as this record goes."""
        states = ("attached here", "attached before", "may be attached", "cannot be read")
        return self.handed_over or self.state in states

    @property
    def workspaces(self) -> tuple[str, ...]:
        """The workspaces that have the key, as last read, else as the receipt says."""
        if self.read and self.read.holding:
            return tuple(f"{id_} ({name})" for id_, name in self.read.holding)
        made = self.change.fact("workspace") if self.change else ""
        return (made,) if made else ()


def attachment(told: Told) -> Attachment:
    """What the ledger says of it."""
    attaching = [change for change in changes(told) if change.kind == ATTACH]
    reads = _reads(told)
    last = reads[-1] if reads else None
    made = next((change for change in reversed(attaching) if change.done), None)
    if made:
        after = last is not None and last.row.line > made.row.line
        there = last is not None and made.fact("workspace") in dict(last.holding)
        return Attachment("attached here", made, last if after else None, after and there)
    lost = attaching[-1] if attaching else None
    if lost and (last is None or last.row.line < lost.row.line):
        return Attachment("may be attached", lost, last)
    if last and not last.sound:
        return Attachment("may be attached" if lost else "cannot be read", lost, last)
    if last and last.holding:
        before = {id_ for read in reads if lost is None or read.row.line < lost.row.line for id_, _ in read.holding}
        fresh = lost is not None and not before.issuperset(dict(last.holding))
        if fresh and not all(read.sound for read in reads):
            return Attachment("may be attached", lost, last)
        return Attachment("attached here" if fresh else "attached before", lost if fresh else None, last, True)
    if told.given("product") == "claude_enterprise":
        return Attachment("by hand", handed_over=bool(told.of("sheet", "attestation")))
    return Attachment("not attached" if last else "not read", None, last)


def _reads(told: Told) -> tuple[Read, ...]:
    ours = {change.fact("external key") for change in changes(told) if change.done} - {""}
    found = []
    for row in told.of("facts"):
        keys, spaces = row.mapping("facts", "external_keys"), row.mapping("facts", "workspaces")
        if keys.get("outcome") != "known" or spaces.get("outcome") != "known":
            continue
        if not _sound(keys.get("value"), _KEY) or not _sound(spaces.get("value"), _WORKSPACE):
            found.append(Read(row, sound=False))
            continue
        ours |= {key["id"] for key in rows_of(keys["value"]) if _is_ours(told, key)}
        holding = [w for w in rows_of(spaces["value"]) if w["external_key_id"] in ours]
        found.append(Read(row, tuple((w["id"], w["name"]) for w in holding)))
    return tuple(found)


_KEY = {"id": str, "vault_uri": str, "key_name": str, "tenant_id": str}
_WORKSPACE = {"id": str, "name": str, "external_key_id": (str, NoneType)}
"""What is told of each, and in which form: in any other form nobody knows whose it is."""


def _sound(value: Any, fields: Mapping[str, Any]) -> bool:
    return are_rows(value) and all(
        name in row and isinstance(row[name], kind) for row in value for name, kind in fields.items()
    )


def _is_ours(told: Told, key: Mapping[str, Any]) -> bool:
    """Whether an external key names the vault, key and tenant of this run; host names and ids know no case."""
    address = words(key.get("vault_uri")).lower().rstrip("/")
    named = (told.given("key_name").lower(), told.given("tenant_id").lower())
    there = (words(key.get("key_name")).lower(), words(key.get("tenant_id")).lower())
    return address == f"https://{told.given('vault_name').lower()}.vault.azure.net" and named == there
