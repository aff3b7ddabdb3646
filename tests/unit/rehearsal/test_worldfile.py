"""World files: names, bases, changes, and what is not part of the state."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from helpers.rehearsal import worldfile
from helpers.rehearsal.worldfile import WorldError, expectations, load, parameters_of, path_of


@pytest.fixture
def worlds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of worlds of its own, with the healthy one in it and two drills below."""
    folder = tmp_path / "parameters" / "worlds"
    (folder / "drills").mkdir(parents=True)
    (folder / "healthy.yaml").write_bytes(path_of("healthy").read_bytes())
    for name in ("no-purge-protection", "no-tag"):
        (folder / "drills" / f"{name}.yaml").write_text("base: healthy\n")
    monkeypatch.setattr(worldfile, "WORLDS", folder)
    return folder


def world(folder: Path, name: str, **content: object) -> Path:
    path = folder / f"{name}.yaml"
    path.write_text(yaml.safe_dump(content), encoding="utf-8")
    return path


def problem(path: Path | str) -> str:
    """The one line that says what is wrong with a world."""
    with pytest.raises(WorldError) as raised:
        load(path)
    line = str(raised.value)
    assert "\n" not in line
    return line


@pytest.mark.parametrize("name", ["healthy", "onboarded"])
def test_the_worlds_that_come_with_it_can_be_used(name: str) -> None:
    """Each loads, orders no fault, makes fresh keys and changes no parameter."""
    state = load(name)
    assert (state.faults, state.settings.shared_keys) == ([], False)
    assert parameters_of(name) == {}


def test_a_world_in_a_folder_below_is_found_by_its_name(worlds: Path) -> None:
    """By its name alone, or with the folder before it; a path is a path."""
    drill = worlds / "drills" / "no-tag.yaml"
    assert path_of("no-tag") == path_of("drills/no-tag") == path_of(drill) == drill
    assert load("no-tag").about == load("healthy").about


def test_a_name_that_two_worlds_have_is_refused(worlds: Path) -> None:
    """Both are named; the folder before the name tells them apart."""
    (worlds / "more").mkdir()
    second = world(worlds / "more", "no-tag", base="healthy")
    assert "worlds/drills/no-tag.yaml and worlds/more/no-tag.yaml" in problem("no-tag")
    assert path_of("more/no-tag") == second
    world(worlds, "no-purge-protection", base="healthy")
    assert "more than one world has this name" in problem("no-purge-protection")


def test_an_unknown_name_is_told_briefly(worlds: Path) -> None:
    """The worlds at the top by name, the drills by number and folder."""
    world(worlds, "onboarded", base="healthy")
    assert problem("nowhere") == (
        "nowhere: no such world file; there is healthy, onboarded, and 2 drills in parameters/worlds/drills"
    )
    assert "no such world file" in problem("*")


def test_parameters_are_inherited_and_merged(worlds: Path) -> None:
    """Those of the base hold too, key by key, and the world's own win."""
    world(worlds, "one", base="healthy", parameters={"key_size": 4096, "workspace": {"create": "a"}})
    world(worlds, "two", base="one", parameters={"workspace": {"id": "b"}, "role_scope": "vault"})
    assert parameters_of("one") == {"key_size": 4096, "workspace": {"create": "a"}}
    assert parameters_of("two") == {"key_size": 4096, "workspace": {"id": "b"}, "role_scope": "vault"}
    assert load("two") == load("healthy")


def test_expectations_are_a_worlds_own(worlds: Path) -> None:
    """What the base expects says nothing about a world that differs from it."""
    world(worlds, "one", base="healthy", expect={"exit": 3})
    world(worlds, "two", base="one")
    assert (expectations("one"), expectations("two")) == ({"exit": 3}, {})


