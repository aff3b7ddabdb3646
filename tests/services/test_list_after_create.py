"""After a create each service is listed once more: of two that were made at once none is used, and both are named."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest

from helpers.errors import Refused, RunbookError, Unproven
from helpers.rehearsal.state import ExternalKey, KeyVersion, State, Workspace
from helpers.rehearsal.wire import Request, Response
from tests.services.faults import Meets, changed, dropped, status
from tests.services.rehearsed import Rehearsed
from tests.services.test_never_twice import EKEY, KEY, TENANT, URI, VAULT, WORKSPACE, WRITES, ready

OTHER_VERSION, OTHER_KEY, OTHER_WORKSPACE = "f" * 32, "ekey_01OTHERMACHINE", "wrkspc_01OTHERMACHINE"
AGE = timedelta(seconds=90)


@dataclass(frozen=True)
class Race:
    """A create, the list after it, and what another machine does right before or after it."""

    listed: str
    other: str
    beside: Callable[[State, timedelta], None]


def _version(state: State, later: timedelta) -> None:
    versions = state.vaults[VAULT].keys[KEY].versions
    ((name, ours),) = versions.items()
    versions[OTHER_VERSION] = KeyVersion(created=ours.created + later, n=ours.n, key_ops=ours.key_ops, tags=ours.tags)
    if later < timedelta():
        versions[name] = versions.pop(name)  # the last one made is the current one


def _registration(state: State, later: timedelta) -> None:
    (ours,) = [row for name, row in state.external_keys.items() if name != EKEY]
    state.external_keys[OTHER_KEY] = ours.model_copy(update={"created": ours.created + later})


def _workspace(state: State, later: timedelta) -> None:
    ours = next(row for row in state.workspaces.values() if row.name == "mine")
    state.workspaces[OTHER_WORKSPACE] = ours.model_copy(update={"created": ours.created + later})


RACES = {
    "create key": Race("GetKeyVersions", OTHER_VERSION, _version),
    "register": Race("external key list", OTHER_KEY, _registration),
    "create workspace": Race("workspace list", OTHER_WORKSPACE, _workspace),
}
each = pytest.mark.parametrize("name", RACES)
REPLIES = {"answered": None, "lost": status(500), "cut": dropped}


def meanwhile(world: Rehearsed, name: str, later: timedelta, reply: Meets | None = None) -> None:
    """Another machine's create is carried out right after ours, or so that it looks older; our reply may be lost."""

    def meets(request: Request, answer: Response | None) -> Response:
        assert answer is not None
        RACES[name].beside(world.state, later)
        return answer if reply is None else reply(request, answer)

    world.cloud.after(WRITES[name].operation, meets)


def stopped(world: Rehearsed, name: str, kind: type[RunbookError] = Refused) -> RunbookError:
    """What the create raises, in the world as it was made ready."""
    services = ready(world, name)
    meanwhile(world, name, AGE)
    with pytest.raises(kind) as caught:
        WRITES[name].call(services)
    return caught.value


def ids(world: Rehearsed, name: str) -> set[str]:
    """The ids of what the create makes, in the world now."""
    state = world.state
    return {
        "create key": set(state.vaults[VAULT].keys[KEY].versions) if KEY in state.vaults[VAULT].keys else set(),
        "register": set(state.external_keys) - {EKEY},
        "create workspace": {i for i, row in state.workspaces.items() if row.name == "mine"},
    }[name]


@each
def test_alone_it_is_listed_once_and_returned(healthy: Rehearsed, name: str) -> None:
    """Where there is one, the create costs one request more, and the request id that is kept is that of the create."""
    services = ready(healthy, name)
    made = WRITES[name].call(services)
    assert healthy.cloud.asked(WRITES[name].operation) == healthy.cloud.asked(RACES[name].listed) == 1
    assert {getattr(made, "version", None) or made.id} == ids(healthy, name)
    (wrote,) = [row for row in healthy.cloud.journal.rows() if row["wrote"]]
    assert str(services.witness.request_id).removeprefix("req_").replace("-", "") == wrote["request_id"].replace(
        "-", ""
    )


