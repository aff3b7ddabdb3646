"""Looking again after something was created, because no service here refuses a second one.

Two machines can both look, both see nothing and both create. So each lists once after its create, and whoever finds two
acts on neither: it raises Refused, which names both with the times they were created, and says which one to remove and
how. The rule for which is the same on every machine. A list that cannot be read raises Unproven.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Generic, TypeVar

from helpers.clock import stamp
from helpers.errors import Refused, Unproven
from helpers.model import ExternalKey, Found, Key, KeyVersion, Known, Unknown, Workspace

T = TypeVar("T")
_ADMIN_API = "in the Claude Console or by the Admin API"


@dataclass(frozen=True)
class Dated(Generic[T]):
    """Something with an id, and when the service says that it was created."""

    it: T
    id: str
    created: datetime | None

    @property
    def age(self) -> tuple[bool, datetime, str]:
        """To sort by, the oldest first; what has no time comes last."""
        return self.created is None, self.created or datetime.max.replace(tzinfo=UTC), self.id


def only_version(
    made: Key, vault: str, listed: Found[tuple[KeyVersion, ...]], newest: Callable[[], Found[Key]]
) -> None:
    """Raise unless a key that was created just now has one version. `newest` is asked only where it has more."""
    rows = {row.version: row.created for row in _read(f"version {made.version} of {made.name} was created", listed)}
    rows.setdefault(made.version, made.created)
    if len(rows) == 1:
        return
    current = newest()
    keep = current.value.version if isinstance(current, Known) else next(iter(rows))
    spare = " and ".join(version for version in rows if version != keep)
    raise Refused(
        f"{_number(rows)} versions of {made.name} were made at the same time: "
        + " and ".join(f"{version} (created {_time(created)})" for version, created in rows.items()),
        why="Another machine creates this key as well. Nothing was done with either version, and nothing is attached.",
        next_step=f"A version cannot be deleted by itself. Keep {keep}, which is the current one. Nothing is encrypted "
        f"under {spare}: before anything is attached, disable it (az keyvault key set-attributes --vault-name {vault} "
        f"--name {made.name} --version {spare} --enabled false) and accept V28 for it in accepted_deviations, or leave "
        "it enabled, of which V29 warns. Then run this step again, on one machine only: it goes on with the current "
        "version, and tags it where the tag is missing.",
    )


def only_new_version(
    made: Key, before: Collection[str], listed: Found[tuple[KeyVersion, ...]], newest: Callable[[], Found[Key]]
) -> None:
    """Raise unless a rotation made the only version beside those of `before`. `newest` is asked only where it did not.

    Unlike two keys that were created at once, both may have been used by now: neither is to be disabled.
    """
    found = _read(f"version {made.version} of {made.name} was made", listed)
    rows = {row.version: row.created for row in found if row.version not in before}
    rows.setdefault(made.version, made.created)
    if len(rows) == 1:
        return
    current = newest()
    keep = current.value.version if isinstance(current, Known) else next(iter(rows))
    raise Refused(
        f"{_number(rows)} new versions of {made.name} were made at the same time: "
        + " and ".join(f"{version} (created {_time(created)})" for version, created in rows.items()),
        why="Another machine rotates this key as well. No version was touched after that.",
        next_step=f"Leave all of them enabled: a version cannot be deleted by itself, {keep} is the current one, and "
        "Anthropic may have encrypted data under the others meanwhile. Then run this step again, on one machine only: "
        "it keeps the current version and makes no further one. V29 warns of the one too many until somebody accepts "
        "it.",
    )


def only_external_key(made: Dated[ExternalKey], listed: Found[tuple[Dated[ExternalKey], ...]]) -> None:
    """Raise unless what was registered just now is the only external key for its vault, key and tenant."""
    wanted, found = made.it, _read(f"external key {made.id} was registered", listed)
    rows = _with(made, (row for row in found if _same_registration(row.it, wanted)))
    if len(rows) == 1:
        return
    keep, *spare = sorted(rows, key=lambda row: row.it.attached is False)  # what may be in use, else the oldest
    gone = [row.id for row in spare if row.it.attached is False]
    remove = f"Remove {' and '.join(gone)}, which no workspace has, {_ADMIN_API} (DELETE external_keys/ID). "
    stuck = "More than one is attached, and what is attached cannot be removed: ask Anthropic before you go on. "
    raise Refused(
        f"{_number(rows)} external keys are registered for {wanted.key_name} in {wanted.vault_uri}: "
        + " and ".join(f"{row.id} (created {_time(row.created)}, {_attachment(row.it)})" for row in rows),
        why="Another machine registers this key as well. Nothing was done with either: attaching cannot be undone.",
        next_step=(remove if gone else "")
        + (stuck if len(gone) < len(spare) else "")
        + f"Then run this step again, on one machine only: it goes on with {keep.id}.",
    )


def only_workspace(
    made: Dated[Workspace], before: Collection[str], listed: Found[tuple[Dated[Workspace], ...]]
) -> None:
    """Raise unless what was created just now is the only live workspace of its name, and the only new one with its key.

    `before` are the ids of the workspaces that had the key already.
    """
    wanted, found = made.it, _read(f"workspace {made.id} was created with the key, for good", listed)
    rows = _with(made, (row for row in found if _collides(row.it, wanted, before)))
    if len(rows) == 1:
        return
    keep, *spare = sorted(rows, key=lambda row: row.it.external_key_id != wanted.external_key_id)
    others = " and ".join(row.id for row in spare)
    raise Refused(
        f"{_number(rows)} workspaces were made at the same time: "
        + " and ".join(f"{row.id} ({row.it.name}, created {_time(row.created)}, {_key(row.it)})" for row in rows),
        why="Another machine makes this workspace as well. A key can never be detached from a workspace, so from none "
        "of these. Nothing more was done.",
        next_step=f"Use {keep.id}, and see that nobody uses {others}: archive it {_ADMIN_API} (POST workspaces/ID/"
        "archive). Archived, it keeps its key and does no harm. Then run this step again, on one machine only.",
    )


def _same_registration(row: ExternalKey, wanted: ExternalKey) -> bool:
    """Whether a row registers the same key for Anthropic's own application."""
    return row.client_id is None and row.is_for(wanted.vault_uri, wanted.key_name, wanted.tenant_id)


