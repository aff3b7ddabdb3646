"""Each object before and after: what was first read and last read of it, only where that differs or is not known."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from helpers.evidence.report.changes import Change, changes, settled
from helpers.evidence.report.facts import WRITES, names_read, objects, title_of
from helpers.evidence.report.markup import Html, Shown, code, joined, lines, mark, paragraph, strong, table
from helpers.evidence.report.told import Row, Told, outcome, rows_of, words

NOT_THERE = "not there"
ABOUT = (
    "Only what differs between the first and the last time it was read, what a receipt says of what was not read "
    "again, and what could not be read."
)
_COLUMNS = ("Object", "Property", "Before", "After", "How it is known")


def shown(told: Told) -> Html:
    """The whole part."""
    if not told.of("facts"):
        return paragraph("Nothing was read in this run, so nothing can be said of before and after.")
    drawn = {name: _rows(told, name) for name in names_read(told)}
    rows = [row for found in drawn.values() for row in found]
    rows += [_unread(told, change) for change in changes(told) if change.done and not _read_after(told, change)]
    parts = [paragraph(ABOUT), *map(_not_readable, told.unread)]
    parts.append(
        table("Before and after", _COLUMNS, rows) if rows else paragraph(strong("Nothing that was read differs."))
    )
    same = [title_of(name) for name, found in drawn.items() if not found]
    if same:
        parts.append(paragraph(f"Read, and the same each time it was read: {', '.join(same)}."))
    return joined(parts)


def _not_readable(row: Row) -> Html:
    said = (
        f" Line {row.line}, of {row.step}, tells of looking, and what was found is not there in a form that is known."
    )
    return paragraph(mark("CANNOT BE READ.", "wrong"), said)


def _rows(told: Told, name: str) -> list[tuple[Shown, ...]]:
    reads = list(told.facts(name))
    (first, before), (last, after) = reads[0], reads[-1]
    title, how = title_of(name), _how(first, last)
    if "unknown" in (before.get("outcome"), after.get("outcome")) or not _sound(before, after):
        return [(title, "", _state(before), _state(after), how)]
    old, new = objects(before), objects(after)
    found: list[tuple[Shown, ...]] = []
    for label in {**old, **new}:
        named = lines((title, code(label))) if label else joined((title,))
        found += [(named, *row, how) for row in _differing(old.get(label), new.get(label))]
    return found


def _differing(old: Mapping[str, str] | None, new: Mapping[str, str] | None) -> list[tuple[Shown, Shown, Shown]]:
    """One row for an object that came or went, else one for each property that differs."""
    if old is None or new is None:
        return [("all of it", _all(old), _all(new))]
    names = {**old, **new}
    return [
        (name, old.get(name, "not set"), strong(new.get(name, "not set")))
        for name in names
        if old.get(name) != new.get(name)
    ]


def _all(there: Mapping[str, str] | None) -> Html:
    if there is None:
        return joined((NOT_THERE,))
    return lines(f"{name}: {value}" if name else value for name, value in there.items())


def _state(found: Mapping[str, Any]) -> Html:
    said = outcome(found)
    return mark(said, "wrong") if said.startswith("UNKNOWN") else joined((said,))


def _sound(*found: Mapping[str, Any]) -> bool:
    return all(one.get("outcome") in ("known", "absent") for one in found)


def _how(first: Row, last: Row) -> Html:
    if first.line == last.line:
        return joined((f"read once, on {first.time} in {first.step}",))
    return lines((f"first read on {first.time} in {first.step}", f"last read on {last.time} in {last.step}"))


def _read_after(told: Told, change: Change) -> bool:
    """Whether what a change is about was read as facts after its receipt."""
    name = WRITES.get(change.kind)
    return name is not None and any(row.line > change.row.line for row, _ in told.facts(name))


def _unread(told: Told, change: Change) -> tuple[Shown, ...]:
    """A row for what was written and not read as facts afterwards."""
    receipt, back = change.row, settled(told, change)
    facts = receipt.at("facts")
    kept = [f"{name}: {words(value)}" for name, value in facts.items()] if isinstance(facts, dict) else []
    how: list[Shown] = [f"receipt of {receipt.time}; not read as facts afterwards"]
    if back:
        said = "; ".join(words(item.get("says")) for item in rows_of(back.at("plan", "items")))
        how.append(f"planned again on {back.time}: {said}")
    else:
        how.append(mark("not read back", "wrong"))
    name = WRITES.get(change.kind, "")
    reads = [found for row, found in told.facts(name) if row.line < receipt.line]
    before = _state(reads[-1]) if reads else joined(("not read",))
    return (
        title_of(name) if name else change.kind,
        "by the receipt",
        before,
        lines((strong(receipt.word("what")), *kept)),
        lines(how),
    )
