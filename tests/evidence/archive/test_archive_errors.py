"""What blob storage can refuse, and what a reply must never bring about. No Azurite: the test gives every answer."""

from __future__ import annotations

import threading

import pytest
from azure.core.exceptions import ClientAuthenticationError

from helpers.display import text
from helpers.errors import Failed, RunbookError, WrongCloud, WrongUsage
from helpers.evidence import archive, archive_blob
from helpers.record.runs import Run
from tests.evidence.archive.azurite import SignedIn
from tests.evidence.archive.conftest import Container
from tests.evidence.archive.relay import REQUEST_ID, Forward, Relay, Reply, Request, refusal
from tests.evidence.archive.runs_sealed import NAMES, RUN, contents

TO = "devstoreaccount1/records"


pytestmark = pytest.mark.usefixtures("at_once")


def listing(*names: str, marker: str = "") -> Reply:
    """A list of blobs. Source: REST API, "List Blobs"."""
    blobs = "".join(
        f"<Blob><Name>{name}</Name><Properties><BlobType>BlockBlob</BlobType></Properties></Blob>" for name in names
    )
    body = f"<EnumerationResults><Blobs>{blobs}</Blobs><NextMarker>{marker}</NextMarker></EnumerationResults>"
    return Reply(200, {"Content-Type": "application/xml"}, f'<?xml version="1.0" encoding="utf-8"?>{body}'.encode())


def failing(run: Run, relay: Relay, signed_in: SignedIn) -> RunbookError:
    with pytest.raises(RunbookError) as raised:
        archive.publish(run, relay.address(TO), signed_in)
    return raised.value


