"""Who is signed in, which rights each step needs, and which of them the caller has. Reads only, and stops nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from helpers.display import Shown
from helpers.model import Caller, Known, Unknown
from helpers.parameters import Parameters
from helpers.preflight.judging import Held, held, reason
from helpers.preflight.rights import Need, needs
from helpers.preflight.seen import Seen
from helpers.view import Table, View

if TYPE_CHECKING:
    from helpers.services.connect import Services

LATER = (("02",), ("03",), ("04", "05"), ("04",), ("05",))
"""The steps after this one, as their needs name them."""
LIMITS = (
    "Azure: the caller's permissions at the vault. Deny assignments are not subtracted from them, conditions of a role "
    "are not in them, and what is assigned at the key alone is not seen there.",
    "Data actions count only in a vault that uses Azure RBAC. Graph: the claims of the token, shown and not verified.",
)


@dataclass(frozen=True)
class Row:
    """One right and whether the caller has it."""

    need: Need
    held: Held
    note: str = ""

    @property
    def have(self) -> str:
        return "UNKNOWN" if isinstance(self.held, Unknown) else "yes" if self.held.value else "NO"

    @property
    def missing(self) -> bool:
        """Whether it is needed and known not to be there."""
        return self.have == "NO" and not self.need.optional


@dataclass(frozen=True)
class Preflight(Shown):
    """Who the caller is, and a row for each right that each step needs."""

    caller: Caller
    rows: tuple[Row, ...]
    unread: tuple[str, ...] = ()

    @property
    def lines(self) -> tuple[str, ...]:
        """Who, what of 01 will be refused, and what somebody else is needed for."""
        who = f"Signed in as {self.caller.kind} {self.caller.object_id} of tenant {self.caller.tenant_id}."
        return (who, self._first(), *self._later(), *self.unread)

    def _first(self) -> str:
        mine = [row for row in self.rows if row.need.steps == ("01",)]
        for said, rows in (
            ("01 will be refused: you do not have", [row for row in mine if row.missing]),
            ("01: it is not known whether you have", [row for row in mine if row.have == "UNKNOWN"]),
        ):
            if rows:
                return f"{said} {'; '.join(str(row.need.right) for row in rows)}."
        return "01: you have every right it needs."

    def _later(self) -> Iterator[str]:
        for steps in LATER:
            asked = dict.fromkeys(row.need.ask for row in self.rows if row.missing and row.need.steps == steps)
            if asked:
                yield f"For {' and '.join(steps)} somebody needs {', and '.join(asked)}."

    def view(self) -> View:
        columns = ("Step", "Right, and what for", "Have it", "Ask for", "Note")
        rows = tuple(
            (", ".join(n.steps), f"{n.right}\n{'optional, ' if n.optional else ''}{n.what}", row.have, n.ask, row.note)
            for row in self.rows
            for n in (row.need,)
        )
        data = {"caller": asdict(self.caller), "said": list(self.lines), "rows": [_said(row) for row in self.rows]}
        return View("preflight", "Who may do what", self.lines, [Table(columns, rows)], LIMITS, data)


def _said(row: Row) -> dict[str, Any]:
    need, unknown = row.need, row.held if isinstance(row.held, Unknown) else None
    return {
        "steps": list(need.steps),
        "right": str(need.right),
        "for": need.what,
        "needed": not need.optional,
        "have": row.have,
        "role": need.role,
        "scope": need.scope,
        "note": row.note,
        "reason": unknown and unknown.reason,
        "request_id": unknown and unknown.request_id,
    }


def look(services: Services, parameters: Parameters) -> Preflight:
    """Read what the caller may do, and judge it. Reads only, and raises nothing for what cannot be read."""
    permissions = services.permissions
    seen = Seen(
        services.caller, permissions.azure(parameters.vault_id), permissions.graph(), permissions.admin_key(parameters)
    )
    return judge(parameters, seen)


def judge(parameters: Parameters, seen: Seen) -> Preflight:
    """Every need of the steps, with what was read."""
    sources = (("What Azure permits", seen.azure), ("What Microsoft Graph permits", seen.graph))
    unread = tuple(
        f"{what} could not be read: {reason(found)}." for what, found in sources if not isinstance(found, Known)
    )
    rows = tuple(Row(need, *held(need.right, parameters, seen)) for need in needs(parameters))
    return Preflight(seen.caller, rows, unread)
