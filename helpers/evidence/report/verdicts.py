"""Verdicts: the last judgement check by check, with control ids; what was accepted; and every judgement of the run."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from helpers.evidence.report.markup import Html, Shown, joined, lines, mark, paragraph, strong, table
from helpers.evidence.report.told import Row, Told, are_rows, rows_of, words

PHASES = {
    "azure": "what Azure holds",
    "gate": "the gate, before attaching",
    "attached": "after attaching",
    "watch": "watching a key that is attached",
}
_LOUD = {"fail": "wrong", "unknown": "wrong", "accepted": "note", "not yet": "note", "pass": "right"}
_COLUMNS = ("Check", "Verdict", "Seen", "Expected", "What to do", "Controls")


def shown(told: Told) -> Html:
    """The whole part."""
    judged = told.of("verdicts")
    if not judged:
        return paragraph(mark("No check was made in this run.", "note"), " Nothing is said to be right.")
    last, checks = judged[-1], rows_of(judged[-1].at("verdicts", "checks"))
    if not are_rows(last.at("verdicts", "checks")):
        return paragraph(mark("CANNOT BE READ.", "wrong"), f" Line {last.line} tells of the last judgement.")
    title = f"The last judgement, {_phase(last)}, on {last.time} in {last.step}"
    parts = [
        paragraph(
            strong("Last judgement: "),
            f"{_counted(checks)}. {_phase(last).capitalize()}, on {last.time} in {last.step}.",
        ),
        *_accepted(checks),
        table(title, _COLUMNS, [_row(check) for check in sorted(checks, key=_loudness)]),
        *_noted(last),
        table(
            "Every judgement of this run",
            ("On (UTC)", "Step", "Of", "Counts", "Neither passed nor out of place"),
            map(_told, judged),
        ),
    ]
    return joined(parts)


def _phase(row: Row) -> str:
    said = row.word("verdicts", "phase")
    return PHASES.get(said, said)


def _counted(checks: tuple[Mapping[str, Any], ...]) -> str:
    counts = Counter(words(check.get("verdict")) for check in checks)
    order = sorted(
        counts, key=lambda verdict: (list(_LOUD).index(verdict) if verdict in _LOUD else len(_LOUD), verdict)
    )
    return ", ".join(f"{counts[verdict]} {verdict}" for verdict in order) or "no check"


def _loudness(check: Mapping[str, Any]) -> int:
    """What has to be looked at comes first; within that, the order of the record stays."""
    return {"fail": 0, "unknown": 1, "not yet": 2, "accepted": 3, "pass": 4, "not applicable": 5}.get(
        _verdict(check), 0
    )


def _verdict(check: Mapping[str, Any]) -> str:
    return words(check.get("verdict"))


def _row(check: Mapping[str, Any]) -> tuple[Shown, ...]:
    verdict, weight = _verdict(check), words(check.get("severity"))
    wrong = verdict in ("fail", "unknown")
    word = mark(f"{verdict.upper()} ({weight})" if wrong else verdict, _LOUD.get(verdict, "plain"))
    name = joined((words(check.get("id")), " ", words(check.get("title"))))
    why = [words(check["why"])] if wrong and check.get("why") else []
    return (
        lines((name, *why)),
        word if wrong else lines((word, f"{weight} if it fails")),
        _value(check, "seen"),
        _value(check, "expected"),
        _to_do(check),
        _controls(check) or "none known",
    )


def _value(check: Mapping[str, Any], name: str) -> str:
    return words(check[name]) if check.get(name) is not None else ""


def _to_do(check: Mapping[str, Any]) -> str:
    """How to mend it; of an accepted deviation, that this is for when it is accepted no longer."""
    mend, by = _value(check, "mend"), check.get("accepted")
    if not isinstance(by, dict):
        return mend or "nothing"
    return f"nothing before {words(by.get('expires'))}; then: {mend or 'look at it again'}"


def _controls(check: Mapping[str, Any]) -> str:
    controls = check.get("controls")
    return (
        "; ".join(f"{name} {words(number)}" for name, number in controls.items()) if isinstance(controls, dict) else ""
    )


def _accepted(checks: tuple[Mapping[str, Any], ...]) -> tuple[Html, ...]:
    found = [(check, check["accepted"]) for check in checks if isinstance(check.get("accepted"), dict)]
    if not found:
        return (paragraph("No deviation was accepted."),)
    rows = [
        (
            f"{words(check.get('id'))} {words(check.get('title'))}",
            words(by.get("owner")),
            words(by.get("reason")),
            words(by.get("expires")),
        )
        for check, by in found
    ]
    return (table("Deviations that somebody accepted", ("Check", "Owner", "Reason", "Until"), rows),)


def _noted(row: Row) -> tuple[Html, ...]:
    noted = rows_of(row.at("verdicts", "inventory"))
    rows = [(f"{words(n.get('id'))} {words(n.get('title'))}", words(n.get("seen")), words(n.get("why"))) for n in noted]
    return (table("Recorded beside the checks, not judged", ("What", "Seen", "Why it is kept"), rows),) if rows else ()


def _told(row: Row) -> tuple[Shown, ...]:
    checks = rows_of(row.at("verdicts", "checks"))
    open_ = [check for check in checks if _verdict(check) not in ("pass", "not applicable")]
    said = ", ".join(f"{words(check.get('id'))} {_verdict(check)}" for check in open_)
    if not are_rows(row.at("verdicts", "checks")):
        return row.time, row.step, _phase(row), mark("CANNOT BE READ", "wrong"), ""
    return row.time, row.step, _phase(row), _counted(checks), said or "none"
