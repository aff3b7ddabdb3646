"""The undo sheet of a run: what undoes each change that a receipt tells of, the last one first."""

from __future__ import annotations

from helpers.evidence.report.attachment import attachment
from helpers.evidence.report.changes import Change, changes
from helpers.evidence.report.shell import NotShown
from helpers.evidence.report.told import Told
from helpers.evidence.report.undo_ground import Ground, Undo
from helpers.evidence.report.undo_ways import WAYS

BY_HAND_ONLY = "The record does not hold what a command needs, or holds it in characters that a page cannot show."


def sheet(told: Told) -> tuple[Undo, ...]:
    """One entry for each receipt of a change made here, the last first; nothing for what was found and kept."""
    held = attachment(told)
    return tuple(_undo(Ground(told, held, change)) for change in reversed(changes(told)) if change.done)


def found_there(told: Told) -> tuple[Change, ...]:
    """Changes whose receipt shows that somebody else had made it: there is nothing of this run to undo."""
    return tuple(change for change in reversed(changes(told)) if change.receipt is not None and not change.done)


def unanswered(told: Told) -> tuple[Change, ...]:
    """Changes without a receipt: whether there is something to undo is not known."""
    return tuple(change for change in reversed(changes(told)) if change.receipt is None)


def _undo(ground: Ground) -> Undo:
    make = WAYS.get(ground.change.kind)
    if make is None:
        return Undo(ground.change, "This report does not know this kind of change, and gives no way to undo it.")
    try:
        return make(ground)
    except NotShown:
        return Undo(ground.change, BY_HAND_ONLY)
