"""Which rights the steps need, and whether what was read of the caller gives them."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import get_args

import pytest

from helpers import preflight
from helpers.display import bundle, text
from helpers.model import Absent, Caller, Found, Known, Organization, Unknown
from helpers.parameter_values import Remedy
from helpers.parameters import Parameters, load
from helpers.preflight import Preflight, Row
from helpers.preflight.judging import held
from helpers.preflight.rights import (
    ASSIGN,
    CONSENT,
    CREATE_KEY,
    READ_APPLICATIONS,
    READ_KEY,
    READ_POLICIES,
    VAULT,
    Azure,
    Graph,
    needs,
)
from helpers.preflight.seen import Claims, Permission, Seen, Useless
from helpers.record.secrets import looks_like
from tests.services.rehearsed import GIVEN

ORGANIZATION = str(GIVEN["organization_id"])
CALLER = Caller("b0000000-0000-4000-8000-000000000001", str(GIVEN["tenant_id"]), "user")
APP_ADMIN, CLOUD_ADMIN = "9b895d92-2cd3-44c7-9d02-a6ac2d5ea5c3", "158c047a-c907-4556-b7ef-446551a6b5f7"
GLOBAL, PRIVILEGED = "62e90394-69f5-4237-9190-012177145e10", "e8611ab8-c189-46e8-94e1-60213ab1f814"
MEMBER = "b79fbf4d-3ef9-4689-8143-76b194e85509"
OWNER = Permission(("*",), (), (), ())
CONTRIBUTOR = Permission(("*",), ("Microsoft.Authorization/*/Write", "Microsoft.Authorization/*/Delete"), (), ())
VAULT_CONTRIBUTOR = Permission(("Microsoft.Authorization/*/read", "Microsoft.KeyVault/*"), (), (), ())
VAULT_READER = Permission((f"{VAULT}/read",), (), (f"{VAULT}/*/read",), ())
OFFICER = Permission((f"{VAULT}/read",), (), (f"{VAULT}/keys/*", f"{VAULT}/keyrotationpolicies/*"), ())
DATA_ACCESS = Permission((ASSIGN, "Microsoft.Authorization/*/read"), (), (), ())
READ, CREATE, GRANT = Azure(READ_KEY, data=True), Azure(CREATE_KEY, data=True), Azure(ASSIGN)
SEEN = Seen(CALLER, Known((OWNER, OFFICER)), Known(Claims(("Application.ReadWrite.All",), None, None)), Absent())


def given(**changes: object) -> Parameters:
    """The parameters of the rehearsal with some changed."""
    return load({**GIVEN, **changes})


def azure(right: Azure, *permissions: Permission) -> tuple[str, str]:
    """The have-it column and the note for a right, with these permissions."""
    return shown(right, replace(SEEN, azure=Known(permissions)))


def graph(right: Graph, claims: Claims) -> tuple[str, str]:
    """The same with these claims."""
    return shown(right, replace(SEEN, graph=Known(claims)))


def shown(right: Azure | Graph, seen: Seen) -> tuple[str, str]:
    """The same with all that was seen."""
    outcome, note = held(right, given(), seen)
    return Row(needs(given())[0], outcome).have, note


def key_row(admin: Found[Organization | Useless], **changes: object) -> Row:
    """The row of the Admin API key."""
    return preflight.judge(given(**changes), replace(SEEN, admin=admin)).rows[-1]


@pytest.mark.parametrize(
    ("permission", "action", "data", "gives"),
    [
        (OWNER, "Microsoft.KeyVault/vaults/read", False, True),
        (OWNER, READ_KEY, True, False),
        (OWNER, READ_KEY, False, True),
        (CONTRIBUTOR, ASSIGN, False, False),
        (CONTRIBUTOR, "Microsoft.Authorization/roleAssignments/read", False, True),
        (VAULT_READER, READ_KEY.upper(), True, True),
        (VAULT_READER, CREATE_KEY, True, False),
        (OFFICER, f"{VAULT}/keyrotationpolicies/read", True, True),
        (OFFICER, f"{VAULT}/keyrotationpolicies", True, False),
        (Permission((), (), ("*",), (f"{VAULT}/KEYS/*",)), READ_KEY, True, False),
        (Permission(("Microsoft.KeyVault/vaults.read",), (), (), ()), "Microsoft.KeyVault/vaultsXread", False, False),
    ],
)
def test_an_element_gives_what_it_names_and_does_not_take_out(
    permission: Permission, action: str, data: bool, gives: bool
) -> None:
    """`*` stands for anything, case does not count, nothing else is a pattern, and the planes are apart."""
    assert permission.gives(Azure(action, data)) is gives


def test_elements_add_up_and_take_out_of_themselves_only() -> None:
    """What one role takes out another may give: notActions do not deny."""
    assert azure(GRANT, CONTRIBUTOR)[0] == "NO"
    assert azure(GRANT, CONTRIBUTOR, OWNER)[0] == azure(GRANT, OWNER, CONTRIBUTOR)[0] == "yes"
    assert azure(GRANT)[0] == "NO"


@pytest.mark.parametrize(
    ("right", "permission", "have", "said"),
    [
        (GRANT, CONTRIBUTOR, "NO", "Contributor and Key Vault Contributor cannot assign roles."),
        (GRANT, VAULT_CONTRIBUTOR, "NO", "Contributor and Key Vault Contributor cannot assign roles."),
        (READ, CONTRIBUTOR, "NO", "Contributor and Key Vault Contributor cannot use keys."),
        (CREATE, VAULT_CONTRIBUTOR, "NO", "Contributor and Key Vault Contributor cannot use keys."),
        (CREATE, VAULT_READER, "NO", "Key Vault Reader cannot create keys."),
        (CREATE, OWNER, "NO", "Owner has no data actions."),
        (GRANT, OWNER, "yes", ""),
        (GRANT, DATA_ACCESS, "yes", "A condition is not seen: Key Vault Data Access Administrator may assign"),
        (GRANT, VAULT_READER, "NO", ""),
        (CREATE, OFFICER, "yes", ""),
    ],
)
def test_what_looks_enough_and_is_not_is_told(right: Azure, permission: Permission, have: str, said: str) -> None:
    """A role that many take for enough gets a note with its name; one that is enough gets none."""
    column, note = azure(right, permission)
    assert (column, note.startswith(said), bool(note)) == (have, True, bool(said))


@pytest.mark.parametrize(
    ("permissions", "roles", "have"),
    [
        (("Application.ReadWrite.All",), None, "yes"),
        (("Directory.ReadWrite.All",), None, "yes"),
        (("Application.ReadWrite.OwnedBy",), None, "NO"),
        (("Application.Read.All",), None, "NO"),
        ((), None, "NO"),
        (None, None, "UNKNOWN"),
        (None, (CLOUD_ADMIN,), "yes"),
        (None, (PRIVILEGED,), "UNKNOWN"),
    ],
)
def test_consent_by_a_program(permissions: tuple[str, ...] | None, roles: tuple[str, ...] | None, have: str) -> None:
    """A token without a user: the application permissions count, and without that claim nothing is known."""
    column, note = graph(CONSENT, Claims(permissions, None, roles))
    assert column == have
    assert ("another company's application" in note) == (permissions == ("Application.ReadWrite.OwnedBy",))


@pytest.mark.parametrize(
    ("right", "scopes", "roles", "have"),
    [
        (CONSENT, "Application.ReadWrite.All", (APP_ADMIN,), "yes"),
        (CONSENT, "Directory.AccessAsUser.All", (CLOUD_ADMIN,), "yes"),
        (CONSENT, "Directory.AccessAsUser.All", (GLOBAL, MEMBER), "yes"),
        (CONSENT, "Application.ReadWrite.All", (MEMBER,), "NO"),
        (CONSENT, "Application.ReadWrite.All", (PRIVILEGED,), "UNKNOWN"),
        (CONSENT, "Application.ReadWrite.All", None, "UNKNOWN"),
        (CONSENT, "User.Read", (APP_ADMIN,), "NO"),
        (CONSENT, "", None, "NO"),
        (READ_APPLICATIONS, "Directory.AccessAsUser.All", (MEMBER,), "UNKNOWN"),
        (READ_APPLICATIONS, "Directory.AccessAsUser.All", (APP_ADMIN,), "yes"),
        (READ_POLICIES, "Directory.AccessAsUser.All", (GLOBAL,), "NO"),
        (READ_POLICIES, "Policy.Read.All", (GLOBAL,), "yes"),
    ],
)
def test_a_user_needs_the_programs_permission_and_a_role(
    right: Graph, scopes: str, roles: tuple[str, ...] | None, have: str
) -> None:
    """Both count for a user; a token that names no directory roles is never taken for a user without them."""
    assert graph(right, Claims(None, tuple(scopes.split()), roles))[0] == have


def test_what_could_not_be_read_is_unknown_and_told_once_with_its_request_id() -> None:
    """Every row of a source that could not be read is UNKNOWN, and its reason stands above the table."""
    broken = Unknown("403 NotForYou: no", "id-1")
    found = preflight.judge(given(), replace(SEEN, azure=broken, graph=Absent(), admin=broken))
    assert {row.have for row in found.rows} == {"UNKNOWN"}
    assert "What Azure permits could not be read: 403 NotForYou: no (request id id-1)." in found.lines
    assert any(line.startswith("What Microsoft Graph permits could not be read") for line in found.lines)
    rows = found.view().data["rows"]
    assert {(row["reason"], row["request_id"]) for row in rows if row["right"].startswith("Microsoft.KeyVault")} == {
        ("403 NotForYou: no", "id-1")
    }


def test_the_admin_key() -> None:
    """Of this organization it is had, of another it is not, useless it is not, and without one it is not known."""
    mine, other = Organization(ORGANIZATION, "Contoso"), Organization("00000000-0000-4000-8000-000000000000", "Other")
    assert key_row(Known(mine)).have == "yes"
    assert (key_row(Known(other)).have, "Other" in key_row(Known(other)).note) == ("NO", True)
    assert key_row(Known(Useless("an Enterprise key is not enough"))).note == "an Enterprise key is not enough"
    nothing = key_row(Unknown("there is nothing there"))
    assert (nothing.have, nothing.missing) == ("UNKNOWN", False)
    assert nothing.note.startswith("05 needs it; whoever runs 05 brings it.") and "nothing there" in nothing.note


def test_an_enterprise_needs_no_admin_key() -> None:
    """For Claude Enterprise 05 makes no use of the Admin API."""
    rows = preflight.judge(given(product="claude_enterprise"), SEEN).rows
    assert not any("Admin API key" in str(row.need.right) for row in rows)


def test_remedies_need_rights_of_their_own() -> None:
    """Each remedy that is asked for adds the right it takes to 04, each right once; without any there are no writes."""
    sink = "/subscriptions/22222222-3333-4444-8555-666666666666/resourceGroups/rg/providers/Microsoft.OperationalInsights/workspaces/logs"
    added = {
        remedy: [
            str(n.right) for n in needs(given(remediate=[remedy], log_destination=sink)) if n not in needs(given())
        ]
        for remedy in get_args(Remedy)
    }
    assert added == {
        "purge_protection": ["Microsoft.KeyVault/vaults/write"],
        "network_rules": ["Microsoft.KeyVault/vaults/write"],
        "diagnostic_settings": ["Microsoft.Insights/diagnosticSettings/write"],
        "delete_lock": ["Microsoft.Authorization/locks/write"],
        "organization_tag": ["Microsoft.KeyVault/vaults/keys/update/action (data action)"],
    }
    assert len(needs(given(remediate=["purge_protection", "network_rules"]))) == len(needs(given())) + 1
    assert not any("vaults/write" in str(need.right) for need in needs(given()))


def test_the_lines_say_what_of_01_will_be_refused_and_who_is_needed_later() -> None:
    """01 is named first, with every right that is missing; then each later step with the roles to ask for, once each."""
    nobody = replace(SEEN, azure=Known(()), graph=Known(Claims((), None, None)))
    _, first, *later = preflight.judge(given(), nobody).lines
    assert first == (
        "01 will be refused: you do not have Microsoft Graph Application.ReadWrite.All, or Application Administrator or "
        "Cloud Application Administrator; Microsoft.KeyVault/vaults/read."
    )
    assert [line.split(" somebody")[0] for line in later] == ["For 02", "For 03", "For 04 and 05"]
    assert later[0] == "For 02 somebody needs Key Vault Crypto Officer at the vault kv-contoso-claude."
    assert later[1].count("Role Based Access Control Administrator") == 1
    who, first, *rest = preflight.judge(given(), SEEN).lines
    assert (CALLER.object_id in who, CALLER.tenant_id in who, "user" in who) == (True, True, True)
    assert first == "01: you have every right it needs." and rest == []


def test_01_is_not_called_fine_while_something_is_unknown() -> None:
    """A right that could not be seen is named as such at the top."""
    found = preflight.judge(given(), replace(SEEN, graph=Known(Claims(None, None, None))))
    assert found.lines[1].startswith("01: it is not known whether you have Microsoft Graph Application.ReadWrite.All")


def test_an_optional_right_that_is_missing_asks_nobody() -> None:
    """What only a warning needs is shown as NO and is in no line."""
    found = preflight.judge(given(), replace(SEEN, azure=Known((OWNER, VAULT_READER, DATA_ACCESS))))
    optional = [row for row in found.rows if row.have == "NO" and row.need.optional]
    assert [str(row.need.right) for row in optional if isinstance(row.need.right, Azure)] == [
        f"{VAULT}/keys/{name}/action (data action)" for name in ("wrap", "unwrap", "decrypt")
    ]
    assert not any("Crypto User" in line for line in found.lines)


def full() -> Preflight:
    """A preflight with every kind of row and note."""
    owned = Claims(("Application.ReadWrite.OwnedBy",), None, None)
    admin: Found[Organization | Useless] = Known(Useless("an Enterprise key (sk-ant-api01…) is not enough"))
    return preflight.judge(given(), Seen(CALLER, Known((VAULT_READER, DATA_ACCESS)), Known(owned), admin))


def test_people_and_machines_are_shown_the_same_rows() -> None:
    """One table of five columns in the order of the steps; `data` has its rows, and the lines above it."""
    view = full().view()
    (table,) = view.tables
    assert table.columns == ("Step", "Right, and what for", "Have it", "Ask for", "Note")
    said = view.data["rows"]
    assert [(row[0], row[1].split("\n")[0], row[2], row[4]) for row in table.rows] == [
        (", ".join(row["steps"]), row["right"], row["have"], row["note"]) for row in said
    ]
    assert [row["needed"] for row in said] == ["\noptional, " not in row[1] for row in table.rows]
    assert [row[3] for row in table.rows] == [f"{row['role']} {row['scope']}" for row in said]
    assert view.data["said"] == list(view.lines)
    assert [row[0] for row in table.rows] == sorted(row[0] for row in table.rows)


def test_what_is_seen_at_the_vault_only_is_said() -> None:
    """Deny assignments, conditions and rights at the key alone are not in what Azure answers."""
    told = " ".join(text(full().view()).split())
    for word in ("Deny assignments", "conditions", "at the key alone", "not verified"):
        assert word in told


def test_the_record_takes_all_of_it() -> None:
    """Nothing in what is shown looks like a secret to the ledger, the words for the key's prefix included."""
    assert looks_like(json.dumps(bundle(full().view()))) is None
