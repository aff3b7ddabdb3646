"""The ledger as a table: every line, in order, with who was signed in and the request id of each write."""

from __future__ import annotations

from collections import Counter

from helpers.evidence.report.changes import changes
from helpers.evidence.report.markup import Html, Shown, code, joined, lines, mark, paragraph, strong, table, text
from helpers.evidence.report.told import Row, Told, are_rows, outcome, rows_of, words

EVENTS = {
    "run_started": "run started",
    "run_continued": "run gone on with",
    "identity": "signed in",
    "facts": "read",
    "plan": "planned",
    "approval": "approval",
    "about_to": "ABOUT TO",
    "receipt": "DONE",
    "verdicts": "judged",
    "stopped": "STOPPED",
    "step_finished": "step finished",
    "sheet": "shown to be entered by hand",
    "attestation": "attested, NOT verified",
    "run_finished": "run finished",
}


_FOR_GOOD = "FOR GOOD"


def shown(told: Told) -> Html:
    """The whole part."""
    open_ = {change.row.line for change in changes(told) if change.receipt is None}
    rows = [_row(told, row, row.line in open_) for row in told.rows]
    note = "Times are UTC. In a rehearsal they are the rehearsal cloud's." if told.world else "Times are UTC."
    columns = ("Line", "On (UTC)", "Step", "Event", "What", "Signed in as", "Request id")
    return joined(
        (paragraph(f"{len(told.rows)} lines of ledger.jsonl. {note}"), table("Timeline", columns, rows, "log"))
    )


def _row(told: Told, row: Row, unanswered: bool) -> tuple[Shown, ...]:
    name = EVENTS.get(row.event, row.event)
    loud = {"about_to": "note", "receipt": "right", "stopped": "wrong"}.get(row.event)
    event = mark(name, loud) if loud else name
    said = _what(told, row)
    what = lines((said, mark("NO RECEIPT FOLLOWS", "wrong"))) if unanswered else said
    number = row.word("request_id")
    return str(row.line), row.time, row.step, event, what, code(row.actor), code(number) if number else ""


def _what(told: Told, row: Row) -> Html:
    match row.event:
        case "run_started" | "run_continued":
            world = row.word("world")
            return joined((f"cloud {row.word('cloud')}" + (f", REHEARSAL ({world})" if world else ""),))
        case "identity":
            return joined((f"{row.word('kind')} of tenant ", code(row.word("tenant_id"))))
        case "facts":
            return mark("CANNOT BE READ", "wrong") if row in told.unread else joined((_read(row),))
        case "plan" | "step_finished":
            return _planned(row)
        case "approval":
            granted = "granted" if row.at("approval", "granted") is True else "NOT granted"
            by = row.word("approval", "by")
            return joined((f"{granted}: {row.word('approval', 'how')}" + (f", by {by}" if by else ""),))
        case "about_to":
            good = row.at("permanent") is not False and not row.word("change").startswith(_FOR_GOOD)
            return lines((*([mark(_FOR_GOOD, "wrong")] if good else []), row.word("change")))
        case "receipt":
            facts = row.at("facts")
            kept = [f"{name}: {words(value)}" for name, value in facts.items()] if isinstance(facts, dict) else []
            return lines((strong(row.word("what")), *kept))
        case "verdicts":
            counts = Counter(words(check.get("verdict")) for check in rows_of(row.at("verdicts", "checks")))
            return joined((", ".join(f"{number} {verdict}" for verdict, number in counts.items()),))
        case "sheet":
            rows = row.at("sheet", "rows")
            return (
                lines(f"{name}: {words(value)}" for name, value in rows.items()) if isinstance(rows, dict) else text("")
            )
        case "attestation":
            said = row.word("attestation", "entered_by"), row.word("attestation", "entered_at")
            accepted = row.word("attestation", "accepted") or "not recorded"
            return joined((f"entered in claude.ai, as claimed, by {said[0]} at {said[1]}; accepted: {accepted}",))
        case "stopped":
            said = row.at("lines")
            return lines(
                (
                    f"{row.word('error')}, exit code {row.word('exit_code')}",
                    *(map(words, said) if isinstance(said, list) else ()),
                )
            )
        case "run_finished":
            return joined((f"exit code {row.word('exit_code')}: {row.word('steps')}",))
    return joined((words({k: v for k, v in row.said.items() if k not in ("t", "run", "event", "step", "actor")}),))


def _read(row: Row) -> str:
    """Which facts were read, and in full those that could not be."""
    if "preflight" in row.said:
        said = row.at("preflight", "said")
        return "the rights that the steps need: " + ("; ".join(map(words, said)) if isinstance(said, list) else "")
    found = {name: value for name, value in row.mapping("facts").items() if name != "read_at"}
    read = {name: value if isinstance(value, dict) else {} for name, value in found.items()}
    unknown = [f"{name} {outcome(v)}" for name, v in read.items() if v.get("outcome") not in ("known", "absent")]
    return ", ".join(found) + ("" if not unknown else ". " + "; ".join(unknown))


def _planned(row: Row) -> Html:
    items = rows_of(row.at("plan", "items"))
    if not items or not are_rows(row.at("plan", "items")):
        counts = row.at("verdicts")
        said = ", ".join(f"{words(n)} {verdict}" for verdict, n in counts.items()) if isinstance(counts, dict) else ""
        return text(said or row.word("plan"))
    planned = [f"{words(item.get('kind'))}: {words(item.get('says'))}" for item in items]
    seen = row.at("plan", "seen")
    rested = [f"rests on {name} {words(value)}" for name, value in seen.items()] if isinstance(seen, dict) else []
    return lines((row.word("plan", "step"), *planned, *rested))
