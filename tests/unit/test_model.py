"""The predicates that steps and checks judge by."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import Any

import pytest

from helpers import published
from helpers.model import PolicyDefinition, assignment_name, matches, same_id, same_uri
from tests.cases.building import KEY_ID, NOW, OTHER, PRINCIPAL, VAULT_ID, one


@pytest.mark.parametrize(
    ("one_", "other", "same"),
    [
        ("a", "A", True),
        ("/a/b/", "a/B", True),
        ("a", "b", False),
        ("", "", True),
        (None, None, False),
        (None, "a", False),
        ("a", None, False),
    ],
)
def test_ids_are_the_same_whatever_their_case(one_: str | None, other: str | None, same: bool) -> None:
    """Case and slashes at the ends do not count; what is not given is the same as nothing."""
    assert same_id(one_, other) is same


def test_addresses_are_the_same_with_and_without_their_slash() -> None:
    """A vault's address varies in case and in the slash at its end, and in nothing else."""
    assert same_uri("https://KV.vault.azure.net", "https://kv.vault.azure.net/")
    assert not same_uri("https://kv.vault.azure.net/", "https://kv2.vault.azure.net/")
    assert not same_uri("https://kv.vault.azure.net/", "http://kv.vault.azure.net/")


HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("changes", "usable"),
    [
        ({}, True),
        ({"enabled": False}, False),
        ({"enabled": None}, False),
        ({"not_before": NOW}, True),
        ({"not_before": NOW + HOUR}, False),
        ({"expires": NOW}, False),
        ({"expires": NOW + HOUR}, True),
        ({"not_before": NOW - HOUR, "expires": NOW + HOUR}, True),
        ({"not_before": NOW + HOUR, "expires": NOW - HOUR}, False),
    ],
)
def test_a_key_is_usable_when_enabled_and_within_its_dates(changes: dict[str, Any], usable: bool) -> None:
    """From its start on, up to but not at its end, and only where enabled is true."""
    assert one("key", **changes).usable_at(NOW) is usable


@pytest.mark.parametrize(
    ("changes", "gives"),
    [
        ({}, True),
        ({"role_id": published.CRYPTO_USER.upper(), "principal_id": PRINCIPAL.upper(), "scope": KEY_ID + "/"}, True),
        ({"role_id": OTHER}, False),
        ({"principal_id": OTHER}, False),
        ({"scope": VAULT_ID}, False),
        ({"condition": "@Resource[...]"}, False),
        ({"condition": ""}, False),
    ],
)
def test_a_grant_is_role_principal_and_scope_without_a_condition(changes: dict[str, Any], gives: bool) -> None:
    """Any condition makes another grant of it, for it may not hold."""
    assert one("assignments", **changes).gives(published.CRYPTO_USER, PRINCIPAL, KEY_ID) is gives


def test_a_grant_is_to_a_principal_in_any_spelling() -> None:
    """The principal's id is compared without its case."""
    lettered = "abcdefab-cdef-4abc-8def-abcdefabcdef"
    assert one("assignments", principal_id=lettered.upper()).gives(published.CRYPTO_USER, lettered, KEY_ID)


def test_a_grant_has_one_name_everywhere() -> None:
    """The name is a UUID derived from scope, role and principal, the same in any case and never for another grant."""
    name = assignment_name(KEY_ID, published.CRYPTO_USER, PRINCIPAL)
    assert uuid.UUID(name).version == 5
    assert name == assignment_name(KEY_ID.upper(), published.CRYPTO_USER.upper(), PRINCIPAL.upper())
    said = f"{KEY_ID.lower()}|{published.CRYPTO_USER}|{PRINCIPAL}"
    assert name == str(uuid.uuid5(uuid.NAMESPACE_URL, said))
    others = [
        (VAULT_ID, published.CRYPTO_USER, PRINCIPAL),
        (KEY_ID, OTHER, PRINCIPAL),
        (KEY_ID, published.CRYPTO_USER, OTHER),
    ]
    assert name not in {assignment_name(*other) for other in others}


