"""Steps and checks ask one place which things the parameters are about."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.model import Absent, Found, Known, Unknown
from helpers.targets import broader_than, foreign, is_dedicated, ours, target, wanted_scope
from tests.cases.building import KEY_ID, OTHER, VAULT_ID, one, parameters


def test_the_scope_is_the_key_unless_the_vault_is_asked_for() -> None:
    """The role is wanted at the key; at the vault only where the parameters say so."""
    assert wanted_scope(parameters()) == KEY_ID
    assert wanted_scope(parameters(role_scope="vault")) == VAULT_ID


@pytest.mark.parametrize(
    ("changes", "broader"),
    [
        ({}, False),
        ({"scope": KEY_ID.upper()}, False),
        ({"condition": "@Resource[...]"}, False),
        ({"scope": VAULT_ID}, True),
        ({"scope": f"{KEY_ID}2"}, True),
        ({"role_id": OTHER}, True),
    ],
)
def test_what_is_not_the_wanted_role_at_the_wanted_scope_is_beside_it(changes: dict[str, Any], broader: bool) -> None:
    """Another role or another scope is reported; the case of ids does not count."""
    row = one("assignments", **changes)
    assert broader_than((row,), KEY_ID) == ((row,) if broader else ())


@pytest.mark.parametrize(
    ("changes", "is_ours"),
    [
        ({}, True),
        ({"vault_uri": "https://KV-CONTOSO-CLAUDE.vault.azure.net"}, True),
        ({"key_name": "Claude-Cmek"}, True),
        ({"tenant_id": OTHER}, False),
        ({"vault_uri": "https://kv-contoso-claude2.vault.azure.net/"}, False),
        ({"key_name": "claude-cmek2"}, False),
        ({"client_id": OTHER}, False),
    ],
)
def test_an_external_key_is_ours_by_vault_key_and_tenant(changes: dict[str, Any], is_ours: bool) -> None:
    """All three must agree, however they are spelt."""
    row = one("external_keys", **changes)
    assert ours((row,), parameters()) == ((row,) if is_ours else ())


@pytest.mark.parametrize(
    ("changes", "is_foreign"),
    [
        ({}, False),
        ({"client_id": OTHER}, True),
        ({"client_id": OTHER, "key_name": "Claude-Cmek"}, True),
        ({"client_id": OTHER, "key_name": "theirs"}, False),
        ({"client_id": OTHER, "tenant_id": OTHER}, False),
    ],
)
def test_this_key_for_another_application_is_foreign(changes: dict[str, Any], is_foreign: bool) -> None:
    """Only registrations of this very key count; what other applications do with other keys is theirs."""
    ours_too, row = one("external_keys", id="cmek_02Ours"), one("external_keys", **changes)
    assert foreign((ours_too, row), parameters()) == ((row,) if is_foreign else ())
    assert ours_too in ours((ours_too, row), parameters())


@pytest.mark.parametrize(
    ("names", "dedicated"),
    [
        (Known(("claude-cmek",)), True),
        (Known(("CLAUDE-cmek",)), True),
        (Known(("claude-cmek", "payroll")), False),
        (Known(("payroll",)), False),
        (Known(()), False),
        (Unknown("no permission"), False),
        (Absent(), False),
    ],
)
def test_a_vault_is_dedicated_only_when_that_is_proven(names: Found[tuple[str, ...]], dedicated: bool) -> None:
    """Exactly this key was listed: an empty list, or none, proves nothing."""
    assert is_dedicated(names, "claude-cmek") is dedicated


def test_a_workspace_named_by_id_is_that_one_even_archived() -> None:
    """An id is never another workspace, and its name does not count."""
    rows = (one("workspaces", archived=True), one("workspaces", id="wrkspc_02Other"))
    assert target(rows, parameters(workspace={"id": "wrkspc_01Contoso"})) == rows[:1]
    assert target(rows, parameters(workspace={"id": "wrkspc_09Nobody"})) == ()


def test_a_workspace_to_be_created_is_met_by_name_among_the_live() -> None:
    """Archived ones do not hold a name; every live one of the name is met."""
    rows = (
        one("workspaces", archived=True),
        one("workspaces", id="wrkspc_02Twin"),
        one("workspaces", id="wrkspc_03Twin"),
        one("workspaces", id="wrkspc_04Other", name="Contoso-CMEK"),
    )
    assert target(rows, parameters()) == rows[1:3]


def test_without_a_workspace_there_is_no_target() -> None:
    """Claude Enterprise names no workspace."""
    enterprise = parameters(product="claude_enterprise", workspace=None)
    assert target((one("workspaces"),), enterprise) == ()
