"""What must hold for a job beyond what Azure ML's own loader checks. Each rule gives sentences; none when it holds."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import yaml

from helpers.cli import _commands
from helpers.errors import WrongUsage
from helpers.headless.notebooks import steps_to_run
from helpers.record.secrets import looks_like
from tests.azureml.jobs import Job, Step

CALL = re.compile(r"python runbook\.py (?P<arguments>.+)$")
PINNED = re.compile(r"mcr\.microsoft\.com/[\w./-]+(:\d{8}\.v\d+|@sha256:[0-9a-f]{64})")
IDENTITIES = ("managed", "managed_identity")


def faults(job: Job, root: Path) -> list[str]:
    """Everything that is wrong with a job of the project in `root`."""
    found = [f"{job.path.name} {step.name}: {said}" for step in job.steps for rule in _OF_A_STEP for said in rule(step)]
    found += [f"{job.path.name} {step.name}: {said}" for step in job.steps for said in _places(job, step, root)]
    return found + [f"{job.path.name}: {said}" for rule in _OF_A_JOB for said in rule(job)]


def invocation(step: Step) -> tuple[str, dict[str, Any]]:
    """The verb that a step calls, and its options as our own command line understands them. Raises ClickException."""
    match = CALL.search(step.command)
    if match is None:
        raise click.UsageError("it does not end with python runbook.py")
    verb, *arguments = shlex.split(match["arguments"])
    command = _commands().commands.get(verb)
    if command is None:
        raise click.UsageError(f"no such verb: {verb}")
    return verb, command.make_context(verb, arguments).params


def _command(step: Step) -> Iterator[str]:
    try:
        _, options = invocation(step)
        steps_to_run(options.get("step"))
    except click.ClickException as error:
        yield f"its command is not one of ours: {error.format_message()}"
    except WrongUsage as error:
        yield f"its command is not one of ours: {error.what}"
    if not step.command.startswith("set -e; ") or ". azureml/record.sh; python" not in step.command:
        yield "it does not stop at the first thing that fails, or does not keep its record"


def _in_and_out(step: Step) -> Iterator[str]:
    for way in ("inputs", "outputs"):
        declared, used = set(step.declared(way)), step.used(way)
        yield from (f"{way}.{name} is not declared" for name in sorted(used - declared))
        yield from (f"{way}.{name} is not used" for name in sorted(declared - used))
    if re.search(r"record=\$\{\{outputs\.\w+\}\}", step.command) is None:
        yield "its record is not an output"


def _identity(step: Step) -> Iterator[str]:
    found = (step.given.get("identity") or {}).get("type")
    if found not in IDENTITIES:
        yield f"its identity is {found}, and not a managed one"


def _image(step: Step) -> Iterator[str]:
    image = step.given["environment"].get("image", "")
    if not PINNED.fullmatch(image):
        yield f"its image {image} is not pinned"


_OF_A_STEP: tuple[Callable[[Step], Iterator[str]], ...] = (_command, _in_and_out, _identity, _image)


def _places(job: Job, step: Step, root: Path) -> Iterator[str]:
    """The code is the whole project, and the environment is its environment.yml."""
    code = (job.path.parent / step.given.get("code", "nowhere")).resolve()
    if code != root.resolve() or not (code / "runbook.py").is_file():
        yield f"its code is {code}, and not the project"
    conda = (job.path.parent / step.given["environment"].get("conda_file", "nowhere")).resolve()
    if conda != (root / "environment.yml").resolve() or not conda.is_file():
        yield f"its environment is {conda.name}, and not environment.yml of the project"


def _bindings(job: Job) -> Iterator[str]:
    """A pipeline's inputs and outputs are used, and what a step is given comes from the step before."""
    if not job.is_pipeline:
        return
    before: dict[str, Step] = {}
    used: dict[str, set[str]] = {"inputs": set(), "outputs": set()}
    for step in job.steps:
        for way in ("inputs", "outputs"):
            for name, bound in step.bound(way).items():
                if bound.job is None:
                    used[bound.way].add(bound.name)
                elif bound.job not in before or bound.name not in before[bound.job].declared("outputs"):
                    yield f"{step.name}: {name} is the {bound.name} of {bound.job}, which no earlier step has"
        before[step.name] = step
    for way, names in used.items():
        declared = set(job.declared(way))
        yield from (f"{way}.{name} is not declared" for name in sorted(names - declared))
        yield from (f"{way}.{name} is not used" for name in sorted(declared - names))


def _runs_again(job: Job) -> Iterator[str]:
    settings = job.given.get("settings") or {}
    if job.is_pipeline and settings.get("force_rerun") is not True:
        yield "a step with the same inputs would not be run again"


def _modes(job: Job) -> Iterator[str]:
    """What comes in is only read; what goes out is a mount, because an upload may not happen when a job fails."""
    either: tuple[Job | Step, ...] = (job, *job.steps)
    for step in either:
        for way, mode in (("inputs", "ro_mount"), ("outputs", "rw_mount")):
            for name, value in step.declared(way).items():
                if isinstance(value, dict) and value.get("mode") != mode:
                    yield f"{way}.{name} is not a {mode}"


def _secrets(job: Job) -> Iterator[str]:
    kind = looks_like(job.path.read_text(encoding="utf-8"))
    if kind is not None:
        yield f"it holds {kind}"


_OF_A_JOB: tuple[Callable[[Job], Iterator[str]], ...] = (_bindings, _runs_again, _modes, _secrets)


def schedule_faults(path: Path) -> list[str]:
    """Everything that is wrong with the schedule: it is weekly, in UTC, and starts a pipeline."""
    given = yaml.safe_load(path.read_text(encoding="utf-8"))
    trigger, job = given["trigger"], path.parent / str(given["create_job"])
    when = trigger.get("schedule") or {}
    said = {
        "it is not weekly": (trigger.get("frequency"), trigger.get("interval")) != ("week", 1),
        "it does not name one day and one time": not all(
            isinstance(when.get(name), list) and len(when[name]) == 1 for name in ("week_days", "hours", "minutes")
        ),
        "it is not in UTC": trigger.get("time_zone") != "UTC",
        "it starts no pipeline, and a schedule takes nothing else": not job.is_file() or not Job.read(job).is_pipeline,
    }
    return [f"{path.name}: {fault}" for fault, holds in said.items() if holds]
