"""The real azure-ai-ml loads every job and the schedule, offline, and makes of them what we mean; and what it refuses.

It refuses wrong keys and values. What it lets through is in BREAKS of test_files.py, and some of it is shown here.
"""

from __future__ import annotations

import shutil
from typing import Any

import pytest
import yaml

from tests.azureml.conftest import Loader
from tests.azureml.jobs import FOLDER, JOBS, ROOT, SCHEDULE, job
from tests.azureml.uploaded import uploaded

pytestmark = pytest.mark.slow

MANAGED = ({"identityType": "Managed"}, {"identity_type": "Managed"})


@pytest.fixture(scope="module")
def loaded(loader: Loader) -> dict[str, Any]:
    """What the loader makes of each of our files, by name."""
    paths = {name: ROOT / FOLDER / name for name in (*JOBS, SCHEDULE)}
    found = loader(*paths.values())
    return {name: found[str(path)] for name, path in paths.items()}


@pytest.mark.parametrize("name", JOBS)
def test_a_job_loads_and_is_what_its_file_says(loaded: dict[str, Any], name: str) -> None:
    """Each step with its command, the project as code, environment.yml as it is, and a managed identity."""
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert "refused" not in loaded[name], loaded[name]
    steps = loaded[name]["steps"]
    assert list(steps) == [step.name for step in job(name).steps]
    for step in job(name).steps:
        said = steps[step.name]
        assert said["command"] == step.command
        assert said["code"] == str(ROOT)
        assert said["conda"] == conda
        assert said["image"] == step.given["environment"]["image"]
        assert said["identity"] in MANAGED


def test_inputs_are_read_only_and_outputs_are_mounts(loaded: dict[str, Any]) -> None:
    """What would be sent says so in the service's own words."""
    for name in JOBS:
        rest = loaded[name]["rest"]
        assert {value["mode"] for value in rest["inputs"].values()} == {"ReadOnlyMount"}
        assert {value["mode"] for value in rest["outputs"].values()} == {"ReadWriteMount"}


def test_no_pipeline_takes_an_earlier_result_for_its_own(loaded: dict[str, Any]) -> None:
    """Both pipelines are sent with force_rerun, also as the schedule sends it."""
    sent = [loaded["pipeline.yml"], loaded["check.yml"], loaded[SCHEDULE]["job"]]
    assert [one["rest"]["settings"]["force_rerun"] for one in sent] == [True] * 3


def test_the_schedule_loads_and_can_be_sent(loaded: dict[str, Any]) -> None:
    """Weekly on Monday at 05:30 UTC; its job is that of check.yml."""
    assert "refused" not in loaded[SCHEDULE], loaded[SCHEDULE]
    trigger = loaded[SCHEDULE]["trigger"]
    assert {name.lower(): str(trigger[name]).lower() for name in ("frequency", "interval", "timeZone")} == {
        "frequency": "week",
        "interval": "1",
        "timezone": "utc",
    }
    when = trigger["schedule"]
    assert (when["hours"], when["minutes"], [day.lower() for day in when["weekDays"]]) == ([5], [30], ["monday"])
    assert loaded[SCHEDULE]["job"] == loaded["check.yml"]


def test_what_it_would_upload_is_what_we_say(loader: Loader) -> None:
    """Its own reading of .amlignore gives the files that ours gives."""
    found = [name for name in loader("--uploaded", ROOT) if (ROOT / name).is_file()]
    assert found == uploaded()


REFUSED: dict[str, tuple[str, dict[str, Any], str]] = {
    "a wrong key": ("run.yml", {"comand": "python"}, "Unknown field"),
    "a wrong identity": (
        "run.yml",
        {"identity": {"type": "managed_identty"}},
        "'managed_identty' passed is not in set",
    ),
    "an environment that is not there": (
        "run.yml",
        {"environment": {"image": "mcr.microsoft.com/a:20260715.v1", "conda_file": "gone.yml"}},
        "No such file or directory",
    ),
    "a wrong mode": ("run.yml", {"outputs": {"record": {"type": "uri_folder", "mode": "rw"}}}, "'rw' passed is not in"),
    "an undeclared input": (
        "run.yml",
        {"command": "python runbook.py run -f ${{inputs.parmeters}}"},
        "does not contain 'parmeters'",
    ),
    "a wrong rhythm": (
        SCHEDULE,
        {"trigger": {"type": "recurrence", "frequency": "weekly", "interval": 1}},
        "'weekly' passed is not in set",
    ),
    "a time zone under another name": (
        SCHEDULE,
        {"trigger": {"type": "recurrence", "frequency": "week", "interval": 1, "timezone": "UTC"}},
        "Unknown field",
    ),
    "a job that a schedule does not take": (SCHEDULE, {"create_job": "./run.yml"}, "Unsupported job type"),
}
LET_THROUGH: dict[str, tuple[str, dict[str, Any]]] = {
    "another verb": ("run.yml", {"command": "python runbook.py examine -f ${{inputs.parameters}}"}),
    "no identity": ("run.yml", {"identity": None}),
    "code of one folder": ("run.yml", {"code": "."}),
    "a step that may not run again": ("check.yml", {"settings": {"default_compute": "azureml:cmek-cluster"}}),
    "no time zone": (
        SCHEDULE,
        {"trigger": {"type": "recurrence", "frequency": "week", "interval": 1, "time_zone": "Nowhere"}},
    ),
}


@pytest.fixture(scope="module")
def broken(loader: Loader, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """What the loader makes of each broken file, by what is wrong with it."""
    paths = {}
    files = {what: (name, changes) for what, (name, changes, _) in REFUSED.items()} | LET_THROUGH
    for number, (what, (name, changes)) in enumerate(files.items()):
        root = tmp_path_factory.mktemp(f"broken{number}")
        shutil.copytree(ROOT / FOLDER, root / FOLDER)
        shutil.copy(ROOT / "environment.yml", root)
        path = root / FOLDER / name
        given = {**yaml.safe_load(path.read_text(encoding="utf-8")), **changes}
        path.write_text(yaml.safe_dump({name: value for name, value in given.items() if value is not None}))
        paths[what] = path
    found = loader(*paths.values())
    return {what: found[str(path)] for what, path in paths.items()}


@pytest.mark.parametrize("what", REFUSED)
def test_the_loader_refuses(broken: dict[str, Any], what: str) -> None:
    """So it is not we who have to look for that."""
    assert REFUSED[what][2] in broken[what].get("refused", ""), broken[what]


@pytest.mark.parametrize("what", LET_THROUGH)
def test_the_loader_lets_through(broken: dict[str, Any], what: str) -> None:
    """So it is we who look for that: test_files.py has a rule for each."""
    assert "refused" not in broken[what], broken[what]
