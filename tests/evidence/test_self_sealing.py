"""A run whose parameters name a signer seals itself when it ends, and publishes where they say so."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from azure.core.credentials import AccessToken, AccessTokenInfo

from helpers.clock import Clock
from helpers.errors import Refused, WrongUsage
from helpers.evidence import archive_blob, files
from helpers.evidence.recorded import read
from helpers.evidence.self_sealing import Ending, Ready, ready
from helpers.evidence.signers import PemSigner
from helpers.evidence.statement import Target
from helpers.headless.notebooks import Outcome
from helpers.headless.run import Closing
from helpers.parameters import Parameters, load
from helpers.record.in_use import InUse
from helpers.record.runs import Run
from helpers.record.secrets import Secret
from helpers.services.noted import Noted
from helpers.services.witness import Witness
from tests.cases.building import GIVEN
from tests.evidence.building import QUIET, ROOT, WORLD, Told, looked, run_folder, seal, sealed_run, statement_of

TOKEN = "a.token.for-storage"


class SignedIn:
    """Who is signed in: hands out one token."""

    def get_token(self, *_: str, **__: Any) -> AccessToken:
        return AccessToken(TOKEN, 4102444800)

    def get_token_info(self, *_: str, **__: Any) -> AccessTokenInfo:
        return AccessTokenInfo(TOKEN, 4102444800)


Command = Callable[..., Told]
CMEK = f"keyvault:https://kv-contoso-claude.vault.azure.net/keys/claude-cmek/{'0' * 32}"


class Services:
    """What sealing takes of the services: who is signed in, the time, the secrets in use, and no Admin API key."""

    def __init__(self, *secrets: str, world: str | None = None) -> None:
        self._in_use = InUse([Secret(secret) for secret in secrets])
        self.clock, self.witness, self.world = Clock(), Witness(world), world
        self.wait = QUIET
        self.credential = Noted(SignedIn(), self._in_use)

    def secrets_in_use(self) -> tuple[Secret, ...]:
        return self._in_use()

    @property
    def admin(self) -> None:
        raise WrongUsage("there is no Admin API key")


def parameters(**evidence: Any) -> Parameters:
    return load({**GIVEN, "evidence": evidence})


def prepared(*secrets: str, world: str | None = None, **evidence: Any) -> Ready:
    found = ready(None, parameters(**evidence), Services(*secrets, world=world))  # type: ignore[arg-type]
    assert found is not None
    return found


def test_a_run_without_a_signer_is_left_as_it_is() -> None:
    """Nobody seals where the parameters do not say so."""
    assert ready(None, load(GIVEN), Services()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize("code", [0, 1, 3, 4])
def test_a_run_seals_itself_however_it_ended(code: int, tmp_path: Path, private_file: Path, signer: PemSigner) -> None:
    """With its own secrets looked for; the verifier finds it proven, and its exit code in it."""
    run = run_folder(tmp_path, exit_code=code)
    ending = prepared("a word of its own", signer=f"pem:{private_file}").seal(run, code)
    assert not ending.failed
    assert ending.lines[0].startswith("Sealed: run 1 of its target, statement ")
    assert looked(run, signer).exit_code == 0
    assert (statement_of(run).exit_code, statement_of(run).scan.known) == (code, True)


def test_a_target_is_the_same_from_parameters_and_from_a_ledger(tmp_path: Path) -> None:
    """Whatever the case of the names, so that the runs about one key are one chain; the vault is the one they name."""
    made, loud = load(GIVEN), load({**GIVEN, "vault_name": str(GIVEN["vault_name"]).upper()})
    assert Target.of(made.model_dump()) == Target.of(loud.model_dump()) == read(run_folder(tmp_path).ledger).target
    assert Target.of(made.model_dump()).vault_id == made.vault_id.lower()


def test_an_interrupted_run_does_not_seal_itself(tmp_path: Path, private_file: Path) -> None:
    """It can be gone on with; how to seal it as it is, is told."""
    run = run_folder(tmp_path, exit_code=130)
    ending = prepared(signer=f"pem:{private_file}").seal(run, 130)
    assert not ending.failed
    assert ending.lines == (
        f"Not sealed, as it was interrupted. It can be sealed as it is by: python runbook.py evidence seal {run.id}",
    )
    assert not (run.folder / files.STATEMENT).exists()


def test_a_secret_that_is_found_is_told_and_nothing_is_sealed(tmp_path: Path, private_file: Path) -> None:
    """What no shape tells is known to the run itself."""
    word = "correct horse battery staple"
    run = run_folder(tmp_path)
    (run.folder / "kernels.log").write_text(f"it said {word}\n")
    ending = prepared(word, signer=f"pem:{private_file}", publish_to=str(tmp_path / "archive")).seal(run, 0)
    assert ending.failed
    assert ending.lines[0].startswith(f"Not sealed: {run.id}: not sealed: something that must not be kept was found")
    assert word not in " ".join(ending.lines)
    assert not (run.folder / files.STATEMENT).exists()
    assert not (tmp_path / "archive").exists()


def test_what_the_system_refuses_is_told(tmp_path: Path, private_file: Path) -> None:
    """A ledger that is not there any more is a line, not a traceback."""
    run = run_folder(tmp_path)
    run.ledger.rename(run.folder / "ledger.away")
    ending = prepared(signer=f"pem:{private_file}").seal(run, 0)
    assert ending.failed
    assert "ledger.jsonl" in ending.lines[0]


class FullDisk:
    """A signer in whose place the system refuses."""

    public_key = None

    def sign(self, data: bytes) -> bytes:
        raise OSError(28, "No space left on device")


def test_a_full_disk_is_told(tmp_path: Path) -> None:
    """The system's reason, what to do next, and the run stays as it was."""
    run = run_folder(tmp_path)
    ending = replace(prepared(signer="none"), signer=FullDisk()).seal(run, 0)  # type: ignore[arg-type]
    assert ending.failed
    assert ending.lines[0] == "Not sealed: the file system: No space left on device"
    assert ending.lines[1] == f"Next: Seal it by: python runbook.py evidence seal {run.id}"
    assert not (run.folder / files.STATEMENT).exists()


