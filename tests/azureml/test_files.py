"""Our own rules for the jobs: what Azure ML's loader lets through and must not be. Each rule is seen to find its fault."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers import parameters as parameter_files
from helpers.headless.notebooks import STEPS
from helpers.record.secrets import looks_like
from tests.azureml.jobs import FOLDER, JOBS, ROOT, SCHEDULE, Job, job
from tests.azureml.rules import faults, invocation, schedule_faults

PLACES = {"run.yml": "", "pipeline.yml": "register", "check.yml": "check"}
"""A step of each job, by name, to be broken."""


@pytest.mark.parametrize("name", JOBS)
def test_a_job_keeps_every_rule(name: str) -> None:
    """Code, environment, identity, inputs, outputs and command of each step are as they must be."""
    assert faults(job(name), ROOT) == []


def test_the_schedule_is_weekly_in_utc_and_starts_a_pipeline() -> None:
    """Every Monday at 05:30 UTC, the job of check.yml."""
    assert schedule_faults(ROOT / FOLDER / SCHEDULE) == []


def test_the_pipeline_has_one_step_for_each_notebook_in_order() -> None:
    """01 to 05; the first starts a run, and each later one goes on in the run of the step right before it."""
    steps = job("pipeline.yml").steps
    called = [invocation(step) for step in steps]
    assert [verb for verb, _ in called] == ["run"] * 5
    assert [options["step"] for _, options in called] == [name[:2] for name in STEPS]
    assert [options["going_on"] for _, options in called] == [None, *["$CMEK_HOME/runs/*"] * 4]
    before = [step.bound("inputs")["before"].job for step in steps[1:]]
    assert before == [step.name for step in steps[:-1]]
    assert job("pipeline.yml").given["settings"]["continue_on_step_failure"] is False


def test_what_may_be_for_good_is_given_the_approvals() -> None:
    """04 (purge protection) and 05 (attaching) have the approvals; no other step has them."""
    assert [step.name for step in job("pipeline.yml").steps if "approvals" in step.declared("inputs")] == [
        "verify",
        "register",
    ]
    assert "approvals" in job("run.yml").steps[0].declared("inputs")


def test_the_check_finds_its_baseline_where_it_leaves_its_record() -> None:
    """`--baseline last`, and the folder that is read is the one that is written: a fixed path, the same for every job."""
    check = job("check.yml")
    (step,) = check.steps
    asked = {"files": ("${{inputs.parameters}}",), "baseline": "last", "logs": False, "since": None, "as_json": False}
    assert invocation(step) == ("check", asked)
    assert "record=${{outputs.history}} before=${{outputs.history}};" in step.command
    assert check.given["outputs"]["history"]["path"].startswith("azureml://datastores/")
    assert "${{" not in check.given["outputs"]["history"]["path"]


def test_the_parameters_for_azure_ml_are_whole_and_name_the_managed_identity() -> None:
    """parameters.yaml is accepted as it is; it signs in as the compute, and the Admin API key is in a vault."""
    checked = parameter_files.load(ROOT / FOLDER / "parameters.yaml")
    assert (checked.cloud, checked.credential) == ("azure", "managed_identity")
    assert checked.admin_key.startswith("keyvault:https://")


def test_no_file_holds_anything_like_a_secret() -> None:
    """All that is in azureml/, README and script included."""
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / FOLDER).rglob("*") if path.is_file()]
    assert len(texts) >= 8
    assert [kind for kind in map(looks_like, texts) if kind] == []


BREAKS: dict[str, tuple[dict[str, Any], str]] = {
    "another verb": ({"command": "set -e; . azureml/record.sh; python runbook.py examine"}, "no such verb: examine"),
    "another option": (
        {"command": "set -e; . azureml/record.sh; python runbook.py run -f f --stpe 05"},
        "No such option",
    ),
    "no such step": (
        {"command": "set -e; . azureml/record.sh; python runbook.py run -f f --step 06"},
        "--step: 06",
    ),
    "no parameters": ({"command": "set -e; . azureml/record.sh; python runbook.py run"}, "Missing option"),
    "something else": ({"command": "set -e; . azureml/record.sh; python -c 1"}, "does not end with python runbook.py"),
    "no record": (
        {"command": "set -e; python runbook.py run -f ${{inputs.parameters}}"},
        "does not keep its record",
    ),
    "going on after a failure": (
        {"command": "record=${{outputs.record}}; . azureml/record.sh; python runbook.py run -f f"},
        "does not stop at the first thing that fails",
    ),
    "a record elsewhere": (
        {"command": "set -e; record=/tmp; . azureml/record.sh; python runbook.py run -f f"},
        "its record is not an output",
    ),
    "an undeclared input": (
        {"command": "set -e; . azureml/record.sh; python runbook.py run -f ${{inputs.parmeters}}"},
        "inputs.parmeters is not declared",
    ),
    "no identity": ({"identity": None}, "its identity is None"),
    "the person's identity": ({"identity": {"type": "user_identity"}}, "its identity is user_identity"),
    "the newest image": (
        {"environment": {"image": "mcr.microsoft.com/azureml/a:latest", "conda_file": "../environment.yml"}},
        "is not pinned",
    ),
    "another environment": (
        {"environment": {"image": "mcr.microsoft.com/a:20260715.v1", "conda_file": "other.yml"}},
        "its environment is other.yml",
    ),
    "code of one folder": ({"code": "."}, "and not the project"),
    "an input that can be written": (
        {"inputs": {"parameters": {"type": "uri_file", "mode": "rw_mount"}}},
        "inputs.parameters is not a ro_mount",
    ),
    "an output that is uploaded": (
        {"outputs": {"record": {"type": "uri_folder", "mode": "upload"}}},
        "outputs.record is not a rw_mount",
    ),
    "an unused input": (
        {"inputs": {"extra": {"type": "uri_file", "mode": "ro_mount"}}},
        "inputs.extra is not used",
    ),
    "an unused output": (
        {"outputs": {"extra": {"type": "uri_folder", "mode": "rw_mount"}}},
        "outputs.extra is not used",
    ),
    "a key in it": (
        {"environment_variables": {"ANTHROPIC_ADMIN_KEY": "sk-ant-" + "admin01-" + "A1b2C3d4" * 8}},
        "it holds",
    ),
}


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A project to break: its jobs, its environment, and a runbook.py."""
    shutil.copytree(ROOT / FOLDER, tmp_path / FOLDER)
    for name in ("environment.yml", "runbook.py"):
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


