"""The command `attest`: for Claude Enterprise, what a person says of entering the key in claude.ai, on record."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, NoReturn

import click

from helpers.cli_shared import end, say, tell
from helpers.errors import WrongUsage
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.parameters import Parameters
    from helpers.services.connect import Services

_QUESTIONS = {
    "entered_by": "Who entered the key in claude.ai (a name or a role, no e-mail address)",
    "entered_at": "When, in UTC, like 2026-11-23T09:30Z",
    "screen": "What the screen showed afterwards",
    "accepted": "Whether the form accepted the key (yes or no)",
}


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--entered-by", metavar="NAME", help="Who entered the key in claude.ai: a name or a role.")
@click.option("--entered-at", metavar="TIME", help="When, in UTC, like 2026-11-23T09:30Z.")
@click.option("--screen", metavar="TEXT", help="What the screen showed afterwards.")
@click.option("--accepted", metavar="yes|no", help="Whether the form accepted the key.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def attest(
    run_name: str,
    entered_by: str | None,
    entered_at: str | None,
    screen: str | None,
    accepted: str | None,
    as_json: bool,
) -> NoReturn:
    """Claude Enterprise: record who entered the key in claude.ai, when, what the screen showed, and whether it took it.

    \b
    What is said is kept as claimed, with who is signed in and what the key is now; it is never called verified.
    Asks for what is not given. A sealed RUN stays as it is: the attestation goes into a run of its own.
    Exit codes: 0 recorded, 1 recorded and not sealed as asked, 3 key or vault are not those of the sheet,
    4 they could not be read, 64 wrong usage.
    """
    from helpers.headless.attesting import attest as attest_run

    given = {"entered_by": entered_by, "entered_at": entered_at, "screen": screen, "accepted": accepted}
    done = attest_run(runs.find(run_name), _connected, lambda name: _asked(given, name), say)
    tell(done)
    end(done.data(), done.exit_code, as_json)


def _asked(given: Mapping[str, str | None], name: str) -> str:
    """What an option says, else what a person types. Raises WrongUsage where there is neither."""
    said = given[name]
    if said is not None:
        return said
    if not sys.stdin.isatty():
        raise WrongUsage(f"nobody can type here; without a terminal, give --{name.replace('_', '-')}")
    return str(click.prompt(_QUESTIONS[name], err=True, default="", show_default=False))


def _connected(checked: Parameters) -> Services:
    """The services. An accepted deviation that has ended by now keeps nobody from saying what was done."""
    from helpers.services.connect import connect

    return connect(checked, root=runs.project_root(), say=say)
