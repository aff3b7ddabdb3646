"""Writes: sent once, settled by looking when the reply is lost, and told when refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import pytest

from helpers import published
from helpers.errors import Refused, ServiceFailed
from helpers.model import RoleAssignment, assignment_name
from helpers.rehearsal.material import complete
from helpers.rehearsal.state import ExternalKey, ServicePrincipal, State, Workspace
from helpers.rehearsal.state import RoleAssignment as HeldAssignment
from helpers.rehearsal.worldfile import load
from helpers.services.connect import Services
from helpers.waiting import NotYet
from tests.services.faults import Meets, dropped, page, status, text
from tests.services.rehearsed import GIVEN, Rehearsed, given

KEY, VAULT, TENANT = str(GIVEN["key_name"]), str(GIVEN["vault_name"]), str(GIVEN["tenant_id"])
URI, SCOPE = given().vault_uri, given().vault_id
PRINCIPAL = "44444444-5555-4666-8777-888888888888"
EKEY, WORKSPACE = "ekey_01NEVERTWICE", "wrkspc_01NEVERTWICE"


def _attached(state: State) -> int:
    return sum(workspace.external_key_id == EKEY for workspace in state.workspaces.values())


def _versions(state: State) -> int:
    return sum(len(key.versions) for key in state.vaults[VAULT].keys.values())


def _granted(state: State) -> int:
    return sum(row.principal_id == PRINCIPAL for row in state.role_assignments.values())


@dataclass(frozen=True)
class Write:
    """One write: its operation, the call, and how many of its objects a world holds."""

    operation: str
    call: Callable[[Services], Any]
    count: Callable[[State], int]


WRITES = {
    "create key": Write(
        "CreateKey",
        lambda s: s.keys.create_once(KEY, kty="RSA", bits=2048, operations=("wrapKey", "unwrapKey"), tags={"a": "b"}),
        _versions,
    ),
    "register": Write(
        "external key create",
        lambda s: s.admin.register_once(display_name="cmek", vault_uri=URI, key_name=KEY, tenant_id=TENANT),
        lambda state: len(state.external_keys) - 1,
    ),
    "attach": Write("workspace update", lambda s: s.admin.attach_once(WORKSPACE, EKEY), _attached),
    "create workspace": Write("workspace create", lambda s: s.admin.create_workspace_once("mine", EKEY), _attached),
    "grant": Write(
        "RoleAssignments_Create", lambda s: s.roles.grant(SCOPE, published.CRYPTO_USER, PRINCIPAL), _granted
    ),
    "consent": Write(
        "servicePrincipal create",
        lambda s: s.principals.consent(),
        lambda state: sum(p.app_id == published.APP_ID for p in state.service_principals.values()),
    ),
}
each = pytest.mark.parametrize("name", WRITES)
LOST: dict[str, Meets] = {
    "500": status(500),
    "503": status(503),
    "504": status(504),
    "cut": dropped,
}


@lru_cache(maxsize=1)
def _onboarded() -> State:
    return complete(load("onboarded"))


def ready(world: Rehearsed, name: str, identity: str = "operator") -> Services:
    """Services that have signed in and met the vault's challenge, in a world that has what this write needs."""
    state = world.state
    if name == "grant":
        state.service_principals[PRINCIPAL] = ServicePrincipal(
            app_id=published.APP_ID, display_name=published.APP_DISPLAY_NAME, owner_tenant=TENANT
        )
    state.external_keys[EKEY] = ExternalKey(vault_uri=URI, key_name="other", tenant_id=TENANT)
    state.workspaces[WORKSPACE] = Workspace(name="empty")
    if name in ("attach", "create workspace"):  # only a key that validates can be attached
        held = _onboarded().model_copy(deep=True)
        state.vaults, state.service_principals = held.vaults, held.service_principals
        state.role_assignments, state.external_keys[EKEY].key_name = held.role_assignments, KEY
    services = world.services(identity)
    services.keys.key(KEY)
    world.cloud.mend()
    return services


