"""Run by the Python that has azure-ai-ml: loads job files as `az ml` does, and says what it made of each, as JSON.

Arguments: the files. A schedule is loaded with the loader for schedules; both are checked as they are before submission,
as far as that goes without a workspace. Standard library and azure-ai-ml only.
"""

import json
import logging
import sys
from pathlib import Path

from azure.ai.ml import load_job
from azure.ai.ml._utils._asset_utils import get_ignore_file, get_upload_files_from_folder
from azure.ai.ml.entities._load_functions import load_schedule


def said(path: Path) -> dict:
    """What the loader makes of a file, or `refused` with its reason."""
    try:
        if path.name.startswith("schedule"):
            return _schedule(path)
        return _job(load_job(path))
    except Exception as error:  # noqa: BLE001 - whatever it raises, it refuses
        return {"refused": f"{type(error).__name__}: {error}"}


def _checked(loaded) -> None:
    result = loaded._validate()
    if not result.passed:
        raise ValueError(str(result.error_messages))


def _job(job) -> dict:
    _checked(job)
    if job.type != "pipeline":
        rest = job._to_job()._to_rest_object().as_dict()["properties"]
        step = {**_place(job), "identity": rest.get("identity"), "command": rest["command"]}
        return {"rest": _plain(rest, "inputs", "outputs", "limits", "computeId"), "steps": {"run": step}}
    rest = job._to_rest_object().as_dict()["properties"]
    steps = {
        name: {
            **_place(step.component),
            "identity": rest["jobs"][name].get("identity"),
            "command": step.component.command,
            "limits": rest["jobs"][name]["limits"],
        }
        for name, step in job.jobs.items()
    }
    return {"rest": _plain(rest, "inputs", "outputs", "settings"), "steps": steps}


def _plain(rest, *names: str) -> dict:
    """These parts of what would be sent."""
    return {name: json.loads(json.dumps(rest[name], default=str)) for name in names}


def _place(loaded) -> dict:
    code = (Path(loaded.base_path) / loaded.code).resolve()
    return {"code": str(code), "conda": loaded.environment.conda_file, "image": loaded.environment.image}


def _schedule(path: Path) -> dict:
    schedule = load_schedule(path)
    _checked(schedule)
    sent = schedule._to_rest_object().as_dict()["properties"]
    return {"trigger": sent["trigger"], "job": _job(schedule.create_job)}


def _files(folder: Path) -> list[str]:
    """What would be uploaded of a folder, relative to it."""
    found = get_upload_files_from_folder(folder, ignore_file=get_ignore_file(folder))
    return sorted(str(Path(target)) for _, target in found)


if __name__ == "__main__":
    logging.disable(logging.CRITICAL)  # it warns of its own experimental parts
    if sys.argv[1] == "--uploaded":
        print(json.dumps(_files(Path(sys.argv[2]))))
    else:
        print(json.dumps({path: said(Path(path)) for path in sys.argv[1:]}))
