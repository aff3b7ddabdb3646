"""Publishing a sealed run to an archive: what may go where, and as whom. How it is done is in `archiving`."""

from __future__ import annotations

from contextlib import AbstractContextManager
from datetime import UTC, date, datetime, time
from pathlib import Path
from typing import TYPE_CHECKING

from helpers.clock import Clock, stamp
from helpers.errors import WrongUsage
from helpers.evidence import archive_address, archive_source, archiving, recorded
from helpers.evidence.archive_address import BlobAddress
from helpers.evidence.archive_place import Place
from helpers.evidence.archive_source import Source
from helpers.evidence.archived import Published
from helpers.record.ledger import NAME
from helpers.record.runs import Run

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_REAL_TIME = Clock()


def publish(
    run: Run,
    to: str,
    credential: TokenCredential | None,
    *,
    immutable_until: date | None = None,
    clock: Clock = _REAL_TIME,
) -> Published:
    """Verify a sealed run and publish it. Raises as `verified` and `publish_verified` do."""
    return publish_verified(verified(run), to, credential, immutable_until=immutable_until, clock=clock)


def verified(run: Run) -> Source:
    """A sealed run as it was sealed. Raises WrongUsage where it is not sealed, Failed where it is broken."""
    return archive_source.of(run.folder)


def publish_verified(
    source: Source,
    to: str,
    credential: TokenCredential | None,
    *,
    immutable_until: date | None = None,
    clock: Clock = _REAL_TIME,
) -> Published:
    """Publish a run under its id. The credential is for blob storage; a folder needs none.

    Raises WrongUsage for an address that is not allowed, Refused for one outside this machine in a rehearsal, Failed
    for a run that changes meanwhile, or where signing in or reaching the archive does not work. Whatever else goes
    wrong is in what is returned, which has an `exit_code`.
    """
    address, until = archive_address.of(to), _moment(immutable_until, clock)
    if isinstance(address, Path) and until is not None:
        raise WrongUsage("--immutable-until: a folder cannot be made immutable; allowed: blob storage")
    if source.statement.rehearsal is not None:
        archive_address.refuse_outside(address, source.run)
    with _opened(source, address, credential) as place:
        return archiving.into(place, source, str(address), until, clock.now())


def needs_sign_in(to: str) -> bool:
    """Whether publishing there needs a credential. Raises WrongUsage for an address that is not allowed."""
    return not isinstance(archive_address.of(to), Path)


def signed_in_as(source: Source) -> tuple[str | None, str]:
    """How and to which tenant a sealed run signed in, as it says itself: how is None where it does not say."""
    way = recorded.read(source.folder / NAME).parameters.get("credential")
    return way if isinstance(way, str) else None, source.statement.target.tenant_id


def _moment(day: date | None, clock: Clock) -> datetime | None:
    """The first moment of a day, UTC. Raises WrongUsage for one that is past."""
    if day is None:
        return None
    moment = datetime.combine(day, time(), UTC)
    if moment <= clock.now():
        raise WrongUsage(f"--immutable-until: given {stamp(moment)}, which is past; allowed: a day to come")
    return moment


def _opened(
    source: Source, address: BlobAddress | Path, credential: TokenCredential | None
) -> AbstractContextManager[Place]:
    if isinstance(address, Path):
        from helpers.evidence.archive_folder import opened as folder

        return folder(address, source.run, source.folder)
    if credential is None:
        raise WrongUsage("--credential: not given, and for blob storage it is never guessed")
    from helpers.evidence.archive_blob import opened as blobs

    return blobs(address, source.run, credential)
