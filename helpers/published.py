"""What Anthropic and Microsoft publish and this suite relies on, each with its source and the date it was read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from ipaddress import IPv4Network
from typing import Final

# Claude API docs, "Configure Azure Key Vault for CMEK", read 2026-11-23. Nothing else is ever consented to.
APP_ID: Final = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
APP_DISPLAY_NAME: Final = "anthropic-cmek-client-us"

# Same page: RSA, 3072 bits or larger, wrapKey and unwrapKey. Key Vault makes 3072 and 4096 above 2048.
KEY_OPERATIONS: Final = ("wrapKey", "unwrapKey")
SMALLEST_KEY_BITS: Final = 3072

# Same page: the organization tag, required since 2026-09. Key Vault holds at most 15 tags on a key version.
ORGANIZATION_TAG_PREFIX: Final = "anthropic-org-"
ORGANIZATION_TAG_VALUE: Final = "true"
MOST_TAGS: Final = 15

# Azure, "Key Vault soft-delete overview": 7 to 90 days, fixed when the vault is made; read 2026-11-23.
LONGEST_RETENTION_DAYS: Final = 90

# Claude API docs, CMEK overview: the regions near Anthropic, for latency only; read 2026-11-23.
RECOMMENDED_REGIONS: Final = ("northcentralus", "eastus2")

# Data actions on a key, as role definitions name them; what Anthropic does with a key. Azure, "Azure built-in roles".
KEYS: Final = "Microsoft.KeyVault/vaults/keys"
ANTHROPIC_ACTIONS: Final = (f"{KEYS}/read", f"{KEYS}/wrap/action", f"{KEYS}/unwrap/action")

# Azure built-in roles, read 2026-11-23.
CRYPTO_USER: Final = "12338af0-0e69-4776-bea7-57ae8d297424"
CRYPTO_USER_NAME: Final = "Key Vault Crypto User"
ROLE_NAMES: Final = {
    CRYPTO_USER: CRYPTO_USER_NAME,
    "14b46e9e-c2b7-41b4-b07b-48a6ebf60603": "Key Vault Crypto Officer",
    "e147488a-f6f5-4113-8e2d-b22465e65bf6": "Key Vault Crypto Service Encryption User",
    "00482a5a-887f-4fb3-b363-3b7fe8e74483": "Key Vault Administrator",
    "21090545-7ca7-4776-b22c-e363652d74d2": "Key Vault Reader",
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "acdd72a7-3385-48ef-bd42-f606fba81ae7": "Reader",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
    "f25e0fa2-a7c8-4377-a976-54943a77a395": "Key Vault Contributor",
}

# Claude API docs, "IP addresses", outbound. The first range is in every copy read; the second in the newest only.
EGRESS_CHECKED_ON: Final = date(2026, 11, 23)
EGRESS_RANGE: Final = IPv4Network("160.79.104.0/21")
EGRESS_RANGE_ADDED: Final = IPv4Network("153.61.208.0/20")
EGRESS_RETIRED: Final = tuple(
    IPv4Network(f"{address}/32")
    for address in ("34.162.46.92", "34.162.102.82", "34.162.136.91", "34.162.142.92", "34.162.183.95")
)

# Azure, "Key Vault logging": an operation can be read in the log at most so long after it; read 2026-11-27.
LOG_DELAY_MINUTES: Final = 10

# The public Azure cloud and the Claude API, as their SDKs name them.
VAULT_SUFFIX: Final = ".vault.azure.net"
ADMIN_API: Final = "https://api.anthropic.com"

# The API version that anthropic 2.12.0 sends with each request of this suite (anthropic-version); read 2026-11-27.
ADMIN_VERSION: Final = "2026-10-21"


def role_name(role_id: str) -> str:
    """A role as people know it; one this suite has no name for by its GUID."""
    return ROLE_NAMES.get(role_id.lower(), f"role {role_id}")


def organization_tag(organization_id: str) -> tuple[str, str]:
    """The tag that binds a key version to an organization: name and value."""
    return f"{ORGANIZATION_TAG_PREFIX}{organization_id}", ORGANIZATION_TAG_VALUE


def organizations(tags: Mapping[str, str]) -> tuple[str, ...]:
    """The organizations that tags of a key version name with the value that counts, sorted."""
    named = (name for name, value in tags.items() if value == ORGANIZATION_TAG_VALUE)
    return tuple(
        sorted(name.removeprefix(ORGANIZATION_TAG_PREFIX) for name in named if name.startswith(ORGANIZATION_TAG_PREFIX))
    )
