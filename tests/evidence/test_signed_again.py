"""A run signed again, by nobody, by somebody else or with a lie; shown for another; and what cannot be seen at all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.evidence import files
from helpers.evidence.signers import PemSigner
from helpers.evidence.statement import Statement
from helpers.record.runs import Run
from tests.evidence.attacks import (
    edited_ledger_end,
)
from tests.evidence.building import (
    FORGED,
    NEWEST,
    RUN,
    WORLD,
    Scene,
    Told,
    run_folder,
    seal,
    sealed_run,
    stated_anew,
    statement_of,
    subjects_again,
)

Command = Callable[..., Told]


def test_a_signature_taken_away_is_not_proven(scene: Scene, command: Command) -> None:
    """Exit 4: nothing is broken, and nobody is known to have sealed it."""
    for name in (files.BUNDLE, files.PUBLIC_KEY):
        (scene.folder / name).unlink()
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert told.code == 4
    assert "Not proven: who sealed it: there is no signature (needed)" in told.lines


def test_a_key_without_its_signature_is_not_proven(scene: Scene, command: Command) -> None:
    """What is left of a seal of which the signature was taken away is said, even where the digest was kept."""
    (scene.folder / files.BUNDLE).unlink()
    digest = statement_digest(scene.run)
    told = command("evidence", "verify", scene.folder, "--expect-digest", digest)
    assert told.code == 4
    assert "Not proven: what signer.pem belongs to: there is no signature (needed)" in told.lines


def statement_digest(run: Run) -> str:
    return files.sha256(run.folder / files.STATEMENT)


def edited_and_signed_again(scene: Scene, by: PemSigner | None) -> None:
    edited_ledger_end(scene.folder)
    stated_anew(scene.run, subjects_again(scene.run), by)


@pytest.mark.parametrize(
    ("given", "code", "line"),
    [
        (True, 1, "Broken: seal.sigstore.json: it says that another key signed: not the key that was given"),
        (False, 4, "and no --key was given (needed)"),
    ],
)
def test_signed_again_with_another_key(given: bool, code: int, line: str, scene: Scene, command: Command) -> None:
    """Exit 1 for who has the signer's key, 4 for who has none: then it could be anybody's."""
    edited_and_signed_again(scene, scene.stranger)
    told = command("evidence", "verify", scene.folder, *(("--key", scene.key) if given else ()))
    assert told.code == code
    assert any(one.endswith(line) for one in told.lines)


def test_the_hint_of_the_right_key_does_not_help_another_one(scene: Scene, command: Command) -> None:
    """A signature by another key under the name of the right one is broken."""
    from helpers.evidence.bundle import Bundle
    from helpers.evidence.dsse import pae

    payload = (scene.folder / files.STATEMENT).read_bytes()
    forged = Bundle(payload, scene.stranger.sign(pae(payload)), scene.signer.public_key.hint)
    (scene.folder / files.BUNDLE).write_bytes(forged.written())
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert told.code == 1
    line = "Broken: seal.sigstore.json: the signature is not one by that key over that statement"
    assert line in told.lines


def test_the_other_of_two_equal_signatures_is_broken(scene: Scene, command: Command) -> None:
    """ECDSA has a second signature for each one; it is not taken, so the seal has one form."""
    from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

    from helpers.evidence import bundle
    from helpers.evidence.public_keys import ORDER

    file = scene.folder / files.BUNDLE
    found = bundle.parse(file.read_bytes())
    r, s = decode_dss_signature(found.signature)
    file.write_bytes(replace(found, signature=encode_dss_signature(r, ORDER - s)).written())
    assert command("evidence", "verify", scene.folder, "--key", scene.key).code == 1


@pytest.mark.parametrize(("given", "code"), [(True, 1), (False, 4)])
def test_sealed_again_by_nobody(given: bool, code: int, tmp_path: Path, command: Command) -> None:
    """A run that nobody signed is as good as its digest, kept elsewhere: 1 with it, 4 without."""
    run = run_folder(tmp_path / "copies")
    digest = seal(run, None).digest
    edited_ledger_end(run.folder)
    stated_anew(run, subjects_again(run), None)
    told = command("evidence", "verify", run.folder, *(("--expect-digest", digest) if given else ()))
    assert told.code == code
    if given:
        now = statement_digest(run)
        assert f"Broken: statement.json: its digest is {now}, and {digest} was expected" in told.lines
    else:
        assert "Not proven: who sealed it: there is no signature (needed)" in told.lines


def test_a_digest_that_was_kept_proves_a_run_that_nobody_signed(tmp_path: Path, command: Command) -> None:
    """Exit 0 with --expect-digest, in either case of letters, and without a key."""
    run = run_folder(tmp_path)
    digest = seal(run, None).digest
    told = command("evidence", "verify", run.folder, "--expect-digest", digest.upper())
    assert told.code == 0, told.err
    assert "Proven: the statement is the one whose digest was given" in told.lines
    assert "Not proven: who sealed it: there is no signature" in told.lines


def test_an_older_run_shown_for_this_one(scene: Scene, command: Command) -> None:
    """Exit 1 where the run was named; else 0, and it is said that nobody named one."""
    asked = "20261124T090000Z-ffffff"
    told = command("evidence", "verify", scene.folder, "--key", scene.key, "--run-id", asked)
    assert told.code == 1
    assert f"Broken: statement.json: it is of run {RUN}, and {asked} was asked for" in told.lines
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert told.code == 0
    assert f"Not proven: that this is the run you want: it is {RUN}, and no --run-id was given" in told.lines
    told = command("evidence", "verify", scene.folder, "--key", scene.key, "--run-id", RUN)
    assert told.code == 0
    assert f"Proven: it is the run {RUN}" in told.lines


def test_a_rehearsal_shown_for_a_live_run(tmp_path: Path, key_file: Path, signer: PemSigner, command: Command) -> None:
    """It is said before anything else, and is exit 1 where a live run was asked for."""
    run = sealed_run(tmp_path / "copies", signer, world=WORLD)
    told = command("evidence", "verify", run.folder, "--key", key_file)
    assert told.code == 0
    assert told.lines[0] == f"REHEARSAL ({WORLD}): nothing in this run is real"
    told = command("evidence", "verify", run.folder, "--key", key_file, "--require-live", "--json")
    assert told.code == 1
    assert "Broken: statement.json: it is of a rehearsal, and a live run was asked for" in told.lines
    assert told.json["rehearsal"] == WORLD


def test_a_live_run_is_proven_to_be_one_where_asked(scene: Scene, command: Command) -> None:
    """--require-live is met by a live run."""
    told = command("evidence", "verify", scene.folder, "--key", scene.key, "--require-live")
    assert told.code == 0
    assert "Proven: it is a live run" in told.lines


LIES: dict[str, tuple[Callable[[Statement], Statement], str]] = {
    "the exit code": (lambda said: replace(said, exit_code=3), "how it ended"),
    "complete": (lambda said: replace(said, complete=False, exit_code=None), "how it ended"),
    "the run": (lambda said: replace(said, run="20261124T090000Z-ffffff"), "the run"),
    "live": (lambda said: replace(said, rehearsal=WORLD), "the rehearsal"),
    "the target": (lambda said: replace(said, target=replace(said.target, key_name="other")), "the target"),
    "the suite": (lambda said: replace(said, suite=None), "the suite"),
    "lines": (lambda said: replace(said, ledger=replace(said.ledger, lines=3)), "the number of lines"),
    "the ledger's digest": (lambda said: replace(said, ledger=replace(said.ledger, sha256="0" * 64)), "the digest"),
}


@pytest.mark.parametrize("name", LIES)
def test_a_statement_that_does_not_say_what_the_ledger_says(name: str, scene: Scene, command: Command) -> None:
    """Even signed by the right key, a statement must say what is in the files."""
    lie, what = LIES[name]
    stated_anew(scene.run, lie(statement_of(scene.run)), scene.signer)
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert told.code == 1
    assert f"Broken: statement.json: it says something else than ledger.jsonl of: {what}" in told.lines


def test_a_statement_that_does_not_say_what_the_notebooks_hold(scene: Scene, command: Command) -> None:
    """Even signed by the right key, a notebook that failed is not passed off as one that ended well."""
    said = statement_of(scene.run)
    first = replace(said.notebooks[0], status="error")
    stated_anew(scene.run, replace(said, notebooks=(first, *said.notebooks[1:])), scene.signer)
    told = command("evidence", "verify", scene.folder, "--key", scene.key)
    assert told.code == 1
    assert "Broken: statement.json: it says something else of the notebooks than they hold" in told.lines


def test_what_cannot_be_seen_is_said(tmp_path: Path, scene: Scene, command: Command) -> None:
    """A forged record, signed by who holds the key, verifies; the verifier says that it cannot know."""
    made_up = run_folder(tmp_path / "forged", RUN)
    edited_ledger_end(made_up.folder)
    seal(made_up, scene.signer)
    told = command("evidence", "verify", made_up.folder, "--key", scene.key)
    assert told.code == 0
    assert NEWEST in told.lines
    assert FORGED in told.lines


def test_an_interrupted_run_is_never_called_complete(
    tmp_path: Path, key_file: Path, signer: PemSigner, command: Command
) -> None:
    """Sealed as incomplete, signed by the right key: exit 4 for good."""
    run = run_folder(tmp_path / "copies", exit_code=None)
    seal(run, signer, incomplete=True)
    told = command("evidence", "verify", run.folder, "--key", key_file)
    assert told.code == 4
    assert "Not proven: that the run is complete: it was sealed as an interrupted one (needed)" in told.lines


def test_an_unsealed_run_is_not_proven(tmp_path: Path, key_file: Path, command: Command) -> None:
    """Exit 4, and it is said that the run is not sealed."""
    run = run_folder(tmp_path)
    told = command("evidence", "verify", run.folder, "--key", key_file)
    assert told.code == 4
    assert "Not proven: anything: the run is not sealed (needed)" in told.lines


def test_hostile_files_do_not_make_the_verifier_raise(scene: Scene, command: Command) -> None:
    """Whatever is put in the place of the seal's files, the verifier says what is broken, and ends with 1."""
    hostile = (b"", b"\0" * 4096, b"{" * 100_000, b'{"a": 1e999}', '["\ud800"]'.encode("utf-8", "surrogatepass"))
    for name in files.SEAL[:2] + files.SEAL[3:]:
        kept = (scene.folder / name).read_bytes()
        for data in hostile:
            (scene.folder / name).write_bytes(data)
            assert command("evidence", "verify", scene.folder, "--key", scene.key).code == 1, (name, data[:20])
        (scene.folder / name).write_bytes(kept)
    assert command("evidence", "verify", scene.folder, "--key", scene.key).code == 0