@each
@pytest.mark.parametrize("lost", [*LOST, "page", "nonsense", "other"])
def test_a_lost_reply_makes_one_and_finds_it(healthy: Rehearsed, name: str, lost: str) -> None:
    """The change happened and its reply did not come: one request, one object, and the call returns that object."""
    write = WRITES[name]
    services = ready(healthy, name)
    meets = {**LOST, "page": page, "nonsense": text("{not json"), "other": text("{}")}[lost]
    healthy.cloud.after(write.operation, meets)
    made = write.call(services)
    assert made is not None
    assert healthy.cloud.asked(write.operation) == 1
    assert healthy.cloud.wrote() == [write.operation]
    assert write.count(healthy.state) == 1


@each
@pytest.mark.parametrize("lost", LOST)
def test_a_write_that_did_not_happen_is_told_and_not_repeated(healthy: Rehearsed, name: str, lost: str) -> None:
    """No answer and no change: one request, nothing made, and one error with what to do next."""
    write = WRITES[name]
    services = ready(healthy, name)
    healthy.cloud.before(write.operation, LOST[lost])
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    assert caught.value.next_step
    assert "did not take effect" in caught.value.why
    assert healthy.cloud.asked(write.operation) == 1
    assert healthy.cloud.wrote() == []


@each
def test_when_looking_fails_too_nobody_claims_to_know(healthy: Rehearsed, name: str) -> None:
    """A lost reply followed by a look that is refused ends in an error that says so, after one write."""
    write = WRITES[name]
    services = ready(healthy, name)
    healthy.cloud.after(write.operation, status(500))
    for look in (
        "GetKey",
        "external key list",
        "workspace retrieve",
        "workspace list",
        "RoleAssignments_ListForScope",
        "servicePrincipal list",
    ):
        healthy.cloud.before(look, status(403))
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    assert "not known" in caught.value.why
    assert healthy.cloud.asked(write.operation) == 1
    assert write.count(healthy.state) == 1


@each
@pytest.mark.parametrize("number", [400, 403, 409, 429])
def test_a_refused_write_is_one_error(healthy: Rehearsed, name: str, number: int) -> None:
    """A refusal is one ServiceFailed with what, why, next step and request id; nothing is sent again."""
    write = WRITES[name]
    services = ready(healthy, name)
    healthy.cloud.before(write.operation, status(number, "NoSuchLuck", "this was refused"))
    with pytest.raises(ServiceFailed) as caught:
        write.call(services)
    error = caught.value
    assert f"{number} NoSuchLuck: this was refused" in error.what
    assert error.why and error.next_step
    assert (error.request_id or "").startswith("fault-")
    assert healthy.cloud.asked(write.operation) == 1
    assert healthy.cloud.wrote() == []


@pytest.mark.parametrize("name", ["create key", "grant", "consent"])
def test_without_the_right_a_write_is_refused_in_the_services_words(healthy: Rehearsed, name: str) -> None:
    """Azure's own 403 becomes one ServiceFailed with the request id that is in the journal."""
    services = ready(healthy, name, "reader")
    with pytest.raises(ServiceFailed) as caught:
        WRITES[name].call(services)
    assert "403" in caught.value.what
    assert caught.value.request_id in {row["request_id"] for row in healthy.cloud.journal.rows()}
    assert healthy.cloud.wrote() == []


@pytest.mark.parametrize("name", ["create key", "grant", "consent"])
def test_a_write_without_sign_in_is_not_called_unclear(healthy: Rehearsed, name: str) -> None:
    """When signing in fails the write was not sent, and the error does not say that it may have happened."""
    healthy.state.identities["operator"].client_secret = "changed"
    healthy.cloud.mend()
    with pytest.raises(ServiceFailed) as caught:
        WRITES[name].call(healthy.services())
    assert "AADSTS7000215" in caught.value.what
    assert "no clear answer" not in caught.value.what
    assert healthy.cloud.wrote() == []


