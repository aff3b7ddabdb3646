"""Every reply of every client carries the mark of the cloud the process works with, or ends the run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from helpers.errors import WrongCloud
from helpers.model import Unknown
from helpers.services.connect import Services
from helpers.services.witness import Witness
from tests.services.faults import marked
from tests.services.rehearsed import GIVEN, Rehearsed, given

CALLS: dict[str, tuple[str, Callable[[Services], Any]]] = {
    "sign-in": ("token", lambda s: s.caller),
    "sign-in of a read": ("token", lambda s: s.keys.key("claude-cmek")),
    "sign-in of a write": ("token", lambda s: s.roles.grant(given().vault_id, "role", "principal")),
    "sign-in for Graph": ("token", lambda s: s.principals.consent()),
    "vault": ("Vaults_Get", lambda s: s.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"])),
    "diagnostics": ("DiagnosticSettings_List", lambda s: s.resources.diagnostic_settings(given().vault_id)),
    "key": ("GetKey", lambda s: s.keys.key("claude-cmek")),
    "grant": ("RoleAssignments_Create", lambda s: s.roles.grant(given().vault_id, "role", "principal")),
    "principals": ("servicePrincipal list", lambda s: s.principals.of_published_app()),
    "consent": ("servicePrincipal create", lambda s: s.principals.consent()),
    "organization": ("organization retrieve", lambda s: s.admin.organization()),
    "validation": ("external key validate", lambda s: s.admin.validate("ekey_01")),
    "attach": ("workspace update", lambda s: s.admin.attach_once("wrkspc_01REHEARSALDEFAULT", "ekey_01")),
}
each = pytest.mark.parametrize("call", CALLS)


@each
@pytest.mark.parametrize("mark", ["rehearsal-0ther", ""])
def test_a_reply_without_this_rehearsals_mark_ends_the_run(healthy: Rehearsed, call: str, mark: str) -> None:
    """In a rehearsal a reply of another cloud raises WrongCloud, through every client, and nothing more is sent."""
    operation, make = CALLS[call]
    services = healthy.services()
    if operation != "token":
        make_ready(services)
    healthy.cloud.mend()
    healthy.cloud.after(operation, marked(mark))
    with pytest.raises(WrongCloud, match="without the mark"):
        make(services)
    assert healthy.cloud.asked(operation) == 1
    assert healthy.cloud.journal.rows()[-1]["operation"] == operation


@each
def test_a_reply_with_a_mark_outside_a_rehearsal_ends_the_run(healthy: Rehearsed, call: str) -> None:
    """A process that takes itself for live stops at the first marked reply, before anything is concluded."""
    _, make = CALLS[call]
    services = healthy.services()
    services.witness._world = None
    with pytest.raises(WrongCloud, match="this is not a rehearsal"):
        make(services)
    assert len(healthy.cloud.journal.rows()) == 1
    assert healthy.cloud.wrote() == []


def make_ready(services: Services) -> None:
    """Sign in for every service, and meet the vault's challenge."""
    services.caller.object_id  # noqa: B018
    services.keys.key("claude-cmek")
    services.principals.of_published_app()


@pytest.mark.parametrize(
    ("world", "headers", "right"),
    [
        ("rehearsal-1", {"X-Rehearsal": "rehearsal-1"}, True),
        ("rehearsal-1", {"x-rehearsal": "rehearsal-2"}, False),
        ("rehearsal-1", {}, False),
        (None, {}, True),
        (None, {"x-rehearsal": "rehearsal-1"}, False),
    ],
)
def test_the_mark_and_the_world_agree(world: str | None, headers: dict[str, str], right: bool) -> None:
    """The mark of the very world, or outside a rehearsal none; the request id of the reply is kept either way."""
    witness = Witness(world)
    if right:
        witness.saw("vault.azure.net", {**headers, "X-MS-Request-Id": "id-1"})
    else:
        with pytest.raises(WrongCloud):
            witness.saw("vault.azure.net", {**headers, "X-MS-Request-Id": "id-1"})
    assert witness.request_id == "id-1"


def test_unknown_is_not_what_a_wrong_cloud_reads_as(healthy: Rehearsed) -> None:
    """The control for the tests above: with the right mark the same read is an answer or Unknown, not an error."""
    services = healthy.services("nobody")
    assert isinstance(services.vaults.vault(GIVEN["resource_group"], GIVEN["vault_name"]), Unknown)
