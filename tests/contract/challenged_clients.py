"""The vendors' own clients where a token is no longer enough: each asks one thing, in a world that challenges it once.

A program of its own, run inside a rehearsal; it prints what each client understood as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable
from typing import Any

from azure.core.exceptions import ClientAuthenticationError
from azure.identity import EnvironmentCredential
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.aio import KeyClient as AsyncKeyClient
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.keyvault import KeyVaultManagementClient
from kiota_abstractions.api_error import APIError
from msgraph import GraphServiceClient

SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]
GROUP, VAULT = "rg-claude", "kv-contoso-claude"
URL = f"https://{VAULT}.vault.azure.net"


def outcome(ask: Callable[[], Any]) -> Any:
    """What was answered, or the status and the words of the refusal."""
    try:
        return ask()
    except ClientAuthenticationError as error:
        return [error.status_code, error.message]
    except APIError as error:
        return [error.response_status_code, error.error.message]


async def list_keys() -> list[str]:
    """Key Vault over aiohttp."""
    from azure.identity.aio import EnvironmentCredential as AsyncEnvironmentCredential

    async with AsyncEnvironmentCredential() as credential, AsyncKeyClient(URL, credential) as keys:
        return [key.name async for key in keys.list_properties_of_keys()]


async def list_principals() -> list[str]:
    """Graph, with a client of its own: its first request is the one that is challenged."""
    graph = GraphServiceClient(EnvironmentCredential(), ["https://graph.microsoft.com/.default"])
    listed = await graph.service_principals.get()
    return [found.app_id for found in listed.value]


def main() -> None:
    credential = EnvironmentCredential()
    keys = KeyClient(URL, credential)
    vaults = KeyVaultManagementClient(credential, SUBSCRIPTION).vaults
    roles = AuthorizationManagementClient(credential, SUBSCRIPTION).role_assignments
    scope = f"/subscriptions/{SUBSCRIPTION}"
    said = {
        "vault": outcome(lambda: keys.create_rsa_key("cmk", size=2048, key_operations=["wrapKey"]).key_operations),
        "vault again": outcome(lambda: [key.name for key in keys.list_properties_of_keys()]),
        "vault, async": outcome(lambda: asyncio.run(list_keys())),
        "vaults": outcome(lambda: vaults.get(GROUP, VAULT).name),
        "roles": outcome(lambda: len(list(roles.list_for_scope(scope))) > 0),
        "graph": outcome(lambda: asyncio.run(list_principals())),
    }
    print(json.dumps(said))


if __name__ == "__main__":
    main()