@each
@pytest.mark.parametrize("reply", REPLIES)
@pytest.mark.parametrize("later", [AGE, -AGE, timedelta()], ids=["younger", "older", "same second"])
def test_two_are_both_named_and_none_is_used(healthy: Rehearsed, name: str, later: timedelta, reply: str) -> None:
    """Refused with both and the times they were made, what to do, and after one write; also when our reply was lost."""
    services = ready(healthy, name)
    meanwhile(healthy, name, later, REPLIES[reply])
    with pytest.raises(Refused) as caught:
        WRITES[name].call(services)
    error = caught.value
    assert len(ids(healthy, name)) == 2
    assert all(made in error.what for made in ids(healthy, name))
    assert error.what.startswith("two ") and error.what.count("created 2026-11-23T") == 2
    assert "Another machine" in error.why
    assert "on one machine only" in error.next_step
    assert healthy.cloud.asked(WRITES[name].operation) == 1
    assert healthy.cloud.wrote() == [WRITES[name].operation]


@pytest.mark.parametrize("later", [AGE, -AGE])
def test_of_two_versions_the_current_one_stays(healthy: Rehearsed, later: timedelta) -> None:
    """Key Vault uses the newest; the other is to be disabled, with the command for it, before anything is attached."""
    services = ready(healthy, "create key")
    meanwhile(healthy, "create key", later)
    with pytest.raises(Refused) as caught:
        WRITES["create key"].call(services)
    (mine,) = ids(healthy, "create key") - {OTHER_VERSION}
    newest, older = (OTHER_VERSION, mine) if later > timedelta() else (mine, OTHER_VERSION)
    told = caught.value.next_step
    assert f"Keep {newest}" in told and f"Nothing is encrypted under {older}" in told
    assert f"az keyvault key set-attributes --vault-name {VAULT} --name {KEY} --version {older} --enabled false" in told
    assert "before anything is attached" in told and "cannot be deleted" in told


@pytest.mark.parametrize("later", [AGE, -AGE])
def test_of_two_external_keys_the_younger_goes(healthy: Rehearsed, later: timedelta) -> None:
    """Neither is attached: whoever looks names the same one, the younger, to be removed, and says how."""
    services = ready(healthy, "register")
    meanwhile(healthy, "register", later)
    with pytest.raises(Refused) as caught:
        WRITES["register"].call(services)
    (mine,) = ids(healthy, "register") - {OTHER_KEY}
    keep, gone = (mine, OTHER_KEY) if later > timedelta() else (OTHER_KEY, mine)
    assert f"Remove {gone}, which no workspace has" in caught.value.next_step
    assert "DELETE external_keys/ID" in caught.value.next_step
    assert f"it goes on with {keep}" in caught.value.next_step


def test_an_external_key_that_is_attached_stays(healthy: Rehearsed) -> None:
    """The other machine attached its own already: ours is the one to remove, although it is the older."""
    services = ready(healthy, "register")
    meanwhile(healthy, "register", AGE)
    healthy.state.workspaces[WORKSPACE].external_key_id = OTHER_KEY
    with pytest.raises(Refused) as caught:
        WRITES["register"].call(services)
    (mine,) = ids(healthy, "register") - {OTHER_KEY}
    assert f"Remove {mine}, which no workspace has" in caught.value.next_step
    assert f"it goes on with {OTHER_KEY}" in caught.value.next_step


def test_what_is_attached_is_never_told_to_be_removed(healthy: Rehearsed) -> None:
    """Both are in use by now: nothing can be removed, and that is said."""
    services = ready(healthy, "register")

    def meets(_: Request, answer: Response | None) -> Response:
        assert answer is not None
        _registration(healthy.state, AGE)
        for name in ids(healthy, "register"):
            healthy.state.workspaces[f"wrkspc_{name}"] = Workspace(name=name, external_key_id=name)
        return answer

    healthy.cloud.after("external key create", meets)
    with pytest.raises(Refused) as caught:
        WRITES["register"].call(services)
    assert "Remove" not in caught.value.next_step
    assert "what is attached cannot be removed: ask Anthropic" in caught.value.next_step


def test_registrations_of_other_keys_do_not_count(healthy: Rehearsed) -> None:
    """Another key, another vault, another tenant, another application: none of them is a second one of ours."""
    services = ready(healthy, "register")
    ours = ExternalKey(vault_uri=URI, key_name=KEY, tenant_id=TENANT)
    for number, change in enumerate(
        (
            {"key_name": "other"},
            {"vault_uri": "https://kv-other.vault.azure.net/"},
            {"tenant_id": "12121212-3434-4565-8787-909090909090"},
            {"client_id": "12121212-3434-4565-8787-909090909090"},
        )
    ):
        healthy.state.external_keys[f"ekey_{number}"] = ours.model_copy(update=change)
    assert WRITES["register"].call(services).key_name == KEY


