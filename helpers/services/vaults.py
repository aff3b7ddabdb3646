"""Vaults as Azure Resource Manager describes them, and what is set on them: diagnostic settings."""

from __future__ import annotations

from typing import Any

from azure.core import AzureClouds
from azure.core.credentials import TokenCredential
from azure.core.rest import HttpRequest
from azure.mgmt.keyvault import KeyVaultManagementClient

from helpers.model import DiagnosticSetting, Found, NetworkRules, Vault
from helpers.services.replies import look, needed
from helpers.services.witness import Witness

DIAGNOSTICS_VERSION = "2021-05-01-preview"
"""The version that lists settings of a vault; an older one answered an empty list for a resource that had some."""


class Vaults:
    """Reads only."""

    def __init__(self, credential: TokenCredential, subscription_id: str, witness: Witness) -> None:
        self._client = KeyVaultManagementClient(
            credential,
            subscription_id,
            cloud_setting=AzureClouds.AZURE_PUBLIC_CLOUD,  # else a variable of the shell chooses the host
            raw_response_hook=witness.azure,
        )

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def vault(self, resource_group: str, name: str) -> Found[Vault]:
        """One vault. Properties that Azure leaves out stay None."""
        return look(lambda: _vault(self._client.vaults.get(resource_group, name)))

    def diagnostic_settings(self, resource_id: str) -> Found[tuple[DiagnosticSetting, ...]]:
        """The diagnostic settings of a resource. No installed SDK has a client for them, so the request is spelled."""
        return look(lambda: self._diagnostics(resource_id))

    def _diagnostics(self, resource_id: str) -> tuple[DiagnosticSetting, ...]:
        path = f"{resource_id}/providers/Microsoft.Insights/diagnosticSettings"
        request = HttpRequest("GET", f"{path}?api-version={DIAGNOSTICS_VERSION}")
        response = self._client.send_request(request)
        response.raise_for_status()
        return tuple(_setting(row) for row in response.json()["value"])


def _vault(raw: Any) -> Vault:
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
        ),
        provisioning_state=_text(properties.provisioning_state),
    )


def _text(value: Any) -> str | None:
    """An SDK enum or string as the text that was on the wire."""
    return None if value is None else str(getattr(value, "value", value))


def _setting(row: dict[str, Any]) -> DiagnosticSetting:
    properties = row["properties"]
    enabled = [log for log in properties.get("logs") or () if log.get("enabled") is True]
    categories = [log["category"] for log in enabled if log.get("category")]
    groups = [f"group:{log['categoryGroup']}" for log in enabled if log.get("categoryGroup")]
    sinks = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
    return DiagnosticSetting(
        name=row["name"],
        categories=(*categories, *groups),
        sinks=tuple(properties[sink] for sink in sinks if properties.get(sink)),
    )
