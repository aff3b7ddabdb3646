"""The `check` command: one or more targets looked at and judged, without kernels, and compared with an earlier run."""

from __future__ import annotations

import json
import sys
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from helpers import parameters as parameter_files
from helpers.display import plain, text
from helpers.errors import WrongUsage
from helpers.parameters import Parameters
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.headless.watching import Target


@click.command()
@click.option(
    "-f", "--file", "files", metavar="FILE", required=True, multiple=True, help="A parameter file; may be repeated."
)
@click.option("--baseline", metavar="RUN", help="Compare with this earlier run, or with the `last` one of each target.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def check(files: tuple[str, ...], baseline: str | None, as_json: bool) -> NoReturn:
    """Look at what is there, judge it, and say what changed since an earlier run. Changes nothing.

    \b
    Fit for a schedule: each target is checked on its own, and a warning never changes the exit code.
    Exit codes, the first that applies to any target: 64 wrong usage, 1 failed, 3 a blocking check fails,
    4 a blocking check is unknown, else 0.
    """
    from helpers.headless.baseline import named
    from helpers.headless.watching import check_target, exit_code

    targets = [(file, _parameters(file)) for file in files]
    if baseline not in (None, "last") and len(targets) > 1:
        raise WrongUsage(f"--baseline: one RUN is about one target, and {len(targets)} files are given; or use last")
    before = None if baseline is None else named(baseline)
    ended = []
    for file, checked in targets:
        ended.append(check_target(file, checked, baseline=before, say=_say))
        _tell(ended[-1])
    code = exit_code(ended)
    if len(ended) > 1:
        _say(f"{len(ended)} targets: " + ", ".join(f"{target.file} exit {target.exit_code}" for target in ended))
    if as_json:
        document = {"targets": [target.said() for target in ended], "exit_code": code}
        click.echo(json.dumps(document, indent=1, ensure_ascii=True))
    sys.exit(code)


def _parameters(file: str) -> Parameters:
    """The parameters of a file as named from here, else from the project's folder. Raises WrongUsage.

    A deviation that has ended is not refused here: it does not count any more, and what it covered is told.
    """
    from helpers.checks import refuse_deviations

    inside = runs.project_root() / file
    path = Path(file) if Path(file).is_file() or not inside.is_file() else inside
    checked = parameter_files.load(path)
    refuse_deviations(checked, date.min)
    return checked


def _tell(target: Target) -> None:
    _say("\n".join(text(view) for view in target.views()) + "\n")


def _say(line: str) -> None:
    click.echo(plain(line), err=True)