def test_of_two_workspaces_the_younger_is_to_be_archived(healthy: Rehearsed) -> None:
    """Neither can be detached, and that is said; the younger is the one that nobody should use."""
    error = stopped(healthy, "create workspace")
    assert "can never be detached" in error.why
    assert f"nobody uses {OTHER_WORKSPACE}: archive it" in error.next_step
    assert "POST workspaces/ID/archive" in error.next_step


def test_a_workspace_of_the_same_name_without_the_key_counts(healthy: Rehearsed) -> None:
    """Somebody made a workspace of that name: the one with the key is the one to use, whichever is older."""
    services = ready(healthy, "create workspace")

    def meets(_: Request, answer: Response | None) -> Response:
        assert answer is not None
        _workspace(healthy.state, -AGE)
        healthy.state.workspaces[OTHER_WORKSPACE].external_key_id = None
        return answer

    healthy.cloud.after("workspace create", meets)
    with pytest.raises(Refused, match="without a key") as caught:
        WRITES["create workspace"].call(services)
    assert f"nobody uses {OTHER_WORKSPACE}" in caught.value.next_step


def test_a_workspace_of_another_name_with_the_key_counts_if_it_is_new(healthy: Rehearsed) -> None:
    """What had the key when it was looked at is no second one; what has it since then is."""
    services = ready(healthy, "create workspace")
    healthy.state.workspaces["wrkspc_01BEFORE"] = Workspace(name="before", external_key_id=EKEY)
    assert services.admin.create_workspace_once("mine", EKEY, ["wrkspc_01BEFORE"]).name == "mine"
    with pytest.raises(Refused, match="3 workspaces") as caught:
        services.admin.create_workspace_once("again", EKEY)
    assert "wrkspc_01BEFORE" in caught.value.what


def test_an_archived_workspace_does_not_count(healthy: Rehearsed) -> None:
    """A name may be used again once its workspace is archived."""
    services = ready(healthy, "create workspace")
    now = healthy.world.now()
    healthy.state.workspaces["wrkspc_01GONE"] = Workspace(name="mine", archived=now, external_key_id=EKEY)
    assert services.admin.create_workspace_once("mine", EKEY).name == "mine"


@each
def test_ours_counts_where_the_list_lags(healthy: Rehearsed, name: str) -> None:
    """A list that shows the other machine's and not ours yet: there are two all the same."""
    services = ready(healthy, name)
    meanwhile(healthy, name, AGE)
    healthy.cloud.after(RACES[name].listed, changed(lambda body: _only(body, RACES[name].other)))
    with pytest.raises(Refused) as caught:
        WRITES[name].call(services)
    assert all(made in caught.value.what for made in ids(healthy, name))


def _only(body: dict[str, object], part: str) -> dict[str, object]:
    """The rows of a list that name this."""
    return {
        name: [row for row in rows if part in str(row)] if isinstance(rows, list) else rows
        for name, rows in body.items()
    }


@each
@pytest.mark.parametrize("number", [403, 404])
def test_a_list_that_cannot_be_read_is_not_taken_for_one(healthy: Rehearsed, name: str, number: int) -> None:
    """What was made is named, and that nobody knows whether it is alone: exit code 4, after one write."""
    services = ready(healthy, name)
    healthy.cloud.before(RACES[name].listed, status(number))
    with pytest.raises(Unproven, match="could not be read") as caught:
        WRITES[name].call(services)
    (made,) = ids(healthy, name)
    assert made in caught.value.what and "was created" in caught.value.what.replace("registered", "created")
    assert "there is one only" in caught.value.next_step
    assert healthy.cloud.asked(WRITES[name].operation) == 1


@each
@pytest.mark.parametrize("number", [400, 403, 409])
def test_after_a_refused_create_nothing_is_listed(healthy: Rehearsed, name: str, number: int) -> None:
    """Only a create that was sent, and may have happened, is followed by a list."""
    services = ready(healthy, name)
    healthy.cloud.before(WRITES[name].operation, status(number))
    with pytest.raises(RunbookError):
        WRITES[name].call(services)
    assert healthy.cloud.asked(RACES[name].listed) == 0
