"""The `check` command: one or more targets looked at and judged, without kernels, and compared with an earlier run."""

from __future__ import annotations

from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, NoReturn

import click

from helpers import parameters as parameter_files
from helpers.cli_shared import end, say
from helpers.display import text
from helpers.errors import WrongUsage
from helpers.parameters import Parameters
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.headless.checking import Logged
    from helpers.headless.watching import Target


@click.command()
@click.option(
    "-f", "--file", "files", metavar="FILE", required=True, multiple=True, help="A parameter file; may be repeated."
)
@click.option("--baseline", metavar="RUN", help="Compare with this earlier run, or with the `last` one of each target.")
@click.option("--logs", is_flag=True, help="Show what Key Vault logged of the key's use, in log_destination.")
@click.option(
    "--since", metavar="DATE", help="With --logs: from this day or time on, UTC; the last 7 days unless given."
)
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def check(files: tuple[str, ...], baseline: str | None, logs: bool, since: str | None, as_json: bool) -> NoReturn:
    """Look at what is there, judge it, and say what changed since an earlier run. Changes nothing.

    \b
    Fit for a schedule: each target is checked on its own, and a warning never changes the exit code.
    Exit codes, the first that applies to any target: 64 wrong usage, 1 failed, 3 a blocking check fails,
    4 a blocking check is unknown, else 0. With --logs also 3 for a use by Anthropic's principal from an
    address that is not published, and 4 while no use by it is proven: none is logged yet, or it cannot be read.
    """
    from helpers.headless.baseline import named
    from helpers.headless.watching import check_target, exit_code

    targets = [(file, _parameters(file)) for file in files]
    logged = _logged(targets, since) if logs else None
    if since is not None and logged is None:
        raise WrongUsage("--since: given without --logs, and it is about nothing else")
    if baseline not in (None, "last") and len(targets) > 1:
        raise WrongUsage(f"--baseline: one RUN is about one target, and {len(targets)} files are given; or use last")
    before = None if baseline is None else named(baseline)
    ended = []
    for file, checked in targets:
        ended.append(check_target(file, checked, baseline=before, say=say, logged=logged))
        _tell(ended[-1])
    code = exit_code(ended)
    if len(ended) > 1:
        say(f"{len(ended)} targets: " + ", ".join(f"{target.file} exit {target.exit_code}" for target in ended))
    end({"targets": [target.said() for target in ended], "exit_code": code}, code, as_json)


def _parameters(file: str) -> Parameters:
    """The parameters of a file. A deviation that has ended is not refused: what it covered is told."""
    from helpers.checks import refuse_deviations

    checked = parameter_files.load(runs.located(file))
    refuse_deviations(checked, date.min)
    return checked


def _logged(targets: list[tuple[str, Parameters]], since: str | None) -> Logged:
    """From when the log is looked at. Raises WrongUsage for a target without a workspace, and for what is no date."""
    from helpers.headless.checking import Logged

    for file, wanted in targets:
        given = wanted.log_destination
        if given is None or "/microsoft.operationalinsights/workspaces/" not in given.lower():
            raise WrongUsage(
                f"{file}: log_destination: given {given or 'nothing'}, and --logs reads it; "
                "allowed: the resource ID of a Log Analytics workspace"
            )
    try:
        start = datetime.fromisoformat(since) if since else None
    except ValueError:
        raise WrongUsage(f"--since: given {since}; allowed: a day or a time, as 2026-11-23") from None
    return Logged(start.replace(tzinfo=UTC) if start and start.tzinfo is None else start)


def _tell(target: Target) -> None:
    say("\n".join(text(view) for view in target.views()) + "\n")
