"""What 04 reads goes side by side where it can, and nothing is asked twice."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

import pytest

from helpers.errors import WrongCloud
from helpers.facts import Facts
from helpers.model import Absent, Known, Unknown
from helpers.rehearsal.wire import Request, Response
from helpers.services.together import together
from helpers.steps import verify
from tests.services.faults import marked, status
from tests.services.reads import KEY, LOGS, VERSION
from tests.services.rehearsed import Rehearsed, given

AT_ONCE = 8
FIRST = {
    "Vaults_Get",
    "servicePrincipal list",
    "GetKey",
    "DiagnosticSettings_List",
    "ManagementLocks_ListByScope",
    "PolicyAssignments_List",
    "RoleAssignments_ListForScope",
    "RoleDefinitions_List",
    "DenyAssignments_ListForScope",
    "conditionalAccess policy list",
}
SECOND = {
    "RoleAssignments_ListForScope",
    "servicePrincipal appRoleAssignments list",
    "servicePrincipal oauth2PermissionGrants list",
    "servicePrincipal owners list",
    "servicePrincipal transitiveMemberOf list",
    "Workspaces_Get",
    "GetKeyVersions",
    "GetKeyRotationPolicy",
}

NOT_READ = {
    *("read_at", "deleted_key", "vault_keys", "probe", "log_destination"),
    *("organization", "admin_url", "external_keys", "workspaces", "validation"),
}
"""What 04 does not look at in an onboarded world."""


class Holding:
    """Holds the requests of some operations until a number of them are in; gives up after a while."""

    def __init__(self, world: Rehearsed, operations: Iterable[str], enough: int) -> None:
        self._cloud, self._operations, self._enough = world.cloud, set(operations), enough
        self._handle, self._changed, self._open = world.cloud.handle, threading.Condition(), False
        self.inside: list[str] = []
        self.most: tuple[str, ...] = ()

    def __call__(self, request: Request) -> Response:
        found = self._cloud.router.find(request)
        operation = found[0].operation if found else ""
        if operation in self._operations and not self._open:
            self._wait(operation)
        return self._handle(request)

    def _wait(self, operation: str) -> None:
        with self._changed:
            self.inside.append(operation)
            if len(self.inside) > len(self.most):
                self.most = tuple(self.inside)
            self._open = self._open or len(self.inside) >= self._enough
            self._changed.notify_all()
            self._changed.wait_for(lambda: self._open, timeout=5)
            self._open = True
            self._changed.notify_all()
            self.inside.remove(operation)


@pytest.mark.parametrize(("operations", "enough"), [(FIRST, AT_ONCE), (SECOND - FIRST, len(SECOND - FIRST))])
def test_reads_that_do_not_need_one_another_overlap(
    full: Rehearsed, monkeypatch: pytest.MonkeyPatch, operations: set[str], enough: int
) -> None:
    """A cloud that answers none of a round before as many are in as go at once gets them, and everything is read."""
    services, holding = full.services(), Holding(full, operations, enough)
    monkeypatch.setattr(full.cloud, "handle", holding)
    found = verify.facts(services, given())
    assert len(holding.most) == enough
    assert set(holding.most) <= operations
    looked = {name: value for name, value in vars(found).items() if name not in NOT_READ}
    assert {name for name, value in looked.items() if not isinstance(value, Known)} == set()


def asked(world: Rehearsed) -> Counter[tuple[str, str, str, str]]:
    """Every request with a credential: its method, host, path and query. A vault's challenge is met without one."""
    return Counter(
        (request.method, request.host, request.path, str(sorted(request.query.items())))
        for request in world.cloud.requests
        if "authorization" in request.headers
    )


def times_asked(world: Rehearsed, *operations: str) -> list[int]:
    """How often each was asked for."""
    return [world.cloud.asked(operation) for operation in operations]


@pytest.mark.parametrize("changes", [{}, {"role_scope": "vault"}])
def test_nothing_is_asked_twice(full: Rehearsed, changes: dict[str, Any]) -> None:
    """One request for each thing that is read, and nothing is written."""
    verify.facts(full.services(), given(**changes))
    times = asked(full)
    assert {what: number for what, number in times.items() if number > 1} == {}
    assert full.cloud.wrote() == []
    wanted = FIRST | SECOND | ({"GetKeys"} if changes else set())
    rows = full.cloud.journal.rows()
    assert {row["operation"] for row in rows if row["host"] != "login.microsoftonline.com"} >= wanted


