"""What is published is held here as read from the vendor's pages, apart from the code under test."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network

import pytest

from helpers import published


def test_the_constants() -> None:
    """App, role, operations, tag and addresses are those of the vendor's and Microsoft's pages."""
    assert published.APP_ID == "8635ae1a-3e5d-44e8-a4ed-e0f614466f87"
    assert published.APP_DISPLAY_NAME == "anthropic-cmek-client-us"
    assert published.CRYPTO_USER == "12338af0-0e69-4776-bea7-57ae8d297424"
    assert published.CRYPTO_USER_NAME == "Key Vault Crypto User"
    assert published.KEY_OPERATIONS == ("wrapKey", "unwrapKey")
    assert (published.SMALLEST_KEY_BITS, published.MOST_TAGS) == (3072, 15)
    assert published.ADMIN_API == "https://api.anthropic.com"
    assert published.VAULT_SUFFIX == ".vault.azure.net"
    assert IPv4Network("160.79.104.0/21") == published.EGRESS_RANGE
    assert IPv4Network("153.61.208.0/20") == published.EGRESS_RANGE_ADDED
    assert date(2026, 11, 23) == published.EGRESS_CHECKED_ON


def test_retired_addresses_are_in_no_current_range() -> None:
    """An address that was taken out of service is not let in by a range in force."""
    for retired in published.EGRESS_RETIRED:
        assert not retired.overlaps(published.EGRESS_RANGE)
        assert not retired.overlaps(published.EGRESS_RANGE_ADDED)


@pytest.mark.parametrize(
    ("role", "name"),
    [
        ("12338af0-0e69-4776-bea7-57ae8d297424", "Key Vault Crypto User"),
        ("14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer"),
        ("e147488a-f6f5-4113-8e2d-b22465e65bf6", "Key Vault Crypto Service Encryption User"),
        ("00482a5a-887f-4fb3-b363-3b7fe8e74483", "Key Vault Administrator"),
        ("21090545-7ca7-4776-b22c-e363652d74d2", "Key Vault Reader"),
        ("8E3AF657-A8FF-443C-A75C-2FE8C4BCB635", "Owner"),
        ("b24988ac-6180-42a0-ab88-20f7382dd24c", "Contributor"),
        ("acdd72a7-3385-48ef-bd42-f606fba81ae7", "Reader"),
        ("99999999-8888-4777-8666-555555555555", "role 99999999-8888-4777-8666-555555555555"),
        ("Owner", "role Owner"),
    ],
)
def test_a_role_is_called_by_its_name(role: str, name: str) -> None:
    """Built-in roles have their names, in any case of the id; another is shown by its id and never guessed."""
    assert published.role_name(role) == name


def test_the_organizations_that_tags_name() -> None:
    """Only a tag of the name and of the value that count names one; they come in order."""
    tags = {
        "anthropic-org-b": "true",
        "anthropic-org-a": "true",
        "anthropic-org-c": "false",
        "my-anthropic-org-d": "true",
    }
    assert published.organizations(tags) == ("a", "b")


def test_the_organization_tag() -> None:
    """The tag's name ends in the organization's id, and its value is the text true."""
    tag = published.organization_tag("33333333-4444-4555-8666-777777777777")
    assert tag == ("anthropic-org-33333333-4444-4555-8666-777777777777", "true")
