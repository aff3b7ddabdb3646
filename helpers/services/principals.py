"""Service principals in Microsoft Graph: find the published app's, and consent to it."""

from __future__ import annotations

from typing import Any

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
from helpers.model import Absent, Found, Known, ServicePrincipal, Unknown
from helpers.services.once import Lost, lost_or_failed, once
from helpers.services.portal import run
from helpers.services.replies import UNREADABLE, first_line, needed, stop_at_wrong_cloud
from helpers.services.witness import Witness

_FIELDS = ["id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId", "createdDateTime"]
_SCOPES = ["https://graph.microsoft.com/.default"]
_ALREADY_THERE = "Request_MultipleObjectsWithSameKeyValue"
_CONSENTING = "consenting to the published app"


class Principals:
    """One Graph client, used through this process's one event loop."""

    def __init__(self, credential: TokenCredential, witness: Witness) -> None:
        http = httpx.AsyncClient(
            event_hooks={"response": [witness.http_async]},
            limits=httpx.Limits(max_keepalive_connections=0),  # the SDK's transport cannot be closed, so keep none open
            timeout=60,
            http2=True,
        )
        adapter = GraphRequestAdapter(
            AzureIdentityAuthenticationProvider(credential, scopes=_SCOPES),
            client=GraphClientFactory.create_with_default_middleware(client=http),
        )
        self._client = GraphServiceClient(request_adapter=adapter)
        self._witness = witness

    def of_published_app(self) -> Found[tuple[ServicePrincipal, ...]]:
        """The service principals of Anthropic's published app in this tenant: none, one, or (never expected) more."""
        query = ServicePrincipalsRequestBuilder.ServicePrincipalsRequestBuilderGetQueryParameters(
            filter=f"appId eq '{published.APP_ID}'", select=_FIELDS
        )

        async def ask() -> Any:
            return await self._client.service_principals.get(
                request_configuration=RequestConfiguration(query_parameters=query)
            )

        try:
            reply = run(ask)
            rows = tuple(_principal(row) for row in reply.value)
        except APIError as error:
            return Unknown(_sentence(error), self._witness.request_id)
        except (httpx.HTTPError, AzureError) as error:
            stop_at_wrong_cloud(error)
            return Unknown(f"no usable answer from Microsoft Graph: {first_line(error)}")
        except UNREADABLE as error:
            return Unknown(f"the reply of Microsoft Graph could not be understood: {first_line(error)}")
        return Known(rows)

    def consent(self) -> ServicePrincipal | None:
        """Create the published app's service principal; None when Graph says that it is there already.

        It cannot be made twice: the app id is unique in a tenant. One request all the same. Raises ServiceFailed.
        """

        async def ask() -> Any:
            return await self._client.service_principals.post(
                GraphServicePrincipal(app_id=published.APP_ID),
                request_configuration=RequestConfiguration(options=[RetryHandlerOption(should_retry=False)]),
            )

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

        return once(_CONSENTING, write, self._there)

    def _refused(self, error: APIError) -> None:
        if _code(error) == _ALREADY_THERE:
            return
        if (error.response_status_code or 500) >= 500:
            raise Lost(_sentence(error), self._witness.request_id) from None
        raise ServiceFailed(
            f"{_CONSENTING} failed: {_sentence(error)}",
            why="Without its service principal in this tenant, Anthropic cannot reach the key.",
            next_step="Creating it takes Application Administrator, Cloud Application Administrator or an "
            "equivalent role; Application.ReadWrite.OwnedBy is not enough for another company's app.",
            request_id=self._witness.request_id,
        ) from None

    def _there(self) -> Found[ServicePrincipal | None]:
        found = self.of_published_app()
        if not isinstance(found, Known):
            return found
        return Known(found.value[0]) if found.value else Absent()


def _principal(raw: Any) -> ServicePrincipal:
    created = raw.created_date_time if hasattr(raw, "created_date_time") else None
    return ServicePrincipal(
        object_id=needed(raw.id, "id"),
        app_id=needed(raw.app_id, "appId"),
        display_name=raw.display_name,
        enabled=raw.account_enabled,
        owner_tenant=None if raw.app_owner_organization_id is None else str(raw.app_owner_organization_id),
        created=(raw.additional_data or {}).get("createdDateTime") or (str(created) if created else None),
    )


def _code(error: APIError) -> str | None:
    return getattr(getattr(error, "error", None), "code", None)


def _sentence(error: APIError) -> str:
    detail = getattr(error, "error", None)
    message = getattr(detail, "message", None) or getattr(error, "message", None) or "no message"
    return f"{error.response_status_code} {_code(error) or ''}: {first_line(message)}".replace(" :", ":")
