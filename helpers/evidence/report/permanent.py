"""What cannot be undone: what this run did for good, what it may have done, and what follows from it."""

from __future__ import annotations

from helpers.evidence.report.attachment import attachment
from helpers.evidence.report.changes import PURGE_PROTECTION, ROTATE, changes
from helpers.evidence.report.markup import Html, bullets, code, joined, mark, paragraph, strong, table
from helpers.evidence.report.told import Told

AFTER_ATTACHING = (
    "No one can detach the key or put another one in its place, and neither can Anthropic.",
    "If the key, or a version of it that data was written with, is purged, or its vault is lost, the data under it is "
    "lost for good. Anthropic holds no copy.",
    "A disabled key or a role that was taken away locks the data, within about an hour; enabling it or assigning the "
    "role again brings it back.",
    "The workspace's 30-day data retention can no longer be turned off.",
    "Data that was written before the key took effect is not encrypted again.",
    "The registration names the vault's address, the key and the tenant, and cannot be changed while it is attached.",
)
AFTER_ENTERING = (
    "It is the one key of the whole organization: no one can take it away or put another one in its place.",
    "If the key, or a version of it that data was written with, is purged, or its vault is lost, the data under it is "
    "lost for good. Anthropic holds no copy.",
    "A disabled key or a role that was taken away locks the data, within about an hour; enabling it or assigning the "
    "role again brings it back.",
)
PROTECTED = (
    "Purge protection can never be switched off again. Until the retention days of a deleted key or vault are over, "
    "nobody can purge it, and its name cannot be used again."
)
ROTATED = (
    "A key version can never be removed by itself, and no older one becomes current again. It does no harm while every "
    "version stays enabled: data stays encrypted under the version it was written with."
)


def shown(told: Told) -> Html:
    """The whole part."""
    state = attachment(told)
    good = [change for change in changes(told) if change.permanent]
    done, unsure = [c for c in good if c.done], [c for c in good if c.receipt is None]
    parts: list[Html] = []
    if done:
        rows = [
            (
                c.row.word("at") or c.row.time,
                c.says,
                c.row.word("what"),
                code(c.row.actor),
                code(c.row.word("request_id")),
            )
            for c in done
        ]
        parts.append(
            table(
                "Done for good by this run",
                ("On (UTC)", "What was approved", "Receipt", "Signed in as", "Request id"),
                rows,
            )
        )
    else:
        parts.append(paragraph(strong("No receipt of this run is for something that can never be undone.")))
    for change in unsure:
        parts.append(paragraph(mark("May have been done for good.", "wrong"), f" No receipt says: {change.says}."))
    if state.state == "attached before":
        parts.append(
            paragraph(f"Found and kept, and for good as well: the key attached to {' and '.join(state.workspaces)}.")
        )
    if state.handed_over:
        parts += [paragraph("What follows, if the key was entered in claude.ai:"), bullets(AFTER_ENTERING)]
    elif state.may_hold_data:
        perhaps = state.state == "may be attached"
        follows = "What follows, if the key was attached:" if perhaps else "What follows from an attached key:"
        parts += [paragraph(follows), bullets(AFTER_ATTACHING)]
    if any(change.kind == PURGE_PROTECTION for change in good):
        parts.append(paragraph(PROTECTED))
    if any(change.kind == ROTATE for change in good):
        parts.append(paragraph(ROTATED))
    return joined(parts)
