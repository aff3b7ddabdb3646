"""The variables with which an unmodified client reaches the rehearsal, and nothing else.

They are for child processes. Both cases of the proxy variables are set because lower case wins in some clients;
NO_PROXY is empty and ALL_PROXY gone because a preset value would bypass the front or crash httpx. Measured 2026-11
with azure-identity 1.27, azure-core 1.41, msgraph-sdk 1.65, anthropic 2.12 and Azure CLI 2.91.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from helpers.rehearsal.certificates import Certificates
from helpers.rehearsal.world import World

OPERATOR = "operator"

LEAKS = (
    "ALL_PROXY",
    "all_proxy",
    "PYTHONHTTPSVERIFY",
    "NODE_TLS_REJECT_UNAUTHORIZED",
    "ADAL_PYTHON_SSL_NO_VERIFY",
    "AZURE_CLI_DISABLE_CONNECTION_VERIFICATION",
    "AZURE_AUTHORITY_HOST",
    "AZURE_CLIENT_CERTIFICATE_PATH",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_SEND_CERTIFICATE_CHAIN",
    "AZURE_FEDERATED_TOKEN_FILE",
    "AZURE_USERNAME",
    "AZURE_PASSWORD",
    "AZURE_REGIONAL_AUTHORITY_NAME",
    "AZURE_POD_IDENTITY_AUTHORITY_HOST",
    "AZURE_IDENTITY_DISABLE_MULTITENANTAUTH",
    "AZURE_ADDITIONALLY_ALLOWED_TENANTS",
    "AZURE_KUBERNETES_TOKEN_PROXY",
    "AZURE_KUBERNETES_CA_DATA",
    "AZURE_KUBERNETES_CA_FILE",
    "AZURE_KUBERNETES_SNI_NAME",
    "AZURE_SDK_CLOUD_CONF",
    "AZURE_CLOUD_NAME",
    "AZURE_HTTP_USER_AGENT",
    "AZURE_LOG_LEVEL",
    "AZURE_TRACING_ENABLED",
    "AZURE_SDK_TRACING_IMPLEMENTATION",
    "AZURE_ACCESS_TOKEN_FILE",
    "AZURE_EXTENSION_DIR",
    "AZURE_DEFAULTS_GROUP",
    "AZURE_DEFAULTS_LOCATION",
    "MSI_ENDPOINT",
    "MSI_SECRET",
    "IDENTITY_ENDPOINT",
    "IDENTITY_HEADER",
    "IDENTITY_SERVER_THUMBPRINT",
    "IMDS_ENDPOINT",
    "DEFAULT_IDENTITY_CLIENT_ID",
    "ARM_CLIENT_ID",
    "ARM_CLIENT_SECRET",
    "ARM_TENANT_ID",
    "ARM_SUBSCRIPTION_ID",
    "ARM_ACCESS_KEY",
    "ARM_ENVIRONMENT",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_BASE_URL",
    "ANTHROPIC_CUSTOM_HEADERS",
    "ANTHROPIC_PROFILE",
    "ANTHROPIC_CONFIG_DIR",
    "ANTHROPIC_IDENTITY_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN_FILE",
    "ANTHROPIC_FEDERATION_RULE_ID",
    "ANTHROPIC_ORGANIZATION_ID",
    "ANTHROPIC_SERVICE_ACCOUNT_ID",
    "ANTHROPIC_WORKSPACE_ID",
    "ANTHROPIC_SCOPE",
    "ANTHROPIC_LOG",
    "ANTHROPIC_ENVIRONMENT_ID",
    "ANTHROPIC_ENVIRONMENT_KEY",
    "ANTHROPIC_API_VERSION",
)
"""Presets of a user's shell that would change where a client goes, as whom, or whether it checks certificates."""

FAMILIES = ("ANTHROPIC_", "AZURE_", "ARM_")
"""Any other variable of these families is dropped too when a command is run."""


def environment(
    front_url: str, certificates: Certificates, world: World, folder: Path, identity: str = OPERATOR
) -> dict[str, str | None]:
    """Every variable a client needs to be this identity of the world; None must be unset.

    CMEK_REHEARSAL and CMEK_REHEARSAL_CA (SHA-256 of the CA) are what the front must say of itself.
    `folder` is private to the rehearsal: the Azure CLI keeps its login there, so that the user's own is not seen.
    Raises KeyError for an identity the world does not have.
    """
    state = world.state
    who = state.identities[identity]
    bundle = str(certificates.bundle)
    login = folder / "azure" / re.sub(r"[^\w-]", "_", identity)
    return {
        **dict.fromkeys(LEAKS),
        **dict.fromkeys(("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy"), front_url),
        **dict.fromkeys(("NO_PROXY", "no_proxy"), ""),
        **dict.fromkeys(("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"), bundle),
        "SSL_CERT_DIR": str(certificates.no_others),
        "AZURE_TENANT_ID": state.tenant.id,
        "AZURE_CLIENT_ID": who.client_id,
        "AZURE_CLIENT_SECRET": who.client_secret,
        "AZURE_SUBSCRIPTION_ID": next(iter(state.subscriptions), None),
        "AZURE_TOKEN_CREDENTIALS": "EnvironmentCredential",
        "AZURE_CONFIG_DIR": str(login),
        "AZURE_CORE_COLLECT_TELEMETRY": "0",
        "AZURE_CORE_SURVEY_MESSAGE": "0",
        "AZURE_CORE_NO_COLOR": "1",
        "AZURE_CORE_LOGIN_EXPERIENCE_V2": "0",
        "AZURE_AUTO_UPGRADE_ENABLE": "0",
        "ANTHROPIC_ADMIN_KEY": state.admin_keys.get(identity, state.admin_keys.get(OPERATOR)),
        "CMEK_REHEARSAL": world.id,
        "CMEK_REHEARSAL_CA": certificates.fingerprint,
    }


def applied(variables: Mapping[str, str | None], base: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment of a child process: the base without what leaks, and these variables."""
    kept = {k: v for k, v in base.items() if k not in variables and not k.startswith(FAMILIES)}
    return kept | {k: v for k, v in variables.items() if v is not None}
