"""`evidence seal` and `evidence verify` as a person runs them: what is given, what is said, and how it ends."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from helpers.evidence import files
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from tests.evidence.building import (
    RUN,
    WORLD,
    Told,
    looked,
    run_folder,
    seal,
    sealed_run,
    statement_of,
)
from tests.evidence.tsa import Authority

Command = Callable[..., Told]


@pytest.fixture
def run(home: Path) -> Run:
    """A run that is not sealed, where commands find it by its id."""
    return run_folder(home / "runs")


def test_a_run_is_sealed_and_proven(
    run: Run, private_file: Path, key_file: Path, authority: Authority, signer: PemSigner, command: Command
) -> None:
    """Sealed by its id with a key and a time stamp, and verified by its id: both exit 0, and tell the digest."""
    told = command("evidence", "seal", RUN, "--signer", f"pem:{private_file}", "--timestamp", authority.url, "--json")
    assert told.code == 0, told.err
    digest = files.sha256(run.folder / files.STATEMENT)
    assert told.lines[:2] == [
        f"Sealed: run 1 of its target, statement {digest}",
        f"Signed by the key {signer.public_key.hint}",
    ]
    assert (told.json["statement_sha256"], told.json["sequence"]) == (digest, 1)
    assert told.json["time_stamp"].endswith("Z")
    found = ("evidence", "verify", RUN, "--key", key_file, "--run-id", RUN, "--require-timestamp", "--require-live")
    told = command(*found, "--tsa-root", authority.root, "--expect-digest", digest, "--json")
    assert told.code == 0, told.err
    assert told.json["broken"] == []
    assert not any(one["needed"] for one in told.json["not_proven"])
    assert (run.folder / "report.html").is_file()


def test_a_run_that_nobody_signs_asks_to_keep_the_digest(run: Run, command: Command) -> None:
    """`--signer none` seals, and says what it is worth."""
    told = command("evidence", "seal", RUN, "--signer", "none")
    assert told.code == 0, told.err
    assert "Signed by nobody: keep the digest apart from it" in told.lines
    assert not (run.folder / files.BUNDLE).exists()


def test_a_rehearsal_is_told_first_when_sealed(home: Path, command: Command) -> None:
    """REHEARSAL stands before what was done."""
    run_folder(home / "runs", world=WORLD)
    told = command("evidence", "seal", RUN, "--signer", "none")
    assert told.lines[0] == f"REHEARSAL ({WORLD}): nothing in this run is real"


def test_a_signer_is_never_guessed(run: Run, command: Command) -> None:
    """Where neither the command nor the run's parameters name one: exit 64, and what to do is told."""
    told = command("evidence", "seal", RUN)
    assert told.code == 64
    assert told.lines[0].startswith(f"--signer: not given, and {RUN} has none of its own")
    assert [word.split(":")[0] for word in told.lines[1:]] == ["Why it matters", "Next"]
    assert not (run.folder / files.STATEMENT).exists()


def test_the_runs_own_signer_is_the_default(
    home: Path, private_file: Path, signer: PemSigner, authority: Authority, command: Command
) -> None:
    """What the parameters said when the run was begun; what the command says comes before it."""
    own = {"signer": f"pem:{private_file}", "timestamp": authority.url, "publish_to": None, "previous": None}
    first = run_folder(home / "runs", RUN, evidence=own)
    assert command("evidence", "seal", RUN).code == 0
    assert looked(first, signer).exit_code == 0
    assert (first.folder / files.TOKEN).exists()
    other = "20261124T090000Z-ffffff"
    second = run_folder(home / "runs", other, evidence=own)
    assert command("evidence", "seal", other, "--signer", "none").code == 0
    assert not (second.folder / files.BUNDLE).exists()


def test_an_interrupted_run_is_sealed_only_where_that_is_asked_for(
    home: Path, private_file: Path, command: Command
) -> None:
    """Exit 3 without --incomplete, and nothing is changed; with it the run is sealed as incomplete."""
    run = run_folder(home / "runs", exit_code=None)
    told = command("evidence", "seal", RUN, "--signer", f"pem:{private_file}")
    assert told.code == 3
    assert told.lines[0] == f"{RUN}: not sealed: its ledger does not end in run_finished"
    assert not (run.folder / "report.html").exists()
    assert command("evidence", "seal", RUN, "--signer", f"pem:{private_file}", "--incomplete").code == 0
    assert (statement_of(run).complete, statement_of(run).exit_code) == (False, None)


