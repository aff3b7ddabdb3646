"""Which cells there are, how they are called, and what a kill leaves behind."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path

import pytest

from helpers.record import ledger
from tests.drills.crash.cells import crashes, drawn, going_on, unfinished, unreadable
from tests.drills.crash.clouds import ROOT, Row
from tests.drills.crash.ends import End
from tests.drills.crash.grounds import Recorded
from tests.drills.crash.inside import cells
from tests.drills.crash.scenarios import SCENARIOS
from tests.drills.retries.cells import WRITES, faulty
from tests.drills.retries.faults import KINDS

LOG: list[Row] = [
    {"operation": "GetKey", "wrote": False},
    {"operation": "Vaults_Get", "wrote": False},
    {"operation": "GetKey", "wrote": False},
    {"operation": "CreateKey", "wrote": True},
]
RECORDED = Recorded({}, End({}, LOG))


def test_a_request_is_addressed_by_its_operation() -> None:
    """Reads go side by side, so the how manieth of its own operation it is counts, not its place among all."""
    assert [str(request) for request in RECORDED.requests] == ["GetKey#1", "Vaults_Get#1", "GetKey#2", "CreateKey#1"]
    second = RECORDED.requests[2]
    assert second.fault(hold=True) == {"operation": "GetKey", "skip": 1, "times": 1, "hold": True}
    assert second.row(LOG) is LOG[2] and second.row(LOG[:2]) is None


def test_every_request_is_killed_in_both_ways() -> None:
    """Each is a cell before and after it took effect; a write is started over anew and continued, in both."""
    made = list(crashes("onboard", RECORDED))
    assert Counter((str(cell.request), cell.kind) for cell in made) == {
        (request, kind): 1 + (request == "CreateKey#1")
        for request in ("GetKey#1", "Vaults_Get#1", "GetKey#2", "CreateKey#1")
        for kind in ("before", "lost")
    }
    assert {cell.then for cell in made if cell.request.operation == "GetKey"} == {"anew", "continued"}
    assert len({str(cell) for cell in made}) == len(made)


def test_a_kill_before_and_after_are_ordered_as_such() -> None:
    """The request is parked in both; in one of them it has taken effect by then."""
    ordered = {cell.kind: cell.fault["carried_out"] for cell in crashes("onboard", RECORDED)}
    assert ordered == {"before": False, "lost": True}
    assert all(cell.fault["hold"] is True for cell in crashes("onboard", RECORDED))


def test_a_seed_draws_the_same_cells() -> None:
    """Ten of them, other ones for another seed."""
    many = list(crashes("onboard", Recorded({}, End({}, LOG * 20))))
    assert drawn(many, 7, 10) == drawn(many, 7, 10) != drawn(many, 8, 10)
    assert len(set(map(str, drawn(many, 7, 10)))) == 10


def test_every_write_meets_every_fault() -> None:
    """Fourteen writes, each with all faults that it can meet."""
    for name, writes in WRITES.items():
        log = [{"operation": operation, "wrote": True} for operation, times in writes.items() for _ in range(times)]
        made = list(faulty(name, Recorded({}, End({}, log))))
        assert len(made) == sum(_can_meet(operation) * times for operation, times in writes.items())
        assert len({str(cell) for cell in made}) == len(made)
    assert sum(times for writes in WRITES.values() for times in writes.values()) == 14


def _can_meet(operation: str) -> int:
    """Two of the faults are for what is asked with a token, and one for what is asked with a key."""
    return len(KINDS) - (2 if operation in ("external key create", "workspace create", "workspace update") else 1)


def test_the_faults_are_those_that_a_network_and_a_service_have() -> None:
    """Each unclear status and a broken connection before and after the write took effect; a reply that says it took
    effect and cannot be read; throttling; late and slow replies; and what is wrong with a token or a key."""
    orders = {kind.name: (dict(kind.order), kind.takes_effect) for kind in KINDS}
    assert len(orders) == len(KINDS)
    for status in (408, 500, 502, 503, 504):
        for after in (False, True):
            assert ({"status": status, "carried_out": after}, after) in orders.values(), status
    assert ({"reset": True}, False) in orders.values()
    assert ({"reset": True, "carried_out": True}, True) in orders.values()
    unreadable_replies = ({"body": "truncated"}, {"body": "malformed"}, {"content_type": "text/html"})
    assert all((order, True) in orders.values() for order in unreadable_replies)
    throttled = [order for order, _ in orders.values() if order.get("status") == 429]
    assert [sorted(order) for order in throttled] == [["retry_after", "status"], ["status"]]
    assert {next(iter(orders[name][0])) for name in ("delay", "slow drip")} == {"delay_seconds", "drip_seconds"}
    assert {order["challenge"] for order, _ in orders.values() if "challenge" in order} == {"claims", "expired"}
    assert ({"status": 401}, False) in orders.values()


def test_a_write_that_a_healthy_run_lacks_is_an_error() -> None:
    """A matrix that shrank unseen would stay green."""
    with pytest.raises(RuntimeError, match="CreateKey changes the world 0 times, 1 wanted"):
        list(faulty("onboard", Recorded({}, End({}, [{"operation": "servicePrincipal create", "wrote": True}]))))


def run_folder(folder: Path, *events: str) -> Path:
    (folder / ledger.NAME).write_text("".join(json.dumps({"event": event}) + "\n" for event in events))
    return folder


def test_what_a_killed_run_leaves_is_judged(tmp_path: Path) -> None:
    """Its ledger is readable, began, and does not say that it finished; anything else is told."""
    assert unreadable(run_folder(tmp_path, "run_started", "identity")) == []
    assert unreadable(run_folder(tmp_path, "identity"))
    assert unreadable(run_folder(tmp_path, "run_started", "run_finished"))
    (tmp_path / ledger.NAME).write_text("{half\n{}\n")
    assert "damaged" in unreadable(tmp_path)[0]


def test_going_on_begins_with_half_a_line(tmp_path: Path) -> None:
    """As a kill within a write leaves the ledger; starting anew touches nothing."""
    run = run_folder(tmp_path, "run_started")
    assert going_on(run, "anew") == [] and (run / ledger.NAME).read_bytes().endswith(b"\n")
    assert going_on(run, "continued") == ["--continue", str(run)]
    assert not (run / ledger.NAME).read_bytes().endswith(b"\n")


def test_a_second_run_must_have_finished_and_gone_on(tmp_path: Path) -> None:
    """Its ledger says that it ended, and that it went on with an earlier run where it did."""
    assert unfinished(run_folder(tmp_path, "run_started", "run_finished"), "anew") == []
    assert unfinished(run_folder(tmp_path, "run_started", "run_finished"), "continued") == [
        "the ledger does not say run_continued"
    ]
    assert unfinished(run_folder(tmp_path, "run_started"), "anew") == ["the ledger does not say run_finished"]


def test_every_apply_cell_named_is_in_a_notebook() -> None:
    """A run is overtaken where a notebook applies; a name that is in none would never stop there."""
    there = {cell.applies for path in (ROOT / "notebooks").glob("*.ipynb") for cell in cells(path)} - {""}
    assert {applies for scenario in SCENARIOS.values() for applies in scenario.overtaken} == there
