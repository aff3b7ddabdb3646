"""Publishing to blob storage, against Azurite: what is sent, what is kept, and what stops it before anything is sent."""

from __future__ import annotations

from pathlib import Path

import pytest

from helpers.display import text
from helpers.evidence import archive, archive_blob
from helpers.evidence.asked import Asked
from helpers.evidence.many import verify_all
from helpers.evidence.verifying import verify
from helpers.record.runs import Run
from tests.evidence.archive.azurite import SignedIn
from tests.evidence.archive.conftest import Container
from tests.evidence.archive.relay import Relay
from tests.evidence.archive.runs_sealed import NAMES, RUN, contents, sealed, states

pytestmark = pytest.mark.npm


def test_every_file_is_there_and_the_same(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A sealed run is there afterwards under its id, byte for byte, and its statement was sent last."""
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, states(done)) == (0, dict.fromkeys(NAMES, "uploaded"))
    assert container.run() == contents(run.folder)
    assert between.uploads() == NAMES


def test_published_again_it_is_kept(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A second publishing sends nothing, reads every file, and says kept."""
    archive.publish(run, container.address, signed_in)
    between.seen.clear()
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, states(done)) == (0, dict.fromkeys(NAMES, "kept"))
    assert not [request for request in between.seen if request.method not in ("GET", "HEAD")]
    assert {request.name.removeprefix(f"{RUN}/") for request in between.seen if request.method == "GET"} >= {*NAMES}
    assert text(done.view()).count("kept: was there already") == len(NAMES)


def test_a_prefix_comes_before_the_run(run: Run, container: Container, signed_in: SignedIn) -> None:
    """With a prefix in the address, the run is below it and nowhere else."""
    assert archive.publish(run, f"{container.address}/claude/2026", signed_in).exit_code == 0
    assert set(container.blobs()) == {f"claude/2026/{RUN}/{name}" for name in NAMES}


def test_every_write_says_only_if_there_is_none(
    run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """Each request that writes is one upload of one file with If-None-Match: *."""
    archive.publish(run, container.address, signed_in)
    writes = [request for request in between.seen if request.method not in ("GET", "HEAD")]
    assert len(writes) == len(NAMES)
    assert all(request.uploads and request.headers.get("If-None-Match") == "*" for request in writes)


def test_a_file_in_blocks_says_it_too(
    run: Run, container: Container, between: Relay, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A file too large for one request is committed only if there is none, and read back in parts that add up."""
    for name in ("max_single_put_size", "max_block_size", "max_single_get_size", "max_chunk_get_size"):
        monkeypatch.setitem(archive_blob.PATIENCE, name, 4096)
    assert archive.publish(run, container.address, signed_in).exit_code == 0
    assert container.run() == contents(run.folder)
    commits = [request for request in between.seen if "comp=blocklist" in request.query]
    assert commits
    assert all(request.headers.get("If-None-Match") == "*" for request in commits)


def test_something_else_is_never_written_over(
    run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """Where a file of the run's name holds something else: exit 1, the file is named, nothing is sent or changed."""
    container.client.upload_blob(f"{RUN}/report.html", b"another report")
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, states(done)["report.html"]) == (1, "differs")
    assert not between.uploads()
    assert container.run() == {"report.html": b"another report"}
    assert "report.html  " in text(done.view())
    assert "something else is there: 14 of its 19000 bytes" in text(done.view())


@pytest.mark.parametrize("name", ["notes.txt", "übersicht/Bild 1.html", "notebooks/extra.ipynb"])
def test_a_name_that_is_not_the_runs_stops_it(
    name: str, run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """A name below the run's that is not the run's is said, and nothing is sent."""
    container.client.upload_blob(f"{RUN}/{name}", b"x")
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, done.foreign) == (1, (name,))
    assert not between.uploads()
    assert f"There as well, and not of this run: {name}" in text(done.view())


def test_runs_of_a_similar_name_are_no_trouble(run: Run, container: Container, signed_in: SignedIn) -> None:
    """A run whose id begins with this one's is another run, and is left alone."""
    container.client.upload_blob(f"{RUN}4/report.html", b"another run")
    assert archive.publish(run, container.address, signed_in).exit_code == 0
    assert container.run(f"{RUN}4") == {"report.html": b"another run"}


def test_what_is_missing_is_sent(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Where one file is gone from the archive, the next publishing sends that one and keeps the others."""
    archive.publish(run, container.address, signed_in)
    container.client.delete_blob(f"{RUN}/ledger.jsonl")
    between.seen.clear()
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, between.uploads()) == (0, ["ledger.jsonl"])
    assert (states(done)["ledger.jsonl"], states(done)["report.html"]) == ("uploaded", "kept")


def test_two_runs_stand_side_by_side(run: Run, container: Container, signed_in: SignedIn, tmp_path: Path) -> None:
    """Another run of the same target goes to a folder of its own, and the first one stays as it is."""
    other = sealed(tmp_path / "runs", "20261102T090000Z-abc124")
    assert [archive.publish(one, container.address, signed_in).exit_code for one in (run, other)] == [0, 0]
    assert container.run(RUN) == contents(run.folder)
    assert container.run(other.id) == contents(other.folder)


def test_verify_reads_what_was_downloaded(run: Run, container: Container, signed_in: SignedIn, tmp_path: Path) -> None:
    """What is downloaded from the archive verifies as the run did, as a folder of runs."""
    archive.publish(run, container.address, signed_in)
    for name, data in container.blobs().items():
        (tmp_path / "down" / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "down" / name).write_bytes(data)
    found = verify_all(tmp_path / "down", Asked())
    assert [chain.runs for chain in found.chains] == [(RUN,)]
    assert found.reports[0].findings == verify(run.folder, Asked()).findings


def test_a_rehearsal_goes_no_further_than_this_machine(
    container: Container, signed_in: SignedIn, tmp_path: Path
) -> None:
    """A rehearsal's run is published to loopback, and says REHEARSAL before anything else."""
    done = archive.publish(sealed(tmp_path / "world", world="w-1"), container.address, signed_in)
    assert done.exit_code == 0
    assert done.view().lines[0].startswith("REHEARSAL (w-1)")
    assert done.data()["rehearsal"] == "w-1"


def test_the_token_is_sent_whatever_netrc_says(
    run: Run,
    container: Container,
    between: Relay,
    signed_in: SignedIn,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A password for that host in ~/.netrc is not sent in the place of the token."""
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login somebody password elsewhere\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    assert archive.publish(run, container.address, signed_in).exit_code == 0
    assert {request.headers["Authorization"].partition(" ")[0] for request in between.seen} == {"Bearer"}


def test_a_proxy_is_not_asked_for_this_machine(
    run: Run, container: Container, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a shell has a proxy, as in a rehearsal, an archive on loopback is reached without it."""
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    assert archive.publish(run, container.address, signed_in).exit_code == 0
