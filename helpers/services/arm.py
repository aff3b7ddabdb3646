"""The pipeline of every Azure Resource Manager client here: the SDK's own, without the policy that registers providers.

Rule: on 409 MissingSubscriptionRegistration the stock pipeline POSTs .../register and asks without end whether that is
done, even where it was only to read. Registering a resource provider changes the subscription, so it is left to a
person. The list is given as `policies=`, which each client hands on to ARMPipelineClient, where it is documented.
Source: azure-mgmt-core 1.6, policies/_base.py and _pipeline_client.py, read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.pipeline import policies
from azure.mgmt.core.policies import ARMChallengeAuthenticationPolicy, ARMHttpLoggingPolicy

from helpers.services.patience import Patient

SCOPE = "https://management.azure.com/.default"


def pipeline(credential: TokenCredential, hook: Callable[[Any], None], client: str) -> list[Any]:
    """The policies of one client, in the SDK's order. `client` is how it names itself (`mgmt-keyvault/14.1.0`).

    The hook sees every reply, those that are tried again too, as it stands below the retries.
    """
    return [
        policies.RequestIdPolicy(),
        policies.HeadersPolicy(),
        policies.UserAgentPolicy(sdk_moniker=client),
        policies.ProxyPolicy(),
        policies.ContentDecodePolicy(),
        policies.RedirectPolicy(),
        Patient(),
        ARMChallengeAuthenticationPolicy(credential, SCOPE),
        policies.CustomHookPolicy(raw_response_hook=hook),
        policies.NetworkTraceLoggingPolicy(),
        policies.DistributedTracingPolicy(),
        policies.SensitiveHeaderCleanupPolicy(),
        ARMHttpLoggingPolicy(),
    ]
