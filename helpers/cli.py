"""The commands: parse, call, print, exit. What people read goes to standard error; --json goes to standard output."""

from __future__ import annotations

import logging
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from helpers.cli_shared import connected, end, parameters_of, say, tell
from helpers.display import text
from helpers.errors import Failed, Interrupted, RunbookError, WrongUsage
from helpers.headless import garbage
from helpers.headless.kernel_start import WAYS, Way
from helpers.record import runs
from helpers.record.sealed import refuse_sealed

if TYPE_CHECKING:
    from helpers.rehearsal.serve import Served

ELSEWHERE = ("attest", "check", "cloud", "evidence", "export", "fleet", "lab")
"""The commands that have a module of their own: helpers.cli_NAME."""
REHEARSAL_FILE = "parameters/rehearsal.yaml"
_file = click.option("-f", "--file", "file", metavar="FILE", required=True, help="The parameter file.")
_kernel_start = click.option(
    "--kernel-start",
    type=click.Choice(WAYS),
    help="How kernels start: forked from a process that has imported everything (on Linux), or each by itself.",
)
_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")


@click.group()
def main_group() -> None:
    """Put your Claude data under your own Azure Key Vault key, with a record of it.

    \b
    Exit codes: 0 done or nothing to do, 1 failed, 2 the plan has changes, 3 blocked or approval missing,
    4 unknown or unproven, 64 wrong usage, 130 interrupted.

    `python runbook.py test [--all]` runs the tests.
    """


@main_group.command()
@_file
@_json
def plan(file: str, as_json: bool) -> NoReturn:
    """Show what every step would do. Changes nothing; read-only rights are enough."""
    checked, _ = parameters_of(file)
    from helpers.headless.planning import plan_all

    whole = plan_all(connected(checked), checked)
    for one in whole.plans:
        tell(one)
    click.echo(text(whole.verdicts.brief()), err=True)
    end(whole.said(), whole.exit_code, as_json)


@main_group.command()
@_file
@click.option("--step", metavar="NN", help="Only this step, such as 03.")
@click.option("--continue", "going_on", metavar="RUN", help="Go on in this run's folder.")
@click.option("--rehearsal-approves", is_flag=True, hidden=True)
@_kernel_start
@_json
def run(
    file: str, step: str | None, going_on: str | None, rehearsal_approves: bool, kernel_start: Way | None, as_json: bool
) -> NoReturn:
    """Run the notebooks 01 to 05, up to the first that stops."""
    from helpers.headless.kernel_start import started, usual
    from helpers.headless.notebooks import steps_to_run

    steps = steps_to_run(step)
    with started(kernel_start or usual(len(steps))) as kernels:  # first: what it imports takes longest
        from helpers.headless import progress
        from helpers.headless.run import approve_as_rehearsal, run_notebooks
        from helpers.steps.by_hand import said_first

        checked, mapping = parameters_of(file)
        continued = runs.find(going_on) if going_on else None
        if continued:
            refuse_sealed(continued)
        for line in said_first(checked):
            say(line)
        services = connected(checked)
        _ = services.caller  # a wrong sign-in is told before any kernel starts
        if rehearsal_approves:
            from helpers.headless.planning import plan_all

            for planned in plan_all(services, checked).plans:
                say("\n".join(planned.sentences()))
            continued = continued or runs.new()
            approve_as_rehearsal(services, checked, continued)
        with progress.shown(len(steps)) as told:
            closing = run_notebooks(
                services, checked, mapping, steps,
                run=continued, fresh=not going_on, progress=told, kernel_start=kernels,
            )  # fmt: skip
    tell(closing)
    if closing.by_hand:
        tell(closing.by_hand)
    end(closing.view().data, closing.exit_code, as_json)


@main_group.command()
@click.option("--world", metavar="NAME", default="healthy", show_default=True, help="The rehearsal world.")
@click.option("-f", "--file", "file", metavar="FILE", default=REHEARSAL_FILE, show_default=True)
@_kernel_start
@_json
def rehearse(world: str, file: str, kernel_start: Way | None, as_json: bool) -> NoReturn:
    """Watch the whole onboarding against a rehearsal cloud on this machine. No account is needed.

    A world may bring parameters of its own, which are laid over the file's, and say how the rehearsal must end: then
    the exit code is that of the run if it did, and 1 if it did not. The worlds are in parameters/worlds.
    """
    from helpers.headless import drill
    from helpers.rehearsal import worldfile
    from helpers.rehearsal.serve import Served

    try:
        changes, said = worldfile.parameters_of(world), worldfile.expectations(world).get("rehearse")
        wanted = None if said is None else drill.Ending.of(said)
        with tempfile.TemporaryDirectory(prefix="cmek-") as folder:
            _, mapping = parameters_of(file)
            laid = (
                str(drill.laid_over(mapping, changes, Path(folder) / f"{Path(world).stem}.yaml")) if changes else file
            )
            if parameters_of(laid)[0].cloud != "rehearsal":
                raise WrongUsage(
                    f"{file}: cloud: azure is not rehearsed; a rehearsal's parameters say cloud: rehearsal"
                )
            click.echo("REHEARSAL: a cloud on this machine; nothing here is real, and nothing leaves.", err=True)
            with Served(world) as cloud:
                if wanted is None:
                    sys.exit(_run_in(cloud, laid, kernel_start, as_json))
                click.echo(f"This drill: {cloud.world.state.about}.", err=True)
                code = _run_in(cloud, laid, kernel_start, as_json)
                outcome = drill.Outcome(wanted, drill.Ending.seen(cloud.world.id, code))
                say(str(outcome))
                sys.exit(outcome.exit_code)
    except worldfile.WorldError as error:
        raise WrongUsage(str(error)) from None


