"""An exported script, run against the rehearsal cloud: by a small stand-in for az at once, by the real one with `az`."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.rehearsal import worldfile
from tests.drills.crash.ends import End, differences
from tests.export.running import AGREE, FILE, Place, place

ORGANIZATION_TAG = "anthropic-org-33333333-4444-4555-8666-777777777777"
VERSION = "vaults.kv-contoso-claude.keys.claude-cmek.versions.0123456789abcdef0123456789abcdef"
WRITES = ["servicePrincipal create", "CreateKey", "RoleAssignments_Create", "external key create", "workspace create"]


@dataclass(frozen=True)
class Healthy:
    """How `run` leaves a fresh cloud, and what there was before it."""

    end: End
    pristine: dict[str, Any]


@pytest.fixture(scope="module")
def run_ends(tmp_path_factory: pytest.TempPathFactory) -> Healthy:
    """What this suite's own `run` makes of a fresh cloud."""
    with place("healthy", Path("small/none"), tmp_path_factory.mktemp("run")) as here:
        pristine = here.state()
        done = here.command("run", "-f", FILE, "--rehearsal-approves")
        assert done.code == 0, done.err
        return Healthy(here.end(), pristine)


@pytest.fixture
def fresh(az: Path, tmp_path: Path) -> Iterator[Place]:
    """A healthy cloud with nothing onboarded yet."""
    with place("healthy", az, tmp_path) as here:
        yield here


def version(here: Place) -> dict[str, Any]:
    """The one version of the key."""
    (found,) = here.state()["vaults"]["kv-contoso-claude"]["keys"]["claude-cmek"]["versions"].values()
    return dict(found)


@pytest.mark.slow
def test_it_leaves_a_fresh_cloud_as_run_does_and_a_second_time_changes_nothing(fresh: Place, run_ends: Healthy) -> None:
    """--plan changes nothing; without ATTACH_FOR_GOOD all but the attach; with it the end of `run`; then nothing."""
    planned = fresh.run("--plan")
    assert planned.code == 2, planned.err
    assert fresh.writes() == []

    stopped = fresh.run()
    assert stopped.code == 3, stopped.err
    assert "nothing permanent was done" in stopped.err
    assert fresh.writes() == WRITES[:-1]

    wrong = fresh.run(ATTACH_FOR_GOOD=stopped.agree[:12])
    assert wrong.code == 3, wrong.err
    assert "another text" in wrong.err
    assert fresh.writes() == WRITES[:-1]

    done = fresh.run(ATTACH_FOR_GOOD=stopped.agree)
    assert done.code == 0, done.err
    assert differences(run_ends.end, fresh.end(), run_ends.pristine) == []

    plan = fresh.command("plan", "-f", FILE, "--json")
    assert plan.code == 0, plan.err
    items = [item for one in json.loads(plan.out)["plans"] for item in one["items"]]
    assert {item["kind"] for item in items} == {"keep"}
    assert not [item["says"] for item in items if "under another name" in item["says"]]

    fresh.forget()
    again = fresh.run()
    assert again.code == 0, again.err
    assert fresh.writes() == []
    assert [row for row in fresh.served.cloud.journal.rows() if row["status"] >= 500] == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("az", "carried_out", "at"),
    [
        pytest.param("small", False, WRITES, id="small-before"),
        pytest.param("small", True, WRITES, id="small-lost"),
        pytest.param("real", True, WRITES[1::3], marks=pytest.mark.az, id="real-lost"),
    ],
    indirect=["az"],
)
def test_killed_at_a_write_and_run_again_it_ends_the_same(
    fresh: Place, run_ends: Healthy, carried_out: bool, at: list[str]
) -> None:
    """SIGKILL at each write in turn, before it takes effect or after: nothing is made twice, nothing is left out.

    With the real az at two of them, the key and the workspace: with each it takes most of a minute.
    """
    for operation in at[:-1]:
        fresh.killed_at(operation, carried_out=carried_out)
    agree = fresh.run().agree
    fresh.killed_at(WRITES[-1], carried_out=carried_out, ATTACH_FOR_GOOD=agree)
    last = fresh.run(ATTACH_FOR_GOOD=agree)
    assert last.code == 0, last.err
    assert differences(run_ends.end, fresh.end(), run_ends.pristine) == []