@pytest.mark.parametrize(
    ("reply", "said"),
    [
        (refusal(404, "ContainerNotFound"), "404 ContainerNotFound: "),
        (refusal(429, "ServerBusy", Retry_After="120"), "the service asks to be left alone for 120 s"),
        (refusal(503, "ServerBusy"), "503 ServerBusy: "),
        (refusal(400, "InvalidHeaderValue"), "400 InvalidHeaderValue: "),
    ],
)
def test_an_archive_that_cannot_be_listed(reply: Reply, said: str, run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """Where the archive answers with an error at the first look, that is told with its request id, and nothing is sent."""
    alone.answer = lambda request, forward: reply
    error = failing(run, alone, signed_in)
    assert isinstance(error, Failed)
    assert said in error.what
    assert (error.request_id, error.why) == (REQUEST_ID, "Nothing was published.")
    assert not alone.uploads()


def test_forbidden_from_beginning_to_end(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """Without any right: exit 1, the first file says why with its request id, and no other is tried."""
    alone.answer = lambda request, forward: refusal(403, "AuthorizationPermissionMismatch")
    done = archive.publish(run, alone.address(TO), signed_in)
    assert (done.exit_code, [file.state for file in done.files]) == (1, ["failed"] + ["not sent"] * 7)
    assert done.files[0].why.startswith("403 AuthorizationPermissionMismatch")
    assert REQUEST_ID in text(done.view())
    assert alone.uploads() == NAMES[:1]
    assert done.unlisted


def test_no_answer_in_time(run: Run, alone: Relay, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that does not answer is given up after the bound, and told."""
    monkeypatch.setitem(archive_blob.PATIENCE, "read_timeout", 0.1)

    asked, over = threading.Semaphore(0), threading.Event()

    def never(_: Request, __: Forward) -> None:
        asked.release()
        over.wait(60)

    alone.answer = never
    error = failing(run, alone, signed_in)
    tries = 1 + archive_blob.PATIENCE["retry_total"]
    assert [asked.acquire(timeout=60) for _ in range(tries)] == [True] * tries
    over.set()
    assert "Read timed out" in error.what
    assert len(alone.seen) == tries


@pytest.mark.usefixtures("trusted")
def test_nobody_is_there(run: Run, signed_in: SignedIn) -> None:
    """Where nothing listens, that is told in one line."""
    with pytest.raises(Failed, match=r"the archive cannot be used: .*Connection refused"):
        archive.publish(run, f"https://127.0.0.1:9/{TO}", signed_in)


def test_a_certificate_that_is_not_trusted(
    run: Run, alone: Relay, signed_in: SignedIn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An archive whose certificate is not trusted gets no request, so no token."""
    monkeypatch.delenv("REQUESTS_CA_BUNDLE")
    assert "CERTIFICATE_VERIFY_FAILED" in failing(run, alone, signed_in).what
    assert not alone.seen


def test_signing_in_does_not_work(run: Run, alone: Relay) -> None:
    """Where there is no token, that is told in one line, and nothing is sent."""

    class SignedOut:
        def get_token(self, *scopes: str, **_: object) -> None:
            raise ClientAuthenticationError("Please run 'az login'\nand more")

    with pytest.raises(Failed) as raised:
        archive.publish(run, alone.address(TO), SignedOut())
    assert raised.value.what == "signing in to Azure Storage did not work: Please run 'az login'"
    assert raised.value.next_step
    assert not alone.seen


def test_no_credential_is_guessed(run: Run, alone: Relay) -> None:
    """Without a credential blob storage is refused as wrong usage, and nothing is sent."""
    with pytest.raises(WrongUsage, match="never guessed"):
        archive.publish(run, alone.address(TO), None)
    assert not alone.seen


def test_a_reply_names_another_service(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """A reply that asks for a token of another service and tenant is given none: only storage's was ever asked for."""
    challenge = (
        'Bearer authorization_uri="https://login.microsoftonline.com/8635ae1a-3e5d-44e8-a4ed-e0f614466f87'
        '/oauth2/authorize" resource_id="https://vault.azure.net"'
    )
    alone.answer = lambda request, forward: refusal(401, "NoAuthenticationInformation", WWW_Authenticate=challenge)
    assert isinstance(failing(run, alone, signed_in), Failed)
    assert {*signed_in.asked} == {("https://storage.azure.com/.default",)}


def test_a_reply_leads_elsewhere(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """A redirect is not followed, so the token goes to the archive's own host and to no other."""
    elsewhere = f"https://localhost:{alone.port}/devstoreaccount1/other"
    alone.answer = lambda request, forward: Reply(307, {"Location": elsewhere})
    failing(run, alone, signed_in)
    assert {request.headers["Host"] for request in alone.seen} == {f"127.0.0.1:{alone.port}"}
    assert not [request for request in alone.seen if "other" in request.target]


def test_a_rehearsal_cloud_is_no_archive(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """Where a rehearsal cloud answers, publishing stops at its first reply."""
    alone.answer = lambda request, forward: listing().with_headers(x_rehearsal="w-1")
    assert isinstance(failing(run, alone, signed_in), WrongCloud)
    assert len(alone.seen) == 1


@pytest.mark.parametrize(
    "reply",
    [
        Reply(200, {"Content-Type": "text/html"}, b"<html>Sign in to the guest network</html>"),
        Reply(200, {"Content-Type": "application/xml"}, b"<EnumerationResults><Blobs>"),
        Reply(200, {"Content-Type": "application/json"}, b'{"Blobs": []}'),
        Reply(200, {"Content-Type": "application/xml"}, b""),
    ],
    ids=["a page", "cut off", "JSON", "nothing"],
)
def test_a_list_that_is_none(reply: Reply, run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """What is no list of blobs is not taken for an empty one: nothing is sent."""
    alone.answer = lambda request, forward: reply
    assert "the archive cannot be used" in failing(run, alone, signed_in).what
    assert not alone.uploads()


def test_a_list_without_an_end(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """A list that goes on for ever is not read for ever, and nothing is sent."""
    names = [f"{RUN}/{number}" for number in range(2000)]
    alone.answer = lambda request, forward: listing(*names, marker="next")
    assert "more than 5000 names" in failing(run, alone, signed_in).what
    assert len(alone.seen) == 3


def test_a_list_of_something_else(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """A list with a name that was not asked for is not relied on, and nothing is sent."""
    alone.answer = lambda request, forward: listing("somebody-elses/file")
    assert "a name that was not asked for" in failing(run, alone, signed_in).what


def test_names_of_a_list_lead_nowhere(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """A name that would lead out of the run's is told as one that is not its own, and is never asked for."""
    alone.answer = lambda request, forward: (
        listing(f"{RUN}/../../other/x") if request.method == "GET" and not request.name else refusal(403, "No")
    )
    done = archive.publish(run, alone.address(TO), signed_in)
    assert (done.exit_code, done.foreign) == (1, ("../../other/x",))
    assert not [request for request in alone.seen if request.name]


def test_folders_of_a_list_are_no_files(run: Run, alone: Relay, signed_in: SignedIn) -> None:
    """An account with a hierarchical namespace lists folders as empty blobs with a mark: they are not foreign files."""
    mark = "<Metadata><hdi_isfolder>true</hdi_isfolder></Metadata>"
    entry = "<Blob><Name>{}</Name><Properties><BlobType>BlockBlob</BlobType><Content-Length>{}</Content-Length></Properties>{}</Blob>"
    blobs = [
        entry.format(f"{RUN}/html", 0, mark),
        entry.format(f"{RUN}/full", 3, mark),
        entry.format(f"{RUN}/empty", 0, ""),
    ]
    body = f"<EnumerationResults><Blobs>{''.join(blobs)}</Blobs><NextMarker/></EnumerationResults>"
    reply = Reply(200, {"Content-Type": "application/xml"}, body.encode())
    alone.answer = lambda request, forward: refusal(403, "No") if request.name else reply
    assert archive.publish(run, alone.address(TO), signed_in).foreign == ("empty", "full")


@pytest.mark.npm
def test_listing_alone_is_forbidden(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Who may not list publishes all the same, and is told that what else is there is unknown: exit 4, twice."""
    between.answer = lambda request, forward: (
        refusal(403, "AuthorizationPermissionMismatch") if "comp=list" in request.query else forward()
    )
    first = archive.publish(run, container.address, signed_in)
    assert (first.exit_code, {file.state for file in first.files}) == (4, {"uploaded"})
    assert "Whether anything else is there is unknown: 403" in text(first.view())
    assert container.run() == contents(run.folder)
    again = archive.publish(run, container.address, signed_in)
    assert (again.exit_code, {file.state for file in again.files}) == (4, {"settled"})


@pytest.mark.npm
def test_no_container(run: Run, between: Relay, signed_in: SignedIn) -> None:
    """A container that is not there is told with the request id, and none is made."""
    with pytest.raises(Failed, match="404 ContainerNotFound") as raised:
        archive.publish(run, between.address("devstoreaccount1/not-there"), signed_in)
    assert raised.value.request_id
    assert {request.method for request in between.seen} == {"GET"}


@pytest.mark.npm
def test_a_token_that_is_not_taken(run: Run, container: Container, signed_in: SignedIn) -> None:
    """Where the archive takes no such token: exit 1, and nothing is there."""
    signed_in.seconds = -10
    done = archive.publish(run, container.address, signed_in)
    assert done.exit_code == 1
    assert done.files[0].why.startswith("403 AuthenticationFailed")
    assert not container.blobs()
