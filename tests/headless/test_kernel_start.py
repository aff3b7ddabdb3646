"""Five notebooks with real kernels, forked and plain: the same results, by the same requests, within a budget."""

from __future__ import annotations

import json
import os
import re
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from unittest import mock

import nbformat
import pytest

from helpers.headless.kernel_start import WAYS, Way, started
from helpers.headless.notebooks import STEPS, Outcome, execute
from helpers.headless.run import approve_as_rehearsal
from helpers.record import ledger, runs
from helpers.record.runs import Run
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from helpers.services.connect import connect
from tests.services.rehearsed import GIVEN, ROOT, given

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="kernels are forked on Linux only"),
]
SIGN_IN = "login.microsoftonline.com"
AUDIENCES = ("management.azure.com", "graph.microsoft.com", "vault.azure.net")

BUDGET = {"01_consent": 9, "02_key": 12, "03_rbac": 14, "04_verify": 22, "05_register": 139}
"""The most requests of each notebook that onboards, beside signing in.

A step reads what it needs three times: to plan, right before it acts, and after. 04 reads once and tries the key. 05
does both of its rounds that way and judges all of 04's checks in each reading: six readings of 22 requests.
"""
KEPT = {"01_consent": 6, "02_key": 7, "03_rbac": 9, "04_verify": 22, "05_register": 90}
"""The same where all is done already: nothing is read right before acting, as nothing is done."""


@dataclass(frozen=True)
class Ran:
    """Five notebooks that were executed one after another, and what the cloud was asked meanwhile."""

    run: Run
    outcomes: tuple[Outcome, ...]
    asked: dict[str, list[dict[str, Any]]]

    def rows(self) -> list[dict[str, Any]]:
        """The ledger without what is another in every run: times, and ids that were made up."""
        rows: list[dict[str, Any]] = json.loads(anonymous(json.dumps(ledger.read(self.run.ledger)), self.run.id))
        return rows

    def cells(self, step: str) -> list[tuple[str, int | None, str]]:
        """Each cell of an executed copy: its source, its number, and what it put out, likewise."""
        book = nbformat.read(self.run.notebooks / f"{step}.ipynb", 4)
        return [
            (cell.source, cell.get("execution_count"), anonymous(json.dumps(cell.get("outputs")), self.run.id))
            for cell in book.cells
        ]


def anonymous(text: str, run: str) -> str:
    """Without times, and without numbers and ids that are made up anew in every world."""
    text = text.replace(run, "RUN")
    for made_up in (
        r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}",
        r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?(\+00:00|Z| UTC)?",
        r"(ekey_|wrkspc_|rehearsal-)[0-9A-Za-z]+",
        r"[0-9a-f]{16,}",
    ):
        text = re.sub(made_up, "MADE-UP", text)
    return text


def ran(run: Run, cloud: Served, way: Way) -> Ran:
    """The five notebooks in a run's folder, each with what was asked while it was executed."""
    outcomes, asked = [], {}
    with started(way) as kernel_start:
        for step in STEPS:
            cloud.cloud.journal.clear()
            outcomes.append(execute(run, GIVEN, step, kernel_start=kernel_start))
            asked[step] = cloud.cloud.journal.rows()
    return Ran(run, tuple(outcomes), asked)


@pytest.fixture(scope="module")
def onboarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Ran]]:
    """Two fresh worlds, one onboarded with forked kernels, one with plain ones; the first once more in the end.

    Both know at once what was changed. While a world does not, it is asked again and again, by a fast kernel more often.
    """
    done: dict[str, Ran] = {}
    for way in WAYS:
        home = tmp_path_factory.mktemp(way)
        with Served("healthy") as cloud:
            cloud.world.state.settings.role_lag_seconds = cloud.world.state.settings.principal_lag_seconds = 0.0
            inside = {**applied(cloud.environment("operator")), "CMEK_HOME": str(home)}
            with mock.patch.dict(os.environ, inside, clear=True):
                services, run = connect(given(), root=ROOT, say=print), runs.new()
                approve_as_rehearsal(services, given(), run)
                services.close()
                done[way] = ran(run, cloud, way)
                if way == "fork":
                    done["again"] = ran(runs.new(), cloud, way)
    yield done


def test_forked_kernels_onboard_as_plain_ones_do(onboarded: dict[str, Ran]) -> None:
    """Every step ends alike, with the same digests in the same order; TLS and Graph work in one kernel after another."""
    fork, spawn = onboarded["fork"], onboarded["spawn"]
    assert [(o.step, o.result, o.exit_code, o.lines) for o in fork.outcomes] == [
        (step, "verified" if step == "04_verify" else "changed", 0, ()) for step in STEPS
    ]
    assert [(o.step, o.result) for o in spawn.outcomes] == [(o.step, o.result) for o in fork.outcomes]
    digests = [
        [row["plan"]["digest"] for row in ledger.read(one.run.ledger) if row["event"] == "plan"]
        for one in (fork, spawn)
    ]
    assert digests[0] == digests[1] and len(digests[0]) >= 5


def test_their_ledgers_and_copies_say_the_same(onboarded: dict[str, Ran]) -> None:
    """Row by row and cell by cell, but for times and for ids made up in each world."""
    fork, spawn = onboarded["fork"], onboarded["spawn"]
    assert fork.rows() == spawn.rows()
    for step in STEPS:
        assert fork.cells(step) == spawn.cells(step), step


def test_the_same_is_asked_of_the_cloud(onboarded: dict[str, Ran]) -> None:
    """Request by request; side by side they come in any order."""
    for step in STEPS:
        fork, spawn = (
            Counter((row["host"], row["operation"], row["status"]) for row in one.asked[step] if row["host"] != SIGN_IN)
            for one in (onboarded["fork"], onboarded["spawn"])
        )
        assert fork == spawn, step


@pytest.mark.parametrize(("which", "budget"), [("fork", BUDGET), ("spawn", BUDGET), ("again", KEPT)])
def test_no_notebook_asks_more_than_its_budget(onboarded: dict[str, Ran], which: str, budget: dict[str, int]) -> None:
    """Written down with its reason above: one request more is a decision, not an accident."""
    asked = onboarded[which].asked
    assert {step: sum(row["host"] != SIGN_IN for row in asked[step]) for step in STEPS} == budget


@pytest.mark.parametrize("which", ["fork", "spawn", "again"])
def test_a_notebook_gets_one_token_for_each_audience(onboarded: dict[str, Ran], which: str) -> None:
    """However many requests it sends, and side by side."""
    for step in STEPS:
        rows = onboarded[which].asked[step]
        audiences = {name for name in AUDIENCES for row in rows if row["host"].endswith(name)}
        tokens = [row for row in rows if row["host"] == SIGN_IN and row["operation"] == "token"]
        assert len(tokens) == len(audiences), step


def test_an_executed_copy_is_whole(onboarded: dict[str, Ran]) -> None:
    """Saved at the end, though not after every cell: each cell of code has its number and its state."""
    for step in STEPS:
        book = nbformat.read(onboarded["fork"].run.notebooks / f"{step}.ipynb", 4)
        code = [cell for cell in book.cells if cell.cell_type == "code"]
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        assert {cell.metadata.papermill.status for cell in book.cells} == {"completed"}
        assert book.metadata.papermill.end_time