def outcome(code: int) -> Outcome:
    return Outcome("01_consent", "kept" if code == 0 else "Failed", 1.0, Path("notebooks/01_consent.ipynb"), code)


@pytest.mark.parametrize(
    ("own", "ending", "code", "heading"),
    [
        (0, None, 0, "LIVE: done"),
        (0, Ending(("Sealed",), failed=False), 0, "LIVE: done"),
        (0, Ending(("Not sealed: x",), failed=True), 1, "LIVE: done, and its record is not as asked"),
        (3, Ending(("Not sealed: x",), failed=True), 3, "LIVE: stopped, and its record is not as asked"),
        (130, Ending(("Not sealed",), failed=False), 130, "LIVE: stopped"),
    ],
)
def test_a_failed_seal_never_hides_how_the_run_ended(
    own: int, ending: Ending | None, code: int, heading: str, tmp_path: Path
) -> None:
    """The run's own exit code counts; where that is 0 a failed seal makes it 1. What became of it is told."""
    closing = Closing(Run(tmp_path), [outcome(own)], rehearsal=False, evidence=ending)
    assert closing.exit_code == code
    view = closing.view()
    assert view.heading == heading
    assert set(ending.lines if ending else ()) <= set(view.notes)
    assert view.data["exit_code"] == code


def test_a_sealed_run_is_published_where_that_is_asked_for(
    tmp_path: Path, private_file: Path, signer: PemSigner
) -> None:
    """Into a folder, under its id, and what lies there is proven as the run is."""
    run = run_folder(tmp_path / "runs")
    ending = prepared(signer=f"pem:{private_file}", publish_to=str(tmp_path / "archive")).seal(run, 0)
    assert not ending.failed, ending.lines
    assert set(ending.data) == {"sealed", "published"}
    assert looked(Run(tmp_path / "archive" / run.id), signer).exit_code == 0


