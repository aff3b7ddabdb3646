"""The trail says how each step stands by what was read, as the step's own plan says it, and reads nothing for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from helpers.display import JSON_TYPE, bundle
from helpers.facts import Facts
from helpers.model import Absent, Known, Unknown
from helpers.plan import Plan, Refusal
from helpers.steps import attach
from helpers.trail import Mark, _of_plans, trail
from helpers.yaml_file import read
from tests.cases.building import NOW, as_found, facts, known, parameters
from tests.cases.test_cases import CASES, planned

OWN = [path for path in CASES if path.parent.name in ("01_consent", "02_key", "03_rbac", "05_register")]
ATTACHED = {
    "external_keys": known("external_keys", attached=True),
    "workspaces": known("workspaces", external_key_id="cmek_01Ours"),
}


def marks(found: Facts, here: str = "01_consent", **changes: Any) -> dict[str, Mark]:
    """Each step's mark."""
    return {mark.step: mark for mark in trail(here, parameters(**changes), found).marks}


def expected(plan: Plan) -> str | None:
    """How a plan stands, said once more and apart from the trail; None where the next plan of its step decides."""
    said = plan.said()["items"]
    refusals = [item for item in said if item["kind"] == "refusal"]
    if refusals:
        return "in the way" if any(not item["unproven"] for item in refusals) else "UNKNOWN"
    kinds = {item["kind"] for item in said}
    return "waits" if "wait" in kinds else "to do" if "change" in kinds else None


def test_nothing_read_is_not_looked_at() -> None:
    """No step is judged by what nobody looked at, not even as unknown; the notebook one is in is named."""
    found = marks(Facts(), here="04_verify")
    assert {step: mark.state for step, mark in found.items()} == {
        "01_consent": "not looked at",
        "02_key": "not looked at",
        "03_rbac": "not looked at",
        "04_verify": "this notebook",
        "05_register": "not looked at",
    }
    assert {mark.what for mark in found.values()} == {""}


STATES = [
    ("02_key", {}, "done", "claude-cmek"),
    ("05_register", ATTACHED, "done", "cmek_01Ours"),
    ("02_key", {"key": Absent(), "deleted_key": Absent()}, "to do", "create RSA 3072 key claude-cmek"),
    ("01_consent", {"principals": Known(())}, "to do", "create the service principal"),
    ("03_rbac", {"assignments": Known(())}, "to do", "assign Key Vault Crypto User"),
    ("05_register", {"external_keys": Known(())}, "to do", "register claude-cmek"),
    ("03_rbac", {"principals": Known(())}, "waits", "for 01_consent"),
    ("02_key", {"key": known("key", enabled=False)}, "in the way", "cannot be used now"),
    ("02_key", {"key": Unknown("403 Forbidden")}, "UNKNOWN", "could not be read"),
]


@pytest.mark.parametrize(("step", "found", "state", "what"), STATES, ids=[f"{row[0]} {row[2]}" for row in STATES])
def test_each_state_is_told_with_what_it_rests_on(step: str, found: dict[str, Any], state: str, what: str) -> None:
    """Done, to do, waits, in the way and UNKNOWN each come with the plan's own sentence."""
    mark = marks(facts(**found))[step]
    assert mark.state == state, mark
    assert what in mark.what


@pytest.mark.parametrize("path", OWN, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_it_agrees_with_the_plan_of_the_step(path: Path) -> None:
    """For every case there is of a step's plan, the trail has the state that follows from that plan."""
    case = read(path)
    found = facts(
        read_at=case.get("read_at", NOW),
        **{name: as_found(name, said) for name, said in case.get("found", {}).items()},
    )
    mark = marks(found, here=path.parent.name, **case.get("parameters", {}))[path.parent.name]
    wanted = expected(planned(path))
    if path.parent.name == "05_register":
        given = parameters(**case.get("parameters", {}))
        wanted = wanted or expected(attach.plan(attach.Wanted.of(given), found))
        wanted = "by hand" if given.product == "claude_enterprise" else wanted
    assert mark.state == (wanted or "done"), mark


def test_what_is_wrong_counts_for_more_than_what_could_not_be_read() -> None:
    """UNKNOWN is only what rests on reads alone: beside it, one thing that is wrong stands in the way."""
    wrong, unread = Refusal("it is disabled"), Refusal("it could not be read", unproven=True)
    assert _of_plans("02_key", (Plan("02_key", (wrong, unread)),)).state == "in the way"
    assert _of_plans("02_key", (Plan("02_key", (unread,)),)).state == "UNKNOWN"


def test_a_read_that_is_missing_leaves_only_its_own_steps_open() -> None:
    """Without the key nothing is said of 02 and 03; of 01 and 05 what was read still tells."""
    found = marks(facts(key=Facts().key))
    assert found["02_key"].state == found["03_rbac"].state == "not looked at"
    assert found["01_consent"].state == "done"


def test_a_rotation_that_is_asked_for_is_told_from_the_versions_alone() -> None:
    """03 does not list them, so it does not say how 02 stands; where they could not be read, that is UNKNOWN."""
    asked = {"rotate": "0123456789abcdef0123456789abcdef"}
    assert marks(facts(versions=Facts().versions), here="03_rbac", **asked)["02_key"].state == "not looked at"
    assert marks(facts(versions=Unknown("403 Forbidden")), **asked)["02_key"].state == "UNKNOWN"
    assert marks(facts(key=Absent(), versions=Facts().versions), **asked)["02_key"].state == "in the way"
    assert marks(facts(versions=Facts().versions))["02_key"].state == "done"


def test_a_key_for_claude_enterprise_is_registered_by_hand() -> None:
    """There is nothing to look at for it: 05 says that it is by hand."""
    assert marks(facts(), product="claude_enterprise", workspace=None)["05_register"].state == "by hand"


def test_it_shows_five_rows_in_order_and_which_one_is_here() -> None:
    """People and machines get the same five steps in the same order."""
    here = trail("03_rbac", parameters(), facts())
    rows = here.view().tables[0].rows
    assert [row[0] for row in rows] == ["01_consent", "02_key", "03_rbac (here)", "04_verify", "05_register"]
    data = bundle(here.view())[JSON_TYPE]
    assert data["here"] == "03_rbac"
    assert list(data["steps"].items()) == [(mark.step, mark.state) for mark in here.marks]
