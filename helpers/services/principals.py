"""Service principals in Microsoft Graph: find the published app's, and consent to it."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from kiota_http.middleware.options import RetryHandlerOption
from msgraph import GraphServiceClient
from msgraph.generated.models.service_principal import ServicePrincipal as GraphServicePrincipal
from msgraph.generated.service_principals.service_principals_request_builder import ServicePrincipalsRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core import GraphClientFactory

from helpers import published
from helpers.errors import ServiceFailed
from helpers.model import Absent, ConditionalAccessPolicy, Found, Grants, Known, ServicePrincipal, Unknown
from helpers.services import patience
from helpers.services.graph import Row, all_of, answered, considerate, every, guid_of, object_of, text_of, texts_of
from helpers.services.graph_retries import middleware
from helpers.services.once import Lost, lost_or_failed, once
from helpers.services.portal import run
from helpers.services.replies import first_line, listed, needed, stop_at_wrong_cloud, unclear_status
from helpers.services.witness import Witness

if TYPE_CHECKING:
    from helpers.services.backoff import BackOff

_FIELDS = [
    "id",
    "appId",
    "displayName",
    "accountEnabled",
    "appOwnerOrganizationId",
    "createdDateTime",
    "keyCredentials",
    "passwordCredentials",
]
T = TypeVar("T")
SCOPES = ["https://graph.microsoft.com/.default"]
_ALREADY_THERE = "Request_MultipleObjectsWithSameKeyValue"
_CONSENTING = "consenting to the published app"
_WHO_CAN = (
    "Creating it takes Application Administrator, Cloud Application Administrator or an equivalent role; "
    "Application.ReadWrite.OwnedBy is not enough for another company's app."
)


class Principals:
    """One Graph client, used through this process's one event loop."""

    def __init__(self, credential: TokenCredential, witness: Witness, backoff: BackOff | None = None) -> None:
        hooks: dict[str, Any] = {"response": [witness.http_async]}
        if backoff is not None:
            hooks["request"] = [considerate(backoff)]
        http = httpx.AsyncClient(
            event_hooks=hooks,
            limits=httpx.Limits(max_keepalive_connections=0),  # the SDK's transport cannot be closed, so keep none open
            timeout=60,
            http2=True,
        )
        adapter = GraphRequestAdapter(
            AzureIdentityAuthenticationProvider(credential, scopes=SCOPES),
            client=GraphClientFactory.create_with_custom_middleware(middleware(), client=http),
        )
        self._client = GraphServiceClient(request_adapter=adapter)
        self._witness = witness

    def of_published_app(self) -> Found[tuple[ServicePrincipal, ...]]:
        """The service principals of Anthropic's published app in this tenant: none, one, or (never expected) more."""
        query = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
            filter=f"appId eq '{published.APP_ID}'", select=_FIELDS
        )

        asked = RequestConfiguration(query_parameters=query)

        def read() -> tuple[ServicePrincipal, ...]:
            return tuple(_principal(row) for row in run(lambda: every(self._client.service_principals, asked)))

        return self._look(read)

    def grants(self, object_id: str) -> Found[Grants]:
        """What was given to a service principal in this tenant beside Azure roles, and who owns it there."""
        its = self._client.service_principals.by_service_principal_id(object_id)

        def read() -> Grants:
            roles, delegated, owners = run(
                lambda: all_of(its.app_role_assignments, its.oauth2_permission_grants, its.owners)
            )
            return Grants(
                app_roles=tuple(map(_app_role, roles)),
                delegated=tuple(needed(text_of(row, "scope"), "scope").strip() for row in delegated),
                owners=tuple(map(_id, owners)),
            )

        return self._look(read)

    def groups(self, object_id: str) -> Found[tuple[str, ...]]:
        """The ids of the groups a service principal belongs to, directly or through other groups."""
        groups = self._client.service_principals.by_service_principal_id(object_id).transitive_member_of

        def read() -> tuple[str, ...]:
            return tuple(map(_id, run(lambda: every(groups))))

        return self._look(read)

    def conditional_access(self) -> Found[tuple[ConditionalAccessPolicy, ...]]:
        """The conditional access policies that are about service principals; reading them takes Policy.Read.All."""
        policies = self._client.identity.conditional_access.policies

        def read() -> tuple[ConditionalAccessPolicy, ...]:
            rows = tuple(_policy(row) for row in run(lambda: every(policies)))
            return tuple(row for row in rows if row.includes or row.filtered)

        return self._look(read)

    def _look(self, read: Callable[[], T]) -> Found[T]:
        try:
            return Known(read())
        except APIError as error:
            return Unknown(_sentence(error), _request_id(error), _code(error))
        except (httpx.HTTPError, AzureError) as error:
            stop_at_wrong_cloud(error)
            return Unknown(f"no usable answer from Microsoft Graph: {first_line(error)}")
        except Exception as error:  # noqa: BLE001 - a reply of another shape, in whatever way it shows
            stop_at_wrong_cloud(error)
            return Unknown(f"the reply of Microsoft Graph could not be understood: {first_line(error)}")

    def consent(self) -> ServicePrincipal | None:
        """Create the published app's service principal; None when Graph says that it is there already.

        It cannot be made twice: the app id is unique in a tenant. One request all the same. Raises ServiceFailed.
        """

        async def ask() -> Row:
            principals = self._client.service_principals
            once_only = RequestConfiguration[Any](options=[RetryHandlerOption(should_retry=False)])
            wanted = principals.to_post_request_information(GraphServicePrincipal(app_id=published.APP_ID), once_only)
            return await answered(wanted, principals.request_adapter)

        def write() -> ServicePrincipal | None:
            try:
                return _principal(run(ask))
            except APIError as error:
                self._refused(error)
                return None
            except AzureError as error:
                raise lost_or_failed(_CONSENTING, error) from None
            except httpx.HTTPError as error:
                raise Lost(first_line(error)) from None
            except Exception as error:  # noqa: BLE001 - as in _look
                stop_at_wrong_cloud(error)
                raise Lost(f"the reply could not be understood: {first_line(error)}") from None

        return once(_CONSENTING, write, self._there)

    def _refused(self, error: APIError) -> None:
        if _code(error) == _ALREADY_THERE:
            return
        if unclear_status(error.response_status_code):
            raise Lost(_sentence(error), self._witness.request_id) from None
        raise ServiceFailed(
            f"{_CONSENTING} failed: {_sentence(error)}",
            why="Without its service principal in this tenant, Anthropic cannot reach the key.",
            next_step=patience.next_step(error.response_status_code, _headers(error), _WHO_CAN),
            request_id=self._witness.request_id,
        ) from None

    def _there(self) -> Found[ServicePrincipal | None]:
        found = self.of_published_app()
        if not isinstance(found, Known):
            return found
        return Known(found.value[0]) if found.value else Absent()


