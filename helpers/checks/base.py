"""What a check is: a small pure function with its reasons beside it. It starts at unknown and must earn its pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeVar

from helpers.facts import Facts
from helpers.model import Absent, Found, Known, Unknown
from helpers.parameter_values import Deviation
from helpers.parameters import Parameters

T = TypeVar("T")


class Verdict(Enum):
    """How a check can come out. Unknown is never a pass."""

    PASS = "pass"
    FAIL = "fail"
    UNKNOWN = "unknown"
    ACCEPTED = "accepted"
    NOT_YET = "not yet"
    NOT_APPLICABLE = "not applicable"


Phase = Literal["azure", "gate", "attached", "watch"]
"""azure: 04, what Azure holds. gate: 05, that and the Admin API, before attaching. attached: right after it.

watch: `check` of a key that is attached, with a validation of that moment."""

ALWAYS: tuple[Phase, ...] = ("azure", "gate", "attached", "watch")
PRODUCTS = ("claude_platform", "claude_enterprise")
Severity = Literal["blocks", "warns"]
Effect = Literal["use", "safety", "hygiene"]
"""What a failure means once data is encrypted under the key.

use: Anthropic cannot use the key, or soon cannot, and the data cannot be read. safety: the key or its data could be
lost, or used by others. hygiene: neither, but it is not as it should be."""


@dataclass(frozen=True)
class Finding:
    """A verdict, what was seen, what was expected, and how to mend it. `accepted` is the deviation that covers it."""

    verdict: Verdict
    seen: str
    expected: str = ""
    mend: str = ""
    accepted: Deviation | None = None


Judge = Callable[[Facts, Parameters], Finding]


@dataclass(frozen=True)
class Check:
    """One rule.

    `looks_at` names what is read for it, and `right` what reading it takes. `after` names the steps whose work it
    judges; `phases` those in which it is judged; `blocks_in` those in which a warning blocks. `out_of_place` says that
    its own rule can find it not applicable; `cannot` gives the reason for each verdict that no state of the clouds can
    lead to.
    """

    id: str
    title: str
    severity: Severity
    why: str
    judge: Judge
    looks_at: str
    right: str = "Reader on the vault"
    effect: Effect = "hygiene"
    phases: tuple[Phase, ...] = ALWAYS
    blocks_in: tuple[Phase, ...] = ()
    after: tuple[str, ...] = ()
    products: tuple[str, ...] = PRODUCTS
    acceptable: bool = False
    out_of_place: bool = False
    cannot: Mapping[Verdict, str] = field(default_factory=dict)
    controls: Mapping[str, str] = field(default_factory=dict)

    @property
    def verdicts(self) -> frozenset[Verdict]:
        """Every verdict it can come out as, whatever the clouds hold."""
        possible = {
            Verdict.ACCEPTED: self.acceptable,
            Verdict.NOT_YET: bool(self.after),
            Verdict.NOT_APPLICABLE: self.out_of_place or self.phases != ALWAYS or self.products != PRODUCTS,
        }
        return frozenset(verdict for verdict in Verdict if possible.get(verdict, True) and verdict not in self.cannot)

    def severity_in(self, phase: Phase) -> Severity:
        """How much it weighs in a phase."""
        return "blocks" if phase in self.blocks_in else self.severity


def passed(seen: str, expected: str = "") -> Finding:
    return Finding(Verdict.PASS, seen, expected)


def failed(seen: str, expected: str, mend: str) -> Finding:
    return Finding(Verdict.FAIL, seen, expected, mend)


def unknown(reason: str, mend: str = "") -> Finding:
    return Finding(Verdict.UNKNOWN, f"could not be read: {reason}", mend=mend)


def unread(found: Unknown, mend: str = "") -> Finding:
    """Unknown, with the service's reason and its request id."""
    return unknown(found.reason + (f" (request id {found.request_id})" if found.request_id else ""), mend)


def not_applicable(reason: str) -> Finding:
    return Finding(Verdict.NOT_APPLICABLE, reason)


def on(found: Found[T], judge: Callable[[T], Finding], *, absent: Finding, mend: str = "") -> Finding:
    """Judge what was read; what is absent gets its own finding, and what is unknown stays unknown.

    `mend` is what to do where it could not be read.
    """
    match found:
        case Known(value):
            return judge(value)
        case Absent():
            return absent
        case Unknown() as trouble:
            return unread(trouble, mend)


def exactly_true(value: bool | None, expected: str, mend: str) -> Finding:
    """Pass for true only: false fails, and so does a property that is not set."""
    if value is True:
        return passed("true", expected)
    return failed("not set" if value is None else "false", expected, mend)
