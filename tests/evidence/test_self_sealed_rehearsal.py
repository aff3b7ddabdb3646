"""A whole onboarding in a rehearsal whose runs seal themselves: stopped, approved, run again, published, verified."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from helpers.rehearsal.serve import Served
from tests.commands.conftest import Commands
from tests.evidence.building import ROOT, Told, private_pem, statement_of

Command = Callable[..., Told]
CMEK = f"keyvault:https://kv-contoso-claude.vault.azure.net/keys/claude-cmek/{'0' * 32}"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory, signer: PemSigner) -> Path:
    """Parameters of a rehearsal whose runs are signed by a file and published into a folder."""
    folder = tmp_path_factory.mktemp("parameters")
    (folder / "key.pem").write_bytes(private_pem(signer.key))
    given = yaml.safe_load((ROOT / "parameters" / "rehearsal.yaml").read_text())
    given["parameters"]["evidence"] = {"signer": f"pem:{folder / 'key.pem'}", "publish_to": str(folder / "archive")}
    (folder / "sealed.yaml").write_text(yaml.safe_dump(given))
    return folder / "sealed.yaml"


@dataclass(frozen=True)
class Rehearsed:
    """Two runs in one cloud: the first stopped for an approval, which was given by its name, and the second attached."""

    commands: Commands
    first: Any
    second: Any
    approved: Any

    def folder(self, said: Any) -> Path:
        return self.commands.home / "runs" / str(said["run"])


@pytest.fixture(scope="module")
def rehearsed(file: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rehearsed]:
    """As it goes live: run, approve, run again; each run seals itself."""
    with Served("healthy") as cloud:
        commands = Commands(cloud, tmp_path_factory.mktemp("home"))
        first = commands("run", "-f", str(file), "--json")
        assert first.code == 3, first.err
        phrase = next(row["approval"]["to_type"] for row in reversed(commands.ledger()) if row["event"] == "approval")
        approved = commands("approve", first.json["run"], "--phrase", phrase, "--json", identity="reader")
        assert approved.code == 0, approved.err
        second = commands("run", "-f", str(file), "--json")
        assert second.code == 0, second.err
        yield Rehearsed(commands, first.json, second.json, approved.json)


@pytest.mark.slow
def test_a_whole_rehearsal_seals_itself(rehearsed: Rehearsed, key_file: Path, command: Command) -> None:
    """Proven with the signer's key, the code of this release from top to bottom, and no live run."""
    said = rehearsed.second
    verify = ("evidence", "verify", rehearsed.folder(said), "--key", key_file, "--run-id", said["run"])
    told = command(*verify, "--against-release", "--expect-digest", said["evidence"]["sealed"]["statement_sha256"])
    assert told.code == 0, told.err
    assert told.lines[0].startswith("REHEARSAL (")
    for step in ("01_consent", "02_key", "03_rbac", "04_verify", "05_register"):
        line = f"Proven: notebooks/{step}.ipynb ran the code of this release, from top to bottom"
        assert line in told.lines
    told = command(*verify, "--require-live")
    assert told.code == 1
    assert "Broken: statement.json: it is of a rehearsal, and a live run was asked for" in told.lines


@pytest.mark.slow
def test_what_the_statement_of_a_whole_rehearsal_says(rehearsed: Rehearsed) -> None:
    """Complete, with its exit code, its notebooks in order, its suite, and its own secrets looked for."""
    statement = statement_of(Run(rehearsed.folder(rehearsed.second)))
    assert (statement.complete, statement.exit_code, statement.scan.known) == (True, 0, True)
    assert [one.step[:2] for one in statement.notebooks] == ["01", "02", "03", "04", "05"]
    assert {one.status for one in statement.notebooks} == {"ok"}
    assert statement.suite is not None
    assert statement.suite["packages"]["azure-identity"]
    assert statement_of(Run(rehearsed.folder(rehearsed.first))).exit_code == 3


@pytest.mark.slow
def test_a_sealed_run_can_be_approved_and_stays_as_it_is(
    rehearsed: Rehearsed, key_file: Path, command: Command
) -> None:
    """`approve RUN` writes beside the runs and not into one: the run that stopped is proven as before."""
    first = rehearsed.folder(rehearsed.first)
    assert not Path(rehearsed.approved["approval"]).is_relative_to(first)
    told = command("evidence", "verify", first, "--key", key_file)
    assert told.code == 0, told.err
    assert "Proven: the run is complete, and ended with exit code 3" in told.lines


@pytest.mark.slow
def test_both_runs_are_published_as_one_chain(
    rehearsed: Rehearsed, file: Path, key_file: Path, command: Command
) -> None:
    """The archive shows both, without a gap."""
    assert rehearsed.second["evidence"]["sealed"]["sequence"] == 2
    told = command("evidence", "verify", "--archive", file.parent / "archive", "--key", key_file)
    assert told.code == 0, told.err
    assert "  Proven: runs 1 to 2 follow on each other without a gap" in told.lines


@pytest.mark.slow
def test_nothing_is_added_to_a_sealed_run(rehearsed: Rehearsed, file: Path, key_file: Path, command: Command) -> None:
    """`run --continue` is refused before any kernel starts, and the run is proven as before."""
    name = rehearsed.first["run"]
    done = rehearsed.commands("run", "-f", str(file), "--continue", name, "--rehearsal-approves")
    assert done.code == 64
    assert done.err.splitlines()[0] == f"{name} is sealed, so nothing is added to it"
    assert command("evidence", "verify", rehearsed.folder(rehearsed.first), "--key", key_file).code == 0


@pytest.mark.slow
def test_a_signer_that_cannot_be_used_stops_before_any_kernel(rehearsed: Rehearsed, file: Path, tmp_path: Path) -> None:
    """The CMEK key, a key of a vault that is not there, and a file that is none: told at once, and no run is begun."""
    runs = rehearsed.commands.home / "runs"
    before = sorted(runs.iterdir())
    missing = CMEK.replace("claude-cmek", "evidence")
    for signer, code, said in (
        (CMEK, 3, "claude-cmek in kv-contoso-claude is the key that this run is about"),
        (missing, 1, "signer: Key Vault: evidence in kv-contoso-claude cannot be used"),
        ("pem:nowhere.pem", 64, "signer: nowhere.pem"),
    ):
        given = yaml.safe_load(file.read_text())
        given["parameters"]["evidence"] = {"signer": signer}
        (tmp_path / "other.yaml").write_text(yaml.safe_dump(given))
        done = rehearsed.commands("run", "-f", str(tmp_path / "other.yaml"))
        assert (done.code, done.err.splitlines()[0][: len(said)]) == (code, said)
    assert sorted(runs.iterdir()) == before