def test_a_destination_of_several_settings_is_read_once(full: Rehearsed) -> None:
    """And the one that a remedy would use not again when it is among them."""
    first = full.state.diagnostic_settings["to-log-analytics"]
    full.state.diagnostic_settings["second"] = first.model_copy()
    wanted = {"remediate": ["diagnostic_settings"], "log_destination": LOGS.replace("rg-claude", "RG-Claude")}
    found = verify.facts(full.services(), given(**wanted))
    assert full.cloud.asked("Workspaces_Get") == 1
    assert isinstance(found.sinks, Known)
    assert [sink.id for sink in found.sinks.value] == [LOGS]
    assert found.log_destination == found.sinks.value[0].found
    elsewhere = verify.facts(full.services(), given(**{**wanted, "log_destination": f"{LOGS}2"}))
    assert elsewhere.log_destination == Absent()


def test_what_was_not_found_is_not_looked_into(healthy: Rehearsed) -> None:
    """Without a key its versions and policy are not asked for, but whether one was deleted; without a principal no roles."""
    found = verify.facts(healthy.services(), given())
    assert (found.key, found.deleted_key, found.principal) == (Absent(), Absent(), Absent())
    assert (found.groups, found.grants, found.assignments) == (Absent(), Absent(), Known(()))
    assert (found.versions, found.rotation_policy) == (Facts().versions, Facts().rotation_policy)
    assert times_asked(healthy, "GetKeyVersions", "GetKeyRotationPolicy", "servicePrincipal owners list") == [0, 0, 0]
    assert times_asked(healthy, "GetDeletedKey", "servicePrincipal transitiveMemberOf list") == [1, 0]


def test_a_key_that_could_not_be_read_is_not_looked_for_elsewhere(full: Rehearsed) -> None:
    """Unknown is not absent: neither its versions nor a deleted key are asked for."""
    full.cloud.before("GetKey", status(403, "ForbiddenByRbac", "no"))
    found = verify.facts(full.services(), given())
    assert isinstance(found.key, Unknown)
    assert (found.versions, found.deleted_key) == (Facts().versions, Facts().deleted_key)
    assert times_asked(full, "GetDeletedKey", "GetKeyVersions", "GetKeyRotationPolicy") == [0, 0, 0]


def test_of_all_roles_those_in_use_are_kept(full: Rehearsed) -> None:
    """The record holds the definitions that an assignment at the key or above names, and no others."""
    found = verify.facts(full.services(), given())
    assert isinstance(found.role_definitions, Known) and isinstance(found.at_key, Known)
    kept = [role.id for role in found.role_definitions.value]
    assert sorted(kept) == sorted({row.role_id for row in found.at_key.value})
    full.cloud.before("RoleAssignments_ListForScope", status(403, "NotForYou", "no"))
    unread = verify.facts(full.services(), given())
    assert isinstance(unread.at_key, Unknown)
    assert unread.role_definitions == unread.at_key


def test_the_probe_is_made_of_a_key_that_was_read(full: Rehearsed) -> None:
    """The trial uses the very version that was read; without one nothing is tried, and it is as absent or unknown."""
    services = full.services()
    found = verify.facts(services, given())
    probed = verify.probed(found)(services, given())
    assert isinstance(probed.probe, Known)
    assert probed == replace(found, probe=probed.probe)
    assert {r.path.rsplit("/", 1)[0] for r in full.cloud.requests if r.method == "POST" and "keys" in r.path} == {
        f"/keys/{KEY}/{VERSION}"
    }
    full.cloud.mend()
    for outcome in (Absent(), Unknown("no permission", "req-1")):
        assert verify.probed(replace(found, key=outcome))(services, given()).probe == outcome
    assert full.cloud.requests == []


@pytest.mark.parametrize("operation", ["ManagementLocks_ListByScope", "servicePrincipal list", "GetKeyVersions"])
def test_a_reply_of_another_cloud_in_any_read_stops_them_all(full: Rehearsed, operation: str) -> None:
    """One unmarked reply among those side by side ends the step, and no facts are made of the others."""
    services = full.services()
    services.keys.key(KEY)
    full.cloud.after(operation, marked("another-world"))
    with pytest.raises(WrongCloud, match="another-world"):
        verify.facts(services, given())
    assert [thread.name for thread in threading.enumerate() if thread.name.startswith("read")] == []


def test_the_first_failure_is_raised_and_none_is_left_running() -> None:
    """What is raised is the same every time, whichever failed first, and only after all are done."""
    done: list[str] = []

    def slowly(name: str) -> None:
        time.sleep(0.05)
        done.append(name)
        raise ValueError(name)

    def at_once() -> None:
        done.append("second")
        raise KeyError("second")

    with pytest.raises(ValueError, match="first"):
        together(first=lambda: slowly("first"), second=at_once, third=lambda: done.append("third"))
    assert sorted(done) == ["first", "second", "third"]
    assert together() == {}
    assert list(together(b=lambda: 1, a=lambda: 2).items()) == [("b", 1), ("a", 2)]
