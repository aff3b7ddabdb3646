"""Service principals in Microsoft Graph: find the published app's, and consent to it."""

from __future__ import annotations

from typing import Any

import httpx
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from kiota_abstractions.api_error import APIError
from kiota_abstractions.base_request_configuration import RequestConfiguration
from kiota_authentication_azure.azure_identity_authentication_provider import AzureIdentityAuthenticationProvider
from msgraph import GraphServiceClient
from msgraph.generated.models.service_principal import ServicePrincipal as GraphServicePrincipal
from msgraph.generated.service_principals.service_principals_request_builder import ServicePrincipalsRequestBuilder
from msgraph.graph_request_adapter import GraphRequestAdapter
from msgraph_core import GraphClientFactory

from helpers import published
from helpers.errors import ServiceFailed
from helpers.model import Found, Known, ServicePrincipal, Unknown
from helpers.services.portal import run
from helpers.services.replies import first_line
from helpers.services.witness import Witness

_FIELDS = ["id", "appId", "displayName", "accountEnabled", "appOwnerOrganizationId", "createdDateTime"]
_SCOPES = ["https://graph.microsoft.com/.default"]
_ALREADY_THERE = "Request_MultipleObjectsWithSameKeyValue"


class Principals:
    """One Graph client, used through this process's one event loop."""

    def __init__(self, credential: TokenCredential, witness: Witness) -> None:
        http = httpx.AsyncClient(event_hooks={"response": [witness.http_async]}, timeout=60, http2=True)
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
            return Unknown(f"no usable answer from Microsoft Graph: {first_line(error)}")
        except (AttributeError, TypeError, ValueError) as error:
            return Unknown(f"the reply of Microsoft Graph could not be understood: {first_line(error)}")
        return Known(rows)

    def consent(self) -> ServicePrincipal | None:
        """Create the published app's service principal; None when Graph says that it is there already.

        It cannot be made twice: the app id is unique in a tenant. Raises ServiceFailed.
        """

        async def ask() -> Any:
            return await self._client.service_principals.post(GraphServicePrincipal(app_id=published.APP_ID))

        try:
            return _principal(run(ask))
        except APIError as error:
            if _code(error) == _ALREADY_THERE:
                return None
            raise ServiceFailed(
                f"consenting to the published app failed: {_sentence(error)}",
                why="Without its service principal in this tenant, Anthropic cannot reach the key.",
                next_step="Creating it takes Application Administrator, Cloud Application Administrator or an "
                "equivalent role; Application.ReadWrite.OwnedBy is not enough for another company's app.",
                request_id=self._witness.request_id,
            ) from None
        except (httpx.HTTPError, AzureError) as error:
            raise ServiceFailed(
                f"consenting to the published app: no clear answer came back ({first_line(error)})",
                why="It may or may not be there now; it cannot be there twice.",
                next_step="Run this step again; it looks first.",
            ) from None


def _principal(raw: Any) -> ServicePrincipal:
    created = raw.created_date_time if hasattr(raw, "created_date_time") else None
    return ServicePrincipal(
        object_id=str(raw.id),
        app_id=str(raw.app_id),
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
