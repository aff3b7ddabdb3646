"""Whether a thing fits, and why, is what the checks and the plan of 02 say of it, and nothing else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from helpers.checks import ALL, judge, preview
from helpers.facts import Facts
from helpers.guided import choices
from helpers.guided.choices import Choice
from helpers.model import Absent, DeletedKey, ExternalKey, Key, Known, Organization, Unknown, Vault, Workspace
from helpers.parameters import load
from helpers.steps import key as key_step
from tests.services.rehearsed import GIVEN, given

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
SEEN = Facts(read_at=NOW)
VAULT = Vault(
    id=given().vault_id,
    name=str(GIVEN["vault_name"]),
    location="eastus2",
    sku="premium",
    tenant_id=str(GIVEN["tenant_id"]),
    uri=given().vault_uri,
    rbac=True,
    purge_protection=True,
    soft_delete=True,
    retention_days=90,
    public_access="Enabled",
    network=None,
)
KEY = Key(
    name="claude-cmek",
    version="0" * 32,
    kty="RSA",
    bits=3072,
    operations=("wrapKey", "unwrapKey"),
    enabled=True,
    not_before=None,
    expires=None,
    tags=dict([given().organization_tag]),
    public_sha256="ab",
)
OURS = ExternalKey("ekey_1", "ours", given().vault_uri, "claude-cmek", str(GIVEN["tenant_id"]), None, False)
PLAIN = Workspace("wrkspc_01PLAIN", "plain", None, archived=False)
ON_KEY = replace(SEEN, vault=Known(VAULT), key=Known(KEY))


def ids(choice: Choice) -> list[str]:
    """The checks that a choice names as reasons."""
    known = {check.id for check in ALL}
    return [why.split()[0] for why in choice.why if why.split()[0] in known]


VAULTS: dict[str, tuple[dict[str, Any], str, list[str]]] = {
    "right": ({}, "fit", []),
    "no purge protection": ({"purge_protection": None}, "not fit", ["V06"]),
    "access policies": ({"rbac": False}, "not fit", ["V05"]),
    "another tenant": ({"tenant_id": "99999999-aaaa-4bbb-8ccc-dddddddddddd"}, "not fit", ["V03"]),
    "another address": ({"uri": "https://kv-contoso-claude.vault.example/"}, "not fit", ["V04"]),
    "a short retention": ({"retention_days": 7}, "fit", ["V07b"]),
}


@pytest.mark.parametrize("name", VAULTS)
def test_a_vault_is_fit_as_04_will_judge_it(name: str) -> None:
    """The reasons are the checks of a preview that do not pass; fit are vaults in which none of them blocks."""
    changes, fit, wrong = VAULTS[name]
    vault = replace(VAULT, **changes)
    choice = choices.of_vault(vault, GIVEN, SEEN)
    verdicts = preview(replace(SEEN, vault=Known(vault)), given())
    assert choice.fit == fit
    assert set(ids(choice)) == set(verdicts.open) == {*wrong, "V12"}
    assert (choice.fit == "fit") is (not verdicts.blocking_failures and not verdicts.blocking_unknowns)


def test_a_vault_of_another_tenant_names_both_tenants() -> None:
    """Whoever signed in to the wrong directory sees which one the vault needs."""
    other = "99999999-aaaa-4bbb-8ccc-dddddddddddd"
    choice = choices.of_vault(replace(VAULT, tenant_id=other), GIVEN, SEEN)
    assert other in choice.why[0] and str(GIVEN["tenant_id"]) in choice.why[0]


def test_a_vault_brings_its_own_place_into_the_parameters() -> None:
    """Subscription, resource group and name are those of its resource id, in whatever case Azure writes it."""
    there = VAULT.id.replace("resourceGroups", "resourcegroups").replace("rg-claude", "RG-Other")
    values = choices.of_vault(replace(VAULT, id=there), {"tenant_id": GIVEN["tenant_id"]}, SEEN).values
    assert values["resource_group"] == "RG-Other" and values["vault_name"] == VAULT.name
    assert values["subscription_id"] == GIVEN["subscription_id"]


KEYS: dict[str, tuple[dict[str, Any], str]] = {
    "right": ({}, "fit"),
    "larger": ({"bits": 4096}, "fit"),
    "too small": ({"bits": 2048}, "not fit"),
    "of another type": ({"kty": "EC", "bits": None}, "not fit"),
    "disabled": ({"enabled": False}, "not fit"),
    "without unwrapKey": ({"operations": ("wrapKey",)}, "not fit"),
    "untagged and wide": ({"tags": {"owner": "us"}, "operations": ("wrapKey", "unwrapKey", "sign")}, "fit"),
    "full of tags": ({"tags": {str(number): "" for number in range(15)}}, "not fit"),
    "expired": ({"expires": datetime(2026, 1, 1, tzinfo=UTC)}, "not fit"),
    "about to expire": ({"expires": datetime(2026, 12, 1, tzinfo=UTC)}, "fit"),
}


@pytest.mark.parametrize("name", KEYS)
def test_a_key_is_fit_where_02_does_not_refuse_it(name: str) -> None:
    """The reasons are the refusals of the plan of 02, or what it will change; what it mends is nothing against a key."""
    changes, fit = KEYS[name]
    found = replace(ON_KEY, key=Known(replace(KEY, **changes)))
    choice = choices.of_key(KEY.name, GIVEN, found)
    plan = key_step.plan(key_step.Wanted.of(load(choice.values)), found)
    assert choice.fit == fit and (fit == "fit") is (not plan.refusals)
    assert [why for why in choice.why if why.startswith("02 will")] == [f"02 will {change}" for change in plan.changes]
    assert all(any(why.startswith(str(refusal)) for why in choice.why) for refusal in plan.refusals)
    assert ids(choice) == (["V26"] if name == "about to expire" else [])


def test_a_key_is_wanted_as_it_is() -> None:
    """Type and size of an adopted key go into the parameters, where parameters can name them."""
    large = replace(ON_KEY, key=Known(replace(KEY, kty="RSA-HSM", bits=4096)))
    small = replace(ON_KEY, key=Known(replace(KEY, bits=2048)))
    assert [choices.of_key("k1", GIVEN, large).values[name] for name in ("key_type", "key_size")] == ["RSA-HSM", 4096]
    assert choices.of_key("k1", GIVEN, small).values["key_size"] == GIVEN["key_size"]


def test_what_could_not_be_read_is_unknown_and_not_fit() -> None:
    """A key that could not be opened is neither fit nor known to be wrong, and not a new one either."""
    choice = choices.of_key("other", GIVEN, replace(ON_KEY, key=Unknown("403 Forbidden: no")))
    assert choice.fit == "UNKNOWN" and "403 Forbidden" in choice.reasons and "opened" in choice.about


def test_a_new_key_is_fit_unless_a_deleted_one_holds_its_name() -> None:
    """A name that is free says what 02 will create; one that is held by a deleted key is refused as 02 would."""
    free = choices.of_key("fresh", GIVEN, replace(ON_KEY, key=Absent(), deleted_key=Absent()))
    held = choices.of_key(
        "gone", GIVEN, replace(ON_KEY, key=Absent(), deleted_key=Known(DeletedKey("gone", None, None)))
    )
    assert (free.fit, held.fit) == ("fit", "not fit") and "new key" in free.about
    assert free.why[0].startswith("02 will create RSA 3072 key fresh") and "soft-deleted" in held.why[0]


WORKSPACES: dict[str, tuple[Workspace, str, list[str]]] = {
    "unused": (PLAIN, "fit", ["V41"]),
    "archived": (replace(PLAIN, archived=True), "not fit", ["V40", "V41"]),
    "default": (replace(PLAIN, is_default=True), "not fit", ["V40", "V41"]),
    "with this key": (replace(PLAIN, external_key_id="ekey_1"), "fit", []),
    "with another key": (replace(PLAIN, external_key_id="ekey_2"), "not fit", ["V40"]),
    "of a user": (replace(PLAIN, user_profile_id="up_1"), "not fit", ["V40", "V41"]),
}


def registered(*rows: Workspace) -> Facts:
    """The facts with these workspaces at Anthropic."""
    there = Known(Organization(str(GIVEN["organization_id"]), "Contoso"))
    return replace(ON_KEY, organization=there, external_keys=Known((OURS,)), workspaces=Known(rows))


@pytest.mark.parametrize("name", WORKSPACES)
def test_a_workspace_is_fit_as_05_will_judge_it(name: str) -> None:
    """The reasons are V40 and V41 as the gate of 05 judges them for the workspace, by its id."""
    row, fit, wrong = WORKSPACES[name]
    found = registered(row)
    choice = choices.of_workspace(row, GIVEN, found)
    judged = {v.check.id: v.finding for v in judge(found, load(choice.values), "gate").rows}
    assert (choice.fit, ids(choice)) == (fit, wrong)
    assert all(judged[number].seen in why for number, why in zip(wrong, choice.why, strict=True))


def test_the_default_workspace_is_fit_where_the_start_means_it() -> None:
    """`default: true` of the start is kept when that very workspace is picked, and never made up."""
    row = replace(PLAIN, is_default=True)
    meant = {**GIVEN, "workspace": {"id": row.id, "default": True}}
    choice = choices.of_workspace(row, meant, registered(row))
    assert choice.fit == "fit" and choice.values["workspace"] == {"id": row.id, "default": True}


def test_a_new_workspace_needs_a_name_that_is_free() -> None:
    """A live workspace of that name stands against it; an empty name is what no parameter file takes."""
    found = registered(PLAIN)
    fits = [choices.new_workspace(name, GIVEN, found).fit for name in ("fresh", "plain", "")]
    assert fits == ["fit", "not fit", "not fit"]


def test_another_organization_is_said() -> None:
    """An Admin API key of another organization is named with what 05 says of it; the right one needs no word."""
    other = replace(registered(), organization=Known(Organization("44444444-4444-4555-8666-777777777777", "Other")))
    assert choices.organization(GIVEN, registered()) == ()
    assert choices.organization(GIVEN, other)[0].startswith("V37 ")
