"""The command `evidence publish`: exit codes, what people and machines read, and how it signs in."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import get_args

import pytest
from click.testing import CliRunner, Result

from helpers.cli_archive import WAYS, publish
from helpers.errors import RunbookError
from helpers.parameters import Parameters
from helpers.record.runs import Run
from tests.evidence.archive.azurite import token
from tests.evidence.archive.conftest import Container
from tests.evidence.archive.relay import Forward, Relay, Reply, Request, refusal
from tests.evidence.archive.runs_sealed import NAMES, RUN, TENANT, contents, made, seal_it, sealed
from tests.evidence.building import ROOT

SIGNATURE = "sv=2024-11-04&sig=c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0c2VjcmV0%3D"


@pytest.fixture
def az(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An Azure CLI that is signed in: it notes what it is asked for and gives a token. Returns its notes."""
    notes, program = tmp_path / "az.notes", tmp_path / "bin" / "az"
    answer = {"accessToken": token(), "expires_on": 4102444800, "expiresOn": "2099-12-31 00:00:00.000000"}
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\necho \"$@\" >> '{notes}'\necho '{json.dumps(answer)}'\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}{os.pathsep}{os.environ['PATH']}")
    return notes


def command(*arguments: str | Path) -> Result:
    """The command as click runs it; what it raises comes out as it is."""
    return CliRunner().invoke(publish, [str(argument) for argument in arguments], catch_exceptions=False)


def test_a_folder(run: Run, tmp_path: Path) -> None:
    """To a folder: exit 0, people's text on standard error, one JSON document on standard output that says the same."""
    done = command(run.folder, "--to", tmp_path / "archive", "--json")
    said = json.loads(done.stdout)
    assert done.exit_code == said["exit_code"] == 0
    assert [(file["name"], file["state"]) for file in said["files"]] == [(name, "uploaded") for name in NAMES]
    assert (said["run"], said["immutable"], said["foreign"], said["unlisted"]) == (RUN, "not asked", [], None)
    assert done.stderr.startswith(f"Published: {RUN} at ")
    assert "8 of 8 files are there, and are the same bytes as were sealed" in done.stderr


def test_from_the_shell(run: Run, tmp_path: Path) -> None:
    """As a person runs it: exit 0, kept the second time; a signature in the address is exit 64, and is not repeated."""

    def shell(to: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "helpers.cli", "evidence", "publish", str(run.folder), "--to", to]
        return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)

    assert shell(str(tmp_path / "archive")).returncode == 0
    again = shell(str(tmp_path / "archive"))
    assert (again.returncode, again.stdout, again.stderr.count("kept: ")) == (0, "", len(NAMES))
    signed = shell(f"https://records.blob.core.windows.net/cmek?{SIGNATURE}")
    assert (signed.returncode, signed.stdout) == (64, "")
    assert signed.stderr.startswith("--to: it holds a query")
    assert "c2VjcmV0" not in signed.stderr


def test_something_else_is_there(run: Run, tmp_path: Path) -> None:
    """Where something differs: exit 1 in both, and the file is named."""
    (tmp_path / "archive" / RUN).mkdir(parents=True)
    (tmp_path / "archive" / RUN / "report.html").write_text("x")
    done = command(run.folder, "--to", tmp_path / "archive", "--json")
    assert done.exit_code == json.loads(done.stdout)["exit_code"] == 1
    assert "report.html" in done.stderr
    assert "something else is there" in done.stderr


@pytest.mark.npm
def test_blob_storage(run: Run, container: Container, az: Path) -> None:
    """It signs in as the run itself did, to the tenant the run is about, for storage alone; then it publishes."""
    done = command(run.folder, "--to", container.address)
    assert done.exit_code == 0
    assert container.run() == contents(run.folder)
    asked = set(az.read_text().splitlines())
    assert len(asked) == 1
    assert "--resource https://storage.azure.com " in f"{asked.copy().pop()} "
    assert f"--tenant {TENANT}" in asked.pop()


