"""What the matrices take for the same end, and what for another one: a matrix that sees nothing would always be green."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import State
from helpers.rehearsal.worldfile import load
from tests.drills.crash.ends import APP, CRYPTO_USER, End, differences, duplicates
from tests.drills.crash.scenarios import GIVEN, KEY, KEY_SCOPE, SCENARIOS, VAULT

OPERATIONS = {route.operation for route in ROUTER.routes}


def onboarded(number: int) -> End:
    """A healthy end, with ids, times and key material of its own."""
    guid, letter = f"{number:08d}-aaaa-4aaa-8aaa-aaaaaaaaaaaa", f"{number}"
    state = load("healthy").model_dump(mode="json")
    principal, at = {"app_id": APP, "created": f"2026-11-23T09:0{number}:00Z"}, f"2026-11-23T09:0{number}:01.5Z"
    state["service_principals"][guid] = principal
    version = {"n": letter * 300, "created": at, "tags": {}}
    state["vaults"][VAULT]["keys"][KEY] = {"versions": {f"{number:032x}": version}}
    state["role_assignments"][f"{number:08d}-bbbb-4bbb-8bbb-bbbbbbbbbbbb"] = {
        "principal_id": guid,
        "role_definition": CRYPTO_USER,
        "scope": KEY_SCOPE,
        "created": at,
    }
    registered = {"vault_uri": f"https://{VAULT}.vault.azure.net/", "key_name": KEY, "tenant_id": GIVEN["tenant_id"]}
    state["external_keys"][f"ekey_{number}"] = {**registered, "created": at}
    state["workspaces"][f"wrkspc_{number}"] = {"name": "mine", "external_key_id": f"ekey_{number}", "created": at}
    writes = ("CreateKey", "external key create", "workspace create")
    return End(state, [{"operation": operation, "wrote": True} for operation in ("GetKey", *writes)][1:])


PRISTINE = load("healthy").model_dump(mode="json")
HEALTHY = onboarded(1)


def test_two_healthy_ends_do_not_differ() -> None:
    """Ids, times and key material are other ones in every run, and mean nothing."""
    assert differences(HEALTHY, onboarded(2), PRISTINE) == []
    assert duplicates(HEALTHY, onboarded(2)) == 0


def one(held: dict[str, Any]) -> Any:
    (found,) = held.values()
    return found


def second_version(state: dict[str, Any]) -> None:
    versions = state["vaults"][VAULT]["keys"][KEY]["versions"]
    versions["f" * 32] = copy.deepcopy(one(versions))


def second_principal(state: dict[str, Any]) -> None:
    state["service_principals"]["f" * 8 + "-aaaa-4aaa-8aaa-aaaaaaaaaaaa"] = one(state["service_principals"])


def second_assignment(state: dict[str, Any]) -> None:
    (own,) = [row for row in state["role_assignments"].values() if row["role_definition"] == CRYPTO_USER]
    state["role_assignments"]["f" * 8 + "-bbbb-4bbb-8bbb-bbbbbbbbbbbb"] = own


def second_external_key(state: dict[str, Any]) -> None:
    state["external_keys"]["ekey_other"] = one(state["external_keys"])


def second_workspace(state: dict[str, Any]) -> None:
    state["workspaces"]["wrkspc_other"] = {**state["workspaces"]["wrkspc_2"], "name": "other"}


@pytest.mark.parametrize(
    ("make", "what"),
    [
        (second_version, "key version"),
        (second_principal, "service principal"),
        (second_assignment, "role assignment"),
        (second_external_key, "external key"),
        (second_workspace, "workspace with the key"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_second_one_is_a_duplicate(make: Callable[[dict[str, Any]], None], what: str) -> None:
    """Whatever an onboarding makes: two of it are told by name and counted."""
    seen = onboarded(2)
    state = copy.deepcopy(dict(seen.state))
    make(state)
    twice = End(state, seen.log)
    assert f"{what}: 2 there, 1 wanted" in differences(HEALTHY, twice, PRISTINE)
    assert duplicates(HEALTHY, twice) == 1


def test_a_write_that_took_effect_twice_is_a_duplicate() -> None:
    """Also where nothing of it is left to be seen in the world."""
    seen = onboarded(2)
    twice = End(seen.state, [*seen.log, {"operation": "CreateKey", "wrote": True}])
    assert differences(HEALTHY, twice, PRISTINE) == ["CreateKey changed the world 2 times, 1 wanted"]
    assert duplicates(HEALTHY, twice) == 1


def test_a_write_that_never_came_is_told() -> None:
    """An end that looks right by other means than the healthy ones has not converged."""
    seen = onboarded(2)
    fewer = End(seen.state, [row for row in seen.log if row["operation"] != "CreateKey"])
    assert differences(HEALTHY, fewer, PRISTINE) == ["CreateKey changed the world 0 times, 1 wanted"]
    assert duplicates(HEALTHY, fewer) == 0


@pytest.mark.parametrize("lost", ["service_principals", "external_keys"])
def test_what_is_missing_is_told(lost: str) -> None:
    """Nothing in its place is another end."""
    seen = onboarded(2)
    assert differences(HEALTHY, End({**seen.state, lost: {}}, seen.log), PRISTINE)


def test_another_value_is_told_with_where_it_is() -> None:
    """Any scalar of the world counts, of what was there before as well."""
    seen = onboarded(2)
    state = copy.deepcopy(dict(seen.state))
    one(state["vaults"])["enable_purge_protection"] = False
    wanted = f"state.vaults.{VAULT}.enable_purge_protection: false there, true wanted"
    assert differences(HEALTHY, End(state, seen.log), PRISTINE) == [wanted]


def test_what_was_there_before_keeps_its_ids() -> None:
    """Another id in the place of one that the world began with is another end."""
    seen = onboarded(2)
    (name, vault), *_ = seen.state["vaults"].items()
    moved = {name: {**vault, "subscription_id": "99999999-3333-4444-8555-666666666666"}}
    assert differences(HEALTHY, End({**seen.state, "vaults": moved}, seen.log), PRISTINE)


@pytest.mark.parametrize("name", SCENARIOS)
def test_a_scenario_is_a_world(name: str, tmp_path: Any) -> None:
    """Its changes lead to a world that can be served, and its writes are operations that there are."""
    scenario = SCENARIOS[name]
    state = load(scenario.world(tmp_path))
    assert isinstance(state, State) and state.settings.shared_keys
    assert set(scenario.writes) <= OPERATIONS
