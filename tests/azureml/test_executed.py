"""The jobs' own command lines, executed as a node would, inside a rehearsal: the code read-only and as it is uploaded."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from helpers.headless.notebooks import STEPS
from helpers.rehearsal.environment import applied
from helpers.rehearsal.serve import Served
from tests.azureml.jobs import FOLDER, ROOT, job
from tests.azureml.node import Ended, Node, ledger, run_of
from tests.azureml.uploaded import copy_to

pytestmark = pytest.mark.slow

NONE = ROOT / FOLDER / "no-approvals"
PARAMETERS = ROOT / "parameters" / "rehearsal.yaml"


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project as a job is given it."""
    return copy_to(tmp_path_factory.mktemp("code"))


def node(cloud: Served, code: Path, place: Path, shell: str = "bash") -> Node:
    return Node(code, applied(cloud.environment()), place, shell)


def approved(cloud: Served, run: Path, home: Path) -> Path:
    """The folder with the approval of the plan that a run stopped at, given by another person, somewhere else."""
    shown = next(row["approval"]["to_type"] for row in reversed(ledger(run)) if row["event"] == "approval")
    variables = {**applied(cloud.environment("reader")), "CMEK_HOME": str(home)}
    done = subprocess.run(
        [sys.executable, "-m", "helpers.cli", "approve", str(run), "--phrase", shown],
        cwd=ROOT, env=variables, capture_output=True, text=True, timeout=120,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return home / "approvals"


def writes(cloud: Served) -> list[str]:
    """The operations that changed the world, in order."""
    return [row["operation"] for row in cloud.cloud.journal.rows() if row["wrote"]]


def notebooks(run: Path) -> list[str]:
    return sorted(path.name for path in (run / "notebooks").iterdir())


def test_run_stops_for_an_approval_and_attaches_with_it(code: Path, tmp_path: Path) -> None:
    """run.yml: 3 with the record in the output; approved elsewhere; submitted again with the approvals: 0."""
    with Served("healthy") as cloud:
        there = node(cloud, code, tmp_path / "node")
        stopped = there.submit(job("run.yml"), {"parameters": PARAMETERS, "approvals": NONE})["run"]
        assert stopped.code == 3, stopped.err
        run = run_of(stopped.outputs["record"])
        assert notebooks(run) == [f"{step}.ipynb" for step in STEPS]
        assert ledger(run)[-1]["event"] == "run_finished" and "workspace create" not in writes(cloud)

        approvals = approved(cloud, run, tmp_path / "approver")
        done = there.submit(job("run.yml"), {"parameters": PARAMETERS, "approvals": approvals})["run"]
        assert done.code == 0, done.err
        assert writes(cloud).count("workspace create") == 1
    rows = ledger(run_of(done.outputs["record"]))
    assert all(row["t"].endswith("Z") for row in rows)
    used = [row["approval"]["how"] for row in rows if row["event"] == "approval"]
    assert "signed in" in used and not (done.outputs["record"] / "approvals").exists()


def test_the_pipelines_steps_go_on_in_one_run_folder(code: Path, tmp_path: Path) -> None:
    """pipeline.yml: five nodes, each with the record before as a read-only input; at the end one run, five notebooks."""
    with Served("healthy") as cloud:
        there = node(cloud, code, tmp_path / "node")
        stopped = there.submit(job("pipeline.yml"), {"parameters": PARAMETERS, "approvals": NONE})
        assert [one.code for one in stopped.values()] == [0, 0, 0, 0, 3], _last(stopped).err
        first = run_of(_last(stopped).outputs["record"])

        approvals = approved(cloud, first, tmp_path / "approver")
        done = there.submit(job("pipeline.yml"), {"parameters": PARAMETERS, "approvals": approvals})
        assert [one.code for one in done.values()] == [0] * 5, _last(done).err
        assert writes(cloud).count("workspace create") == 1
    run = run_of(_last(done).outputs["record"])
    assert run.name != first.name
    assert notebooks(run) == [f"{step}.ipynb" for step in STEPS]
    assert [len(notebooks(run_of(one.outputs["record"]))) for one in done.values()] == [1, 2, 3, 4, 5]
    rows = ledger(run)
    assert {row["run"] for row in rows} == {run.name}
    events = [row["event"] for row in rows]
    assert (events.count("run_started"), events.count("run_continued"), events.count("run_finished")) == (1, 4, 5)
    assert list(dict.fromkeys(row["step"] for row in rows if row["event"] == "step_finished"))[: len(STEPS)] == list(
        STEPS
    )


@pytest.mark.parametrize("shell", ["bash", "sh"])
def test_the_second_check_has_the_first_as_its_baseline(code: Path, tmp_path: Path, shell: str) -> None:
    """check.yml twice, each on a node of its own, with the same history: the first has none, the second the first."""
    history = tmp_path / "datastore"
    history.mkdir()
    with Served("onboarded") as cloud:
        ended = [
            node(cloud, code, tmp_path / name, shell).submit(
                job("check.yml"), {"parameters": PARAMETERS}, {"history": history}
            )["check"]
            for name in ("one", "two")
        ]
        assert [one.code for one in ended] == [0, 0], ended[-1].err
        assert writes(cloud) == []
    first, second = sorted((history / "runs").iterdir(), key=lambda run: ledger(run)[0]["t"])
    assert "There is no earlier run about this target" in ended[0].err
    assert "There is no earlier run about this target" not in ended[1].err
    assert [ledger(run)[0]["baseline"] for run in (first, second)] == [None, first.name]
    drift = ledger(second)[-1]["drift"]
    assert (drift["baseline"]["run"], drift["changed"], drift["rows"]) == (first.name, False, [])


def test_a_check_that_fails_fails_the_job_and_is_the_next_ones_baseline(code: Path, tmp_path: Path) -> None:
    """A vault without purge protection: 3, so the job shows as failed; its record is in the history all the same."""
    history = tmp_path / "datastore"
    history.mkdir()
    with Served("purge_protection_off") as cloud:
        there = node(cloud, code, tmp_path / "node")
        ended = there.submit(job("check.yml"), {"parameters": PARAMETERS}, {"history": history})["check"]
    assert ended.code == 3, ended.err
    assert ledger(run_of(history))[-1]["exit_code"] == 3


def _last(ended: dict[str, Ended]) -> Ended:
    return list(ended.values())[-1]
