"""A publishing that breaks off anywhere: never whole by looks, never twice, and finished by the next one."""

from __future__ import annotations

import os
import signal
from dataclasses import replace

import pytest

from helpers.display import text
from helpers.errors import Failed
from helpers.evidence import archive
from helpers.evidence.archived import Archived, Published
from helpers.record.runs import Run
from tests.evidence.archive.azurite import SignedIn
from tests.evidence.archive.conftest import Certificates, Container
from tests.evidence.archive.publishing import in_child
from tests.evidence.archive.relay import Forward, Relay, Reply, Request, refusal
from tests.evidence.archive.runs_sealed import NAMES, RUN, contents

pytestmark = [pytest.mark.npm, pytest.mark.usefixtures("at_once")]


def file(done: Published, name: str) -> Archived:
    return next(one for one in done.files if one.name == name)


@pytest.mark.parametrize("stored", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("name", NAMES)
def test_killed_at_any_upload(
    name: str,
    stored: bool,
    run: Run,
    container: Container,
    between: Relay,
    signed_in: SignedIn,
    certificates: Certificates,
) -> None:
    """Killed before or after any file is stored, no statement is there unless all is; the next publishing finishes."""
    child = in_child(run.folder, container.address, certificates.file)

    def answer(request: Request, forward: Forward) -> Reply | None:
        if not (request.uploads and request.name.endswith(name)):
            return forward()
        if stored:
            forward()
        os.kill(child.pid or 0, signal.SIGKILL)
        return None

    between.answer = answer
    child.start()
    child.join(60)
    assert child.exitcode == -signal.SIGKILL
    there = container.run()
    assert list(there) == sorted(NAMES[: NAMES.index(name) + stored])
    assert "statement.json" not in there or there == contents(run.folder)
    between.answer = lambda request, forward: forward()
    assert archive.publish(run, container.address, signed_in).exit_code == 0
    assert container.run() == contents(run.folder)


@pytest.mark.parametrize("name", ["report.html", "statement.json"])
def test_a_lost_reply_is_settled_by_reading(
    name: str, run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """Where a file was stored and the reply was lost, it is read, found the same, and the publishing goes on."""
    lost: list[str] = []

    def answer(request: Request, forward: Forward) -> Reply | None:
        reply = forward()
        if request.uploads and request.name.endswith(name) and not lost:
            lost.append(request.name)
            return None
        return reply

    between.answer = answer
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, file(done, name).state) == (0, "settled")
    assert "409 BlobAlreadyExists" in file(done, name).why
    assert container.run() == contents(run.folder)


def test_a_service_that_breaks_off_after_storing(
    run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """An error of the service's own after a file was stored is settled by reading too."""

    def answer(request: Request, forward: Forward) -> Reply | None:
        reply = forward()
        return refusal(500, "InternalError") if request.uploads and reply.status == 201 else reply

    between.answer = answer
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, {one.state for one in done.files}) == (0, {"settled"})


def test_an_upload_that_never_arrives(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Where a file cannot be sent: exit 1, it is named, nothing is sent after it, and the next publishing finishes."""
    between.answer = lambda request, forward: (
        None if request.uploads and request.name.endswith("report.html") else forward()
    )
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, file(done, "report.html").state) == (1, "failed")
    assert {one.name for one in done.files if one.state == "not sent"} == {*NAMES[4:]}
    assert list(container.run()) == NAMES[:3]
    assert "publish again" in text(done.view())
    between.answer = lambda request, forward: forward()
    assert archive.publish(run, container.address, signed_in).exit_code == 0


def cut(reply: Reply) -> Reply:
    """A reply that says it is whole, and has lost its end."""
    size = len(reply.body) - 7
    ranged = {name: f"bytes 0-{size - 1}/{size}" for name in reply.headers if name.lower() == "content-range"}
    return replace(reply, body=reply.body[:size], headers={**reply.headers, **ranged, "Content-MD5": ""})


def test_read_back_cut_short(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A file that comes back shorter than it was sent differs: exit 1, and no seal is sent after it."""
    between.answer = lambda request, forward: (
        cut(forward()) if request.method == "GET" and request.name.endswith("report.html") else forward()
    )
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, file(done, "report.html").state) == (1, "differs")
    assert file(done, "report.html").why == "18993 of its 19000 bytes"
    assert "statement.json" not in container.run()


@pytest.mark.parametrize("name", ["report.html", "SHA256SUMS", "seal.sigstore.json"])
def test_read_back_changed(name: str, run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A file of the run or of its seal that comes back with other bytes differs, and the statement is not sent."""

    def answer(request: Request, forward: Forward) -> Reply | None:
        reply = forward()
        if request.method == "GET" and request.name.endswith(name):
            return replace(reply, body=bytes([reply.body[0] ^ 1]) + reply.body[1:])
        return reply

    between.answer = answer
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, file(done, name).state) == (1, "differs")
    assert "bytes with SHA-256 " in file(done, name).why
    assert "statement.json" not in container.run()


def test_read_back_refused(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Where the first file cannot be read back: exit 4, why is said with the request id, nothing is sent after it."""
    between.answer = lambda request, forward: (
        refusal(403, "AuthorizationPermissionMismatch") if request.method == "GET" and request.name else forward()
    )
    done = archive.publish(run, container.address, signed_in)
    first = file(done, NAMES[0])
    assert (done.exit_code, first.state, between.uploads()) == (4, "not read", NAMES[:1])
    assert first.why.startswith("403 AuthorizationPermissionMismatch")
    assert first.request_id
    assert first.request_id in text(done.view())


def test_somebody_else_is_quicker(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """What somebody puts there between looking and sending is not written over: exit 1, and the file is named."""

    def answer(request: Request, forward: Forward) -> Reply | None:
        if request.uploads and request.name.endswith("report.html"):
            container.client.upload_blob(f"{RUN}/report.html", b"theirs", overwrite=True)
        return forward()

    between.answer = answer
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, file(done, "report.html").state) == (1, "differs")
    assert container.run()["report.html"] == b"theirs"
    assert "statement.json" not in container.run()


def test_something_appears_meanwhile(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A name that is not the run's and comes while it is published is found at the end: exit 1."""

    def answer(request: Request, forward: Forward) -> Reply | None:
        if request.uploads and request.name.endswith("statement.json"):
            container.client.upload_blob(f"{RUN}/late.txt", b"x", overwrite=True)
        return forward()

    between.answer = answer
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, done.foreign) == (1, ("late.txt",))


def test_something_is_taken_away_meanwhile(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A file that was read back and is not listed at the end is missing: exit 1."""

    def answer(request: Request, forward: Forward) -> Reply | None:
        if request.uploads and request.name.endswith("statement.json"):
            container.client.delete_blob(f"{RUN}/report.html")
        return forward()

    between.answer = answer
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, file(done, "report.html").state) == (1, "missing")


def test_the_run_changes_meanwhile(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A file of the run that changes while it is published stops it before that file or any seal is sent."""

    def answer(request: Request, forward: Forward) -> Reply | None:
        if request.uploads and request.name.endswith("ledger.jsonl"):
            (run.folder / "report.html").write_text("changed")
        return forward()

    between.answer = answer
    with pytest.raises(Failed, match=r"report\.html: it was changed while the run was being published"):
        archive.publish(run, container.address, signed_in)
    assert list(container.run()) == NAMES[:3]
