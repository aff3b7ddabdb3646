"""Vaults as Azure Resource Manager describes them."""

from __future__ import annotations

from typing import Any

from azure.core import AzureClouds
from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest, HttpResponse
from azure.mgmt.keyvault import KeyVaultManagementClient, __version__

from helpers.model import Found, NetworkRules, Vault
from helpers.services.arm import pipeline
from helpers.services.replies import look, needed, whole
from helpers.services.resources import HOST
from helpers.services.witness import Witness


class Vaults:
    """Reads only."""

    def __init__(self, credential: TokenCredential, subscription_id: str, witness: Witness, **options: Any) -> None:
        """`options` are the SDK's own, such as a transport."""
        self._credential, self._witness = credential, witness
        self._client = KeyVaultManagementClient(
            credential,
            subscription_id,
            cloud_setting=AzureClouds.AZURE_PUBLIC_CLOUD,  # else a variable of the shell chooses the host
            policies=pipeline(credential, witness.azure, f"mgmt-keyvault/{__version__}"),
            **options,
        )

    @property
    def client(self) -> KeyVaultManagementClient:
        """The SDK's own client: what changes something goes through the same pipeline."""
        return self._client

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def vault(self, resource_group: str, name: str) -> Found[Vault]:
        """One vault. Properties that Azure leaves out stay None."""
        return look(lambda: as_vault(self._client.vaults.get(resource_group, name)))

    def all(self) -> Found[tuple[Vault, ...]]:
        """All vaults of the subscription, every page. Reading them takes Reader on the subscription."""
        return look(lambda: tuple(map(as_vault, whole(self._client.vaults.list_by_subscription(), HOST))))

    def of_subscription(self, subscription_id: str) -> Vaults:
        """The same for another subscription, signed in as before. To be closed by itself."""
        return Vaults(self._credential, subscription_id, self._witness)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request that no installed SDK has a method for. Raises nothing for an error reply."""
        return self._client.send_request(request)


def as_vault(raw: Any) -> Vault:
    """A vault from a reply of the SDK. Raises ValueError for one that lacks what every vault has."""
    properties = raw.properties
    rules = properties.network_acls
    return Vault(
        id=needed(raw.id, "id"),
        name=needed(raw.name, "name"),
        location=needed(raw.location, "location"),
        sku=needed(_text(properties.sku.name), "sku"),
        tenant_id=needed(properties.tenant_id, "tenantId"),
        uri=needed(properties.vault_uri, "vaultUri"),
        rbac=properties.enable_rbac_authorization,
        purge_protection=properties.enable_purge_protection,
        soft_delete=properties.enable_soft_delete,
        retention_days=properties.soft_delete_retention_in_days,
        public_access=_text(properties.public_network_access),
        network=None
        if rules is None
        else NetworkRules(
            default_action=_text(rules.default_action),
            ip_rules=tuple(rule.value for rule in rules.ip_rules or ()),
            bypass=_text(rules.bypass),
            subnets=tuple(rule.id for rule in rules.virtual_network_rules or ()),
        ),
        provisioning_state=_text(properties.provisioning_state),
        access_policies=tuple(needed(row.object_id, "objectId") for row in properties.access_policies or ()),
    )


def _text(value: Any) -> str | None:
    """An SDK enum or string as the text that was on the wire."""
    return None if value is None else str(getattr(value, "value", value))
