"""Time stamps: asked for, looked at, verified against a root, and what becomes of false ones and of bad authorities."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from helpers.errors import Failed, WrongUsage
from helpers.evidence import bundle, files, timestamps
from helpers.evidence.signers import PemSigner
from helpers.record.runs import Run
from tests.evidence.building import Told, run_folder, seal
from tests.evidence.tsa import Authority, serving

Command = Callable[..., Told]


@pytest.fixture
def stamped(tmp_path: Path, signer: PemSigner, authority: Authority) -> Run:
    run = run_folder(tmp_path / "copies")
    seal(run, signer, timestamp=authority.url)
    return run


@pytest.fixture
def other(tmp_path: Path, signer: PemSigner, authority: Authority) -> Run:
    """Another stamped run by the same signer."""
    run = run_folder(tmp_path / "other", "20261124T090000Z-ffffff")
    seal(run, signer, timestamp=authority.url)
    return run


def with_token(run: Run, token: bytes | None) -> None:
    """Put another time stamp into both places that hold it, or none: neither is covered by the signature."""
    file = run.folder / files.BUNDLE
    file.write_bytes(replace(bundle.parse(file.read_bytes()), token=token).written())
    (run.folder / files.TOKEN).unlink(missing_ok=True)
    if token is not None:
        (run.folder / files.TOKEN).write_bytes(token)


def test_a_time_stamp_is_proven_with_the_root_of_its_authority(
    stamped: Run, key_file: Path, authority: Authority, command: Command
) -> None:
    """Exit 0 with --require-timestamp and --tsa-root, and the time is told."""
    told = command(
        "evidence", "verify", stamped.folder, "--key", key_file, "--require-timestamp", "--tsa-root", authority.root
    )
    assert told.code == 0, told.err
    assert any(line.startswith("Proven: it was signed by 20") and line.endswith("Z") for line in told.lines)


@pytest.mark.parametrize(("required", "code"), [(True, 4), (False, 0)])
def test_a_time_stamp_is_not_proven_without_a_root(
    required: bool, code: int, stamped: Run, key_file: Path, command: Command
) -> None:
    """What it says is told, and that nothing shows whose it is."""
    told = command("evidence", "verify", stamped.folder, "--key", key_file, *(["--require-timestamp"] * required))
    assert told.code == code
    assert any("its time stamp says 20" in line and "no --tsa-root was given" in line for line in told.lines)


@pytest.mark.parametrize(("required", "code"), [(True, 4), (False, 0)])
def test_a_time_stamp_taken_away(required: bool, code: int, stamped: Run, key_file: Path, command: Command) -> None:
    """Exit 4 where one was required, else 0, and it is said that there is none."""
    with_token(stamped, None)
    told = command("evidence", "verify", stamped.folder, "--key", key_file, *(["--require-timestamp"] * required))
    assert told.code == code
    assert "Not proven: when it was signed: there is no time stamp" + " (needed)" * required in told.lines


@pytest.mark.parametrize("rooted", [True, False])
def test_the_time_stamp_of_another_run(
    rooted: bool, stamped: Run, other: Run, key_file: Path, authority: Authority, command: Command
) -> None:
    """Genuine, by the right authority, and over another signature: exit 1, with or without the root."""
    with_token(stamped, (other.folder / files.TOKEN).read_bytes())
    options = ("--tsa-root", authority.root) if rooted else ()
    told = command("evidence", "verify", stamped.folder, "--key", key_file, *options)
    assert told.code == 1
    assert "Broken: seal.tsr: the time stamp: it is over other bytes" in told.lines


def test_the_two_copies_of_a_time_stamp_must_be_the_same(
    stamped: Run, other: Run, key_file: Path, command: Command
) -> None:
    """One in the bundle and another in seal.tsr, or in one of them only: exit 1."""
    kept = (stamped.folder / files.TOKEN).read_bytes()
    (stamped.folder / files.TOKEN).write_bytes((other.folder / files.TOKEN).read_bytes())
    assert command("evidence", "verify", stamped.folder, "--key", key_file).code == 1
    (stamped.folder / files.TOKEN).unlink()
    told = command("evidence", "verify", stamped.folder, "--key", key_file)
    assert (told.code, "Broken: seal.tsr: is not there" in told.lines) == (1, True)
    with_token(stamped, None)
    (stamped.folder / files.TOKEN).write_bytes(kept)
    told = command("evidence", "verify", stamped.folder, "--key", key_file)
    assert (told.code, "Broken: seal.tsr: it is not in seal.sigstore.json" in told.lines) == (1, True)


@pytest.fixture
def impostor(tmp_path: Path) -> Iterator[Authority]:
    """An authority by the same name under a root of its own."""
    (tmp_path / "impostor").mkdir()
    with serving(tmp_path / "impostor") as served:
        yield served


def test_a_time_stamp_by_somebody_else(
    stamped: Run, key_file: Path, impostor: Authority, authority: Authority, command: Command
) -> None:
    """Over the right signature, and by an authority under another root: exit 1 with the root that is trusted."""
    signature = bundle.parse((stamped.folder / files.BUNDLE).read_bytes()).signature
    with_token(stamped, timestamps.ask(impostor.url, signature))
    verify = ("evidence", "verify", stamped.folder, "--key", key_file, "--tsa-root")
    told = command(*verify, authority.root)
    assert told.code == 1
    line = "Broken: seal.tsr: the time stamp: it is not signed by an authority under the given root"
    assert any(one.startswith(line) for one in told.lines)
    assert command(*verify, impostor.root).code == 0


def test_what_is_no_time_stamp(stamped: Run, key_file: Path, command: Command) -> None:
    """Anything else in its place is broken, and nothing is raised."""
    genuine = (stamped.folder / files.TOKEN).read_bytes()
    for token in (b"", b"\x30\x00", b"\0" * 2000, genuine[:-1], genuine + b"\0", genuine[9:]):
        with_token(stamped, token)
        assert command("evidence", "verify", stamped.folder, "--key", key_file).code == 1, token[:20]


def test_only_a_digest_is_sent_to_an_authority(stamped: Run, authority: Authority) -> None:
    """The query holds the SHA-256 of the signature and a nonce, and nothing of the run."""
    import hashlib

    signature = bundle.parse((stamped.folder / files.BUNDLE).read_bytes()).signature
    query = authority.asked[-1]
    assert hashlib.sha256(signature).digest() in query
    assert len(query) < 100


def _status(
    status: int, body: bytes = b"", kind: str = "text/plain"
) -> Callable[[Authority, bytes], tuple[int, str, bytes]]:
    return lambda _, __: (status, kind, body)


REPLY = "application/timestamp-reply"
REFUSED = bytes.fromhex("30053003020102")  # PKIStatus rejection
BAD: dict[str, tuple[Callable[[Authority, bytes], tuple[int, str, bytes]], str]] = {
    "an error": (_status(500), "it answered with HTTP 500"),
    "not allowed": (_status(403), "it answered with HTTP 403"),
    "moved": (_status(302), "it answered with HTTP 302"),
    "a web page": (_status(200, b"<html>", "text/html"), "the answer is not a time-stamp reply"),
    "too much": (_status(200, b"\0" * 300_000, REPLY), "the answer is not a time-stamp reply"),
    "nonsense": (_status(200, b"nonsense", REPLY), "not a time-stamp reply that can be read"),
    "nothing": (_status(200, b"", REPLY), "not a time-stamp reply that can be read"),
    "a refusal": (_status(200, REFUSED, REPLY), "the authority did not grant it"),
    "the same reply again": (
        lambda authority, query: (200, REPLY, _other_nonce(authority, query)),
        "it answers another request",
    ),
    "about other bytes": (
        lambda authority, query: (200, REPLY, authority.reply(_about_other_bytes())),
        "it is over other bytes",
    ),
}


def _other_nonce(authority: Authority, query: bytes) -> bytes:
    """What the authority says to another request over the same bytes, as a reply that is shown again would be."""
    end = query.rindex(b"\x01\x01\xff")  # certReq TRUE, which the nonce stands before
    return authority.reply(query[: end - 1] + bytes([query[end - 1] ^ 1]) + query[end:])


def _about_other_bytes() -> bytes:
    from rfc3161_client import HashAlgorithm, TimestampRequestBuilder

    return TimestampRequestBuilder().data(b"other").hash_algorithm(HashAlgorithm.SHA256).build().as_bytes()


@pytest.mark.parametrize("name", BAD)
def test_a_bad_authority_stops_the_seal(name: str, tmp_path: Path, impostor: Authority, signer: PemSigner) -> None:
    """Nothing is sealed without the time stamp that was asked for; the reason is told, and the run is as it was."""
    answer, why = BAD[name]
    impostor.answer = lambda query: answer(impostor, query)
    run = run_folder(tmp_path / "copies")
    before = sorted(run.folder.rglob("*"))
    with pytest.raises(Failed, match="no time stamp was had") as refused:
        seal(run, signer, timestamp=impostor.url)
    assert why in refused.value.what
    assert sorted(run.folder.rglob("*")) == before
    assert len(impostor.asked) == 1


def test_an_authority_that_is_not_there_stops_the_seal(tmp_path: Path, signer: PemSigner) -> None:
    """Nothing is sealed, and it is said that it cannot be reached."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/"
        with pytest.raises(Failed, match="it cannot be reached"):
            seal(run_folder(tmp_path), signer, timestamp=url)


@pytest.mark.parametrize("url", ["", "ftp://tsa.example/", "tsa.example", "https://", "https://user:word@tsa.example/"])
def test_what_is_no_address_of_an_authority_is_refused(url: str, tmp_path: Path, signer: PemSigner) -> None:
    """Before anything is written."""
    run = run_folder(tmp_path)
    with pytest.raises(WrongUsage, match="timestamp: given"):
        seal(run, signer, timestamp=url)


def test_a_time_stamp_needs_a_signature(tmp_path: Path, authority: Authority) -> None:
    """There is nothing to stamp where nobody signs."""
    with pytest.raises(WrongUsage, match="a time stamp is over a signature"):
        seal(run_folder(tmp_path), None, timestamp=authority.url)
