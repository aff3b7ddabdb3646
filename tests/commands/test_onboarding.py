"""The main job through the commands, with real kernels and papermill."""

from __future__ import annotations

import json

import nbformat
import pytest

from tests.commands.conftest import ROOT, Commands

FILE = "parameters/rehearsal.yaml"
STEPS = ["01_consent", "02_key", "03_rbac", "04_verify", "05_register"]


@pytest.mark.slow
def test_a_live_like_run_stops_for_approval_then_attaches_once_and_then_keeps_everything(commands: Commands) -> None:
    """Run, approve, run attaches; a third run writes nothing and plans only Keep; plan then exits 0.

    What the notebooks plan has the digest that `plan` shows for it: there is one notion of what is wanted.
    """
    ahead = {plan["step"]: plan["digest"] for plan in commands("plan", "-f", FILE, "--json").json["plans"]}
    first = commands("run", "-f", FILE)
    assert first.code == 3, first.err
    planned = {row["plan"]["step"]: row["plan"]["digest"] for row in commands.ledger() if row["event"] == "plan"}
    known_ahead = ("01_consent", "02_key", "05_register: attach")
    assert [planned[step] for step in known_ahead] == [ahead[step] for step in known_ahead]
    assert "python runbook.py approve" in first.err
    assert "workspace create" not in commands.writes() and len(commands.writes()) == 4

    stopped_at = commands.ledger()[0]["run"]
    refused = commands("approve", stopped_at, "--phrase", "for good 000000000000")
    assert refused.code == 3 and not (commands.home / "approvals").exists()
    digest = next(row["plan"]["digest"] for row in reversed(commands.ledger()) if row["event"] == "plan")
    shown = next(row["approval"]["to_type"] for row in reversed(commands.ledger()) if row["event"] == "approval")
    assert shown in first.err
    approved = commands("approve", stopped_at, "--phrase", shown, identity="reader")
    assert approved.code == 0, approved.err
    file = json.loads((commands.home / "approvals" / f"{digest}.json").read_text())
    assert file["by"] == commands.cloud.world.state.identities["reader"].object_id and file["seen"]["key version"]

    second = commands("run", "-f", FILE)
    assert second.code == 0, second.err
    assert len(commands.writes()) == 5

    commands.forget()
    third = commands("run", "-f", FILE, "--json")
    assert third.code == 0, third.err
    assert commands.writes() == []
    plans = [row["plan"] for row in commands.ledger() if row["event"] == "plan"]
    assert len(plans) == 7  # 04 has two, and 05 too
    assert {item["kind"] for plan in plans for item in plan["items"]} == {"keep"}
    assert [step["result"] for step in third.json["steps"]] == ["kept", "kept", "kept", "verified", "kept"]
    assert commands("plan", "-f", FILE).code == 0


def test_a_rehearsal_leaves_five_executed_notebooks_and_a_whole_ledger(tmp_path, monkeypatch) -> None:
    """`rehearse` starts its own cloud, approves as nobody, ends with 0 and leaves the record."""
    import subprocess
    import sys

    monkeypatch.setenv("CMEK_HOME", str(tmp_path))
    done = subprocess.run(
        [sys.executable, "-m", "helpers.cli", "rehearse", "--json"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=170,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    (run,) = (tmp_path / "runs").iterdir()
    assert sorted(path.stem for path in (run / "notebooks").glob("*.ipynb")) == STEPS
    rows = [json.loads(line) for line in (run / "ledger.jsonl").read_text().splitlines()]
    assert rows[0]["event"] == "run_started" and rows[-1]["event"] == "run_finished" and rows[-1]["exit_code"] == 0
    assert [row["step"] for row in rows if row["event"] == "step_finished"].count("05_register") >= 1
    assert json.loads(done.stdout)["rehearsal"] is True
    assert "REHEARSAL" in done.stderr and "Traceback" not in done.stderr
    for path in (run / "notebooks").glob("*.ipynb"):
        notebook = nbformat.read(path, as_version=4)
        code = [cell for cell in notebook.cells if cell.cell_type == "code"]
        assert all(cell.execution_count for cell in code), path
        assert any("REHEARSAL" in json.dumps(cell.outputs) for cell in code[:3]), path


@pytest.mark.slow
def test_each_step_can_be_done_by_another_person_with_only_their_own_rights(commands: Commands) -> None:
    """Five identities, one run folder: each step works with its own rights, and the ledger names each actor."""
    people = dict(zip(STEPS, ["consent-admin", "key-officer", "access-admin", "reader", "reader"], strict=True))
    run = ""
    for step, person in people.items():
        going_on = ["--continue", run] if run else []
        ended = commands("run", "-f", FILE, "--step", step[:2], *going_on, identity=person)
        assert ended.code == (3 if step == "05_register" else 0), (step, ended.err)
        run = run or commands.ledger()[0]["run"]
    actors = {row["step"]: row["actor"] for row in commands.ledger() if row["event"] == "identity"}
    identities = commands.cloud.world.state.identities
    assert actors == {step: identities[person].object_id for step, person in people.items()}
    assert len(commands.writes()) == 4


@pytest.mark.parametrize("identity", ["operator", "reader"])
def test_a_plan_on_a_fresh_cloud_shows_changes_and_changes_nothing(commands: Commands, identity: str) -> None:
    """`plan` exits 2 on a fresh cloud, also with read-only rights, and sends no write."""
    ended = commands("plan", "-f", FILE, "--json", identity=identity)
    assert ended.code == 2, ended.err
    assert commands.writes() == []
    assert [plan["step"] for plan in ended.json["plans"]] == [
        "01_consent", "02_key", "03_rbac", "05_register", "05_register: attach",
    ]  # fmt: skip
    checks = ended.json["verdicts"]["checks"]
    assert {c["verdict"] for c in checks} <= {"pass", "not yet", "not applicable", "accepted"}
    assert [c["id"] for c in checks if c["verdict"] == "accepted"] == ["V12"]  # as the rehearsal's parameters say


def test_one_notebook_runs_alone_with_plain_papermill_inside_a_cloud(commands: Commands) -> None:
    """papermill, started by `cloud exec` without anything activated, executes 02 on its own and leaves a whole step."""
    executed = commands.home / "out.ipynb"
    papermill = ["papermill", "notebooks/02_key.ipynb", str(executed), "-f", FILE, "--no-progress-bar"]
    ended = commands("cloud", "exec", "--world", "healthy", "--", *papermill)
    assert ended.code == 0, ended.err
    assert commands.ledger()[-1]["event"] == "step_finished"
    assert "created the key" in executed.read_text()
