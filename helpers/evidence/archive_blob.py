"""Azure Blob Storage as an archive, by its own client: every write says "only if there is none" (If-None-Match: *).

It needs to create, read and list blobs (Storage Blob Data Contributor has more); for --immutable-until also to set
policies. They are set unlocked, never locked: a lock cannot be taken back, so it is for a person. Sources: REST API
"Put Blob", "Get Blob Properties", "Set Blob Immutability Policy"; "Immutable storage for version-level WORM policies";
read 2026-11. Azurite 3.35 does not implement policies, and passes over their headers (measured).
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from azure.core.credentials import AccessToken, TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.storage.blob import (
    BlobClient,
    BlobImmutabilityPolicyMode,
    BlobServiceClient,
    ContainerClient,
    ImmutabilityPolicy,
)

from helpers.clock import stamp
from helpers.errors import Failed
from helpers.evidence.archive_address import BlobAddress
from helpers.evidence.archive_place import NotRead, NotStored, NotThere
from helpers.evidence.archived import Around, Protection
from helpers.record.secrets import Sought
from helpers.services.patience import told
from helpers.services.replies import UNREADABLE, TooLong, first_line, request_id, stop_at_wrong_cloud, unclear
from helpers.services.witness import Witness

SCOPE = "https://storage.azure.com/.default"
MOST_NAMES = 5000
FORBIDDEN = 403
_OCCUPIED = (409, 412)
"""Something is there already; or a policy or a lease on it is in the way, which is found out by looking."""

PATIENCE: dict[str, Any] = {
    "retry_total": 2,
    "initial_backoff": 1,
    "increment_base": 2,
    "random_jitter_range": 1,
    "connection_timeout": 10,
    "read_timeout": 20,
}
"""How long one request may take: seconds. The client's own would be silent for minutes."""


class StorageOnly:
    """Gives tokens for storage and no other, whatever is asked for: a reply can name any service and any tenant."""

    def __init__(self, credential: TokenCredential) -> None:
        self._credential = credential

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        """A token for storage. Raises ClientAuthenticationError."""
        return self._credential.get_token(SCOPE)


@dataclass(frozen=True)
class BlobPlace:
    """The blobs of one run; `prefix` ends in a slash."""

    container: ContainerClient
    prefix: str

    def names(self) -> Sequence[str]:
        try:
            return list(self._names())
        except (AzureError, *UNREADABLE) as error:
            raise _not_read(error) from None

    def _names(self) -> Iterator[str]:
        for count, blob in enumerate(self.container.list_blobs(name_starts_with=self.prefix, include=["metadata"])):
            if count > MOST_NAMES:
                raise TooLong(f"more than {MOST_NAMES} names")
            if not blob.name.startswith(self.prefix):
                raise ValueError("a name that was not asked for")
            if not _is_folder(blob):
                yield blob.name.removeprefix(self.prefix)

    def put(self, name: str, data: bytes) -> None:
        try:
            self._blob(name).upload_blob(data, length=len(data), overwrite=False)
        except AzureError as error:
            raise _not_stored(error) from None
        except UNREADABLE as error:
            raise NotStored(f"the reply could not be understood: {_said(error)}", unclear=True) from None

    def read(self, name: str) -> Iterator[bytes]:
        try:
            yield from self._blob(name).download_blob(max_concurrency=1).chunks()
        except ResourceNotFoundError as error:
            stop_at_wrong_cloud(error)
            raise NotThere(_said(error), request_id(error)) from None
        except (AzureError, *UNREADABLE) as error:
            raise _not_read(error) from None

    def protection(self, name: str) -> Protection:
        try:
            found = self._blob(name).get_blob_properties()
            policy = found.immutability_policy
            until, mode = policy.expiry_time, policy.policy_mode
            if until is not None and not isinstance(until, datetime):
                raise ValueError("the policy's end is no time")
            return Protection(
                until, str(getattr(mode, "value", mode) or "").lower(), found.has_legal_hold is True, found.version_id
            )
        except (AzureError, *UNREADABLE) as error:
            raise _not_read(error) from None

    def protect(self, name: str, until: datetime) -> None:
        found = self.protection(name)
        if found.until is not None and found.holds:
            if found.until >= until:
                return
            if found.mode == "locked":
                raise NotStored(f"a locked one until {stamp(found.until)} is there: making it longer is for a person")
        policy = ImmutabilityPolicy(expiry_time=until, policy_mode=BlobImmutabilityPolicyMode.UNLOCKED)
        try:
            self._blob(name).set_immutability_policy(policy)
        except (AzureError, *UNREADABLE) as error:
            stop_at_wrong_cloud(error)
            raise NotStored(_said(error), _request_id(error)) from None

    def around(self) -> Around:
        try:
            found = self.container.get_container_properties()
        except (AzureError, *UNREADABLE) as error:
            return Around(why=_not_read(error).why)
        said = (found.has_immutability_policy, found.has_legal_hold, found.immutable_storage_with_versioning_enabled)
        policy, hold, by_version = (value if isinstance(value, bool) else None for value in said)
        return Around(policy, hold, by_version, "its reply does not say" if None in (policy, hold) else "")

    def _blob(self, name: str) -> BlobClient:
        return self.container.get_blob_client(self.prefix + name)


