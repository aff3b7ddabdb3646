"""The `lab` command: JupyterLab on the notebooks of one run, in a rehearsal or on Azure."""

from __future__ import annotations

import os
import secrets
import sys
import tempfile
import threading
import webbrowser
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from helpers.cli_shared import connected, parameters_of, say
from helpers.display import text
from helpers.errors import Failed, WrongUsage
from helpers.parameters import Parameters
from helpers.record import runs
from helpers.record.under_way import under_way

if TYPE_CHECKING:
    from helpers.evidence.self_sealing import Ending, Ready
    from helpers.lab.server import Lab
    from helpers.record.runs import Run
    from helpers.services.connect import Services

_FILE = "parameters/rehearsal.yaml"
_LOOK_EVERY = 0.2
_CLOSED = (0, 130, 143)
"""JupyterLab's exit codes when it was shut down, by itself or by Ctrl-C or a signal."""


@click.command()
@click.option("-f", "--file", "file", metavar="FILE", default=_FILE, show_default=True, help="The parameter file.")
@click.option("--world", metavar="NAME", help="The rehearsal world (healthy, or that of the running cloud).")
@click.option("--continue", "going_on", metavar="RUN", help="Go on in this run's folder.")
@click.option("--port", metavar="N", type=click.IntRange(1024, 65535), default=8888, show_default=True)
@click.option("--no-browser", is_flag=True, help="Only say where it answers.")
def lab(file: str, world: str | None, going_on: str | None, port: int, no_browser: bool) -> NoReturn:
    """Open the five notebooks, and 00_parameters, in JupyterLab: with the parameters in them, in a run's own folder.

    With `cloud: rehearsal` a rehearsal cloud runs behind it: the running one, else one that ends with it. Ctrl-C, or
    Shut Down in JupyterLab, ends it all and closes the record; with `evidence` in the parameters a run that is done is
    sealed then.
    """
    checked, mapping = parameters_of(file)
    if world is not None and checked.cloud != "rehearsal":
        raise WrongUsage("--world: only a rehearsal has a world, and the parameters say cloud: azure")
    continued = runs.find(going_on) if going_on else None
    before = dict(os.environ)
    with _cloud(checked, world) as (environment, lasting), _in(environment):
        services = connected(checked)
        _ = services.caller  # a wrong sign-in is told here, and not by the first cell
        browsing = None if no_browser else before
        sys.exit(_open(services, checked, mapping, continued, port, browsing, lasting))


def _open(
    services: Services,
    checked: Parameters,
    mapping: Mapping[str, Any],
    continued: Run | None,
    port: int,
    browsing: Mapping[str, str] | None,
    lasting: bool,
) -> int:
    from helpers.headless.begun import sealing
    from helpers.lab import prepared, session

    if continued is not None:
        prepared.refuse_other_parameters(continued, mapping)
    seals = sealing(continued, checked, services)
    run, ledger = session.begin(services, checked, continued)
    with under_way(run.folder):
        prepared.prepare(run, mapping, services.secrets_in_use)
        code = _served(run, port, browsing)
        failed = code not in _CLOSED
        closing = session.close(run, ledger, services, lasting=lasting, failed=failed)
    sealed = _sealed(seals, run, closing.exit_code) if seals else None
    say("\n".join((text(closing.view()), *(sealed.lines if sealed else ()))))
    if failed:
        raise Failed(f"JupyterLab ended with exit code {code}", next_step="What it said stands above.")
    return closing.exit_code or int(sealed is not None and sealed.failed)


def _served(run: Run, port: int, browsing: Mapping[str, str] | None) -> int:
    """Serve a run's notebooks until JupyterLab is closed, and the exit code that it ended with."""
    from helpers.lab.server import Lab
    from helpers.rehearsal.child import run as run_child

    with tempfile.TemporaryDirectory(prefix="cmek-lab-") as private:
        server = Lab(run, Path(private), port, secrets.token_urlsafe(24))
        server.furnish()
        ended = threading.Event()
        telling = threading.Thread(target=_tell_where, args=(server, ended, browsing))
        telling.start()
        try:
            return run_child(server.command(), server.environment(os.environ))
        finally:
            ended.set()
            telling.join()


def _sealed(seals: Ready, run: Run, exit_code: int) -> Ending:
    """Seal a run that is done. One that paused, perhaps for an approval, could not be gone on with once sealed."""
    if exit_code == 0:
        return seals.seal(run, exit_code)
    from helpers.evidence.self_sealing import Ending

    why = f"Not sealed: it ended with exit code {exit_code}, and nothing is added to a sealed run."
    how = f"To seal it as it is, with nothing more to be done in it: python3 runbook.py evidence seal {run.id}"
    return Ending((why, how), failed=False)


def _tell_where(server: Lab, ended: threading.Event, browsing: Mapping[str, str] | None) -> None:
    """Say where the server answers once it does, and open it in a browser with the variables a person began with."""
    while not ended.wait(_LOOK_EVERY):
        if address := server.address():
            say(f"JupyterLab: {address}\nRun {server.run.id}. Ctrl-C here ends it.")
            if browsing is not None:
                with _in(browsing):
                    webbrowser.open(server.redirect(address).as_uri())
            return


@contextmanager
def _cloud(checked: Parameters, world: str | None) -> Iterator[tuple[Mapping[str, str], bool]]:
    """The environment to work in: as it is on Azure or inside a rehearsal, else that of the running one, or our own.

    And whether that cloud lasts longer than this command.
    """
    from helpers.rehearsal import worldfile
    from helpers.rehearsal.environment import applied
    from helpers.rehearsal.serve import Served
    from helpers.services import front

    if checked.cloud == "azure" or (world is None and front.identify() is not None):
        yield dict(os.environ), True
        return
    running = front.running(runs.project_root())
    if running is not None and world is None:
        yield applied(running), True
        return
    try:
        with Served(world or worldfile.DEFAULT) as cloud:
            say(f"REHEARSAL ({cloud.world.id}): a cloud on this machine; nothing here is real, and nothing leaves.")
            yield applied(cloud.environment("operator")), False
    except worldfile.WorldError as error:
        raise WrongUsage(str(error)) from None


@contextmanager
def _in(environment: Mapping[str, str]) -> Iterator[None]:
    """This process with another environment, for as long as it lasts."""
    before = dict(os.environ)
    try:
        os.environ.clear()
        os.environ.update(environment)
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
