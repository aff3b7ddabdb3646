"""What is recorded beside the checks: facts an auditor asks for, judged by nobody, and never made up."""

from __future__ import annotations

import json
from typing import Any

import pytest

from helpers import published
from helpers.checks import judge
from helpers.checks.inventory import noted
from helpers.display import JSON_TYPE, bundle
from helpers.model import Absent, DataPermission, Known, RoleAssignment, RoleDefinition
from tests.cases.building import KEY_ID, OTHER, PRINCIPAL, VAULT_ID, facts, known, one, parameters
from tests.unit.checks.finding import GONE, LETTERED, OWNER, vault

KEYS = published.KEYS
UNREAD = "UNKNOWN: no permission (request id req-1)"
CLERK = "77777777-1111-4000-8000-00000000c1e7"
OWN = one("at_key")
NOBODY = "nobody with a role at the key or above; owners could give one"
CRYPTO_USER = one("role_definitions")


def seen(number: str, **changes: Any) -> str:
    """What is recorded under a number."""
    return next(row.seen for row in noted(facts(**changes)) if row.id == number)


def role(role_id: str, name: str, *named: str, without: tuple[str, ...] = ()) -> RoleDefinition:
    return RoleDefinition(role_id, name, (DataPermission(named, without),))


def held(role_id: str, by: str = OTHER, kind: str | None = "User", scope: str = VAULT_ID) -> RoleAssignment:
    return RoleAssignment("id", "name", role_id, by, kind, scope)


OFFICER = role("14b46e9e-c2b7-41b4-b07b-48a6ebf60603", "Key Vault Crypto Officer", f"{KEYS}/*")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({}, "none"),
        (vault(access_policies=[OTHER, PRINCIPAL]), f"2: {OTHER}, {PRINCIPAL}"),
        ({"vault": GONE}, UNREAD),
        ({"vault": Absent()}, "not there"),
    ],
)
def test_access_policies_that_are_left_are_named(changes: dict[str, Any], said: str) -> None:
    """V14 names whom an access policy of the vault names, though it does not count while RBAC is on."""
    assert seen("V14", **changes) == said


@pytest.mark.parametrize(
    ("location", "said"),
    [
        ("northcentralus", "northcentralus, one of the suggested ones"),
        ("EastUS2", "EastUS2, one of the suggested ones"),
        ("westeurope", "westeurope, not one of the suggested ones"),
    ],
)
def test_the_region_is_recorded(location: str, said: str) -> None:
    """V43 says whether the region is one that Anthropic suggests."""
    assert seen("V43", **vault(location=location)) == said
    assert seen("V43", vault=GONE) == UNREAD


@pytest.mark.parametrize(
    ("rows", "roles", "said"),
    [
        ((OWN,), (CRYPTO_USER,), NOBODY),
        ((), (), NOBODY),
        (
            (OWN, held(OFFICER.id.upper())),
            (CRYPTO_USER, OFFICER),
            f"User {OTHER}: wrap, unwrap, delete, purge, as Key Vault Crypto Officer at {VAULT_ID}",
        ),
        (
            (held(CLERK, kind=None, scope=KEY_ID),),
            (role(CLERK, "Key Clerk", f"{KEYS}/*", without=(f"{KEYS}/purge/action", f"{KEYS}/UNWRAP/*")),),
            f"principal {OTHER}: wrap, delete, as Key Clerk at {KEY_ID}",
        ),
        ((held(OWNER),), (role(OWNER, "Owner"),), NOBODY),
        ((held(CLERK),), (role(CLERK, "Key Clerk", f"{KEYS}/read", "Microsoft.KeyVault/vaults/secrets/*"),), NOBODY),
        ((held(CLERK),), (CRYPTO_USER,), f"User {OTHER}: UNKNOWN, the role {CLERK} has no definition here"),
        (
            (held(CLERK, "one"), held(OFFICER.id, "two", "Group")),
            (OFFICER,),
            f"User one: UNKNOWN, the role {CLERK} has no definition here\n"
            f"Group two: wrap, unwrap, delete, purge, as Key Vault Crypto Officer at {VAULT_ID}",
        ),
    ],
)
def test_who_else_may_use_or_destroy_the_key(rows: Any, roles: Any, said: str) -> None:
    """V34 names everybody but Anthropic by what their roles permit, custom ones too; a role that is not there is unknown."""
    assert seen("V34", at_key=Known(rows), role_definitions=Known(roles)) == said


@pytest.mark.parametrize("changes", [{"at_key": GONE}, {"role_definitions": GONE}])
def test_who_else_may_use_the_key_takes_both_lists(changes: dict[str, Any]) -> None:
    """V34 says so where either list could not be read."""
    assert seen("V34", **changes) == UNREAD


def test_anthropics_own_roles_are_left_out_in_any_spelling() -> None:
    """V34 knows Anthropic's principal by its id, whatever its case."""
    rows = Known((held(OFFICER.id, LETTERED.upper()), held(OFFICER.id, OTHER)))
    told = seen(
        "V34", principals=known("principals", object_id=LETTERED), at_key=rows, role_definitions=Known((OFFICER,))
    )
    assert told == f"User {OTHER}: wrap, unwrap, delete, purge, as Key Vault Crypto Officer at {VAULT_ID}"


@pytest.mark.parametrize("principals", [GONE, Absent(), Known((one("principals", object_id=OTHER), one("principals")))])
def test_where_anthropics_principal_is_not_known_nobody_is_left_out(principals: Any) -> None:
    """V34 leaves out one principal only, and none that is not known to be Anthropic's."""
    listed = seen("V34", principals=principals)
    assert listed == f"ServicePrincipal {PRINCIPAL}: wrap, as Key Vault Crypto User at {KEY_ID}"


@pytest.mark.parametrize(
    ("roles", "said"),
    [
        ((role(published.CRYPTO_USER.upper(), "x", f"{KEYS}/*"),), "keys/update and keys/backup"),
        ((role(published.CRYPTO_USER, "x", f"{KEYS}/backup/action"),), "keys/backup"),
        ((role(published.CRYPTO_USER, "x", f"{KEYS}/wrap/action"),), "neither keys/update nor keys/backup"),
        ((OFFICER,), "the role is not assigned at the key or above"),
    ],
)
def test_what_the_role_permits_beyond_wrapping(roles: Any, said: str) -> None:
    """V44 goes by the definition that was read, not by what the role is known for."""
    assert seen("V44", role_definitions=Known(roles)) == said
    assert seen("V44", role_definitions=GONE) == UNREAD


def test_what_is_recorded_is_shown_beside_the_verdicts_and_to_machines() -> None:
    """A second table and the JSON hold the same, in order of their ids; no verdict is given."""
    judged = judge(facts(vault=known("vault", access_policies=[OTHER])), parameters(), "azure")
    made = bundle(judged.view())
    data = json.loads(json.dumps(made[JSON_TYPE]))["inventory"]
    table = judged.view().tables[1]
    assert table.columns == ("Recorded", "Looked at", "Seen", "Why it is kept")
    assert [row[0].split()[0] for row in table.rows] == ["V14", "V34", "V43", "V44"]
    assert [(f"{row['id']} {row['title']}", row["looks_at"], row["seen"], row["why"]) for row in data] == list(
        table.rows
    )
    assert data[0]["seen"] == f"1: {OTHER}"
    assert f"1: {OTHER}" in made["text/plain"] and f"1: {OTHER}" in made["text/html"]
    for row in data:
        assert set(row) == {"id", "title", "looks_at", "seen", "why"}
        assert row["why"].endswith(".")
