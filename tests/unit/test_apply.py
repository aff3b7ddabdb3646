"""Nothing is done that is not covered, and what is done is on record before and after."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.apply import apply
from helpers.approval import Approval
from helpers.display import bundle
from helpers.errors import ApprovalRequired, Refused, RunbookError, ServiceFailed, Unproven
from helpers.parameters import Parameters
from helpers.plan import Keep, Plan, Refusal, Waits
from helpers.record.ledger import read
from helpers.steps import attach
from tests.cases.building import NOW, facts, parameters
from tests.unit.changes import Looking, Pretended, Services, approved, ledger, written

FIRST, SECOND = Pretended({"change": "first"}), Pretended({"change": "second"})


def test_each_change_is_announced_done_and_receipted_in_order(tmp_path: Path) -> None:
    """The ledger holds about_to before and the receipt after each change, and the receipt what is worth keeping."""
    plan, services = Plan("02_key", (FIRST, Keep("right"), SECOND)), Services()
    receipt = apply(plan, approved(plan), Looking(plan), services, ledger(tmp_path))
    assert services.performed == ["first", "second"]
    rows = written(tmp_path)
    assert [(row["event"], row.get("change") or row.get("what")) for row in rows] == [
        ("about_to", "pretend first"),
        ("receipt", "pretended first"),
        ("about_to", "pretend second"),
        ("receipt", "pretended second"),
    ]
    assert rows[0]["intent"] == {"change": "first"}
    assert rows[0]["permanent"] is False
    assert rows[1]["facts"] == {"version": "v1"}
    assert rows[1]["request_id"] == "req-1"
    assert [done.what for done in receipt.done] == ["pretended first", "pretended second"]
    assert bundle(receipt.view())["text/plain"].count("req-1") == 2


class Watching(Pretended):
    """Looks into the ledger while it is being performed."""

    def perform(self, services: Any) -> Any:
        services.performed.append([row["event"] for row in read(services.ledger)])
        return super().perform(services)


def test_about_to_is_on_disk_before_anything_happens(tmp_path: Path) -> None:
    """A crash inside a change leaves its about_to behind."""
    services = Services()
    services.ledger = tmp_path / "ledger.jsonl"  # type: ignore[attr-defined]
    plan = Plan("02_key", (Watching(),))
    apply(plan, approved(plan), Looking(plan), services, ledger(tmp_path))
    assert services.performed[0] == ["about_to"]


def test_a_change_that_fails_leaves_no_receipt_and_ends_the_plan(tmp_path: Path) -> None:
    """about_to without a receipt says that a change was begun and is not known to be done; what follows is not begun."""
    plan, services = Plan("02_key", (FIRST, Pretended({"change": "broken"}, fails=True), SECOND)), Services()
    with pytest.raises(ServiceFailed) as failed:
        apply(plan, approved(plan), Looking(plan), services, ledger(tmp_path))
    assert failed.value.request_id == "req-500"
    assert services.performed == ["first", "broken"]
    assert [row["event"] for row in written(tmp_path)] == ["about_to", "receipt", "about_to"]


@pytest.mark.parametrize(
    ("item", "raised", "said"),
    [
        (Refusal("no room", next_step="Remove one.", got="15", expected="14"), Refused, "02_key: no room (found 15, expected 14)"),
        (Refusal("not readable", request_id="r", unproven=True), Unproven, "02_key: not readable"),
        (Waits("01_consent", "the service principal is not there yet"), Refused, "02_key: the service principal is not there yet"),
    ],
)  # fmt: skip
def test_what_stands_in_the_way_stops_the_whole_plan(
    tmp_path: Path, item: Any, raised: type[RunbookError], said: str
) -> None:
    """A refusal or a wait anywhere in a plan stops it before its first change, with or without an approval."""
    plan, services = Plan("02_key", (FIRST, item)), Services()
    with pytest.raises(raised) as stopped:
        apply(plan, approved(plan), Looking(plan), services, ledger(tmp_path))
    assert stopped.value.what == said
    assert services.performed == []
    assert written(tmp_path) == []


def test_a_refusal_comes_before_a_wait() -> None:
    """What is wrong is said before what is merely not there yet."""
    plan = Plan("02_key", (Waits("01_consent", "not there"), Refusal("wrong")))
    with pytest.raises(Refused, match="wrong"):
        apply(plan, approved(plan), Looking(plan), Services(), None)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "approval",
    [
        lambda plan: Approval(plan.digest, False, "not approved"),
        lambda plan: Approval("0" * 64, True, "typed"),
        lambda plan: Approval(plan.digest, True, "rehearsal"),
        lambda plan: Approval(plan.digest, True, "typed", seen=plan.seen, world="healthy"),
        lambda plan: Approval(plan.digest, True, "signed in", expires_at=(NOW - timedelta(days=1)).isoformat()),
    ],
)
@pytest.mark.parametrize("permanent", [False, True])
def test_nothing_happens_without_a_covering_approval(tmp_path: Path, approval: Any, permanent: bool) -> None:
    """Not performed, not announced, and nothing is looked at once more either."""
    plan, services = Plan("02_key", (Pretended(permanent=permanent),)), Services()
    looking = Looking(plan)
    with pytest.raises(ApprovalRequired):
        apply(plan, approval(plan), looking, services, ledger(tmp_path))
    assert looking.looked == 0
    assert services.performed == []
    assert written(tmp_path) == []


def test_a_rehearsals_approval_counts_where_the_front_is_a_rehearsals(tmp_path: Path) -> None:
    """Which rehearsal this is, if it is one, is taken from the services, not from the approval."""
    plan, services = Plan("02_key", (FIRST,)), Services(world="healthy")
    approval = Approval(plan.digest, True, "rehearsal", seen=None, world="healthy")
    apply(plan, approval, Looking(plan), services, ledger(tmp_path))
    assert services.performed == ["first"]


def test_a_plan_of_keeps_does_nothing(tmp_path: Path) -> None:
    """Where all is right nothing is asked, looked at again, done or written, and the receipt says so."""
    plan = Plan("02_key", (Keep("right"),))
    looking = Looking(plan)
    receipt = apply(plan, Approval("", False, "not approved"), looking, Services(), ledger(tmp_path))
    assert looking.looked == 0
    assert receipt.done == ()
    assert receipt.view().heading == "Nothing was changed: there was nothing to change"
    assert written(tmp_path) == []


def test_attaching_without_the_checks_is_refused_even_when_approved(tmp_path: Path) -> None:
    """A plan made ahead of the gate shows what will be done; it cannot be done."""
    given: Parameters = parameters()
    plan = attach.plan(attach.Wanted.of(given), facts())
    with pytest.raises(Refused, match="the checks were not made"):
        apply(plan, approved(plan), Looking(plan), Services(), ledger(tmp_path))
