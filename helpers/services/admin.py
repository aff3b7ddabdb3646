"""The Anthropic Admin API: organization, external keys, workspaces. Retries are off: no call here is deduplicated."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING, Any, TypeVar

import httpx2

from helpers import light, published
from helpers.errors import ServiceFailed, WrongUsage
from helpers.model import Absent, ExternalKey, Found, Known, Organization, Unknown, Validation, Workspace
from helpers.record.secrets import Secret
from helpers.services import admin_rows, made_twice, patience
from helpers.services.made_twice import Dated
from helpers.services.once import Lost, once
from helpers.services.replies import (
    MOST_PAGES,
    MOST_ROWS,
    UNREADABLE,
    TooLong,
    first_line,
    listed,
    stop_at_wrong_cloud,
    unclear_status,
)
from helpers.services.witness import Witness

with light.without("aiohttp"):  # another transport, which the SDK imports where it is there; a tenth of its import
    import anthropic
    from anthropic import Anthropic

if TYPE_CHECKING:
    from helpers.services.backoff import BackOff

T = TypeVar("T")
VALIDATE_TIMEOUT_SECONDS = 60.0
"""The service itself waits up to 30 s for the vault before it answers."""
_MEND = "Mend what the message names, then run this step again; it starts by looking."


class Admin:
    """One organization's Admin API, with one explicit key and the published address."""

    def __init__(self, key: Secret, witness: Witness, backoff: BackOff | None = None) -> None:
        if os.environ.get("ANTHROPIC_CUSTOM_HEADERS"):
            raise WrongUsage(
                "ANTHROPIC_CUSTOM_HEADERS is set, and its headers would go out with every request",
                next_step="Unset it and start again.",
            )
        self._witness = witness
        hooks: dict[str, Any] = {"response": [witness.http]}
        if backoff is not None:
            hooks["request"] = [lambda request: backoff.wait(request.url.host)]
        self._client = Anthropic(
            api_key=key.reveal(),
            base_url=published.ADMIN_API,
            http_client=httpx2.Client(timeout=VALIDATE_TIMEOUT_SECONDS, event_hooks=hooks),
            max_retries=0,
        )
        self._api = self._client.organization
        self.base_url = published.ADMIN_API

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def organization(self) -> Found[Organization]:
        """The organization the key belongs to."""
        return _listed(self._look(lambda: admin_rows.organization(self._api.retrieve())))

    def external_keys(self) -> Found[tuple[ExternalKey, ...]]:
        """All external keys, every page, newest first."""
        rows = self._api.external_keys.list
        return _listed(self._look(lambda: tuple(admin_rows.external_key(row) for row in _whole(rows(limit=100)))))

    def workspaces(self) -> Found[tuple[Workspace, ...]]:
        """All workspaces, archived ones too. The default one is that which is listed only when asked for."""
        pages = self._api.workspaces.list

        def read() -> tuple[Workspace, ...]:
            rows = _whole(pages(limit=100, include_archived=True, include_default=True))
            named = {row.id for row in _whole(pages(limit=100, include_archived=True))}
            beside = [row.id for row in rows if row.id not in named]
            if len(beside) > 1:
                raise ValueError(f"{len(beside)} workspaces are listed as the default one")
            return tuple(admin_rows.workspace(row, is_default=row.id in beside) for row in rows)

        return _listed(self._look(read))

    def workspace(self, workspace_id: str) -> Found[Workspace]:
        """One workspace."""
        return self._look(lambda: admin_rows.workspace(self._api.workspaces.retrieve(workspace_id)))

    def external_key(self, key_id: str) -> Found[ExternalKey]:
        """One external key."""
        return self._look(lambda: admin_rows.external_key(self._api.external_keys.retrieve(key_id)))

    def validate(self, key_id: str) -> Found[Validation]:
        """Ask Anthropic to use the key. HTTP 200 is not success: the word in the body is."""
        return self._look(
            lambda: admin_rows.validation(self._api.external_keys.validate(key_id), self._witness.request_id)
        )

    def register_once(self, *, display_name: str, vault_uri: str, key_name: str, tenant_id: str) -> ExternalKey:
        """Register an external key. One request: the service would make a second one. They are listed after it.

        Raises ServiceFailed; Refused when another machine registered it too, Unproven when that is not known.
        """
        config = {"type": "azure", "vault_uri": vault_uri, "key_name": key_name, "tenant_id": tenant_id}

        def write() -> Dated[ExternalKey]:
            made = self._api.external_keys.create(display_name=display_name, provider_config=config)  # type: ignore[arg-type]
            return admin_rows.dated([made], admin_rows.external_key)[0]

        def rows() -> Found[tuple[Dated[ExternalKey], ...]]:
            page = self._api.external_keys.list
            return self._look(lambda: admin_rows.dated(_whole(page(limit=100)), admin_rows.external_key))

        def is_it(row: ExternalKey) -> bool:
            return row.client_id is None and row.is_for(vault_uri, key_name, tenant_id)

        made = self._once("registering the external key", write, lambda: _any(rows(), is_it))
        with self._witness.aside():
            made_twice.only_external_key(made, rows())
        return made.it

    def attach_once(self, workspace_id: str, key_id: str) -> Workspace:
        """Attach a key to a workspace, for good. One request. Raises ServiceFailed."""

        def write() -> Workspace:
            return admin_rows.workspace(self._api.workspaces.update(workspace_id, external_key_id=key_id))

        def again() -> Found[Workspace]:
            found = self.workspace(workspace_id)
            return Absent() if isinstance(found, Known) and found.value.external_key_id != key_id else found

        return self._once("attaching the key", write, again)

    def create_workspace_once(self, name: str, key_id: str, before: Collection[str] = ()) -> Workspace:
        """Create a workspace with the key attached from the start, for good. One request; they are listed after it.

        `before` are the ids of the workspaces that had the key already. Raises ServiceFailed; Refused when another
        machine made one too, Unproven when that is not known.
        """

        def write() -> Dated[Workspace]:
            made = self._api.workspaces.create(name=name, external_key_id=key_id)
            return admin_rows.dated([made], admin_rows.workspace)[0]

        def rows() -> Found[tuple[Dated[Workspace], ...]]:
            page = self._api.workspaces.list
            return self._look(lambda: admin_rows.dated(_whole(page(limit=100)), admin_rows.workspace))

        def is_it(row: Workspace) -> bool:
            return row.name == name and row.external_key_id == key_id

        made = self._once("creating the workspace with the key", write, lambda: _any(rows(), is_it))
        with self._witness.aside():
            made_twice.only_workspace(made, before, rows())
        return made.it

    def _look(self, read: Callable[[], T]) -> Found[T]:
        try:
            return Known(read())
        except anthropic.APIStatusError as error:
            if error.status_code == 404 and _kind(error) == "not_found_error":
                return Absent(error.request_id)
            wait = patience.asked(error.response.headers)
            return Unknown(_sentence(error), error.request_id, str(error.status_code), wait)
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
                if unclear_status(error.status_code):
                    raise Lost(_sentence(error), error.request_id) from None
                raise ServiceFailed(
                    f"{what} was refused: {_sentence(error)}",
                    why="Nothing was changed by it.",
                    next_step=patience.next_step(error.status_code, error.response.headers, _MEND),
                    request_id=error.request_id,
                ) from None
            except anthropic.APIError as error:
                stop_at_wrong_cloud(error)
                raise Lost(first_line(error.__cause__ or error)) from None

        return once(what, guarded, again)