@pytest.mark.parametrize("lost", LOST)
@pytest.mark.parametrize("carried_out", [True, False])
def test_an_update_of_a_key_is_settled_by_looking(onboarded: Rehearsed, lost: str, carried_out: bool) -> None:
    """A lost update of tags is only taken for done when the key shows it."""
    services = onboarded.services()
    found = services.keys.key(KEY)
    version = found.value.version  # type: ignore[union-attr]
    onboarded.cloud.mend()
    (onboarded.cloud.after if carried_out else onboarded.cloud.before)("UpdateKey", LOST[lost])
    if carried_out:
        assert services.keys.update(KEY, version, tags={"only": "this"}).tags == {"only": "this"}
    else:
        with pytest.raises(ServiceFailed):
            services.keys.update(KEY, version, tags={"only": "this"})
    assert onboarded.cloud.asked("UpdateKey") == 1
    assert len(onboarded.state.vaults[VAULT].keys[KEY].versions) == 1


def test_a_key_attached_by_somebody_else_is_not_taken_for_ours(healthy: Rehearsed) -> None:
    """An unclear answer and another key in the workspace: that is not this attachment."""
    services = ready(healthy, "attach")
    healthy.state.external_keys["ekey_01OTHER"] = ExternalKey(vault_uri=URI, key_name="third", tenant_id=TENANT)
    healthy.state.workspaces[WORKSPACE].external_key_id = "ekey_01OTHER"
    healthy.cloud.before("workspace update", status(500))
    with pytest.raises(ServiceFailed):
        services.admin.attach_once(WORKSPACE, EKEY)


def test_two_external_keys_are_left_for_a_person(healthy: Rehearsed) -> None:
    """Two registrations where one was made, after a lost reply: none is chosen, both are named."""
    services = ready(healthy, "register")
    healthy.state.external_keys["ekey_01RACE"] = ExternalKey(vault_uri=URI, key_name=KEY, tenant_id=TENANT)
    healthy.cloud.after("external key create", status(500))
    with pytest.raises(Refused, match="two external keys are registered") as caught:
        WRITES["register"].call(services)
    assert all(name in caught.value.what for name in healthy.state.external_keys if name != EKEY)


def test_an_equal_assignment_under_another_name_is_that_assignment(healthy: Rehearsed) -> None:
    """RoleAssignmentExists is found and returned under the name it has."""
    services = ready(healthy, "grant")
    other = "77777777-8888-4999-8aaa-bbbbbbbbbbbb"
    healthy.state.role_assignments[other] = HeldAssignment(
        scope=SCOPE, role_definition=published.CRYPTO_USER, principal_id=PRINCIPAL
    )
    granted = services.roles.grant(SCOPE, published.CRYPTO_USER, PRINCIPAL)
    assert isinstance(granted, RoleAssignment) and granted.name == other
    assert healthy.cloud.wrote() == []


def test_the_name_of_an_assignment_is_its_own(healthy: Rehearsed) -> None:
    """The assignment is made under the name derived from the grant, with principalType set; a repeat adds none."""
    services = ready(healthy, "grant")
    name = assignment_name(SCOPE, published.CRYPTO_USER, PRINCIPAL)
    for _ in range(2):
        granted = services.roles.grant(SCOPE, published.CRYPTO_USER, PRINCIPAL)
        assert isinstance(granted, RoleAssignment) and granted.name == name
    assert _granted(healthy.state) == 1
    assert healthy.state.role_assignments[name].principal_type == "ServicePrincipal"


def test_a_new_principal_that_azure_rbac_cannot_see_is_not_yet(healthy: Rehearsed) -> None:
    """PrincipalNotFound is NotYet with its request id, and after the lag the same call grants."""
    services = healthy.services()
    healthy.state.settings.principal_lag_seconds = 30
    made = services.principals.consent()
    assert made is not None
    early = services.roles.grant(SCOPE, published.CRYPTO_USER, made.object_id)
    assert isinstance(early, NotYet) and early.request_id
    healthy.world.clock.advance(31)
    assert isinstance(services.roles.grant(SCOPE, published.CRYPTO_USER, made.object_id), RoleAssignment)


def test_consent_that_is_there_already_is_not_an_error(healthy: Rehearsed) -> None:
    """Graph's "already exists" is None, and nothing is made."""
    services = healthy.services()
    assert services.principals.consent() is not None
    healthy.cloud.mend()
    assert services.principals.consent() is None
    assert healthy.cloud.wrote() == []
