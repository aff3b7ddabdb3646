"""Claude Enterprise: what somebody says of entering the key in claude.ai, beside what is known of who recorded it.

No attestation is ever said to be verified: there is nothing that it could be compared with.
"""

from __future__ import annotations

from helpers.evidence.report.markup import Html, Shown, code, joined, lines, mark, paragraph, table
from helpers.evidence.report.told import Row, Told, words

UNSEEN = (
    "There is no API for a key of Claude Enterprise, so this suite cannot see whether it was entered. Who entered it, "
    "when, what the screen showed and whether the form accepted it is the word of whoever typed it. The object ID is "
    "read from the access token of the process that recorded it, and names an account, not a person. Key and vault "
    "were read when it was recorded, and were those of the sheet, else it would have been refused; where the key was "
    "rotated since, both versions are named."
)
NOT_ATTESTED = "Not attested: nobody recorded in this run that the key was entered."
_OUTCOMES = {"yes": "that the form accepted it", "no": "that the form did not accept it"}
_COLUMNS = (
    "Recorded on (UTC)",
    "Entered by, as claimed",
    "Entered at, as claimed",
    "The screen showed, as claimed",
    "Accepted by the form, as claimed",
    "Signed in when it was recorded",
    "What was there then",
)


def headline(told: Told, key: str) -> tuple[Shown, ...]:
    """The sentence of the decision for a key that a person enters."""
    given = told.of("attestation")
    if not given:
        seen = " For Claude Enterprise the key is entered by hand in claude.ai; this suite cannot see whether it was."
        return (mark("NOT KNOWN whether in use.", "note"), f" This run attached nothing to {key}.{seen} {NOT_ATTESTED}")
    last = given[-1]
    by, at = last.word("attestation", "entered_by"), last.word("attestation", "entered_at")
    screen, said = last.word("attestation", "screen"), last.word("attestation", "accepted")
    outcome = _OUTCOMES.get(said, "it is not recorded whether the form accepted it")
    sentence = (
        f" It was recorded that {by} entered {key} in claude.ai on {at}, and {outcome}. The screen showed, as claimed: "
        f"“{screen}”. This suite cannot see whether it was so."
    )
    return (_mark(last, said), sentence)


def _mark(last: Row, accepted: str) -> Html:
    """Only a recorded yes is called attested; what is missing is not known."""
    if accepted == "yes":
        return mark("ATTESTED, not verified.", "note")
    if accepted == "no":
        return mark(f"NOT ACCEPTED, as recorded by {last.word('attestation', 'by')}.", "wrong")
    return mark("NOT KNOWN whether accepted.", "wrong")


def shown(told: Told) -> tuple[Html, ...]:
    """When the sheet was shown, and every attestation; nothing where there is neither."""
    sheets, given = told.of("sheet"), told.of("attestation")
    parts: list[Html] = []
    if sheets:
        rows = [(row.time, _pairs(row, "sheet", "rows"), _pairs(row, "sheet", "seen")) for row in sheets]
        columns = ("Shown on (UTC)", "What to enter", "What it rested on")
        parts.append(table("What was shown to be entered in claude.ai", columns, rows))
    if given:
        parts.append(table("Attestations, not verified", _COLUMNS, [_row(told, row) for row in given]))
        parts.append(paragraph(UNSEEN))
    return tuple(parts)


def _row(told: Told, row: Row) -> tuple[Shown, ...]:
    return (
        row.time,
        row.word("attestation", "entered_by"),
        row.word("attestation", "entered_at"),
        row.word("attestation", "screen"),
        row.word("attestation", "accepted") or "not recorded",
        _signed_in(told, row),
        lines((_pairs(row, "attestation", "seen"), *_of_another(told, row))),
    )


def _signed_in(told: Told, row: Row) -> Html:
    by, tenant = row.word("attestation", "by"), row.word("attestation", "tenant_id")
    parts: list[Shown] = [joined((f"{row.word('attestation', 'kind')} ", code(by)))]
    if tenant.lower() != told.given("tenant_id").lower():
        parts.append(joined((mark("another tenant: ", "wrong"), code(tenant))))
    return lines(parts)


def _of_another(told: Told, row: Row) -> tuple[Html, ...]:
    """The sealed run whose sheet it is about, where that is not this one."""
    about, digest = row.word("attestation", "of_run"), row.word("attestation", "statement_sha256")
    if about == told.run.run:
        return ()
    return (joined(("about the sheet of run ", code(about), ", sealed, statement ", code(digest))),)


def _pairs(row: Row, *path: str) -> Html:
    found = row.at(*path)
    return lines(f"{name}: {words(value)}" for name, value in found.items()) if isinstance(found, dict) else lines(())