def test_a_failed_publishing_is_told_and_the_run_stays_sealed(
    tmp_path: Path, private_file: Path, signer: PemSigner
) -> None:
    """The record is not as it was asked for, and nothing is taken back."""
    run = run_folder(tmp_path / "runs")
    (tmp_path / "archive").write_text("a file where the archive should be")
    ending = prepared(signer=f"pem:{private_file}", publish_to=str(tmp_path / "archive")).seal(run, 0)
    assert ending.failed
    assert any(line.startswith("Sealed, and not published: ") for line in ending.lines)
    assert looked(run, signer).exit_code == 0


@pytest.mark.parametrize(
    ("evidence", "error", "said"),
    [
        ({"signer": "pem:nowhere.pem"}, WrongUsage, "signer: nowhere.pem"),
        ({"signer": CMEK}, Refused, "is the key that this run is about"),
        ({"signer": "none", "publish_to": "http://example.com/x"}, WrongUsage, "https"),
    ],
)
def test_what_cannot_be_meant_is_refused_before_anything_runs(
    evidence: dict[str, str], error: type[Exception], said: str
) -> None:
    """A wrong name is told before five notebooks have run, not after."""
    with pytest.raises(error, match=said):
        prepared(**evidence)


def test_a_previous_run_that_cannot_be_followed_on_is_told_before_anything_runs(tmp_path: Path) -> None:
    """One that is not there, not sealed, of another target or of a rehearsal; the one that is right is taken."""
    sealed = sealed_run(tmp_path / "sealed", None)
    wrong = {
        tmp_path / "nowhere": "its statement cannot be read",
        run_folder(tmp_path / "open").folder: "its statement cannot be read",
        sealed_run(tmp_path / "other", None, key_name="another").folder: "about another target",
        sealed_run(tmp_path / "rehearsed", None, world=WORLD).folder: "or another world",
    }
    for folder, why in wrong.items():
        with pytest.raises(WrongUsage, match=why):
            prepared(signer="none", previous=str(folder))
    assert prepared(signer="none", previous=str(sealed.folder)).wanted.previous == str(sealed.folder)


def test_a_rehearsal_for_a_real_account_is_told_before_anything_runs(tmp_path: Path) -> None:
    """Exit 3 before the first notebook; a folder and loopback are taken, and a live run may go to the account."""
    account = "https://records.blob.core.windows.net/cmek"
    with pytest.raises(Refused, match="is a rehearsal, so it is not published to records") as refused:
        prepared(world=WORLD, signer="none", publish_to=account)
    assert refused.value.exit_code == 3
    for to in (str(tmp_path), "https://127.0.0.1:10000/devstoreaccount1/cmek"):
        assert prepared(world=WORLD, signer="none", publish_to=to).wanted.publish_to == to
    assert prepared(signer="none", publish_to=account).wanted.publish_to == account


def test_it_publishes_as_who_is_signed_in_already(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody signs in a second time, and the token for the archive is among the secrets that are looked for."""
    monkeypatch.setitem(archive_blob.PATIENCE, "retry_total", 0)
    run = run_folder(tmp_path / "runs")
    sealing = prepared(signer="none", publish_to="https://127.0.0.1:9/devstoreaccount1/cmek")
    ending = sealing.seal(run, 0)
    assert ending.failed and any(line.startswith("Sealed, and not published: ") for line in ending.lines)
    assert [secret.reveal() for secret in sealing.services.secrets_in_use()] == [TOKEN]


def test_a_sealed_run_is_not_gone_on_with(home: Path, command: Command) -> None:
    """Exit 64 before anybody signs in."""
    run = run_folder(home / "runs", world=WORLD)
    seal(run, None)
    told = command("run", "-f", ROOT / "parameters" / "rehearsal.yaml", "--continue", run.id)
    assert told.code == 64
    assert told.lines[0] == f"{run.id} is sealed, so nothing is added to it"
    assert looked(run, digest=files.sha256(run.folder / files.STATEMENT)).exit_code == 0
    assert json.loads(run.ledger.read_text().splitlines()[-1])["event"] == "run_finished"