@pytest.mark.parametrize("key", ["parameters", "expect", "set"])
def test_what_is_not_a_mapping_is_refused(worlds: Path, key: str) -> None:
    """A list or a word in the place of a mapping is one line; nothing there is nothing."""
    for value in ([1], "x"):
        assert f"{key}: this is a mapping" in problem(world(worlds, "one", base="healthy", **{key: value}))
    assert load(world(worlds, "one", base="healthy", **{key: None})) == load("healthy")


def test_changes_reach_into_mappings(worlds: Path) -> None:
    """A value is set, made where there was none, replaced as a whole where it is a list, and taken away."""
    changes = {
        "vaults.kv-contoso-claude.network_acls.default_action": "Deny",
        "diagnostic_settings.to-log-analytics.logs": [{"category_group": "allLogs"}],
        "log_analytics_workspaces.log-contoso.retention_in_days": 7,
        "service_principals.s.display_name": "s",
        "service_principals.s.app_id": "a",
        "service_principals.s.owner_tenant": "t",
        "locks.keep-the-vault": "remove",
    }
    state = load(world(worlds, "one", base="healthy", set=changes))
    acls = state.vaults["kv-contoso-claude"].network_acls
    assert acls is not None
    assert acls.default_action == "Deny"
    assert [row.category_group for row in state.diagnostic_settings["to-log-analytics"].logs] == ["allLogs"]
    assert state.log_analytics_workspaces["log-contoso"].retention_in_days == 7
    assert state.service_principals["s"].app_id == "a"
    assert state.locks == {}


@pytest.mark.parametrize(
    ("dotted", "says"),
    [
        (
            "diagnostic_settings.to-log-analytics.logs.0.enabled",
            "to-log-analytics.logs is a list, to be set as a whole",
        ),
        ("vaults.kv-contoso-claude.sku.name", "vaults.kv-contoso-claude.sku is not a mapping"),
        ("vaults.kv-contoso-claude.colour", "colour: Extra inputs are not permitted"),
        ("faults.0.status", "faults is a list, to be set as a whole"),
    ],
)
def test_a_change_that_cannot_be_made_is_one_line(worlds: Path, dotted: str, says: str) -> None:
    """It names the world, the path and what stands there."""
    given = {"base": "healthy", "faults": [], "set": {dotted: True}}
    line = problem(world(worlds, "one", **given))
    assert line.startswith(str(worlds / "one.yaml"))
    assert says in line


@pytest.mark.parametrize(
    ("given", "says"),
    [
        (
            {"faults": [{"operation": "GetKeyz", "status": 500}]},
            "faults: GetKeyz: there is no such operation; is it GetKey",
        ),
        ({"faults": [{"operation": "GetKey"}]}, "faults.0: a fault needs a status"),
        ({"faults": [{"operation": "GetKey", "hold": True, "reset": True}]}, "faults.0: a fault is of one kind: reset"),
        ({"faults": [{"operation": "token", "challenge": "claims"}]}, "faults: token: it cannot have a challenge"),
        ({"set": {"identities.reader.groups": ["g"]}}, "identities.reader.groups: there is no group g"),
        (
            {
                "service_principals": {
                    "s": {"app_id": "a", "display_name": "d", "owner_tenant": "t", "member_of": ["g"]}
                }
            },
            "service_principals.s.member_of: there is no group g",
        ),
        ({"event_hub_rules": {"rule": {"subscription_id": "s", "resource_group": "g"}}}, "event_hub_rules.rule"),
        (
            {"policy_definitions": {"p": {"display_name": "p", "policy_type": "Custom"}}},
            "policy_definitions.p: a custom definition has a subscription_id",
        ),
        ({"colour": "red"}, "colour: Extra inputs are not permitted"),
        ({"base": "one"}, "based on one another in a circle"),
    ],
)
def test_a_world_that_makes_no_sense_is_refused(worlds: Path, given: dict[str, object], says: str) -> None:
    """One line names the file and the place."""
    line = problem(world(worlds, "one", **{"base": "healthy", **given}))
    assert line.startswith(str(worlds))
    assert says in line