def _id(raw: Row) -> str:
    return needed(text_of(raw, "id"), "id")


def _app_role(raw: Row) -> str:
    resource = text_of(raw, "resourceDisplayName") or guid_of(raw, "resourceId")
    return f"{needed(guid_of(raw, 'appRoleId'), 'appRoleId')} of {resource}"


def _policy(raw: Row) -> ConditionalAccessPolicy:
    clients = object_of(object_of(raw, "conditions"), "clientApplications")
    return ConditionalAccessPolicy(
        id=_id(raw),
        name=text_of(raw, "displayName") or "",
        state=str(text_of(raw, "state")),
        includes=texts_of(clients, "includeServicePrincipals"),
        excludes=texts_of(clients, "excludeServicePrincipals"),
        filtered=clients.get("servicePrincipalFilter") is not None,
    )


def _request_id(error: APIError) -> str | None:
    return _headers(error).get("request-id")


def _headers(error: APIError) -> dict[str, str]:
    """The headers of the reply behind an error, by their names in lower case; of several values the first."""
    found = {}
    for name, value in (error.response_headers or {}).items():
        first = next(iter(value), None) if isinstance(value, list | set | tuple) else value
        if first is not None:
            found[name.lower()] = str(first)
    return found


def _principal(raw: Row) -> ServicePrincipal:
    enabled, credentials = raw.get("accountEnabled"), (raw.get("keyCredentials"), raw.get("passwordCredentials"))
    if not isinstance(enabled, bool | None):
        raise ValueError("accountEnabled is neither true nor false")
    return ServicePrincipal(
        object_id=_id(raw),
        app_id=needed(text_of(raw, "appId"), "appId"),
        display_name=text_of(raw, "displayName"),
        enabled=enabled,
        owner_tenant=guid_of(raw, "appOwnerOrganizationId"),
        credentials=None if None in credentials else sum(len(listed(some)) for some in credentials),
        created=text_of(raw, "createdDateTime"),
    )


def _code(error: APIError) -> str | None:
    return getattr(getattr(error, "error", None), "code", None)


def _sentence(error: APIError) -> str:
    detail = getattr(error, "error", None)
    message = getattr(detail, "message", None) or getattr(error, "message", None) or "no message"
    said = f"{error.response_status_code} {_code(error) or ''}: {first_line(message)}".replace(" :", ":")
    return said + patience.told(error.response_status_code, _headers(error))