def _collides(row: Workspace, wanted: Workspace, before: Collection[str]) -> bool:
    same_key = row.external_key_id == wanted.external_key_id and row.id not in before
    return not row.archived and (row.name == wanted.name or same_key)


def _with(made: Dated[T], found: Iterable[Dated[T]]) -> list[Dated[T]]:
    """What was found and what was made, the oldest first: a list may lag behind."""
    rows = {made.id: made, **{row.id: row for row in found}}
    return sorted(rows.values(), key=lambda row: row.age)


def _read(done: str, listed: Found[tuple[T, ...]]) -> tuple[T, ...]:
    if isinstance(listed, Known):
        return listed.value
    raise Unproven(
        f"{done}, and whether another machine made one too could not be read: "
        + (listed.reason if isinstance(listed, Unknown) else "the service says that there is none"),
        why="It is listed once after it was created, because the service does not refuse a second one.",
        next_step="See in the portal or the Claude Console that there is one only, then run this step again.",
        request_id=listed.request_id,
    )


def _number(rows: Collection[object]) -> str:
    return "two" if len(rows) == 2 else str(len(rows))


def _time(moment: datetime | None) -> str:
    return "at a time that is not told" if moment is None else stamp(moment)


def _attachment(row: ExternalKey) -> str:
    if row.attached is None:
        return "whether it is attached is not told"
    return "attached" if row.attached else "not attached"


def _key(row: Workspace) -> str:
    return f"with {row.external_key_id}" if row.external_key_id else "without a key"