def _listed(found: Found[T]) -> Found[T]:
    """A list, and the organization itself, always are there: a 404 in their place is nothing to conclude from."""
    if not isinstance(found, Absent):
        return found
    return Unknown("404: the Admin API says that there is no such thing here", found.request_id, "404")


def _whole(page: Any) -> list[Any]:
    rows: list[Any] = []
    for number, part in enumerate(page.iter_pages(), 1):
        rows.extend(listed(part.data))
        if not part.has_next_page():
            if getattr(part, "has_more", None):  # the client ends at an empty page, whatever it says
                raise ValueError("more rows are said to follow an empty page")
            return rows
        if len(rows) > MOST_ROWS or number == MOST_PAGES:
            break
    raise TooLong(f"more than {MOST_PAGES} pages or {MOST_ROWS} rows")


def _any(found: Found[tuple[Dated[T], ...]], wanted: Callable[[T], bool]) -> Found[Dated[T]]:
    """A row that is wanted: it shows that the write happened. Whether there are more is asked after every write."""
    if not isinstance(found, Known):
        return _listed(found)
    rows = [row for row in found.value if wanted(row.it)]
    return Known(rows[0]) if rows else Absent()


def _kind(error: anthropic.APIStatusError) -> str | None:
    """The type of an error as the Admin API names it; None for a body that is not the Admin API's."""
    detail = error.body.get("error") if isinstance(error.body, dict) else None
    return detail.get("type") if isinstance(detail, dict) else None


def _sentence(error: anthropic.APIStatusError) -> str:
    body = error.body if isinstance(error.body, dict) else {}
    detail = body.get("error") if isinstance(body.get("error"), dict) else {}
    known = detail if isinstance(detail, dict) else {}
    code = (known.get("details") or {}).get("error_code") or known.get("type") or ""
    told = patience.told(error.status_code, error.response.headers)
    return f"{error.status_code} {code}: {first_line(known.get('message') or 'no message')}{told}"
