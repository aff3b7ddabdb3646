"""What is published is held here as read from the vendor's pages, apart from the code under test."""

from __future__ import annotations

from datetime import date
from ipaddress import IPv4Network

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


def test_the_organization_tag() -> None:
    """The tag's name ends in the organization's id, and its value is the text true."""
    tag = published.organization_tag("33333333-4444-4555-8666-777777777777")
    assert tag == ("anthropic-org-33333333-4444-4555-8666-777777777777", "true")
