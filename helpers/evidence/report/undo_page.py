"""The undo sheet as a part of the page. In a rehearsal every command is a comment: pasted, it does nothing."""

from __future__ import annotations

from helpers.evidence.report.changes import Change, settled
from helpers.evidence.report.markup import Html, Shown, code, joined, mark, paragraph, sentence, strong, tag, verbatim
from helpers.evidence.report.shell import ADMIN_KEY, NotShown, az
from helpers.evidence.report.told import Told
from helpers.evidence.report.undo import found_there, sheet, unanswered
from helpers.evidence.report.undo_ground import Undo

COMMAND = "undo"


def shown(told: Told) -> Html:
    """The whole part."""
    entries = sheet(told)
    parts: list[Html] = []
    if told.world:
        parts.append(
            paragraph(
                mark("REHEARSAL: there is nothing to undo.", "wrong"),
                " What was made is gone with the rehearsal cloud. This shows what the sheet of a live run would hold; "
                "every command is made a comment, so that it cannot touch a real vault of the same name.",
            )
        )
    if not entries:
        parts.append(
            paragraph(strong("Nothing to undo."), " No receipt of this run says that it made or changed anything.")
        )
    else:
        parts += [
            paragraph(
                "Made from the receipts of this run, the last change first: undo in this order. What was found and "
                "kept is not here, for this run did not make it. Look at each object first: somebody may have changed "
                "it since."
            ),
            *_before(told, entries),
        ]
    parts += [_entry(told, number, entry) for number, entry in enumerate(entries, 1)]
    return joined((*parts, *map(_found, found_there(told)), *_unanswered(told)))


def _found(change: Change) -> Html:
    word = strong("Found there, and not undone here: ")
    return paragraph(word, f"{change.says}. The receipt of {change.row.time} shows that this run did not make it.")


def _before(told: Told, entries: tuple[Undo, ...]) -> list[Html]:
    """What has to be there before any command is run."""
    commands = [command for entry in entries for command in entry.commands]
    found = []
    if any(command.startswith("az ") for command in commands):
        try:
            found += [
                paragraph("First, sign in to the tenant of the vault:"),
                _block(told, az("login", tenant=told.given("tenant_id"))),
            ]
        except NotShown:
            found.append(paragraph("First, sign in to the tenant of the vault by az login."))
    if any(ADMIN_KEY in command for command in commands):
        found.append(paragraph("The Admin API key has to be in the environment variable ", code(ADMIN_KEY), "."))
    return found


def _entry(told: Told, number: int, entry: Undo) -> Html:
    receipt = entry.change.row
    when = receipt.word("at") or receipt.time
    request = receipt.word("request_id") or "none"
    parts: list[Shown] = [
        tag("h3", f"{number}. {sentence(receipt.word('what'))}"),
        paragraph(
            f"On {when} by ",
            code(receipt.actor),
            ", request id ",
            code(request),
            f", line {receipt.line}. What was approved: {entry.change.says}.",
        ),
    ]
    if entry.never:
        parts.append(paragraph(mark("Cannot be undone.", "wrong"), f" {entry.never}"))
    if entry.locks:
        parts.append(paragraph(mark("Locks the data that is under the key.", "wrong")))
    parts.append(paragraph(strong("Consequence: "), entry.follows))
    parts += [_block(told, command) for command in entry.commands]
    if entry.portal:
        parts.append(paragraph(strong("In the portal: "), entry.portal))
    return tag("div", *parts, class_="entry")


def _block(told: Told, command: str) -> Html:
    return verbatim("\n".join(f"# {line}" for line in command.split("\n")) if told.world else command, COMMAND)


def _unanswered(told: Told) -> list[Html]:
    found = []
    for change in unanswered(told):
        later = settled(told, change)
        said = (
            f"Planned again on {later.time}, its step had nothing left to do: it is there. Who made it is not proven."
            if later
            else "Run its step again, or look in the portal: only what is there can be undone."
        )
        word = mark("Not known whether it was done.", "wrong")
        found.append(
            paragraph(word, f" About to be done on {change.row.time}, without a receipt: {change.says}. {said}")
        )
    return found
