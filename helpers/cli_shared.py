"""What the commands share: the parameters of a file, the services, and telling people and programs how it went.

What people read goes to standard error; --json is one document on standard output.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NoReturn

import click

from helpers.display import Shown, plain, text
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.parameters import Parameters
    from helpers.services.connect import Services


def parameters_of(file: str) -> tuple[Parameters, Mapping[str, Any]]:
    """The checked parameters, and the mapping as the file holds it, which is what a notebook is given."""
    from helpers import parameters  # takes long to import, and not every command needs it

    path = runs.located(file)
    values = parameters.values_of(path)  # read once: what is checked is what is given
    return parameters.checked(str(path), values), values


def connected(checked: Parameters) -> Services:
    """The services. Raises WrongCloud for another cloud than the parameters', WrongUsage for a deviation that ended."""
    from helpers.checks import refuse_deviations
    from helpers.services.connect import connect

    services = connect(checked, root=runs.project_root(), say=say)
    refuse_deviations(checked, services.clock.now().date())
    return services


def say(said: str) -> None:
    """Tell a person something that may hold words of a cloud or a file: nothing in it moves a cursor or colours."""
    click.echo(plain(said), err=True)


def tell(shown: Shown) -> None:
    """Show a person what a notebook would show."""
    click.echo(text(shown.view()) + "\n", err=True)


def end(data: Any, code: int, as_json: bool) -> NoReturn:
    """End a command with its exit code, and its one document where that is asked for."""
    if as_json:
        click.echo(json.dumps(data, indent=1, ensure_ascii=True))
    sys.exit(code)
