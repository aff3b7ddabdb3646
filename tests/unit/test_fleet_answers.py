"""What the workers of a cluster answer: what is not about the very target, or cannot be used, is that target's failure."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from helpers.headless.fleet import cluster
from helpers.headless.fleet.record import Record
from helpers.headless.fleet.results import Result
from helpers.headless.fleet.targets import Target
from tests.services.rehearsed import given

RUN = "20261127T120000Z-abcdef"
Answer = Callable[[dict[str, Any]], str | None]


class Task:
    """A future as a client of Dask has it; without an answer it never ends."""

    def __init__(self, key: str, answer: str | None) -> None:
        self.key, self.answer, self.status = key, answer, "finished"

    def exception(self) -> None:
        return None

    def result(self) -> str | None:
        return self.answer

    def add_done_callback(self, tell: Callable[[Task], None]) -> None:
        if self.answer is not None:
            tell(self)


class Scheduler:
    """Answers with what it holds under a key, else with what a worker makes of it."""

    def __init__(self, *bad: Answer, workers: int = 1) -> None:
        self.bad, self.workers = list(bad), workers
        self.held: dict[str, Task] = {}
        self.cancelled: list[Task] = []

    def submit(self, _: Any, verb: str, fleet: str, number: int, file: str, values: dict[str, Any], key: str) -> Task:
        asked = Target(number, file, given(**values), {})
        result = Result("x", "x", asked.digest, 0, asked.parameters.key_name, rehearsal="world")
        said = {"result": result.said(), "run": RUN[:-1] + str(number), "ledger": "line\n"}
        answer = self.bad.pop(0)(said) if self.bad else json.dumps(said)
        return self.held.setdefault(key, Task(key, answer))

    def nthreads(self) -> dict[str, int]:
        return {str(number): 1 for number in range(self.workers)}

    def cancel(self, tasks: list[Task]) -> None:
        self.cancelled += tasks


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    return tmp_path


@pytest.fixture
def record(home: Path) -> Iterator[Record]:
    with Record.new("check") as record:
        yield record


def targets(*keys: str) -> list[Target]:
    return [Target(number, f"{key}.yaml", given(key_name=key), {}) for number, key in enumerate(keys, 1)]


def looked(scheduler: Scheduler, record: Record, of: list[Target], **more: Any) -> dict[str, Result]:
    given = {"verb": "check", "jobs": 8, "say": print, **more}
    return {result.file: result for result in cluster._looked(scheduler, iter(of), record=record, **given)}


def test_an_answer_of_an_earlier_task_is_never_taken_for_another_one(record: Record) -> None:
    """A fleet that is gone on with after a file was changed asks anew, whatever the scheduler still holds."""
    scheduler = Scheduler()
    for key in ("one", "other", "other"):
        (result,) = looked(scheduler, record, [Target(1, "a.yaml", given(key_name=key), {})], verb="plan").values()
        assert (result.exit_code, result.summary) == (0, key)
    assert len(scheduler.held) == 3


def bad(**changes: Any) -> Answer:
    return lambda said: json.dumps({**said, "result": {**said["result"], **changes}})


def other(**changes: Any) -> Answer:
    return lambda said: json.dumps({**said, **changes})


@pytest.mark.parametrize(
    "answer",
    [
        bad(digest="0" * 64),
        bad(of_a_later_version=1),
        bad(exit_code="0"),
        bad(exit_code=True),
        bad(exit_code=7),
        bad(summary=None),
        bad(lines=[1]),
        bad(lines=None),
        bad(seconds="long"),
        bad(rehearsal=None),
        other(result=None),
        other(run="../../elsewhere"),
        other(run=None),
        other(ledger=5),
        lambda said: "no JSON",
        lambda said: "[]",
        lambda said: json.dumps({"result": said["result"]}),
    ],
)
def test_an_answer_that_cannot_be_used_is_one_targets_failure(record: Record, answer: Answer, home: Path) -> None:
    """Its line says so, nothing of it is kept, and the other targets go on."""
    found = looked(Scheduler(answer), record, targets("a", "b", "c"), jobs=1)
    assert [found[name].exit_code for name in ("a.yaml", "b.yaml", "c.yaml")] == [1, 0, 0]
    assert found["a.yaml"].summary.startswith("the answer of a worker cannot be used: ")
    assert found["a.yaml"].folder is None and found["b.yaml"].folder == f"runs/{RUN[:-1]}2"
    assert sorted(path.parent.name for path in home.glob("**/ledger.jsonl")) == [RUN[:-1] + "2", RUN[:-1] + "3"]


def test_a_live_target_that_was_answered_by_a_rehearsal_has_failed(record: Record) -> None:
    """A worker that rehearses says nothing about the real cloud."""
    live = Target(1, "a.yaml", given(cloud="azure", credential="azure_cli"), {})
    assert looked(Scheduler(bad(exit_code=3)), record, [live])["a.yaml"].exit_code == 1
    assert looked(Scheduler(bad(rehearsal=None)), record, [live])["a.yaml"].exit_code == 0


def test_a_record_that_is_kept_here_is_never_replaced(record: Record, home: Path) -> None:
    """Neither by a worker that names a run of this machine, nor by an earlier attempt of the same fleet."""
    mine = home / "runs" / (RUN[:-1] + "1") / "ledger.jsonl"
    mine.parent.mkdir()
    mine.write_text("mine")
    assert looked(Scheduler(), record, targets("a"))["a.yaml"].exit_code == 1
    assert mine.read_text() == "mine"
    folders = {looked(Scheduler(), record, targets("a"), verb="plan")["a.yaml"].folder for _ in range(2)}
    assert len(folders) == 2 and all((home / str(folder) / "ledger.jsonl").is_file() for folder in folders)


def test_what_never_ends_is_given_up_and_that_nobody_works_is_said(
    record: Record, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Said once, while it is waited for; the target has failed, its task is cancelled, and the next one has its turn."""
    monkeypatch.setattr(cluster, "_LOOK_SECONDS", 0.001)
    said: list[str] = []
    passed = iter(range(0, 100_000, 600))
    scheduler = Scheduler(lambda said: None, workers=0)
    more = {"jobs": 1, "say": said.append, "elapsed": lambda: float(next(passed))}
    found = looked(scheduler, record, targets("a", "b"), **more)
    assert [result.exit_code for result in found.values()] == [1, 0]
    assert "within 30 minutes" in found["a.yaml"].summary and len(scheduler.cancelled) == 1
    assert said == ["No worker is connected to the scheduler: nothing is being looked at until one is"]
