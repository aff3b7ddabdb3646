"""Clients of Azure Resource Manager: the SDK's pipeline without the policy that registers resource providers."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from azure.core.credentials import AccessToken
from azure.core.pipeline.policies import RetryPolicy
from azure.mgmt.authorization import AuthorizationManagementClient
from azure.mgmt.core.policies import ARMAutoResourceProviderRegistrationPolicy
from azure.mgmt.keyvault import KeyVaultManagementClient

from helpers.errors import ServiceFailed
from helpers.model import Known, Unknown
from helpers.services.connect import Services
from helpers.services.patience import Patient
from helpers.services.witness import Witness
from tests.services.faults import status
from tests.services.rehearsed import GIVEN, Rehearsed, given

VAULT_ID, SUBSCRIPTION = given().vault_id, str(GIVEN["subscription_id"])
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
MESSAGE = (
    "The subscription is not registered to use namespace 'Microsoft.Authorization'. See https://aka.ms/rps-not-found"
)
NOT_REGISTERED = status(409, "MissingSubscriptionRegistration", MESSAGE)
Client = Callable[[Services], Any]
CLIENTS: dict[str, tuple[Client, Callable[..., Any]]] = {
    "vaults": (lambda s: s.vaults._client, KeyVaultManagementClient),
    "roles": (lambda s: s.roles._client, AuthorizationManagementClient),
}


class NoCredential:
    """Stands in where nothing is sent."""

    def get_token(self, *scopes: str, **_: Any) -> AccessToken:
        raise AssertionError(scopes)


def policies(client: Any) -> list[Any]:
    """The policies of a client's pipeline, in order, out of the SDK's wrappers."""
    steps = client._client._pipeline._impl_policies
    return [getattr(step, "_policy", step) for step in steps]


def settings(policy: Any) -> dict[str, Any]:
    """What a policy was set to, as far as it can be compared."""
    plain = {name: value for name, value in vars(policy).items() if name not in ("next", "_credential", "_token")}
    return {name: value for name, value in plain.items() if isinstance(value, int | float | str | list | set | tuple)}


@pytest.mark.parametrize("name", CLIENTS)
def test_the_pipeline_is_the_sdks_without_the_registering(healthy: Rehearsed, name: str) -> None:
    """Same policies in the same order with the same settings, the witness among them; only the one is gone, and the
    retries are the SDK's without its long sleeps."""
    of, stock = CLIENTS[name]
    witness = Witness("world")
    services = healthy.services()
    theirs = policies(stock(NoCredential(), SUBSCRIPTION, raw_response_hook=witness.azure))
    ours = policies(of(services))
    kept = [policy for policy in theirs if not isinstance(policy, ARMAutoResourceProviderRegistrationPolicy)]
    assert len(kept) == len(theirs) - 1
    assert [type(policy) for policy in ours] == [
        Patient if type(policy) is RetryPolicy else type(policy) for policy in kept
    ]
    assert [settings(policy) for policy in ours] == [settings(policy) for policy in kept]
    hooks = [policy._response_callback for policy in ours if hasattr(policy, "_response_callback")]
    assert hooks == [services.witness.azure]


READS: dict[str, tuple[str, str, Callable[[Services], Any]]] = {
    "vault": (
        "Microsoft.KeyVault",
        "Vaults_Get",
        lambda s: s.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]),
    ),
    "diagnostics": (
        "Microsoft.Insights",
        "DiagnosticSettings_List",
        lambda s: s.resources.diagnostic_settings(VAULT_ID),
    ),
}


@pytest.mark.parametrize("name", READS)
def test_a_read_never_registers_a_provider(healthy: Rehearsed, name: str) -> None:
    """Where the provider is not registered, a read is Unknown at once, says who may register it, and changes nothing."""
    provider, operation, read = READS[name]
    healthy.state.subscriptions[SUBSCRIPTION].registered_providers.remove(provider)
    services = healthy.services()
    started = time.monotonic()
    found = read(services)
    assert time.monotonic() - started < 5
    assert isinstance(found, Unknown)
    assert found.reason.startswith(f"409 MissingSubscriptionRegistration: the resource provider {provider} is not")
    assert f"az provider register --namespace {provider}" in found.reason and "somebody with the right" in found.reason
    assert (found.code, bool(found.request_id)) == ("MissingSubscriptionRegistration", True)
    assert healthy.cloud.asked(operation) == 1
    assert healthy.cloud.asked("Providers_Register") == healthy.cloud.asked("Providers_Get") == 0
    assert healthy.cloud.wrote() == []
    assert provider not in healthy.state.subscriptions[SUBSCRIPTION].registered_providers


def test_the_roles_client_never_registers_either(onboarded: Rehearsed) -> None:
    """Neither a read nor a write of roles registers; the write is refused with the same words."""
    services = onboarded.services()
    onboarded.cloud.before("RoleAssignments_ListForScope", NOT_REGISTERED)
    onboarded.cloud.before("RoleAssignments_Create", NOT_REGISTERED)
    found = services.roles.of_principal(VAULT_ID, PRINCIPAL)
    assert isinstance(found, Unknown) and "az provider register" in found.reason
    with pytest.raises(ServiceFailed) as caught:
        services.roles.grant(VAULT_ID, "21090545-7ca7-4776-b22c-e363652d74d2", PRINCIPAL)
    assert "az provider register --namespace Microsoft.Authorization" in caught.value.what
    assert onboarded.cloud.asked("RoleAssignments_Create") == 1
    assert onboarded.cloud.asked("Providers_Register") == 0 and onboarded.cloud.wrote() == []


def test_the_stock_client_would_have_registered(healthy: Rehearsed) -> None:
    """What is kept from happening does happen with the SDK's own pipeline: a read writes."""
    healthy.state.subscriptions[SUBSCRIPTION].registered_providers.remove("Microsoft.KeyVault")
    services = healthy.services()
    client = KeyVaultManagementClient(services._credential, SUBSCRIPTION)
    with mock.patch("azure.mgmt.core.policies._base.time.sleep"):
        client.vaults.get(GIVEN["resource_group"], GIVEN["vault_name"])
    client.close()
    assert healthy.cloud.wrote() == ["Providers_Register"]


def test_another_conflict_is_told_in_the_services_own_words(healthy: Rehearsed) -> None:
    """Only that code is put into other words."""
    healthy.cloud.before("Vaults_Get", status(409, "ScopeLocked", "locked, see 'Microsoft.KeyVault'"))
    found = READS["vault"][2](healthy.services())
    assert isinstance(found, Unknown) and found.reason == "409 ScopeLocked: locked, see 'Microsoft.KeyVault'"
    assert isinstance(healthy.services().roles.of_principal(VAULT_ID, PRINCIPAL), Known)
