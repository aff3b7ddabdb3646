"""What the caller may do, as Azure, a Graph token and the Admin API say it. Reads only; no token or key leaves it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest, HttpResponse

from helpers.errors import WrongUsage
from helpers.model import Found, Known, Organization, Unknown
from helpers.parameters import Parameters
from helpers.preflight.seen import Claims, Permission, Useless
from helpers.services.admin_key import NotAnAdminKey
from helpers.services.credentials import claims_of
from helpers.services.replies import (
    MOST_ROWS,
    TooLong,
    first_line,
    follow,
    listed,
    look,
    needed,
    request_id,
    stop_at_wrong_cloud,
)

if TYPE_CHECKING:
    from helpers.services.admin import Admin

VERSION = "2022-04-01"
HOST = "management.azure.com"
GRAPH_SCOPE = "https://graph.microsoft.com/.default"
MOST_PAGES = 100


class Permissions:
    """Reads through the vault client's pipeline, with the caller's own credential, and with the Admin API's client."""

    def __init__(
        self,
        credential: TokenCredential,
        send: Callable[[HttpRequest], HttpResponse],
        admin: Callable[[], Admin],
    ) -> None:
        self._credential = credential
        self._send = send
        self._admin = admin

    def azure(self, resource_id: str) -> Found[tuple[Permission, ...]]:
        """The caller's permissions at a resource, one element for each role assignment at or above it.

        Source: Microsoft.Authorization 2022-04-01, Permissions_ListForResource; it takes permissions/read, which
        somebody without any role does not have.
        """
        path = f"{resource_id}/providers/Microsoft.Authorization/permissions"
        return look(lambda: tuple(map(_permission, self._rows(f"{path}?api-version={VERSION}"))))

    def graph(self) -> Found[Claims]:
        """The claims of the token that Graph is asked with."""
        try:
            token = self._credential.get_token(GRAPH_SCOPE, enable_cae=True).token  # as the Graph client asks for it
        except AzureError as error:
            stop_at_wrong_cloud(error)
            return Unknown(f"no token for Microsoft Graph: {first_line(error)}", request_id(error))
        return look(lambda: _claims(claims_of(token)))

    def admin_key(self, parameters: Parameters) -> Found[Organization | Useless]:
        """Whose Admin API key the reference leads to; Unknown where it leads to nothing."""
        if parameters.product == "claude_enterprise":
            return Unknown("not needed for Claude Enterprise")
        try:
            found = self._admin().organization()
        except NotAnAdminKey:
            return Known(
                Useless("What is there is not an Admin API key. An Enterprise key (sk-ant-api01…) is not enough.")
            )
        except WrongUsage as error:
            return Unknown(error.what)
        if isinstance(found, Unknown) and found.code == "401":
            return Known(Useless(f"The Admin API does not accept it: {found.reason} (request id {found.request_id})"))
        return Known(found.value) if isinstance(found, Known) else found

    def _rows(self, url: str | None) -> Iterator[Any]:
        """All elements of all pages, bounded; a next page on another host is never asked for."""
        rows = 0
        for _ in range(MOST_PAGES):
            response = self._send(HttpRequest("GET", str(url)))
            response.raise_for_status()
            body = response.json()
            for row in listed(body["value"]):
                rows += 1
                yield row
            url = follow(body.get("nextLink"), HOST)
            if not url:
                return
            if rows > MOST_ROWS:
                break
        raise TooLong(f"more than {MOST_PAGES} pages or {MOST_ROWS} rows")


def _permission(row: dict[str, Any]) -> Permission:
    """One element. A field that is missing is no empty one; null is."""
    return Permission(*(_texts(row[name] or []) for name in ("actions", "notActions", "dataActions", "notDataActions")))


def _claims(said: dict[str, Any]) -> Claims:
    """The claims that count here. Raises ValueError for a token whose claims cannot be read: each has an audience."""
    needed(said.get("aud"), "the audience of the token")
    roles, wids, scopes = said.get("roles"), said.get("wids"), said.get("scp")
    return Claims(
        permissions=None if roles is None else _texts(roles),
        scopes=None if scopes is None else _texts(str(scopes).split()),
        directory_roles=None if wids is None else tuple(row.lower() for row in _texts(wids)),
    )


def _texts(values: Any) -> tuple[str, ...]:
    if not isinstance(values, list) or not all(isinstance(value, str) for value in values):
        raise ValueError("not a list of texts")
    return tuple(values)
