"""The `export` commands: the same onboarding as a script of az commands, and as a Terraform configuration."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import click

from helpers import parameters as parameter_files
from helpers.cli_shared import say
from helpers.errors import WrongUsage
from helpers.parameters import Parameters
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.facts import Facts

_file = click.option("-f", "--file", "file", metavar="FILE", required=True, help="The parameter file.")


@click.group()
def export() -> None:
    """The same onboarding for other tools, made from a parameter file. Nothing is run."""


@export.command()
@_file
@click.option("--output", metavar="FILE", type=click.Path(path_type=Path), help="Where to write it (standard output).")
def az(file: str, output: Path | None) -> NoReturn:
    """A bash script of az and curl commands that does what the plan says; to be reviewed, then run.

    It stops before attaching unless ATTACH_FOR_GOOD says so. Signs in nowhere and reads no cloud now.
    """
    from helpers.export.az import script

    checked = _parameters(file)
    text = script(checked, file)
    if checked.remediate:
        say(f"Not in the script: remediate ({', '.join(checked.remediate)}). It stops where a check blocks; 04 mends.")
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)
        output.chmod(0o755)
        say(f"Written: {output}. Review it, then run it: bash {output}")
    sys.exit(0)


@export.command()
@_file
@click.option("--import", "importing", is_flag=True, help="Read the cloud, and add import blocks for what is there.")
@click.option("--with-vault", is_flag=True, help="The vault as a resource, not only looked up.")
@click.option("--output", metavar="DIR", type=click.Path(path_type=Path), help="A new folder (standard output).")
def terraform(file: str, importing: bool, with_vault: bool, output: Path | None) -> NoReturn:
    """A Terraform configuration of the Azure part: consent, key, role, log, lock. No provider is run.

    Anthropic's part stays with this suite; the README in the folder says how to go on.
    """
    from helpers.export.terraform import configuration

    checked = _parameters(file)
    found = _read(checked) if importing else None
    files = configuration(checked, found, with_vault=with_vault)
    if output is None:
        for name, text in files.items():
            if name.endswith(".tf"):
                click.echo(f"# --- {name}\n\n{text}")
    else:
        _new_folder(output)
        for name, text in files.items():
            _write(output / name, text)
        say(f"Written: {output}, {', '.join(files)}. No provider was run: read terraform plan before you apply it.")
    sys.exit(0)


def _read(checked: Parameters) -> Facts:
    """What Azure holds now. Reads only."""
    from helpers.services.connect import connect
    from helpers.steps import verify

    services = connect(checked, root=runs.project_root(), say=say)
    try:
        return verify.facts(services, checked)
    finally:
        services.close()


def _new_folder(path: Path) -> None:
    """Raises WrongUsage for a folder that holds something: it may have a state."""
    path.mkdir(parents=True, exist_ok=True)
    if any(path.iterdir()):
        raise WrongUsage(f"--output: {path} is not empty", next_step="Name a new folder, or an empty one.")


def _parameters(file: str) -> Parameters:
    """The parameters of a file. Raises WrongUsage, also for a deviation that has ended."""
    from datetime import UTC, date, datetime

    from helpers.checks import refuse_deviations

    checked = parameter_files.load(runs.located(file))
    if checked.rotate:
        raise WrongUsage(
            "rotate: a rotation is not exported",
            why="A script or a configuration that is run again would not know that the key was rotated already.",
            next_step="Rotate with `run`; for the export, take rotate out of the file.",
        )
    refuse_deviations(checked, date.min if checked.cloud == "rehearsal" else datetime.now(UTC).date())
    return checked


def _write(path: Path, text: str) -> None:
    """Raises WrongUsage where something is there already: it may have been edited."""
    try:
        with path.open("x", encoding="utf-8") as file:
            file.write(text)
    except FileExistsError:
        raise WrongUsage(
            f"--output: {path} is there already",
            why="It may have been reviewed or edited, so it is not written over.",
            next_step="Name another place, or move it away.",
        ) from None