@pytest.mark.slow
@pytest.mark.parametrize(
    ("az", "answer"),
    [
        pytest.param("small", {"status": 503}, id="small-503"),
        pytest.param("small", {"reset": True}, id="small-reset"),
        pytest.param("real", {"status": 503}, marks=pytest.mark.az, id="real-503"),
    ],
    indirect=["az"],
)
def test_a_lost_answer_makes_nothing_twice(fresh: Place, run_ends: Healthy, answer: dict[str, Any]) -> None:
    """Every write takes effect and its answer is lost: the script looks again, goes on, and there is one of each.

    The real `az role assignment create` sends its PUT again after a 503: under one name, so that it is the same request.
    """
    settings = fresh.served.world.state.settings
    usual, settings.principal_lag_seconds = settings.principal_lag_seconds, 0  # or a refusal could be what is lost
    fresh.faults(*({"operation": operation, "carried_out": True, **answer} for operation in WRITES))
    stopped = fresh.run()
    settings.principal_lag_seconds = usual
    assert stopped.code == 3, stopped.err
    done = fresh.run(ATTACH_FOR_GOOD=stopped.agree)
    assert done.code == 0, done.err
    met = {row["operation"] for row in fresh.served.cloud.journal.rows() if row["status"] in (0, 503)}
    assert met == set(WRITES)
    fresh.mend()
    sent_again = (
        ["RoleAssignments_Create changed the world 2 times, 1 wanted"] if fresh.az.parent.name != "small" else []
    )
    assert differences(run_ends.end, fresh.end(), run_ends.pristine) in ([], sent_again)


def test_a_key_without_the_tag_is_tagged_beside_the_tags_it_has(az: Path, tmp_path: Path) -> None:
    """One update, of tags alone; a tag with any characters is kept as it is; the version stays."""
    odd = {"owner": 'data team = "core" $(id)', "a=b": ""}
    world = tmp_path / "tagged.yaml"
    world.write_text(yaml.safe_dump({"about": "tags", "base": "no_tag", "set": {f"{VERSION}.tags": odd}}))
    with place(world, az, tmp_path) as here:
        done = here.agreed()
        assert done.code == 0, done.err
        assert here.writes() == ["UpdateKey", "workspace create"]
        assert version(here)["tags"] == {**odd, ORGANIZATION_TAG: "true"}
        here.forget()
        again = here.run()
        assert again.code == 0, again.err
        assert here.writes() == []


def test_a_key_with_extra_operations_is_narrowed_and_keeps_its_tags(az: Path, tmp_path: Path) -> None:
    """One update takes the operations away; nothing else changes, for the world is onboarded otherwise."""
    with place("key_with_every_operation", az, tmp_path) as here:
        before = version(here)
        done = here.run()
        assert done.code == 0, done.err
        assert here.writes() == ["UpdateKey"]
        after = version(here)
        assert set(after["key_ops"]) == {"wrapKey", "unwrapKey"} < set(before["key_ops"])
        assert after["tags"] == before["tags"]


def test_what_is_onboarded_already_is_kept(az: Path, tmp_path: Path) -> None:
    """Nothing is written, and nobody is asked."""
    with place("onboarded", az, tmp_path) as here:
        done = here.run()
        assert done.code == 0, done.err
        assert here.writes() == []
        assert "change:" not in done.out


AGREEING = (
    "firewall_with_half_of_the_range",
    "denied_through_a_group",
    "diagnostics_to_a_deleted_workspace",
    "purge_protection_off",
    "role_with_a_condition",
    "principal_renamed",
    "key_soft_deleted",
    "registered_twice",
    "workspace_name_taken",
    "enterprise",
)


@pytest.mark.slow
@pytest.mark.parametrize("world", AGREEING)
def test_it_ends_as_the_world_says(small_az: Path, tmp_path: Path, world: str) -> None:
    """In a drill the script stops where `rehearse` stops, with its exit code; where that attaches, it asks first."""
    wanted = worldfile.expectations(world)["rehearse"]
    changes = worldfile.parameters_of(world)
    with place(world, small_az, tmp_path, **changes) as here:
        here.more["WAIT_AT_MOST"] = "2"
        pristine = here.state()
        done = here.run()
        if wanted["exit"] == 0:
            assert done.code in (0, 3), done.err
            assert bool(AGREE.search(done.err)) == (done.code == 3), done.err
        else:
            assert done.code == wanted["exit"], done.err
            assert "approval missing" not in done.err and "\nNext: " in done.err
            assert re.findall(r"^== (\d\d) ", done.out, re.MULTILINE)[-1] == wanted["stops_in"][:2]
        assert here.state()["workspaces"] == pristine["workspaces"]