def _run_in(cloud: Served, file: str, kernel_start: Way | None, as_json: bool) -> int:
    """The exit code of `run` as a child inside a rehearsal cloud."""
    from helpers.rehearsal.child import run as run_child
    from helpers.rehearsal.environment import applied

    arguments = ["run", "-f", file, "--rehearsal-approves", *(["--json"] if as_json else [])]
    arguments += ["--kernel-start", kernel_start] if kernel_start else []
    return run_child((sys.executable, "-P", "-m", "helpers.cli", *arguments), applied(cloud.environment("operator")))


@main_group.command()
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("-f", "--file", "file", metavar="FILE", help="Plan this parameter file now, and approve that.")
@click.option("--phrase", metavar="TEXT", help="The phrase, where nobody can type it.")
@click.option("--sign", metavar="SIGNER", help="pem:FILE or keyvault:KEY_ID, where the parameters pin approvers.")
@_json
def approve(run_name: str | None, file: str | None, phrase: str | None, sign: str | None, as_json: bool) -> NoReturn:
    """Approve the permanent plan that a run stopped at, signed in as the approver."""
    from helpers.headless.approving import approve_file, approve_run

    if (run_name is None) == (file is None):
        raise WrongUsage("approve takes either a RUN or -f FILE")
    if file is not None:
        checked, _ = parameters_of(file)
        given, plan_shown = approve_file(connected(checked), checked, _phrase(phrase), tell=tell, sign=sign)
    else:
        found = runs.find(str(run_name))
        given, plan_shown = approve_run(found, connected, _phrase(phrase), tell=tell, sign=sign)
    click.echo(f"Approved. The file is {given}", err=True)
    end({"approval": str(given), "digest": plan_shown}, 0, as_json)


def _phrase(given: str | None) -> Any:
    """Asks for the phrase at a terminal; takes the option's elsewhere, and refuses where there is neither."""

    def ask(wanted: str) -> str:
        if given is not None:
            return given
        if not sys.stdin.isatty():
            raise WrongUsage(f"nobody can type here; to approve without a terminal, give --phrase '{wanted}'")
        return str(click.prompt(f"Type '{wanted}' to approve, anything else to stop", err=True, default=""))

    return ask


def _commands(asked: str | None = None) -> click.Group:
    """All commands, or where one is asked for, those here and that one: the modules of others are not imported."""
    wanted = () if asked in main_group.commands else ELSEWHERE
    for name in (asked,) if asked in ELSEWHERE else wanted:
        main_group.add_command(getattr(import_module(f"helpers.cli_{name}"), name))
    return main_group


def main(arguments: list[str] | None = None) -> int:
    """Run one command and return its exit code; every error a person can act on is told without a traceback."""
    logging.getLogger("azure").addHandler(logging.NullHandler())  # what it warns of is in the error that it raises
    try:
        asked = next(iter(sys.argv[1:] if arguments is None else arguments), None)
        _commands(asked).main(arguments, prog_name="python runbook.py", standalone_mode=False)
    except click.UsageError as error:
        say(error.format_message())
        return WrongUsage.exit_code
    except click.ClickException as error:
        say(error.format_message())
        return error.exit_code
    except RunbookError as error:
        say("\n".join(error.lines()))
        return error.exit_code
    except OSError as error:
        say(f"{error.filename or 'the file system'}: {error.strerror or error}")
        return Failed.exit_code
    except (click.Abort, KeyboardInterrupt):
        click.echo("Interrupted. Run it again: every step starts by looking.", err=True)
        return Interrupted.exit_code
    except SystemExit as done:
        return int(done.code or 0)
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] not in (["fleet"], ["cloud"], ["lab"], ["rehearse"]):  # these serve or look at many, for long
        garbage.seldom()
    garbage.not_at_the_end()
    sys.exit(main())