@pytest.mark.parametrize(
    ("categories", "sinks", "audits"),
    [
        (["AuditEvent"], ["/logs"], True),
        (["auditevent"], ["/logs"], True),
        (["group:audit"], ["/logs"], True),
        (["group:allLogs"], ["/logs"], True),
        (["AuditEvent"], [], False),
        (["AllMetrics"], ["/logs"], False),
        (["audit"], ["/logs"], False),
        (["AzurePolicyEvaluationDetails"], ["/logs"], False),
        ([], ["/logs"], False),
    ],
)
def test_key_use_is_audited_when_it_is_written_somewhere(categories: list[str], sinks: list[str], audits: bool) -> None:
    """AuditEvent, or a group that holds it, and a destination."""
    assert one("diagnostics", categories=categories, sinks=sinks).audits is audits


@pytest.mark.parametrize("status", ["Success", "SUCCESS", "succeeded", "ok", "", "failed", "success "])
def test_only_the_word_success_is_success(status: str) -> None:
    """Whatever else Anthropic answers is not success."""
    assert one("validation").succeeded
    assert not one("validation", status=status).succeeded


@pytest.mark.parametrize(
    ("pattern", "action", "same"),
    [
        ("*", "Microsoft.KeyVault/vaults/keys/read", True),
        ("Microsoft.KeyVault/vaults/keys/*", "microsoft.keyvault/VAULTS/keys/wrap/action", True),
        ("Microsoft.KeyVault/vaults/*/action", "Microsoft.KeyVault/vaults/keys/wrap/action", True),
        ("Microsoft.KeyVault/vaults/*/read", "Microsoft.KeyVault/vaults/keys/wrap/action", False),
        ("Microsoft.KeyVault/vaults/keys/wrap", "Microsoft.KeyVault/vaults/keys/wrap/action", False),
        ("Microsoft.KeyVault/vaults/keys/wrap/action", "Microsoft.KeyVault/vaults/keys/unwrap/action", False),
        ("Microsoft_KeyVault/vaults/keys/read", "Microsoft.KeyVault/vaults/keys/read", False),
        ("Microsoft.KeyVault/vaults/keys/rea[d]", "Microsoft.KeyVault/vaults/keys/read", False),
        ("", "Microsoft.KeyVault/vaults/keys/read", False),
    ],
)
def test_an_action_matches_a_pattern_as_a_whole(pattern: str, action: str, same: bool) -> None:
    """A star stands for anything, every other character for itself, and case does not count."""
    assert matches((pattern,), action) is same
    assert matches(("nothing", pattern), action) is same
    assert not matches((), action)


@pytest.mark.parametrize(
    ("fields", "effect", "closes"),
    [
        (("type", "Microsoft.KeyVault/vaults/publicNetworkAccess"), "Deny", True),
        (("Microsoft.KeyVault/vaults/networkAcls.defaultAction",), "Modify", True),
        (("Microsoft.KeyVault/vaults/networkAcls.ipRules[*]",), "Append", True),
        (("microsoft.keyvault/vaults/publicnetworkaccess",), "deployIfNotExists", True),
        (("Microsoft.KeyVault/vaults/publicNetworkAccess",), "Audit", False),
        (("Microsoft.KeyVault/vaults/publicNetworkAccess",), "AuditIfNotExists", False),
        (("Microsoft.KeyVault/vaults/publicNetworkAccess",), "Disabled", False),
        (("Microsoft.KeyVault/vaults/enablePurgeProtection",), "Deny", False),
        ((), "Deny", False),
    ],
)
def test_a_policy_closes_a_vault_where_it_looks_at_its_openness_and_acts(
    fields: tuple[str, ...], effect: str, closes: bool
) -> None:
    """Both count: what the rule looks at, and that it does more than report."""
    assert PolicyDefinition(fields, effect).closes_the_vault is closes
