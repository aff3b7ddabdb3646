"""The Anthropic Admin API: organization, external keys, workspaces. Retries are off: no call here is deduplicated."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from typing import Any, TypeVar

import anthropic
import httpx2
from anthropic import Anthropic

from helpers import published
from helpers.errors import ServiceFailed, WrongUsage
from helpers.model import Absent, ExternalKey, Found, Known, Organization, Unknown, Validation, Workspace
from helpers.record.secrets import Secret
from helpers.services.once import Lost, once
from helpers.services.replies import MOST_ROWS, UNREADABLE, TooLong, first_line, needed, stop_at_wrong_cloud
from helpers.services.witness import Witness

T = TypeVar("T")
VALIDATE_TIMEOUT_SECONDS = 60.0
"""The service itself waits up to 30 s for the vault before it answers."""


class Admin:
    """One organization's Admin API, with one explicit key and the published address."""

    def __init__(self, key: Secret, witness: Witness) -> None:
        if os.environ.get("ANTHROPIC_CUSTOM_HEADERS"):
            raise WrongUsage(
                "ANTHROPIC_CUSTOM_HEADERS is set, and its headers would go out with every request",
                next_step="Unset it and start again.",
            )
        self._witness = witness
        self._client = Anthropic(
            api_key=key.reveal(),
            base_url=published.ADMIN_API,
            http_client=httpx2.Client(timeout=VALIDATE_TIMEOUT_SECONDS, event_hooks={"response": [witness.http]}),
            max_retries=0,
        )
        self._api = self._client.organization
        self.base_url = published.ADMIN_API

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def organization(self) -> Found[Organization]:
        """The organization the key belongs to."""
        return self._look(lambda: _organization(self._api.retrieve()))

    def external_keys(self) -> Found[tuple[ExternalKey, ...]]:
        """All external keys, every page, newest first."""
        return self._look(lambda: tuple(_external_key(row) for row in _whole(self._api.external_keys.list(limit=100))))

    def workspaces(self) -> Found[tuple[Workspace, ...]]:
        """All workspaces, archived ones and the default one too."""
        pages = self._api.workspaces.list
        return self._look(
            lambda: tuple(
                _workspace(row) for row in _whole(pages(limit=100, include_archived=True, include_default=True))
            )
        )

    def workspace(self, workspace_id: str) -> Found[Workspace]:
        """One workspace."""
        return self._look(lambda: _workspace(self._api.workspaces.retrieve(workspace_id)))

    def external_key(self, key_id: str) -> Found[ExternalKey]:
        """One external key."""
        return self._look(lambda: _external_key(self._api.external_keys.retrieve(key_id)))

    def validate(self, key_id: str) -> Found[Validation]:
        """Ask Anthropic to use the key. HTTP 200 is not success: the word in the body is."""
        return self._look(lambda: _validation(self._api.external_keys.validate(key_id), self._witness.request_id))

    def register_once(self, *, display_name: str, vault_uri: str, key_name: str, tenant_id: str) -> ExternalKey:
        """Register an external key. One request: the service would make a second one. Raises ServiceFailed."""
        config = {"type": "azure", "vault_uri": vault_uri, "key_name": key_name, "tenant_id": tenant_id}

        def write() -> ExternalKey:
            return _external_key(self._api.external_keys.create(display_name=display_name, provider_config=config))  # type: ignore[arg-type]

        def again() -> Found[ExternalKey]:
            return _one(
                self.external_keys(), lambda row: row.client_id is None and row.is_for(vault_uri, key_name, tenant_id)
            )

        return self._once("registering the external key", write, again)

    def attach_once(self, workspace_id: str, key_id: str) -> Workspace:
        """Attach a key to a workspace, for good. One request. Raises ServiceFailed."""

        def write() -> Workspace:
            return _workspace(self._api.workspaces.update(workspace_id, external_key_id=key_id))

        def again() -> Found[Workspace]:
            found = self.workspace(workspace_id)
            return Absent() if isinstance(found, Known) and found.value.external_key_id != key_id else found

        return self._once("attaching the key", write, again)

    def create_workspace_once(self, name: str, key_id: str) -> Workspace:
        """Create a workspace with the key attached from the start, for good. One request. Raises ServiceFailed."""

        def write() -> Workspace:
            return _workspace(self._api.workspaces.create(name=name, external_key_id=key_id))

        def again() -> Found[Workspace]:
            return _one(self.workspaces(), lambda row: row.name == name and row.external_key_id == key_id)

        return self._once("creating the workspace with the key", write, again)

    def _look(self, read: Callable[[], T]) -> Found[T]:
        try:
            return Known(read())
        except anthropic.NotFoundError:
            return Absent()
        except anthropic.APIStatusError as error:
            return Unknown(_sentence(error), error.request_id)
        except anthropic.APIError as error:
            stop_at_wrong_cloud(error)
            return Unknown(f"no usable answer from the Admin API: {first_line(error.__cause__ or error)}")
        except UNREADABLE as error:
            return Unknown(f"the reply of the Admin API could not be understood: {first_line(error)}")

    def _once(self, what: str, write: Callable[[], T], again: Callable[[], Found[T]]) -> T:
        def guarded() -> T:
            try:
                return write()
            except anthropic.APIStatusError as error:
                if error.status_code >= 500 or error.status_code == 408:
                    raise Lost(_sentence(error), error.request_id) from None
                raise ServiceFailed(
                    f"{what} was refused: {_sentence(error)}",
                    why="Nothing was changed by it.",
                    next_step="Mend what the message names, then run this step again; it starts by looking.",
                    request_id=error.request_id,
                ) from None
            except anthropic.APIError as error:
                stop_at_wrong_cloud(error)
                raise Lost(first_line(error.__cause__ or error)) from None

        return once(what, guarded, again)