def written(folder: Path, name: str, given: Any) -> Job:
    """A job's file, replaced."""
    (folder / FOLDER / name).write_text(yaml.safe_dump(given, sort_keys=False), encoding="utf-8")
    return Job.read(folder / FOLDER / name)


@pytest.mark.parametrize("name", JOBS)
@pytest.mark.parametrize("broken", BREAKS)
def test_a_broken_step_is_found(copy: Path, name: str, broken: str) -> None:
    """Each rule says what is wrong, in whichever job the step is."""
    changes, said = BREAKS[broken]
    given = yaml.safe_load((copy / FOLDER / name).read_text(encoding="utf-8"))
    step = given["jobs"][PLACES[name]] if PLACES[name] else given
    step.update({key: {**step.get(key, {}), **value} if key in ("inputs", "outputs") else value
                 for key, value in changes.items()})  # fmt: skip
    found = faults(written(copy, name, given), copy)
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("settings", "force_rerun"), False, "would not be run again"),
        (("jobs", "register", "inputs", "before", "path"), "${{parent.jobs.later.outputs.record}}", "no earlier step"),
        (("jobs", "key", "inputs", "before", "path"), "${{parent.jobs.consent.outputs.log}}", "no earlier step"),
        (("jobs", "key", "inputs", "parameters"), "${{parent.inputs.parmeters}}", "inputs.parmeters is not declared"),
        (("inputs", "extra"), {"type": "uri_file", "mode": "ro_mount"}, "inputs.extra is not used"),
        (("outputs", "extra"), {"type": "uri_folder", "mode": "rw_mount"}, "outputs.extra is not used"),
    ],
)
def test_a_broken_pipeline_is_found(copy: Path, keys: tuple[str, ...], value: Any, said: str) -> None:
    """What binds the steps together is looked at as well."""
    given = yaml.safe_load((copy / FOLDER / "pipeline.yml").read_text(encoding="utf-8"))
    inner = given
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    found = faults(written(copy, "pipeline.yml", given), copy)
    assert any(said in fault for fault in found), found


@pytest.mark.parametrize(
    ("keys", "value", "said"),
    [
        (("trigger", "frequency"), "day", "not weekly"),
        (("trigger", "interval"), 2, "not weekly"),
        (("trigger", "time_zone"), "W. Europe Standard Time", "not in UTC"),
        (("trigger", "schedule", "week_days"), ["monday", "tuesday"], "one day and one time"),
        (("create_job",), "./run.yml", "starts no pipeline"),
        (("create_job",), "./gone.yml", "starts no pipeline"),
    ],
)
def test_a_broken_schedule_is_found(copy: Path, keys: tuple[str, ...], value: Any, said: str) -> None:
    """Another rhythm, another time zone, and a job that a schedule does not take."""
    given = yaml.safe_load((copy / FOLDER / SCHEDULE).read_text(encoding="utf-8"))
    inner = given
    for key in keys[:-1]:
        inner = inner[key]
    inner[keys[-1]] = value
    found = schedule_faults(written(copy, SCHEDULE, given).path)
    assert any(said in fault for fault in found), found
