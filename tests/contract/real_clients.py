"""The guide's steps with the vendors' own clients: production host names, settings from environment variables only.

A program of its own, run inside a rehearsal; it prints what each client understood as one JSON object.
"""

from __future__ import annotations

import asyncio
import json
import os
import uuid
from typing import Any

from anthropic import Anthropic
from azure.core.exceptions import ServiceRequestError
from azure.identity import DefaultAzureCredential, EnvironmentCredential
from azure.keyvault.keys import KeyClient
from azure.keyvault.keys.aio import KeyClient as AsyncKeyClient
from azure.keyvault.keys.crypto import CryptographyClient, KeyWrapAlgorithm
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.authorization.models import RoleAssignmentCreateParameters
from azure.mgmt.keyvault import KeyVaultManagementClient
from msgraph import GraphServiceClient
from msgraph.generated.models.service_principal import ServicePrincipal

APP = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"
SUBSCRIPTION = os.environ["AZURE_SUBSCRIPTION_ID"]
GROUP, VAULT, KEY = "rg-claude", "kv-contoso-claude", "claude-cmek"


async def consent() -> dict[str, Any]:
    """Graph: consent, then find the service principal in the list."""
    graph = GraphServiceClient(EnvironmentCredential(), ["https://graph.microsoft.com/.default"])
    made = await graph.service_principals.post(ServicePrincipal(app_id=APP))
    listed = await graph.service_principals.get()
    return {"made": made.id, "listed": {found.app_id: found.id for found in listed.value}}


async def read_key_async(url: str) -> str:
    """Key Vault over aiohttp."""
    from azure.identity.aio import EnvironmentCredential as AsyncEnvironmentCredential

    async with AsyncEnvironmentCredential() as credential, AsyncKeyClient(url, credential) as keys:
        return str((await keys.get_key(KEY)).properties.version)


def refusal() -> str:
    """What a client shows of a host that is not simulated."""
    elsewhere = KeyClient("https://kv.vault.azure.cn", EnvironmentCredential(), retry_total=0)
    try:
        elsewhere.get_key(KEY)
    except ServiceRequestError as error:
        return str(error)
    return "answered"


def main() -> None:
    credential = DefaultAzureCredential()
    token = credential.get_token("https://vault.azure.net/.default")
    principal = asyncio.run(consent())

    management = KeyVaultManagementClient(credential, SUBSCRIPTION)
    vault = management.vaults.get(GROUP, VAULT)

    organization_client = Anthropic(api_key=os.environ["ANTHROPIC_ADMIN_KEY"], max_retries=0).organization
    organization = organization_client.retrieve()

    keys = KeyClient(vault.properties.vault_uri, credential)
    tags = {f"anthropic-org-{organization.id}": "true"}
    created = keys.create_rsa_key(KEY, size=3072, key_operations=["wrapKey", "unwrapKey"], tags=tags)
    got = keys.get_key(KEY)
    crypto = CryptographyClient(got, credential)
    wrapped = crypto.wrap_key(KeyWrapAlgorithm.rsa_oaep_256, b"0123456789abcdef")
    unwrapped = crypto.unwrap_key(KeyWrapAlgorithm.rsa_oaep_256, wrapped.encrypted_key)

    authorization = AuthorizationManagementClient(credential, SUBSCRIPTION)
    scope = f"{vault.id}/keys/{KEY}"
    assignment = authorization.role_assignments.create(
        scope,
        str(uuid.uuid5(uuid.NAMESPACE_URL, scope)),
        RoleAssignmentCreateParameters(
            role_definition_id=f"/subscriptions/{SUBSCRIPTION}/providers/Microsoft.Authorization/roleDefinitions/{CRYPTO_USER}",
            principal_id=principal["made"],
            principal_type="ServicePrincipal",
        ),
    )
    listed = authorization.role_assignments.list_for_scope(scope, filter=f"principalId eq '{principal['made']}'")

    azure = {
        "type": "azure",
        "vault_uri": vault.properties.vault_uri,
        "key_name": KEY,
        "tenant_id": vault.properties.tenant_id,
    }
    external = organization_client.external_keys.create(display_name="cmek", provider_config=azure)
    validated = organization_client.external_keys.validate(external.id)
    workspace = organization_client.workspaces.create(name="cmek", external_key_id=external.id)

    print(
        json.dumps(
            {
                "token": token.token.count("."),
                "principal": principal,
                "vault": [vault.name, vault.properties.vault_uri, vault.properties.enable_rbac_authorization],
                "organization": organization.id,
                "key": [created.properties.version, got.properties.version, got.key_operations, got.properties.tags],
                "key_async": asyncio.run(read_key_async(vault.properties.vault_uri)),
                "unwrapped": unwrapped.key.decode(),
                "assignments": [assignment.name, [found.name for found in listed]],
                "validated": validated.status,
                "attached": organization_client.workspaces.retrieve(workspace.id).external_key_id == external.id,
                "refusal": refusal(),
            }
        )
    )


if __name__ == "__main__":
    main()