def test_a_sealed_run_is_not_sealed_again(run: Run, private_file: Path, command: Command) -> None:
    """Exit 3, told with why and what next."""
    seal(run, None)
    told = command("evidence", "seal", RUN, "--signer", f"pem:{private_file}")
    assert told.code == 3
    assert told.lines[0] == f"{RUN}: already sealed; nothing was changed"


def test_a_named_previous_run_is_taken(
    home: Path, run: Run, tmp_path: Path, signer: PemSigner, command: Command
) -> None:
    """--previous DIR makes this run the next of that one."""
    earlier = sealed_run(tmp_path / "fetched", signer, "20261120T090000Z-ffffff")
    assert command("evidence", "seal", RUN, "--signer", "none", "--previous", earlier.folder).code == 0
    assert statement_of(run).sequence == 2


def test_the_cmek_key_does_not_sign(run: Run, command: Command) -> None:
    """Exit 3, before anybody signs in anywhere."""
    key = f"keyvault:https://kv-contoso-claude.vault.azure.net/keys/claude-cmek/{'0' * 32}"
    told = command("evidence", "seal", RUN, "--signer", key)
    assert told.code == 3
    assert told.lines[0].startswith("claude-cmek in kv-contoso-claude is the key that this run is about")


WRONG = {
    "no run": (("seal", "nowhere", "--signer", "none"), "nowhere: no such run"),
    "no folder": (("verify", "nowhere"), "nowhere: there is no such run, and no such folder"),
    "nothing": (("verify",), "evidence verify takes either a RUN or --archive DIR"),
    "both": (("verify", RUN, "--archive", "."), "evidence verify takes either a RUN or --archive DIR"),
    "no archive": (("verify", "--archive", "nowhere"), "--archive: nowhere: there is no such folder"),
    "a signer": (("seal", RUN, "--signer", "me"), "signer: given 'me'; allowed: pem:FILE"),
    "a time stamp by nobody": (
        ("seal", RUN, "--signer", "none", "--timestamp", "http://127.0.0.1/"),
        "timestamp: a time stamp is over a signature",
    ),
    "no previous": (("seal", RUN, "--signer", "none", "--previous", "nowhere"), "previous: nowhere: its statement"),
    "a key file": (("verify", RUN, "--key", "nowhere.pem"), "--key: nowhere.pem: No such file or directory"),
    "a digest": (("verify", RUN, "--expect-digest", "12ab"), "--expect-digest: given '12ab'; allowed: a SHA-256"),
    "an option": (("verify", RUN, "--trust"), "No such option"),
    "a verb": (("trust",), "No such command 'trust'"),
}


@pytest.mark.parametrize("name", WRONG)
def test_wrong_usage_is_told_in_words(name: str, run: Run, command: Command) -> None:
    """Exit 64, one line that names what is wrong, no traceback, and nothing on standard output."""
    arguments, said = WRONG[name]
    told = command("evidence", *arguments)
    assert told.code == 64
    assert told.lines[0].startswith(said)
    assert told.out == ""
    assert not (run.folder / files.STATEMENT).exists()


@pytest.mark.parametrize("option", ["--key", "--tsa-root"])
def test_a_file_that_is_no_key_or_root_is_wrong_usage(option: str, run: Run, tmp_path: Path, command: Command) -> None:
    """Another file given by mistake is told at once, before anything is verified."""
    file = tmp_path / "file"
    file.write_text("words")
    told = command("evidence", "verify", RUN, option, file)
    assert told.code == 64
    assert told.lines[0].startswith(option)


def test_a_private_key_is_not_taken_for_the_public_one(run: Run, private_file: Path, command: Command) -> None:
    """--key wants the public half."""
    told = command("evidence", "verify", RUN, "--key", private_file)
    assert told.code == 64
    assert "not a public key in PEM" in told.lines[0]