@contextmanager
def opened(address: BlobAddress, run: str, credential: TokenCredential) -> Iterator[BlobPlace]:
    """The place of a run in a container. Raises Failed where signing in does not work."""
    only = StorageOnly(credential)
    try:
        only.get_token(SCOPE)  # here, as the client would try three times more to sign in for its first request
    except (AzureError, ValueError) as error:
        stop_at_wrong_cloud(error)
        raise Failed(
            f"signing in to Azure Storage did not work: {_said(error)}",
            why="Nothing was published.",
            next_step="Check the way of signing in, and that it works here.",
        ) from None
    os.environ["NETRC"] = os.devnull  # else requests puts a password of ~/.netrc in the place of the token
    options: dict[str, Any] = {"permit_redirects": False, **PATIENCE}
    options["raw_response_hook"] = Witness(None).azure  # an archive is never a rehearsal's own
    if address.loopback:  # a rehearsal's proxy, or a company's, does not reach what listens on this machine
        options["proxies"] = {"no_proxy": address.host}
    with BlobServiceClient(address.account, only, **options) as service:
        container = service.get_container_client(address.container)
        yield BlobPlace(container, "/".join(filter(None, (address.prefix, run))) + "/")


def _is_folder(blob: Any) -> bool:
    """Whether it is a folder of an account with a hierarchical namespace, which is listed as an empty blob."""
    return (blob.metadata or {}).get("hdi_isfolder") == "true" and blob.size == 0


def _not_read(error: Exception) -> NotRead:
    stop_at_wrong_cloud(error)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return NotRead(_said(error), _request_id(error), forbidden=status == FORBIDDEN)


def _not_stored(error: AzureError) -> NotStored:
    stop_at_wrong_cloud(error)
    status = error.status_code if isinstance(error, HttpResponseError) else None
    return NotStored(_said(error), request_id(error), unclear=status in _OCCUPIED or unclear(error))


def _said(error: Exception) -> str:
    """Status, code and the service's own first line, scrubbed; and how long it asks to be left alone for."""
    line = first_line(Sought().replaced(str(error)))
    status, response = getattr(error, "status_code", None), getattr(error, "response", None)
    named = [str(part) for part in (status, _code(error)) if part]
    said = f"{' '.join(named)}: {line}" if named else line
    return said + told(status, {} if response is None else response.headers)


def _code(error: Exception) -> str:
    """The code of a reply. The client reads it from most replies, and leaves it in the header of some."""
    code, response = getattr(error, "error_code", None), getattr(error, "response", None)
    said = response.headers.get("x-ms-error-code") if code is None and response is not None else code
    return str(getattr(said, "value", said) or "")


def _request_id(error: Exception) -> str | None:
    return request_id(error) if isinstance(error, AzureError) else None
