"""The `evidence` commands: seal a run, verify one or all of a folder, and publish. `verify` imports no SDK."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from helpers.cli_archive import publish
from helpers.cli_shared import end, say
from helpers.errors import WrongUsage
from helpers.record import runs

if TYPE_CHECKING:
    from helpers.evidence.asked import Asked
    from helpers.evidence.public_keys import PublicKey
    from helpers.evidence.recorded import Recorded
    from helpers.evidence.signers import Signer, VaultKey
    from helpers.evidence.signing import Reach

_json = click.option("--json", "as_json", is_flag=True, help="One JSON document on standard output.")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@click.group()
def evidence() -> None:
    """Seal runs, and check sealed ones without trusting who made them. helpers/evidence/EVIDENCE.md is the rule."""


evidence.add_command(publish)


@evidence.command()
@click.argument("run_name", metavar="RUN")
@click.option("--signer", metavar="SIGNER", help="pem:FILE, keyvault:KEY_ID or none; else the run's parameters say.")
@click.option("--timestamp", metavar="URL", help="An RFC 3161 time-stamping authority.")
@click.option("--incomplete", is_flag=True, help="Seal a run that did not end, for good.")
@click.option("--previous", metavar="DIR", help="The sealed run before this one, where it is in another folder.")
@_json
def seal(
    run_name: str, signer: str | None, timestamp: str | None, incomplete: bool, previous: str | None, as_json: bool
) -> NoReturn:
    """Seal a run: nothing in it can be changed unseen from then on, and nothing is added to it.

    \b
    Exit codes: 0 sealed, 1 failed, 3 refused (sealed already, not complete, a secret found), 64 wrong usage.
    """
    from helpers.clock import Clock
    from helpers.evidence import refusals, report, sealing
    from helpers.evidence.scan import scan
    from helpers.evidence.sealing import How
    from helpers.evidence.signing import signer as signer_of
    from helpers.waiting import Waiter

    run = runs.find(run_name)
    said = refusals.told(run)
    own = _own(said)
    wanted = signer or own.get("signer")
    if wanted is None:
        raise WrongUsage(
            f"--signer: not given, and {run.id} has none of its own; allowed: pem:FILE, keyvault:KEY_ID or none",
            why="Who seals a record is what a verifier asks for, so it is never guessed.",
            next_step="Name a key; with none the run is sealed without a signature, and you keep its digest.",
        )
    before = previous or own.get("previous")
    how = How(
        signer=signer_of(wanted, run.folder, said.target, _reach(said)),
        timestamp=timestamp if signer or timestamp else own.get("timestamp"),
        previous=Path(before) if before else None,
        incomplete=incomplete,
    )
    sealed = sealing.seal(run, how, Clock().now, pages=report.write, scan=scan, wait=Waiter(say))
    if said.rehearsal:
        say(f"REHEARSAL ({said.rehearsal}): nothing in this run is real")
    say("\n".join(sealed.lines()))
    end(sealed.data(), 0, as_json)


@evidence.command()
@click.argument("run_name", metavar="[RUN]", required=False)
@click.option("--archive", metavar="DIR", help="Verify every run in this folder, and the chains they make.")
@click.option("--key", metavar="FILE", help="The signer's public key (PEM), from elsewhere than the run.")
@click.option("--run-id", metavar="ID", help="The run that it must be.")
@click.option("--require-timestamp", is_flag=True, help="A time stamp must prove when it was signed.")
@click.option("--tsa-root", metavar="FILE", help="Root certificates (PEM) of the time-stamping authority.")
@click.option("--expect-digest", metavar="SHA256", help="The statement's digest, as it was noted when it was sealed.")
@click.option("--require-live", is_flag=True, help="It must not be a rehearsal.")
@click.option("--against-release", is_flag=True, help="Its notebooks must have run the code that this suite ships.")
@_json
def verify(
    run_name: str | None,
    archive: str | None,
    key: str | None,
    run_id: str | None,
    require_timestamp: bool,
    tsa_root: str | None,
    expect_digest: str | None,
    require_live: bool,
    against_release: bool,
    as_json: bool,
) -> NoReturn:
    """Check a sealed run from its folder alone: what is proven, what is not, what is broken.

    \b
    Exit codes: 0 nothing broken and all that is needed proven, 1 something broken, and it is named,
    4 something needed is not proven, 64 wrong usage.
    """
    from helpers.evidence.asked import Asked

    if (run_name is None) == (archive is None):
        raise WrongUsage("evidence verify takes either a RUN or --archive DIR")
    asked = Asked(
        key=_public_key(key),
        digest=_digest(expect_digest),
        run_id=run_id,
        require_timestamp=require_timestamp,
        tsa_roots=_roots(tsa_root),
        require_live=require_live,
        release=runs.project_root() / "notebooks" if against_release else None,
    )
    if archive is not None:
        _verify_all(archive, asked, as_json)
    from helpers.evidence.verifying import verify as verified

    found = verified(_folder(str(run_name)), asked)
    say("\n".join(found.lines()))
    end(found.data(), found.exit_code, as_json)


def _verify_all(archive: str, asked: Asked, as_json: bool) -> NoReturn:
    from helpers.evidence.many import verify_all

    if asked.run_id is not None or asked.digest is not None:
        raise WrongUsage("--run-id and --expect-digest are about one run, and --archive is about all in a folder")
    if not Path(archive).is_dir():
        raise WrongUsage(f"--archive: {archive}: there is no such folder")
    found = verify_all(Path(archive), asked)
    say("\n".join(found.lines()))
    end(found.data(), found.exit_code, as_json)


def _folder(name: str) -> Path:
    """A run's folder by its path or by the run's id. It need not hold what a run holds: that is for the verifier."""
    found = next((path for path in (Path(name), runs.home() / "runs" / name) if path.is_dir()), None)
    if found is None:
        raise WrongUsage(f"{name}: there is no such run, and no such folder")
    return found


def _public_key(file: str | None) -> PublicKey | None:
    if file is None:
        return None
    from helpers.evidence.public_keys import NotAKey, load

    try:
        return load(_content("--key", file))
    except NotAKey as error:
        raise WrongUsage(f"--key: {file}: {error}", next_step="Give the signer's public key in PEM.") from None


def _roots(file: str | None) -> bytes | None:
    if file is None:
        return None
    from helpers.evidence.timestamps import certificates

    pem = _content("--tsa-root", file)
    certificates(pem)
    return pem


def _digest(said: str | None) -> str | None:
    if said is not None and not _SHA256.fullmatch(said.lower()):
        raise WrongUsage(f"--expect-digest: given {said[:100]!r}; allowed: a SHA-256, 64 hexadecimal digits")
    return said.lower() if said is not None else None


def _content(option: str, file: str) -> bytes:
    try:
        return Path(file).read_bytes()
    except OSError as error:
        raise WrongUsage(f"{option}: {file}: {error.strerror}") from None


def _own(said: Recorded) -> Mapping[str, Any]:
    """What the parameters that the run was begun with say of its seal."""
    section = said.parameters.get("evidence")
    return section if isinstance(section, dict) else {}


def _reach(said: Recorded) -> Reach:
    """Signs in as the run did, when a key in a vault is to be reached."""

    def reach(key: VaultKey) -> Signer:
        from helpers import parameters
        from helpers.evidence.signing import as_signed_in
        from helpers.services.connect import connect

        checked = parameters.load({name: value for name, value in said.parameters.items() if value is not None})
        services = connect(checked, root=runs.project_root(), say=say)
        return as_signed_in(services)(key)

    return reach
