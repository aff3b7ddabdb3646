"""Right before anything is done it is looked at once more: only what was approved, and is still to do, is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.apply import apply
from helpers.errors import ApprovalRequired, Refused, RunbookError, ServiceFailed, Unproven
from helpers.model import Key
from helpers.plan import Keep, Plan, Refusal, Waits
from helpers.steps import key
from tests.cases.building import NOW, TAG, VAULT_ID, facts, known, parameters
from tests.unit.changes import Clock, Looking, Pretended, Services, approved, ledger, written

FIRST, SECOND = Pretended({"change": "first"}), Pretended({"change": "second"})
SEEN = {"key version": "v1", "external key": "cmek_01"}
FOR_GOOD = Plan("05_register: attach", (Pretended({"change": "attach"}, SEEN, permanent=True),))


def test_applying_twice_does_nothing_the_second_time(tmp_path: Path) -> None:
    """The same plan and the same approval, given once more: the second look says Keep, and nothing is sent."""
    services, book = Services(), ledger(tmp_path)

    def again() -> Plan:
        return Plan(FOR_GOOD.step, (Keep("attached already"),)) if services.performed else FOR_GOOD

    first = apply(FOR_GOOD, approved(FOR_GOOD), again, services, book)
    before = written(tmp_path)
    second = apply(FOR_GOOD, approved(FOR_GOOD), again, services, book)
    assert services.performed == ["attach"]
    assert (len(first.done), second.done) == (1, ())
    assert second.step == FOR_GOOD.step
    assert second.view().heading == "Nothing was changed: there was nothing to change"
    assert written(tmp_path) == before


@pytest.mark.parametrize("permanent", [False, True])
@pytest.mark.parametrize(
    ("seen", "said"),
    [
        ({**SEEN, "key version": "v2"}, ": key version was v1, is v2"),
        ({"external key": "cmek_01"}, ": key version was v1, is gone"),
        (
            {"key version": "v2", "external key": "cmek_02"},
            ": key version was v1, is v2; external key was cmek_01, is cmek_02",
        ),
        ({**SEEN, "open verdicts": "V28"}, ": open verdicts was not there, is V28"),
    ],
)
def test_the_same_intent_on_moved_ground_is_refused(
    tmp_path: Path, seen: dict[str, str], said: str, permanent: bool
) -> None:
    """The digest is the same, what it rests on is not: refused with what differs, and nothing is done or announced."""
    plan = Plan("05_register: attach", (Pretended({"change": "attach"}, SEEN, permanent=permanent),))
    fresh = Plan(plan.step, (Pretended({"change": "attach"}, seen, permanent=permanent),))
    assert fresh.digest == plan.digest
    services = Services()
    with pytest.raises(Refused) as refused:
        apply(plan, approved(plan), Looking(fresh), services, ledger(tmp_path))
    assert refused.value.what == f"{plan.step}: what is there now is not what was planned on{said}"
    assert refused.value.next_step.startswith("Run this notebook again from the top")
    assert services.performed == []
    assert written(tmp_path) == []


@pytest.mark.parametrize(
    "fresh",
    [
        Plan("02_key", (FIRST, SECOND)),
        Plan("02_key", (SECOND,)),
        Plan("02_key", (FIRST,), ("V08 Ada 2027-01-01",)),
        Plan("03_rbac", (FIRST,)),
    ],
)
def test_another_plan_than_the_approved_one_is_refused(tmp_path: Path, fresh: Plan) -> None:
    """More to do, something else, another deviation or another step: none of it was approved."""
    plan, services = Plan("02_key", (FIRST,)), Services()
    with pytest.raises(Refused, match="what is there now is not what was planned on"):
        apply(plan, approved(plan), Looking(fresh), services, ledger(tmp_path))
    assert services.performed == []
    assert written(tmp_path) == []


def test_half_of_a_plan_left_to_do_is_another_plan(tmp_path: Path) -> None:
    """Where one of two changes was made meanwhile, a person looks at what is left before it is done."""
    plan, services = Plan("02_key", (FIRST, SECOND)), Services()
    fresh = Plan("02_key", (Keep("first is right"), SECOND))
    with pytest.raises(Refused):
        apply(plan, approved(plan), Looking(fresh), services, ledger(tmp_path))
    assert services.performed == []


@pytest.mark.parametrize(
    ("item", "raised", "said"),
    [
        (Refusal("the vault lost its purge protection"), Refused, "lost its purge protection"),
        (Refusal("not readable now", unproven=True), Unproven, "not readable now"),
        (Waits("01_consent", "the service principal is gone"), Refused, "the service principal is gone"),
    ],
)
@pytest.mark.parametrize("beside", [(), (FIRST,)])
def test_what_stands_in_the_way_by_now_stops_the_plan(
    tmp_path: Path, item: Any, raised: type[RunbookError], said: str, beside: tuple[Any, ...]
) -> None:
    """A refusal or a wait that only the second look meets stops the plan as one of the first look does."""
    plan, services = Plan("02_key", (FIRST,)), Services()
    with pytest.raises(raised, match=said) as stopped:
        apply(plan, approved(plan), Looking(Plan("02_key", (*beside, item))), services, ledger(tmp_path))
    assert type(stopped.value) is raised
    assert services.performed == []
    assert written(tmp_path) == []


def test_a_second_look_that_fails_changes_nothing(tmp_path: Path) -> None:
    """What it raises ends the step, with nothing done or announced."""

    def again() -> Plan:
        raise ServiceFailed("the vault did not answer", request_id="req-9")

    plan, services = Plan("02_key", (FIRST,)), Services()
    with pytest.raises(ServiceFailed, match="did not answer"):
        apply(plan, approved(plan), again, services, ledger(tmp_path))
    assert services.performed == []
    assert written(tmp_path) == []


def test_an_approval_that_ends_during_the_second_look_does_not_count(tmp_path: Path) -> None:
    """The gate can take a quarter of an hour: the approval must still be good after it."""
    clock = Clock()
    services = Services(clock=clock)
    approval = replace(approved(FOR_GOOD), expires_at=(NOW + timedelta(minutes=1)).isoformat())

    def again() -> Plan:
        clock.moment = NOW + timedelta(minutes=2)
        return FOR_GOOD

    with pytest.raises(ApprovalRequired, match="expired"):
        apply(FOR_GOOD, approval, again, services, ledger(tmp_path))
    assert services.performed == []
    assert written(tmp_path) == []


@dataclass
class Tagging:
    """As much of the key client as tagging uses: keeps the key that it was to add tags to, and the tags."""

    asked: list[tuple[Mapping[str, str], Mapping[str, str]]] = field(default_factory=list)

    def add_tags(self, seen: Key, tags: Mapping[str, str]) -> Key:
        self.asked.append((seen.tags, tags))
        return replace(seen, tags={**seen.tags, **tags})


@dataclass
class Witness:
    """As much of the witness as tagging uses."""

    request_id: str | None = "req-tag"


def test_what_is_performed_is_the_fresh_plan(tmp_path: Path) -> None:
    """A tag that somebody set since the first look is kept, for what is tagged is the key of the second."""
    wanted = key.Wanted.of(parameters())
    plan = key.plan(wanted, facts(key=known("key", tags={"owner": "ada"})))
    fresh = key.plan(wanted, facts(key=known("key", tags={"owner": "bob", "cost": "7"})))
    assert fresh.digest == plan.digest and fresh.seen == plan.seen
    services = Services()
    services.keys, services.witness = Tagging(), Witness()  # type: ignore[attr-defined]
    apply(plan, approved(plan), Looking(fresh), services, ledger(tmp_path))
    assert services.keys.asked == [({"owner": "bob", "cost": "7"}, {TAG: "true"})]  # type: ignore[attr-defined]
    about_to = written(tmp_path)[0]
    assert "keeping cost, owner" in about_to["change"]
    assert about_to["intent"]["vault"].lower() == VAULT_ID.lower()
