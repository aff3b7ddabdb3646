"""The command `evidence publish`: a sealed run goes to an archive that is not on this machine."""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING, NoReturn

import click

from helpers.cli_shared import end
from helpers.display import text
from helpers.errors import WrongUsage
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.evidence.archive_source import Source
    from helpers.services.noted import Offering

WAYS = ("azure_cli", "browser", "device_code", "managed_identity", "workload_identity", "environment")
"""As the parameter `credential` has them. Written out: reading them there takes as long as the whole command."""


@click.command()
@click.argument("run_name", metavar="RUN")
@click.option("--to", metavar="ADDRESS", required=True, help="A container, with a prefix or without, or a folder.")
@click.option("--credential", "way", type=click.Choice(WAYS), help="How to sign in; else as the run itself did.")
@click.option("--tenant", metavar="ID", help="The tenant to sign in to; else the one that the run is about.")
@click.option("--immutable-until", "until", metavar="DATE", help="Set a policy, not locked, on each file: 2030-12-31.")
@click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
def publish(run_name: str, to: str, way: str | None, tenant: str | None, until: str | None, as_json: bool) -> NoReturn:
    """Publish a sealed run: upload what is missing, read all of it back, and say how well it is protected.

    \b
    ADDRESS is https://ACCOUNT.blob.core.windows.net/CONTAINER[/PREFIX], without a signature, or a folder.
    Nothing there is ever written over. Published again, it says "kept".
    Exit codes: 0 all is there and the same, 1 something differs or failed, 3 a rehearsal does not leave this machine,
    4 something that has to be known could not be read, 64 wrong usage.
    """
    from helpers.evidence import archive

    run, day, signing_in = runs.find(run_name), _day(until), archive.needs_sign_in(to)
    verified = archive.verified(run)
    credential = _signed_in(verified, way, tenant) if signing_in else None
    published = archive.publish_verified(verified, to, credential, immutable_until=day)
    click.echo(text(published.view()), err=True)
    end(published.data(), published.exit_code, as_json)


def _signed_in(verified: Source, way: str | None, tenant: str | None) -> Offering | None:
    """The credential of that way, else of the run's own; None where it does not say."""
    from helpers.evidence import archive
    from helpers.services.credentials import credential
    from helpers.services.replies import first_line
    from helpers.services.witness import Witness

    own_way, own_tenant = archive.signed_in_as(verified)
    chosen = way or own_way
    if chosen is None:
        return None
    try:
        return credential(chosen, tenant or own_tenant, Witness(None).azure)
    except ValueError as error:  # no such way or tenant, or a variable that it needs is not set
        raise WrongUsage(f"--credential: {chosen} cannot be used: {first_line(error)}") from None


def _day(said: str | None) -> date | None:
    try:
        return None if said is None else date.fromisoformat(said)
    except ValueError:
        raise WrongUsage(f"--immutable-until: given {said!r}; allowed: a date like 2030-12-31") from None
