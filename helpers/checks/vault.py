"""The vault, from the vendor's guide, step 4, and its prerequisites. Source: Claude API docs, read 2026-11-23."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from helpers import published
from helpers.checks.base import Check, Finding, Judge, exactly_true, failed, on, passed, unknown
from helpers.facts import Facts
from helpers.model import Lock, Vault, same_id, same_uri
from helpers.parameters import Parameters

_NO_VAULT = failed("no such vault", "the vault", "Check vault_name, resource_group and subscription_id.")


def _vault(judge: Callable[[Vault, Parameters], Finding]) -> Judge:
    return lambda found, parameters: on(found.vault, lambda vault: judge(vault, parameters), absent=_NO_VAULT)


def _found(vault: Vault, parameters: Parameters) -> Finding:
    seen = f"{vault.id}, {vault.location}, {vault.sku}"
    if same_id(vault.id, parameters.vault_id):
        return passed(seen, parameters.vault_id)
    return failed(seen, parameters.vault_id, "Check vault_name, resource_group and subscription_id.")


def _tenant(vault: Vault, parameters: Parameters) -> Finding:
    if same_id(vault.tenant_id, parameters.tenant_id):
        return passed(vault.tenant_id, parameters.tenant_id)
    return failed(vault.tenant_id, parameters.tenant_id, "Register the vault's own tenant: set tenant_id to it.")


def _uri(vault: Vault, parameters: Parameters) -> Finding:
    if same_uri(vault.uri, parameters.vault_uri):
        return passed(vault.uri, parameters.vault_uri)
    return failed(vault.uri, parameters.vault_uri, "Only a vault of the public Azure cloud can be registered.")


def _rbac(vault: Vault, _: Parameters) -> Finding:
    mend = "Switch the vault to Azure RBAC; plan it, as access policies stop counting."
    return exactly_true(vault.rbac, "true", mend)


def _purge_protection(vault: Vault, _: Parameters) -> Finding:
    mend = "Run 04_verify with remediate: [purge_protection]. It can never be switched off again."
    return exactly_true(vault.purge_protection, "true", mend)


def _soft_delete(vault: Vault, _: Parameters) -> Finding:
    judged = exactly_true(vault.soft_delete, "true", "Switch soft delete on; it cannot be switched off again.")
    days = f", {vault.retention_days} days" if vault.retention_days is not None else ""
    return replace(judged, seen=judged.seen + days)


def _retention(vault: Vault, _: Parameters) -> Finding:
    expected = f"{published.LONGEST_RETENTION_DAYS} days"
    if vault.retention_days is None:
        return unknown("Azure does not say how many days")
    if vault.retention_days >= published.LONGEST_RETENTION_DAYS:
        return passed(f"{vault.retention_days} days", expected)
    mend = "The days are fixed when a vault is made: use another vault, or accept V07b with an owner and an end."
    return failed(f"{vault.retention_days} days", expected, mend)


def _public_access(vault: Vault, _: Parameters) -> Finding:
    if (vault.public_access or "").lower() == "enabled":
        return passed("Enabled", "Enabled")
    seen = vault.public_access or "not set"
    mend = "az keyvault update --name … --public-network-access Enabled (private endpoints are not supported)"
    return failed(seen, "Enabled", mend)


def _locked(found: Facts, _: Parameters) -> Finding:
    expected = "CanNotDelete on the vault or above it, and no ReadOnly"

    def judge(rows: tuple[Lock, ...]) -> Finding:
        told = ", ".join(f"{row.name}: {row.level} at {row.scope}" for row in rows) or "no lock"
        levels = {row.level.lower() for row in rows}
        if "readonly" in levels:
            return failed(
                told, expected, "Replace ReadOnly by CanNotDelete: it keeps role assignments from being made."
            )
        if "cannotdelete" in levels:
            return passed(told, expected)
        return failed(told, expected, "Run 04_verify with remediate: [delete_lock], or accept V13.")

    return on(found.locks, judge, absent=_NO_VAULT)


CHECKS = (
    Check(
        "V02",
        "The vault is the one named",
        "blocks",
        "Everything else hangs on it.",
        _vault(_found),
        looks_at="vault: id, location, sku",
        effect="use",
    ),
    Check(
        "V03",
        "The vault's tenant is the one to register",
        "blocks",
        "Anthropic signs in there.",
        _vault(_tenant),
        looks_at="vault: tenantId",
        effect="use",
    ),
    Check(
        "V04",
        f"The vault's address ends in {published.VAULT_SUFFIX}",
        "blocks",
        "It is the address Anthropic calls; another one could be a look-alike.",
        _vault(_uri),
        looks_at="vault: vaultUri",
        effect="use",
    ),
    Check(
        "V05",
        "Azure RBAC is on",
        "blocks",
        "Without it role assignments do not count in the vault.",
        _vault(_rbac),
        looks_at="vault: enableRbacAuthorization",
        effect="use",
        controls={"CIS": "8.3.6", "MCSB": "PA-7", "Prowler": "keyvault_rbac_enabled"},
    ),
    Check(
        "V06",
        "Purge protection is on",
        "blocks",
        "Without it a deleted key can be purged, and the data under it is lost for good.",
        _vault(_purge_protection),
        looks_at="vault: enablePurgeProtection",
        effect="safety",
        controls={"CIS": "8.3.5", "MCSB": "DP-8", "Prowler": "keyvault_recoverable"},
    ),
    Check(
        "V07",
        "Soft delete is on",
        "blocks",
        "A deleted key can then be recovered within the retention days.",
        _vault(_soft_delete),
        looks_at="vault: enableSoftDelete",
        effect="safety",
        controls={"MCSB": "DP-8", "Prowler": "keyvault_recoverable"},
    ),
    Check(
        "V07b",
        "Deleted keys are kept as long as Azure can",
        "warns",
        "The days are what there is to notice and recover a deleted key.",
        _vault(_retention),
        looks_at="vault: softDeleteRetentionInDays",
        effect="safety",
        acceptable=True,
        controls={"MCSB": "DP-8"},
    ),
    Check(
        "V08",
        "Public network access is enabled",
        "blocks",
        "Anthropic calls the vault over its public address.",
        _vault(_public_access),
        looks_at="vault: publicNetworkAccess",
        effect="use",
        acceptable=True,
        controls={"CIS": "8.3.7 (asks for the opposite, see V12)"},
    ),
    Check(
        "V13",
        "The vault cannot be deleted by accident",
        "warns",
        "A lock stands between a slip and the loss of the vault; one against writing would stand in your own way.",
        _locked,
        looks_at="locks on the vault and above it",
        effect="safety",
        acceptable=True,
    ),
)
