"""The decision in plain words: what was put under which key, by whom, when, and what came of it."""

from __future__ import annotations

from helpers.evidence.report import attestations
from helpers.evidence.report.attachment import Attachment, attachment
from helpers.evidence.report.changes import changes, settled
from helpers.evidence.report.markup import (
    Html,
    Shown,
    code,
    joined,
    lines,
    mark,
    paragraph,
    strong,
    table,
    tag,
    text,
)
from helpers.evidence.report.told import Row, Told, outcome, words

EXIT = {
    "0": "everything that was asked for was done or was right already",
    "1": "something failed",
    "2": "the plan has changes",
    "3": "something stood in the way, or an approval was missing",
    "4": "something that has to be known could not be read",
    "64": "it was called wrongly",
    "130": "it was interrupted",
}


def shown(told: Told) -> Html:
    """The whole part."""
    state = attachment(told)
    box = tag("div", paragraph(*_headline(told, state)), paragraph(_ending(told)), class_="result")
    drawn = table("The decision", ("What", "As recorded"), _rows(told, state), "pairs")
    return joined((box, *_warnings(told), drawn, *attestations.shown(told)))


def _headline(told: Told, state: Attachment) -> tuple[Shown, ...]:
    key = f"the key {told.given('key_name')} in the vault {told.given('vault_name')}"
    spaces = " and ".join(state.workspaces)
    match state.state:
        case "attached here" if state.change and state.change.done:
            confirmed = (
                " Read again afterwards, the workspace shows the key."
                if state.confirmed
                else " That the workspace shows the key was not read afterwards."
            )
            return (mark("Attached, for good.", "right"), f" Workspace {spaces} was put under {key}.{confirmed}")
        case "attached here":
            unsure = " The request was sent and no receipt is recorded; read afterwards, the workspace shows the key."
            return (mark("Attached, for good.", "right"), f" Workspace {spaces} is under {key}.{unsure}")
        case "attached before":
            kept = " It was so when this run first looked, and was kept: this run attached nothing."
            return (mark("Attached already.", "right"), f" Workspace {spaces} is under {key}.{kept}")
        case "may be attached":
            unsure = f" A request to attach {key} was about to be sent, and this record does not say what came of it."
            return (mark("NOT KNOWN whether attached.", "wrong"), f"{unsure} Look before going on.")
        case "cannot be read":
            seen = " What this record says of workspaces is not in a form that is known. Look before going on."
            return (mark("NOT KNOWN whether attached.", "wrong"), f" This run attached nothing to {key}.{seen}")
        case "by hand":
            return attestations.headline(told, key)
        case "not attached":
            seen = " When workspaces were last read, none had it."
            return (mark("NOT attached.", "note"), f" This run put nothing under {key}.{seen}")
    unread = " Whether a workspace has it was not read in this run."
    return (mark("NOT attached by this run.", "note"), f" This run put nothing under {key}.{unread}")


def _ending(told: Told) -> Html:
    last = told.rows[-1]
    if told.run.complete:
        number = str(told.run.exit_code)
        meant = EXIT.get(number, "a code this report has no words for")
        return text(f"The run ended on {last.time} with exit code {number}: {meant}.")
    said = (
        f" The record ends on {last.time} with “{last.event}” of {last.step} and does not say how the run ended: it was"
        " interrupted, was still going on, or was done in notebooks opened by hand."
    )
    return joined((mark("NOT COMPLETE.", "wrong"), said))


def _warnings(told: Told) -> tuple[Html, ...]:
    """Writes of which nobody knows from this record what came of them."""
    lost = [change for change in changes(told) if change.receipt is None]
    found = []
    for change in lost:
        later = settled(told, change)
        after = (
            f"Planned again on {later.time}, its step had nothing left to do: {_kept(later)}."
            if later
            else "Nothing later in this record says whether it took effect."
        )
        known = mark("No receipt.", "note" if later else "wrong")
        found.append(paragraph(known, f" On {change.row.time} this was about to be done: {change.says}. {after}"))
    return tuple(found)


