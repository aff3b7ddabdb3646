"""What a check is: a small pure function with its reasons beside it. It starts at unknown and must earn its pass."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Literal, TypeVar

from helpers.facts import Facts
from helpers.model import Absent, Found, Known, Unknown
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


Phase = Literal["azure", "gate", "attached"]
"""azure: 04, what Azure holds. gate: 05, that and the Admin API, before attaching. attached: after it."""


@dataclass(frozen=True)
class Finding:
    """A verdict, what was seen, what was expected, and how to mend it."""

    verdict: Verdict
    seen: str
    expected: str = ""
    mend: str = ""


Judge = Callable[[Facts, Parameters], Finding]


@dataclass(frozen=True)
class Check:
    """One rule. `after` names the steps whose work it judges; `phases` those in which it is judged."""

    id: str
    title: str
    severity: Literal["blocks", "warns"]
    why: str
    judge: Judge
    phases: tuple[Phase, ...] = ("azure", "gate", "attached")
    after: tuple[str, ...] = ()
    products: tuple[str, ...] = ("claude_platform", "claude_enterprise")
    acceptable: bool = False
    controls: Mapping[str, str] = field(default_factory=dict)


def passed(seen: str, expected: str = "") -> Finding:
    return Finding(Verdict.PASS, seen, expected)


def failed(seen: str, expected: str, mend: str) -> Finding:
    return Finding(Verdict.FAIL, seen, expected, mend)


def unknown(reason: str, mend: str = "") -> Finding:
    return Finding(Verdict.UNKNOWN, f"could not be read: {reason}", mend=mend)


def not_applicable(reason: str) -> Finding:
    return Finding(Verdict.NOT_APPLICABLE, reason)


def on(found: Found[T], judge: Callable[[T], Finding], *, absent: Finding) -> Finding:
    """Judge what was read; what is absent gets its own finding, and what is unknown stays unknown."""
    match found:
        case Known(value):
            return judge(value)
        case Absent():
            return absent
        case Unknown(reason, request_id):
            return unknown(reason + (f" (request id {request_id})" if request_id else ""))


def exactly_true(value: bool | None, expected: str, mend: str) -> Finding:
    """Pass for true only: false fails, and so does a property that is not set."""
    if value is True:
        return passed("true", expected)
    return failed("not set" if value is None else "false", expected, mend)
