"""The `cloud` command: serve a rehearsal cloud, or run a command inside one."""

from __future__ import annotations

import json
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, NoReturn
from urllib.parse import quote

import click

from helpers.rehearsal import ready
from helpers.rehearsal.child import NotFound, run
from helpers.rehearsal.environment import OPERATOR, applied
from helpers.rehearsal.serve import Served, serve_forever
from helpers.rehearsal.worldfile import DEFAULT, WorldError


class WrongUsage(click.ClickException):
    """What was asked for cannot be meant; one line, exit 64."""

    exit_code = 64


def _port(context: click.Context, parameter: click.Parameter, value: str) -> int:
    if not value.isascii() or not value.isdigit() or int(value) > 65535:
        raise WrongUsage(f"--port: {value}: a port is a number from 0 (any free one) to 65535")
    return int(value)


@click.group(invoke_without_command=True)
@click.option("--world", metavar="FILE", help="A world file, or the name of one in parameters/worlds (healthy).")
@click.option("--ready-file", metavar="FILE", type=click.Path(path_type=Path), help="Where to say that it serves.")
@click.option("--port", metavar="N", default="0", callback=_port, help="The port on 127.0.0.1 (any free one).")
@click.pass_context
def cloud(context: click.Context, world: str | None, ready_file: Path | None, port: int) -> None:
    """Serve a rehearsal cloud on this machine until Ctrl-C."""
    if context.invoked_subcommand is not None:
        if world or ready_file or port:
            raise WrongUsage(f"options of `cloud {context.invoked_subcommand}` stand after it")
        return
    try:
        serve_forever(world or DEFAULT, ready_file or ready.DEFAULT, port)
    except WorldError as error:
        raise WrongUsage(str(error)) from None
    except ready.Taken as error:
        raise click.ClickException(str(error)) from None
    except OSError as error:
        raise click.ClickException(f"the rehearsal cloud could not start: {error.strerror or error}") from None


@cloud.command("exec", context_settings={"allow_interspersed_args": False})
@click.option("--world", metavar="FILE", help="Start a cloud of its own with this world.")
@click.option("--ready-file", metavar="FILE", type=click.Path(path_type=Path), help="Use the cloud that wrote this.")
@click.option("--as", "identity", metavar="NAME", default=OPERATOR, help="Who of the world to be (operator).")
@click.argument("command", nargs=-1, required=True, type=click.UNPROCESSED)
def execute(world: str | None, ready_file: Path | None, identity: str, command: tuple[str, ...]) -> NoReturn:
    """Run CMD inside a rehearsal cloud: the running one, or one of its own. Exits as CMD does."""
    if world and ready_file:
        raise WrongUsage("--world and --ready-file exclude each other: a running cloud has its world already")
    with ExitStack() as stack:
        try:
            running = None if world else _running(ready_file)
            if running is None:
                variables: Mapping[str, str | None] = stack.enter_context(Served(world or DEFAULT)).environment(
                    identity
                )
            else:
                variables = _environment(running, identity)
        except (WorldError, ready.NotReady) as error:
            raise WrongUsage(str(error)) from None
        except KeyError:
            raise WrongUsage(f"--as: nobody in this world is called {identity}") from None
        try:
            code = run(command, _with_our_tools(applied(variables)))
        except NotFound as error:
            click.echo(f"Error: {error}", err=True)
            code = error.exit_code
    sys.exit(code)


def _with_our_tools(variables: Mapping[str, str]) -> Mapping[str, str]:
    """This environment's own commands (papermill, jupyter) come first on the path, so that they need no activation."""
    return {**variables, "PATH": os.pathsep.join((str(Path(sys.executable).parent), variables.get("PATH", "")))}


def _running(ready_file: Path | None) -> ready.Ready | None:
    """The cloud named, or the one in the usual place; None where nothing was named and none runs there."""
    if ready_file is not None:
        return ready.read(ready_file)
    try:
        return ready.read(ready.DEFAULT)
    except ready.NotReady:
        return None


def _environment(running: ready.Ready, identity: str) -> Mapping[str, str | None]:
    """The environment of an identity of a running cloud. Raises KeyError for an unknown one, and NotReady."""
    if identity == OPERATOR:
        return running.environment
    request = urllib.request.Request(  # noqa: S310 - the address is the ready file's, on loopback
        f"{running.proxy}/environment?as={quote(identity)}",
        headers={"Authorization": f"Bearer {running.control_token}"},
    )
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10) as reply:
            found: dict[str, Any] = json.load(reply)
    except urllib.error.HTTPError as error:
        raise KeyError(identity) if error.code == 404 else ready.NotReady(f"{running.proxy}: {error}") from None
    except OSError as error:
        raise ready.NotReady(f"{running.proxy}: the rehearsal cloud does not answer: {error}") from None
    return found