def _kept(row: Row) -> str:
    return "; ".join(words(item.get("says")) for item in row.at("plan", "items"))


def _rows(told: Told, state: Attachment) -> list[tuple[Shown, Shown]]:
    receipt = state.change.receipt if state.change else None
    return [
        ("Kind of record", mark(f"REHEARSAL ({told.world})", "wrong") if told.world else strong("Live")),
        ("Run", code(told.run.run)),
        ("Anthropic organization", code(told.given("organization_id"))),
        ("Product", told.given("product")),
        ("Workspace", lines(map(code, state.workspaces)) if state.workspaces else _NO_WORKSPACE[state.state]),
        (
            "Vault",
            lines((told.given("vault_name"), code(told.vault_id))),
        ),
        ("Tenant", code(told.given("tenant_id"))),
        ("Key", _key(told)),
        ("Attached by", _by(told, state)),
        ("Attached on", _when(receipt) if receipt else "no receipt says so"),
        ("Anthropic's validation", _validation(told)),
        ("Begun on", lines(f"{row.time} by {row.actor}" for row in told.begun)),
        ("Signed in during the run", lines(_everybody(told)) or "nobody"),
    ]


def _when(receipt: Row) -> Html:
    number = receipt.word("request_id") or "none"
    return lines(
        (
            f"{receipt.word('at') or receipt.time}",
            joined(("request id ", code(number))),
        )
    )


def _key(told: Told) -> Html:
    """The key as it was last read, in the words of the record."""
    reads = list(told.facts("key"))
    named = f"{told.given('key_name')}"
    if not reads:
        return joined((named, ": not read in this run"))
    row, found = reads[-1]
    value = found.get("value")
    if found.get("outcome") != "known" or not isinstance(value, dict):
        return joined((named, f": {outcome(found)}, read on {row.time}"))
    made = f"{words(value.get('kty'))}, {words(value.get('bits'))} bits, for {words(value.get('operations'))}"
    return lines(
        (
            f"{words(value.get('name'))}: {made}",
            joined(("version ", code(words(value.get("version"))))),
            joined(("SHA-256 of its public key ", code(words(value.get("public_sha256"))))),
            f"as read on {row.time}",
        )
    )


def _validation(told: Told) -> Html:
    reads = list(told.facts("validation"))
    if not reads:
        return joined(("not asked for in this run",))
    row, found = reads[-1]
    value = found.get("value")
    if found.get("outcome") == "known" and isinstance(value, dict):
        good = value.get("status") == "success"
        error = f": {words(value['error'])}" if value.get("error") else ""
        return joined((mark(words(value.get("status")), "right" if good else "wrong"), f"{error}, asked on {row.time}"))
    return joined((outcome(found), f", asked on {row.time}"))


_NO_WORKSPACE = {
    "attached here": "not known",
    "attached before": "not known",
    "may be attached": "not known",
    "not attached": "none, as last read",
    "not read": "not read in this run",
    "cannot be read": "not known",
    "by hand": "the whole organization, once the key is entered by hand",
}


def _by(told: Told, state: Attachment) -> Html:
    if state.change is None:
        return text("nobody in this run")
    unsure = "" if state.change.done else "not proven; about to do it was "
    return joined((unsure, _who(told, state.change.row)))


def _who(told: Told, row: Row) -> Html:
    kind = told.kind_of(row.actor)
    return joined((f"{kind} " if kind else "", code(row.actor)))


def _everybody(told: Told) -> list[Html]:
    """Each identity once, with the steps it signed in for."""
    said: dict[tuple[str, str, str], list[str]] = {}
    for row in told.of("identity"):
        said.setdefault((row.word("kind"), row.word("object_id"), row.word("tenant_id")), []).append(row.step)
    return [
        joined((f"{kind} ", code(id_), " of tenant ", code(tenant), f": {', '.join(dict.fromkeys(steps))}"))
        for (kind, id_, tenant), steps in said.items()
    ]
