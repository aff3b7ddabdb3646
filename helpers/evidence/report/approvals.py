"""Who approved what, how, and how sure that is. A name or an object ID is never said to prove more than it does."""

from __future__ import annotations

from helpers.evidence.report.markup import Html, Shown, bullets, code, joined, lines, mark, paragraph, table, text
from helpers.evidence.report.told import Row, Told, rows_of, words

SURE = {
    "typed": (
        "Typed in the notebook, by whoever could use its kernel. The object ID is the one that kernel was signed in "
        "as. Which person typed is not proven."
    ),
    "clicked": (
        "Clicked in the notebook, by whoever could use its kernel. The object ID is the one that kernel was signed in "
        "as. Which person clicked is not proven."
    ),
    "mode: apply": (
        "Nobody was asked: the parameters said beforehand that changes which can be undone may be made. The object ID "
        "is the one the process was signed in as."
    ),
    "signed in": (
        "By a file. The suite writes one after a sign-in and takes object ID and tenant from that sign-in's token. The "
        "file is not signed: whoever could write into the folder of approvals could have made it."
    ),
    "signed": (
        "By the signatures of those named. When the plan was approved, the suite checked each with the public key that "
        "the parameters pin for that person, and that none of them is who carries it out. That these are their keys is "
        "the word of whoever wrote the parameters."
    ),
    "rehearsal": "Nobody approved it: a rehearsal approves itself, and that counts in a rehearsal only.",
    "nothing to approve": "There was nothing to change, so nothing was asked.",
    "not approved": "Not approved: nothing of this plan was done.",
}
RULES = (
    "An object ID of who did something is read from the access token of the process that did it. The suite does not "
    "check the token's signature; the services that took it did, or would have refused.",
    "An object ID names an account, not the person who used it.",
    "What somebody typed shows that the plan was on a screen, and not who read it.",
    "That this record says what happened is the word of whoever held it until it was sealed.",
)
_SAID = (
    "digest",
    "granted",
    "how",
    "by",
    "tenant_id",
    "approved_at",
    "expires_at",
    "seen",
    "sentence",
    "signed",
    "world",
    "to_type",
)


def shown(told: Told) -> Html:
    """The whole part."""
    given = told.of("approval")
    if not given:
        return joined((paragraph("This record holds no approval."), *_unasked(told), bullets(RULES)))
    asked = [row for row in given if row.word("approval", "how") != "nothing to approve"]
    drawn = [table("Approvals", _COLUMNS, [_row(told, row) for row in asked])] if asked else []
    if not asked:
        drawn.append(paragraph("Nothing was to be approved: no plan of this run had a change in it."))
    empty = [row for row in given if row not in asked]
    if empty:
        rows = [
            (row.time, row.step, row.word("approval", "how"), code(row.word("approval", "digest"))) for row in empty
        ]
        drawn.append(table("Plans with nothing to approve", ("On (UTC)", "Step", "Said", "Plan digest"), rows))
    return joined((*drawn, *_unasked(told), paragraph("How sure this is:"), bullets(RULES)))


_COLUMNS = ("On (UTC)", "What the plan was", "Approved", "By", "How sure it is", "What it rested on")


def _row(told: Told, row: Row) -> tuple[Shown, ...]:
    how, granted = row.word("approval", "how"), row.at("approval", "granted") is True
    word = mark("yes", "right") if granted else mark("NO", "wrong")
    until = f"until {row.word('approval', 'expires_at')}" if granted and row.word("approval", "expires_at") else ""
    given = f"given on {row.word('approval', 'approved_at')}" if granted and row.word("approval", "approved_at") else ""
    return (
        row.time,
        _plan(told, row),
        lines(part for part in (word, how, given, until) if part),
        _by(told, row),
        _sure(how),
        _rested(told, row),
    )


def _plan(told: Told, row: Row) -> Html:
    """The changes of the plan that an approval names by its digest; without that plan, the sentence it was given."""
    digest = row.word("approval", "digest")
    plans = [p for p in told.of("plan") if p.line < row.line and p.word("plan", "digest") == digest]
    if not plans:
        said = row.word("approval", "sentence") or "no plan of this digest is recorded before it"
        return lines((said, joined(("plan digest ", code(digest)))))
    items = [words(item.get("says")) for item in rows_of(plans[-1].at("plan", "items")) if item.get("kind") == "change"]
    good = plans[-1].at("plan", "permanent") is not False
    kind = mark("FOR GOOD", "wrong") if good else "can be undone"
    name = plans[-1].word("plan", "step")
    return lines((joined((name, ", ", kind)), *items, joined(("plan digest ", code(digest)))))


def _by(told: Told, row: Row) -> Html:
    by, tenant = row.word("approval", "by"), row.word("approval", "tenant_id")
    if not by:
        return joined(("nobody",))
    parts: list[Shown] = [code(by)]
    if tenant and tenant.lower() != told.given("tenant_id").lower():
        parts.append(joined((mark("another tenant: ", "wrong"), code(tenant))))
    if row.word("approval", "how") == "signed in":
        same = by.lower() == row.actor.lower()
        parts.append("the same sign-in as the one that acts" if same else joined(("acting: ", code(row.actor))))
    if row.word("approval", "world") not in ("", told.run.rehearsal):
        parts.append(joined((mark("another rehearsal: ", "wrong"), row.word("approval", "world"))))
    return lines((*parts, *_pinned(told, row)))


def _pinned(told: Told, row: Row) -> list[Html]:
    """Of a signed approval, the object ID that the parameters pin for each name."""
    names = row.word("approval", "by").split(", ")
    known = [one for one in rows_of(told.run.parameters.get("approvers")) if words(one.get("name")) in names]
    signed = row.word("approval", "how") == "signed"
    return [joined((f"{words(one.get('name'))}: ", code(words(one.get("object_id"))))) for one in known if signed]


def _sure(how: str) -> str:
    return SURE.get(how, f"This report does not know this way of approving: {how or 'none is named'}.")


def _rested(told: Told, row: Row) -> Html:
    seen = row.at("approval", "seen")
    if seen is None:
        first = ["nothing: it was given before anything was there"]
    else:
        first = [f"{name}: {words(value)}" for name, value in seen.items()] if isinstance(seen, dict) else [words(seen)]
    said = row.word("approval", "sentence")
    repeated = text(said) in _plan(told, row)
    approval = row.at("approval")
    more = approval if isinstance(approval, dict) else {}
    other = [f"{name}: {words(value)}" for name, value in more.items() if name not in _SAID]
    return lines((*(first or ["nothing beside the plan"]), *([said] if said and not repeated else []), *other))


def _unasked(told: Told) -> tuple[Html, ...]:
    """Changes that were about to be made without an approval recorded before them: there must be none."""
    found = []
    for row in told.of("about_to"):
        before = [a for a in told.of("approval") if a.line < row.line and a.step == row.step]
        if not before or before[-1].at("approval", "granted") is not True:
            said = (
                f" Line {row.line} was about to do this without an approval recorded before it: {row.word('change')}."
            )
            found.append(paragraph(mark("No approval.", "wrong"), said))
    return tuple(found)