def _whole(page: Any) -> list[Any]:
    rows = list(islice((row for part in page.iter_pages() for row in needed(part.data, "data")), MOST_ROWS + 1))
    if len(rows) > MOST_ROWS:
        raise TooLong(f"more than {MOST_ROWS} rows")
    return rows


def _one(found: Found[tuple[T, ...]], wanted: Callable[[T], bool]) -> Found[T]:
    """The single row wanted; several are unknown, because it is not for this code to choose."""
    if not isinstance(found, Known):
        return found
    rows = [row for row in found.value if wanted(row)]
    if len(rows) > 1:
        return Unknown(f"{len(rows)} of them are there now; a person must decide which one to remove")
    return Known(rows[0]) if rows else Absent()


def _organization(raw: Any) -> Organization:
    return Organization(needed(raw.id, "id"), needed(raw.name, "name"))


def _external_key(raw: Any) -> ExternalKey:
    config = raw.provider_config
    azure = config.type == "azure"
    return ExternalKey(
        id=needed(raw.id, "id"),
        display_name=raw.display_name,
        vault_uri=config.vault_uri if azure else "",
        key_name=config.key_name if azure else "",
        tenant_id=config.tenant_id if azure else "",
        client_id=config.client_id if azure else None,
        attached={"attached": True, "unattached": False}.get(raw.attachment.type),
    )


def _workspace(raw: Any) -> Workspace:
    return Workspace(
        id=needed(raw.id, "id"),
        name=needed(raw.name, "name"),
        external_key_id=raw.external_key_id,
        archived=raw.archived_at is not None,
        user_profile_id=raw.user_profile_id,
    )


def _validation(raw: Any, request_id: str | None) -> Validation:
    return Validation(needed(raw.status, "status"), raw.error, request_id)


def _sentence(error: anthropic.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    detail = body.get("error") if isinstance(body.get("error"), dict) else {}
    known = detail if isinstance(detail, dict) else {}
    code = (known.get("details") or {}).get("error_code") or known.get("type") or ""
    return f"{error.status_code} {code}: {first_line(known.get('message') or 'no message')}"