@pytest.mark.npm
def test_another_way_to_sign_in(run: Run, container: Container, az: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Another way and another tenant are taken from the options; one that does not work is told in one line."""
    monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
    with pytest.raises(RunbookError, match="signing in to Azure Storage did not work: EnvironmentCredential"):
        command(run.folder, "--to", container.address, "--credential", "environment")
    other = "aaaaaaaa-3e5d-44e8-a4ed-e0f614466f87"
    assert command(run.folder, "--to", container.address, "--credential", "azure_cli", "--tenant", other).exit_code == 0
    assert f"--tenant {other}" in az.read_text()


@pytest.mark.npm
def test_unknown_immutability(run: Run, container: Container, between: Relay, az: Path) -> None:
    """Immutability that was asked for and cannot be read: exit 4, and unknown in both."""

    def answer(request: Request, forward: Forward) -> Reply:
        return refusal(403, "AuthorizationFailure") if request.method == "HEAD" and request.name else forward()

    between.answer = answer
    done = command(run.folder, "--to", container.address, "--immutable-until", "2099-12-31", "--json")
    said = json.loads(done.stdout)
    assert done.exit_code == said["exit_code"] == 4
    assert (said["immutable"], said["immutable_until"]) == ("unknown", "2099-12-31T00:00:00Z")
    assert "Published, and not proven to be immutable as asked" in done.stderr


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--to", "http://records.blob.core.windows.net/cmek"], "not an https address"),
        (["--to", f"https://records.blob.core.windows.net/cmek?{SIGNATURE}"], "it holds a query"),
        (["--to", "archive", "--immutable-until", "soon"], "allowed: a date like 2030-12-31"),
        (["--to", "archive", "--immutable-until", "2099-12-31"], "a folder cannot be made immutable"),
    ],
)
def test_wrong_usage(options: list[str], said: str, run: Run) -> None:
    """Wrong usage has exit code 64 and one line that says what is allowed."""
    with pytest.raises(RunbookError) as raised:
        command(run.folder, *options)
    assert (raised.value.exit_code, said in raised.value.what) == (64, True)
    assert "c2VjcmV0" not in str(raised.value)


def test_no_way_to_sign_in_is_guessed(tmp_path: Path) -> None:
    """A run that does not say how it signed in is refused as wrong usage where no way is named."""
    run = made(tmp_path / "runs")
    run.ledger.write_text(run.ledger.read_text().replace('"azure_cli"', "null"))
    with pytest.raises(RunbookError, match="never guessed") as raised:
        command(seal_it(run).folder, "--to", "https://records.blob.core.windows.net/cmek")
    assert raised.value.exit_code == 64


@pytest.mark.parametrize("options", [["--tenant", "no tenant"], ["--credential", "workload_identity"]])
def test_a_way_that_cannot_be_used(options: list[str], run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenant that can be none, or a way that lacks what it needs, is wrong usage in one line."""
    for name in ("AZURE_CLIENT_ID", "AZURE_FEDERATED_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(RunbookError, match=r"--credential: .* cannot be used: ") as raised:
        command(run.folder, "--to", "https://records.blob.core.windows.net/cmek", *options)
    assert raised.value.exit_code == 64


def test_a_rehearsal_does_not_leave(tmp_path: Path, az: Path) -> None:
    """A rehearsal's run for a real account: exit 3, and nobody signed in."""
    with pytest.raises(RunbookError, match="is a rehearsal") as raised:
        command(sealed(tmp_path / "runs", world="w").folder, "--to", "https://records.blob.core.windows.net/cmek")
    assert (raised.value.exit_code, az.exists()) == (3, False)


def test_the_ways_are_those_of_the_parameters() -> None:
    """The ways to sign in are those that the parameter credential has."""
    assert get_args(get_args(Parameters.model_fields["credential"].annotation)[0]) == WAYS


def test_the_module_is_quick_to_import() -> None:
    """Registering the command imports no SDK and no parameters: evidence verify must not wait for them."""
    code = "import helpers.cli_archive, sys; print([n for n in ('azure.storage.blob', 'pydantic', 'azure') if n in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.npm
def test_the_token_is_not_shown(run: Run, container: Container, between: Relay, az: Path) -> None:
    """A service that repeats the token in what it says does not bring it into any output."""
    between.answer = lambda request, forward: refusal(403, "AuthorizationFailure", request.headers["Authorization"])
    done = command(run.folder, "--to", container.address, "--json")
    assert done.exit_code == 1
    assert between.seen[0].headers["Authorization"].startswith("Bearer eyJ")
    assert "403 AuthorizationFailure" in done.output
    assert "eyJ" not in done.output
