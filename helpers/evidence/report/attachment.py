"""Whether the key is attached to a workspace, from receipts and from what was read; what is not known stays unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from helpers.evidence.report.changes import ATTACH, Change, changes
from helpers.evidence.report.told import Row, Told, rows_of, words

State = Literal["attached here", "attached before", "may be attached", "not attached", "not read", "by hand"]


@dataclass(frozen=True)
class Read:
    """One line in which external keys and workspaces were both read: the workspaces that have this key, id and name."""

    row: Row
    holding: tuple[tuple[str, str], ...]


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
        return self.handed_over or self.state in ("attached here", "attached before", "may be attached")

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
    if last and last.holding:
        before = {id_ for read in reads if lost is None or read.row.line < lost.row.line for id_, _ in read.holding}
        fresh = lost is not None and not before.issuperset(dict(last.holding))
        return Attachment("attached here" if fresh else "attached before", lost if fresh else None, last, True)
    if told.given("product") == "claude_enterprise":
        return Attachment("by hand", handed_over=bool(told.of("sheet", "attestation")))
    return Attachment("not attached" if last else "not read", None, last)


def _reads(told: Told) -> tuple[Read, ...]:
    ours = {change.fact("external key") for change in changes(told) if change.done} - {""}
    found = []
    for row in told.of("facts"):
        keys, spaces = row.at("facts", "external_keys"), row.at("facts", "workspaces")
        if _known(keys) and _known(spaces):
            ours |= {words(key.get("id")) for key in rows_of(keys["value"]) if _is_ours(told, key)}
            holding = [w for w in rows_of(spaces["value"]) if w.get("external_key_id") in ours]
            found.append(Read(row, tuple((words(w.get("id")), words(w.get("name"))) for w in holding)))
    return tuple(found)


def _known(found: Any) -> bool:
    return isinstance(found, dict) and found.get("outcome") == "known"


def _is_ours(told: Told, key: Mapping[str, Any]) -> bool:
    """Whether an external key names the vault, key and tenant of this run; host names and ids know no case."""
    address = words(key.get("vault_uri")).lower().rstrip("/")
    named = (told.given("key_name").lower(), told.given("tenant_id").lower())
    there = (words(key.get("key_name")).lower(), words(key.get("tenant_id")).lower())
    return address == f"https://{told.given('vault_name').lower()}.vault.azure.net" and named == there
