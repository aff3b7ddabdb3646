"""Signing in to Azure by the way the parameters name, never guessed; and who the token says we are."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Callable
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.identity import (
    AzureCliCredential,
    CredentialUnavailableError,
    DeviceCodeCredential,
    EnvironmentCredential,
    InteractiveBrowserCredential,
    ManagedIdentityCredential,
    WorkloadIdentityCredential,
)

from helpers.errors import Failed
from helpers.model import Caller
from helpers.services.noted import Offering
from helpers.services.patience import signing_in
from helpers.services.replies import first_line, stop_at_wrong_cloud

AUTHORITY = "https://login.microsoftonline.com"
ARM_SCOPE = "https://management.azure.com/.default"
CLIENT_ID = "DEFAULT_IDENTITY_CLIENT_ID"
"""Where Azure ML's computes say which identity they have. Their endpoint is to be asked for it by its client ID.

Source: MSAL for JavaScript reads it (ManagedIdentitySources/MachineLearning); azure-identity for Python does not.
"""


def credential(way: str, tenant_id: str, hook: Callable[[Any], None]) -> Offering:
    """The credential for one way of signing in, fixed to the public Azure cloud and to one tenant.

    The authority is given explicitly, so that AZURE_AUTHORITY_HOST cannot move it.
    """
    shared: dict[str, Any] = {"authority": AUTHORITY, "raw_response_hook": signing_in(hook)}
    match way:
        case "azure_cli":
            return AzureCliCredential(tenant_id=tenant_id)
        case "browser":
            return InteractiveBrowserCredential(tenant_id=tenant_id, **shared)
        case "device_code":
            return DeviceCodeCredential(tenant_id=tenant_id, **shared)
        case "managed_identity":
            return ManagedIdentityCredential(client_id=os.environ.get(CLIENT_ID) or None)
        case "workload_identity":
            return WorkloadIdentityCredential(tenant_id=tenant_id, **shared)
        case "environment":
            return EnvironmentCredential(**shared)
    raise ValueError(f"no such way of signing in: {way}")


def caller(signed_in: TokenCredential) -> Caller:
    """Who the Azure token names: object id, tenant and kind. Raises Failed when signing in does not work.

    The claims are read to be shown and recorded, not verified: the services verify them.
    """
    try:
        token = signed_in.get_token(ARM_SCOPE).token
    except (AzureError, CredentialUnavailableError) as error:
        stop_at_wrong_cloud(error)
        raise Failed(
            f"signing in to Azure did not work: {first_line(error)}",
            why="Nothing in Azure can be read or changed without it.",
            next_step="Check the parameter credential, and that this way of signing in works here.",
        ) from None
    claims = claims_of(token)
    return Caller(
        object_id=str(claims.get("oid", "")),
        tenant_id=str(claims.get("tid", "")),
        kind="service principal" if claims.get("idtyp") == "app" else "user",
    )


def claims_of(token: str) -> dict[str, Any]:
    """The claims of a token, read and not verified; none where they cannot be read."""
    payload = token.split(".")[1] if token.count(".") == 2 else ""
    try:
        claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
    except ValueError:
        return {}
    return claims if isinstance(claims, dict) else {}
