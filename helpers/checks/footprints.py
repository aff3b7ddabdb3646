"""What Key Vault's log shows of Anthropic's use of the key: from where, how it ended, and who else uses it.

Anthropic is known by the object id of its service principal in this tenant, never by a name. Silence is pending, not a
pass; an address outside the published ranges is shown and never passes. No check of the catalogue is about the log
itself, so this stands beside the verdicts and is judged only where it was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from ipaddress import IPv4Network
from typing import Any, Literal

from helpers import published
from helpers.checks.network import wanted_ranges
from helpers.clock import stamp
from helpers.display import Shown
from helpers.facts import Facts
from helpers.jsonable import jsonable
from helpers.model import Absent, Footprint, KeyLog, Known, Unknown, same_id
from helpers.parameters import Parameters
from helpers.view import Table, View

Outcome = Literal["seen", "pending", "outside", "unproven", "unknown"]
"""seen: it used this key, from published addresses only. pending: nothing of it is logged yet. outside: an address is
not published. unproven: only refused uses, or not told from where or of which key. unknown: could not be read."""

_EXIT = {"seen": 0, "outside": 3, "pending": 4, "unproven": 4, "unknown": 4}
_HEADINGS = {
    "seen": "seen, from published addresses only",
    "pending": "PENDING, nothing of it is logged yet",
    "outside": "OUTSIDE the published addresses",
    "unproven": "UNPROVEN",
    "unknown": "UNKNOWN",
}
_DOES = {
    "pending": (
        f"Silence is no pass. Azure says that Key Vault's log is there at most {published.LOG_DELAY_MINUTES} minutes "
        "after an operation; the first one after a new diagnostic setting can take longer. Each validation and each "
        "workspace with the key leaves some. Look again then."
    ),
    "outside": (
        "Read the vendor's page of outbound addresses again. If the address is there, set egress_ranges; if not, "
        "report it to Anthropic and to your security team."
    ),
    "unproven": (
        "No use of this key that succeeded from a published address is logged. Look at the results and at the verdicts."
    ),
    "unknown": "Reading it takes Log Analytics Data Reader, or Reader, on the workspace. Then look again.",
}
_COLUMNS = ("Anthropic did", "Result", "From", "Times", "First", "Last")
_OTHERS = ("Other principals (object ID)", "Did", "Result", "Times")
_SAID = ("principal_id", "operation", "result", "count")
_PUBLISHED = {True: "published", False: "NOT published", None: "cannot be compared"}


@dataclass(frozen=True)
class Footprints(Shown):
    """One look at the log, judged."""

    log: KeyLog
    outcome: Outcome
    reason: str
    """Why it is unknown; else empty."""
    principal_id: str | None
    caller_id: str | None
    ranges: tuple[IPv4Network, ...]
    anthropic: tuple[Footprint, ...] = ()
    others: tuple[tuple[str, str, str, int], ...] = ()
    """Principal, operation, result and how often; of uses of this key, or of no key that is told."""
    other_keys: int = 0
    """Uses of other keys of the vault, by anybody."""
    sent_here: bool | None = None
    """Whether a diagnostic setting of the vault sends audit events to this workspace now; None if not known."""

    @property
    def exit_code(self) -> int:
        """3 for an address that is not published, 4 where nothing is proven, else 0."""
        return _EXIT[self.outcome]

    def view(self) -> View:
        where = self.log.workspace.rsplit("/", 1)[-1]
        versions = sorted({row.version for row in self.anthropic if row.version})
        lines = [
            f"Between {stamp(self.log.since)} and {stamp(self.log.until)}, in workspace {where}",
            f"Anthropic's service principal here (object ID): {self.principal_id or 'not known'}",
            f"Published addresses: {', '.join(map(str, self.ranges))}",
            *([f"Key versions it named: {', '.join(versions)}"] if versions else []),
            *([f"Could not be read: {self.reason}"] if self.reason else []),
        ]
        tables = [Table(_COLUMNS, tuple(self._rows()))] if self.anthropic else []
        tables += [Table(_OTHERS, tuple(map(self._other, self.others)))] if self.others else []
        heading = f"What Key Vault logged of Anthropic's key use: {_HEADINGS[self.outcome]}"
        return View("footprints", heading, lines, tables, self._notes(), self._data())

    def _notes(self) -> list[str]:
        notes = [_DOES[self.outcome]] if self.outcome in _DOES else []
        if self.sent_here is False:
            notes.append("No diagnostic setting of the vault sends AuditEvent to this workspace now: see V35.")
        if any(not row.succeeded for row in self.anthropic):
            notes.append("Some of Anthropic's uses did not succeed: the result is that of the log.")
        if self.other_keys:
            notes.append(f"Left out: {self.other_keys} uses of other keys of this vault.")
        return notes

    def _rows(self) -> Iterator[tuple[str, ...]]:
        """One row for what differs in the key version only."""
        alike: dict[tuple[str, ...], list[Footprint]] = {}
        for row in self.anthropic:
            came = f"{row.address or 'not told'} ({_PUBLISHED[row.inside(self.ranges)]})"
            alike.setdefault((row.operation, row.result or "not told", came), []).append(row)
        for told, rows in alike.items():
            times = min(row.first for row in rows), max(row.last for row in rows)
            yield (*told, str(sum(row.count for row in rows)), *map(stamp, times))

    def _other(self, row: tuple[str, str, str, int]) -> tuple[str, ...]:
        principal, operation, result, count = row
        mine = " (this identity: this check tries the key too)" if same_id(principal, self.caller_id) else ""
        return (f"{principal or 'not told'}{mine}", operation, result or "not told", str(count))

    def _data(self) -> dict[str, Any]:
        return {
            "outcome": self.outcome,
            "reason": self.reason or None,
            "workspace": self.log.workspace,
            "since": stamp(self.log.since),
            "until": stamp(self.log.until),
            "principal_id": self.principal_id,
            "ranges": [str(row) for row in self.ranges],
            "anthropic": [{**jsonable(row), "inside": row.inside(self.ranges)} for row in self.anthropic],
            "others": [dict(zip(_SAID, row, strict=True)) for row in self.others],
            "other_keys": self.other_keys,
            "sent_here": self.sent_here,
        }


def footprints(log: KeyLog, found: Facts, parameters: Parameters) -> Footprints:
    """The log judged, by the principal that was read in this tenant and the ranges that are published."""
    ranges = tuple(sorted({*wanted_ranges(parameters), published.EGRESS_RANGE_ADDED}))
    principal = found.principal.value.object_id if isinstance(found.principal, Known) else None
    caller = found.caller.value.object_id if isinstance(found.caller, Known) else None

    def judged(outcome: Outcome, reason: str = "", **more: Any) -> Footprints:
        return Footprints(log, outcome, reason, principal, caller, ranges, sent_here=_sent(log, found), **more)

    if isinstance(log.rows, Unknown):
        by = f" (request id {log.rows.request_id})" if log.rows.request_id else ""
        return judged("unknown", f"{log.rows.reason}{by}")
    if principal is None:
        return judged("unknown", "the object ID of Anthropic's service principal: see V15 and V16")
    rows = () if isinstance(log.rows, Absent) else log.rows.value
    here = [row for row in rows if row.about(parameters.key_name) is not False]
    mine = tuple(sorted((r for r in here if same_id(r.principal_id, principal)), key=lambda r: (r.operation, r.first)))
    others = Counter[tuple[str, str, str]]()
    for row in here:
        if row not in mine:
            others[row.principal_id.lower(), row.operation, row.result] += row.count
    return judged(
        _outcome(mine, ranges, parameters.key_name),
        anthropic=mine,
        others=tuple((*who, count) for who, count in sorted(others.items())),
        other_keys=sum(row.count for row in rows if row.about(parameters.key_name) is False),
    )


def _outcome(mine: tuple[Footprint, ...], ranges: tuple[IPv4Network, ...], key_name: str) -> Outcome:
    """Outside before all else; seen only where some use of this very key succeeded and every address is published."""
    if not mine:
        return "pending"
    inside = {row.inside(ranges) for row in mine}
    if False in inside:
        return "outside"
    proven = any(row.succeeded and row.about(key_name) for row in mine)
    return "seen" if proven and None not in inside else "unproven"


def _sent(log: KeyLog, found: Facts) -> bool | None:
    if not isinstance(found.diagnostics, Known):
        return None
    settings = [row for row in found.diagnostics.value if row.audits]
    return any(same_id(sink, log.workspace) for row in settings for sink in row.sinks)
