"""What could explain a validation that failed: Anthropic's own words, and beside them what was found here.

Anthropic's text is shown as it is and never read into: its sentences are not published and may change. The order is
that of the causes Anthropic documents for Azure (role not in effect yet, network, conditional access, tag), then of
those that follow from the requirements. Source: Claude API docs, CMEK troubleshooting, read 2026-11-23.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from helpers import published
from helpers.checks import Judged, Verdict, Verdicts
from helpers.display import Shown
from helpers.facts import Facts
from helpers.model import Absent, Found, Known, RoleAssignment, Unknown, Validation, same_id
from helpers.view import Table, View

ROLE_EFFECT = timedelta(minutes=30)
"""How long a new role assignment can take to count in a vault. Source: Microsoft Q&A of 2021, the longest quoted."""

_LIKELIEST = (
    *("V02", "V15", "V20", "V21"),  # what is not there at all
    *("V31", "V32", "V33b", "V05"),  # the role: given, to the right principal, not denied, and counting at all
    *("V09", "V08", "V09b", "V11"),  # the network
    *("V19", "V17", "V03"),  # the sign-in
    *("V30", "V37"),  # the tag
    *("V25", "V24", "V22", "V23", "V36"),  # the key
    *("V04", "V16", "V28"),
)
_ROLE = ("V31", "V32")
_LATER = ("V11", "V28")
"""What may take Anthropic's access away one day, and does not keep it out now."""
_COLUMNS = ("What could explain it", "Found", "What to do")


@dataclass(frozen=True)
class Cause:
    """One thing found here that could explain it."""

    id: str
    title: str
    seen: str
    mend: str


@dataclass(frozen=True)
class Explanation(Shown):
    """Anthropic's answer as it is, and what was found here that could explain it, most likely first."""

    validation: Found[Validation]
    causes: tuple[Cause, ...]

    def view(self) -> View:
        data: dict[str, Any] = {"answer": _said(self.validation), "causes": [vars(cause) for cause in self.causes]}
        if isinstance(self.validation, Known) and self.validation.value.succeeded:
            return View("explanation", "Anthropic could use the key: there is nothing to explain", data=data)
        if isinstance(self.validation, Absent):
            return View("explanation", "Nothing was validated: the key is not registered yet", data=data)
        if not self.causes:
            told = "Nothing that can be seen from here explains it. Ask Anthropic, with the request id."
            return View("explanation", f"Anthropic says: {_said(self.validation)}", [told], data=data)
        rows = tuple((f"{c.id} {c.title}", c.seen, c.mend) for c in self.causes)
        note = "Found here, most likely first. Whether it is what Anthropic met, only its next answer shows."
        return View(
            "explanation", f"Anthropic says: {_said(self.validation)}", [], [Table(_COLUMNS, rows)], [note], data=data
        )


def explain(found: Facts, verdicts: Verdicts) -> Explanation:
    """What was found that could explain why the validation did not succeed; nothing where it did."""
    answer = found.validation
    if isinstance(answer, Absent) or (isinstance(answer, Known) and answer.value.succeeded):
        return Explanation(answer, ())
    young = _young_role(found)
    return Explanation(answer, (*_wrong(found, verdicts), *young, *_causes(verdicts, Verdict.UNKNOWN)))


def kept_out(found: Facts, verdicts: Verdicts) -> bool:
    """Whether something is seen that keeps Anthropic out now, so that waiting alone does not help."""
    return any(cause.id not in _LATER for cause in _wrong(found, verdicts))


def _wrong(found: Facts, verdicts: Verdicts) -> tuple[Cause, ...]:
    """What fails and bears on Anthropic's use of the key. What is not there is named once, without what it entails."""
    causes = _causes(verdicts, Verdict.FAIL)
    if isinstance(found.vault, Absent):
        return causes[:1]
    if isinstance(found.principal, Absent) or _role_reaches(found):
        causes = tuple(cause for cause in causes if cause.id not in _ROLE)
    first = {cause.seen: cause for cause in reversed(causes) if cause.seen.startswith("no ")}
    return tuple(cause for cause in causes if first.get(cause.seen, cause) is cause)


def _role_reaches(found: Facts) -> bool:
    """Whether the principal has the role at the key or above it, without a condition: not as wanted, and working."""
    principal = found.principal.value.object_id if isinstance(found.principal, Known) else None
    rows = found.at_key.value if isinstance(found.at_key, Known) else ()
    mine = [row for row in rows if same_id(row.principal_id, principal) and row.condition is None]
    return any(same_id(row.role_id, published.CRYPTO_USER) for row in mine)


def _causes(verdicts: Verdicts, verdict: Verdict) -> tuple[Cause, ...]:
    """Those that came out so, accepted deviations among the failures: accepting does not make the key work."""
    rows = {row.check.id: row for row in verdicts.rows if _came_out(row, verdict)}
    return tuple(
        Cause(rows[i].check.id, rows[i].check.title, rows[i].finding.seen, rows[i].finding.mend)
        for i in _LIKELIEST
        if i in rows
    )


def _came_out(row: Judged, verdict: Verdict) -> bool:
    finding = row.finding.verdict
    return finding is verdict or (verdict is Verdict.FAIL and finding is Verdict.ACCEPTED)


def _young_role(found: Facts) -> tuple[Cause, ...]:
    """A role that was assigned just now, where it is right but may not count yet."""
    rows = found.assignments.value if isinstance(found.assignments, Known) else ()
    ages = [_age(row, found) for row in rows if same_id(row.role_id, published.CRYPTO_USER)]
    young = [age for age in ages if age is not None and age < ROLE_EFFECT]
    if not young:
        return ()
    minutes = int(min(young).total_seconds() // 60)
    return (
        Cause(
            "V31",
            "The role may not be in effect yet",
            f"assigned {minutes} minutes ago; it can take up to {int(ROLE_EFFECT.total_seconds() // 60)}",
            "Wait, then run this notebook again.",
        ),
    )


def _age(row: RoleAssignment, found: Facts) -> timedelta | None:
    return None if row.created is None or found.read_at is None else found.read_at - row.created


def _said(answer: Found[Validation]) -> str:
    match answer:
        case Known(value):
            by = f" (request id {value.request_id})" if value.request_id else ""
            return value.status + (f": {value.error}" if value.error else "") + by
        case Unknown(reason, request_id):
            return f"UNKNOWN: {reason}" + (f" (request id {request_id})" if request_id else "")
    return "not asked"
