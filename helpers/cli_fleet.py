"""The `fleet` command: the same for many parameter files, each target by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NoReturn

import click

from helpers.cli_shared import end, parameters_of, say
from helpers.display import text
from helpers.errors import WrongUsage

if TYPE_CHECKING:
    from helpers.headless.fleet.looking import Verb, Which
    from helpers.headless.fleet.progress import Progress
    from helpers.headless.fleet.record import Record
    from helpers.headless.fleet.results import Result
    from helpers.headless.fleet.targets import Target

MOST_JOBS = 64
Work = Callable[["list[Target]", "Record", "Progress"], "Iterator[Result]"]
Command = Callable[..., Any]
_files = click.argument("files", metavar="FILES...", nargs=-1, required=True)
_resume = click.option("--resume", metavar="RUN", help="Go on with this fleet: results that stand are kept.")
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_notebooks = click.option(
    "--notebooks",
    type=click.Choice(["all", "red", "none"]),
    help="Which targets get an executed 04 as well, one after another: all, those that are blocked or unknown (red; "
    "so it is without --scheduler), or none.",
)


def _cluster(command: Command) -> Command:
    """The options of a Dask cluster."""
    for name, metavar, said in (
        ("--tls-key", "FILE", "Its key."),
        ("--tls-cert", "FILE", "Our certificate for it."),
        ("--tls-ca", "FILE", "Who signs the certificates of the cluster, and ours for it."),
        (
            "--scheduler",
            "tls://HOST:PORT",
            "Have it done by the workers of this Dask cluster, which sign in themselves.",
        ),
    ):
        command = click.option(name, metavar=metavar, help=said)(command)
    return command


def _jobs(default: int) -> Callable[[Command], Command]:
    return click.option(
        "--jobs",
        type=click.IntRange(1, MOST_JOBS),
        default=default,
        show_default=True,
        help="How many targets at once.",
    )


def _looking(command: Command) -> Command:
    """The options of the commands that look and change nothing."""
    for option in (_json, _resume, _cluster, _notebooks, _jobs(8), _files):
        command = option(command)
    return command


@click.group()
def fleet() -> None:
    """The same command for many parameter files. One target that fails never stops the rest.

    \b
    Each fleet has a folder runs/fleet-... with a line for every target, a page and a document.
    Exit codes, the first that applies to any target: 64 wrong usage, 1 failed, 130 not done, 3 blocked or approval
    missing, 4 unknown, 2 changes planned, else 0.
    """


@fleet.command()
@_looking
def check(files: tuple[str, ...], **options: Any) -> NoReturn:
    """Look at every target and judge it, without kernels. Changes nothing."""
    _look("check", files, **options)


@fleet.command()
@_looking
def plan(files: tuple[str, ...], **options: Any) -> NoReturn:
    """Show what every step would do for every target. Changes nothing."""
    _look("plan", files, **options)


@fleet.command()
@_files
@_jobs(1)
@_resume
@_json
def run(files: tuple[str, ...], jobs: int, resume: str | None, as_json: bool) -> NoReturn:
    """Run the notebooks of every target. What is for good takes each target's own approval, as in `run`."""
    from helpers.headless.fleet import running

    def work(targets: list[Target], record: Record, progress: Progress) -> Iterator[Result]:
        return running.run(targets, record, jobs)

    _fleet("run", files, resume, as_json, work)


def _look(
    verb: Verb,
    files: tuple[str, ...],
    *,
    jobs: int,
    notebooks: Which | None,
    resume: str | None,
    as_json: bool,
    scheduler: str | None,
    tls_ca: str | None,
    tls_cert: str | None,
    tls_key: str | None,
) -> NoReturn:
    from helpers.headless.fleet import cluster, looking

    if scheduler is None and (tls_ca or tls_cert or tls_key):
        raise WrongUsage("--tls-ca, --tls-cert and --tls-key are for --scheduler")
    if scheduler is not None and notebooks not in (None, "none"):
        raise WrongUsage("--notebooks: a cluster executes none; look at a target that is not green without --scheduler")
    dask = cluster.Cluster(scheduler, tls_ca, tls_cert, tls_key) if scheduler else None
    if dask:
        cluster.refuse_without_dask()
    which = notebooks or ("none" if dask else "red")

    def work(targets: list[Target], record: Record, progress: Progress) -> Iterator[Result]:
        if dask:
            return cluster.look(targets, verb, record, jobs, dask, progress.say)
        return looking.look(targets, verb, record, jobs, progress.say)

    def after(targets: list[Target], record: Record, progress: Progress) -> None:
        found = {result.file: result for result in record.results()}
        wanted = [target for target in targets if looking.wants_notebook(found[target.file], which)]
        for number, target in enumerate(wanted, 1):
            progress.say(f"notebook {number} of {len(wanted)}: {target.file}")
            looking.with_notebook(target, found[target.file], record)

    _fleet(verb, files, resume, as_json, work, after, dask.refuse_unfit if dask else None)


def _fleet(
    verb: str,
    files: tuple[str, ...],
    resume: str | None,
    as_json: bool,
    work: Work,
    after: Callable[[list[Target], Record, Progress], None] | None = None,
    refuse: Callable[[list[Target]], None] | None = None,
) -> NoReturn:
    """Load, work through what is left, and say what it came to."""
    from helpers.headless.fleet import resuming, summary
    from helpers.headless.fleet.progress import Progress
    from helpers.headless.fleet.record import Record
    from helpers.headless.fleet.results import NOT_DONE, exit_code
    from helpers.headless.fleet.targets import load, refuse_file_names, refuse_mixed

    refuse_file_names(files)
    targets, refused = load(files, parameters_of)
    refuse_mixed(targets)
    if refuse is not None:
        refuse(targets)
    with Record.find(resume, verb) if resume else Record.new(verb) as record:
        resuming.refuse_other_world(record.id, targets, record.results())
        left = resuming.left(verb, targets, record.results())
        progress = Progress(len(refused) + len(left))
        progress.say(f"Fleet {record.id}: {len(files)} files, {len(targets) - len(left)} of them done before")
        for result in refused:
            progress.ended(record.add(result))
        try:
            for result in work(left, record, progress):
                progress.ended(result)
            if after is not None:
                after(targets, record, progress)
        except KeyboardInterrupt:
            progress.say(f"Go on with: python runbook.py fleet {verb} --resume {record.id} FILES...")
            raise
        results = resuming.of_now(targets, refused, record.results())
        results.sort(key=lambda result: files.index(result.file))
        if all(result.exit_code != NOT_DONE for result in results):
            record.finished(exit_code(results))
        summary.write(record.id, verb, results, record.folder)
        say(text(summary.view(record.id, verb, results, record.folder)))
    end(summary.document(record.id, verb, results), exit_code(results), as_json)
