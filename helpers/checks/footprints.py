"""What Key Vault's log shows of Anthropic's use of the key: from where, how it ended, and who else uses it.

Anthropic is known by the object id of its service principal in this tenant, never by a name. A use is proven by a
KeyWrap or KeyUnwrap of this key that succeeded and after which nothing was refused: reading a key is no use of it.
Silence is pending, not a pass; an address outside the published ranges is shown and never passes. No check of the
catalogue is about the log itself, so this stands beside the verdicts and is judged only where it was asked for.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
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
"""seen: it wrapped or unwrapped with this key, from published addresses only, and nothing was refused since. pending:
nothing of it is logged yet. outside: an address is not published. unproven: something is logged that is neither proof
nor silence. unknown: could not be read."""

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
        "A use is proven by a KeyWrap or KeyUnwrap of this key by Anthropic that succeeded, after which nothing was "
        "refused. Look at the results and at the verdicts."
    ),
    "unknown": "Reading it takes Log Analytics Data Reader, or Reader, on the workspace. Then look again.",
}
_WHY = {"unknown": "Could not be read", "unproven": "Not proven"}
_COLUMNS = ("Anthropic did", "Result", "From", "Times", "First", "Last")
_OTHERS = ("Other principals (object ID)", "Did", "Result", "Times")
_NOT_SIGNED_IN = "unauthorized"
"""401: the request was not authenticated, so it is nobody's use. An SDK's first request to a vault carries no token.
Source: Azure, "Key Vault REST API error codes", read 2026-11-27."""
_SAID = ("principal_id", "operation", "result", "count")
_PUBLISHED = {True: "published", False: "NOT published", None: "cannot be compared"}


@dataclass(frozen=True)
class Footprints(Shown):
    """One look at the log, judged."""

    log: KeyLog
    outcome: Outcome
    reason: str
    """Why it is unknown or unproven; else empty."""
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
            *([f"{_WHY[self.outcome]}: {self.reason}"] if self.reason else []),
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
    rest = [row for row in here if row not in mine]
    others = Counter[tuple[str, str, str]]()
    for row in rest:
        others[row.principal_id.lower(), row.operation, row.result] += row.count
    outcome, reason = _outcome(mine, [row for row in rest if not row.principal_id.strip()], ranges, parameters.key_name)
    return judged(
        outcome,
        reason,
        anthropic=mine,
        others=tuple((*who, count) for who, count in sorted(others.items())),
        other_keys=sum(row.count for row in rows if row.about(parameters.key_name) is False),
    )


def _outcome(
    mine: tuple[Footprint, ...], nameless: list[Footprint], ranges: tuple[IPv4Network, ...], key_name: str
) -> tuple[Outcome, str]:
    """Outside before all else; seen only where nothing is left that speaks against it. With the reason if unproven."""
    if any(row.inside(ranges) is False for row in mine):
        return "outside", ""
    if not mine and not nameless:
        return "pending", ""
    reason = _doubt(mine, nameless, ranges, key_name)
    return ("unproven", reason) if reason else ("seen", "")


def _doubt(
    mine: tuple[Footprint, ...], nameless: list[Footprint], ranges: tuple[IPv4Network, ...], key_name: str
) -> str:
    """What keeps a use from being proven, with what was seen instead; empty if nothing does.

    A caller that is not told may be Anthropic, from anywhere. Beside proof only a request that never signed in is left
    aside, as this check makes such too.
    """
    if not mine:
        return f"uses are logged whose caller is not told ({_seen(nameless)}), and none that is known to be Anthropic's"
    proofs = [row for row in mine if row.proves(key_name)]
    if not proofs:
        return f"no KeyWrap or KeyUnwrap of this key that succeeded is logged, only {_seen(mine)}"
    proof = max(proofs, key=lambda row: row.last)
    refused = [row for row in mine if not row.succeeded and row.last >= proof.last]
    if refused:
        return f"{_seen(refused)}, and no KeyWrap or KeyUnwrap that succeeded after {stamp(proof.last)}"
    if any(row.inside(ranges) is None for row in mine):
        return "of some uses the log does not tell an address that can be compared"
    unsigned = [row for row in nameless if row.result.strip().lower() != _NOT_SIGNED_IN]
    return f"uses are logged whose caller is not told ({_seen(unsigned)})" if unsigned else ""


def _seen(rows: Iterable[Footprint]) -> str:
    """What was done and how it ended, each once, with the last time."""
    last: dict[str, datetime] = {}
    for row in rows:
        what = f"{row.operation} {row.result or 'without a result'}{'' if row.key_id else ' of a key not told'}"
        last[what] = max(row.last, last.get(what, row.last))
    return ", ".join(f"{what} (last {stamp(when)})" for what, when in last.items())


def _sent(log: KeyLog, found: Facts) -> bool | None:
    if not isinstance(found.diagnostics, Known):
        return None
    settings = [row for row in found.diagnostics.value if row.audits]
    return any(same_id(sink, log.workspace) for row in settings for sink in row.sinks)
