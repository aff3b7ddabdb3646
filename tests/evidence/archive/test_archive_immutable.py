"""What is said of immutability is what was read, and no more.

Azurite implements neither policies nor legal holds, so here the relay lays the headers of the real service over its
replies. Source of their names: REST API, "Get Blob Properties", "Get Container Properties" and "Set Blob
Immutability Policy", as azure-storage-blob 12.31 reads them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from helpers.display import text
from helpers.errors import WrongUsage
from helpers.evidence import archive
from helpers.evidence.archived import NOT_IMMUTABLE, Published
from helpers.record.runs import Run
from tests.evidence.archive.azurite import SignedIn
from tests.evidence.archive.conftest import Container
from tests.evidence.archive.relay import REQUEST_ID, Forward, Relay, Reply, Request, refusal
from tests.evidence.archive.runs_sealed import NAMES

pytestmark = pytest.mark.npm
ASKED = date(2099, 12, 31)
UNTIL, LATER, EARLIER = (
    f"{day}, 31 Dec {year} 00:00:00 GMT" for day, year in (("Thu", 2099), ("Fri", 2100), ("Tue", 2097))
)
POLICY = "immutabilityPolicies"


def laid(relay: Relay, blob: Reply | None = None, container: Reply | None = None, **headers: str) -> None:
    """Answer looks at a blob's properties with these headers on top, or with `blob`; the container's with `container`."""

    def answer(request: Request, forward: Forward) -> Reply:
        if "restype=container" in request.query and "comp" not in request.query and container is not None:
            return container if container.status >= 400 else forward().with_headers(**container.headers)
        if request.method == "HEAD" and request.name:
            return blob if blob is not None else forward().with_headers(**headers)
        return forward()

    relay.answer = answer


def policy(until: str, mode: str) -> dict[str, str]:
    return {"x_ms_immutability_policy_until_date": until, "x_ms_immutability_policy_mode": mode}


def notes(done: Published) -> list[str]:
    return list(done.view().notes)


def policies(relay: Relay) -> list[Request]:
    return [request for request in relay.seen if POLICY in request.query]


def test_nothing_protects_it(run: Run, container: Container, signed_in: SignedIn) -> None:
    """Without a policy or a hold it says "not immutable", and that is no failure where none was asked for."""
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, notes(done)) == (0, [f"Immutability: {NOT_IMMUTABLE}"])
    assert done.data()["files"][0]["protection"] == NOT_IMMUTABLE
    assert done.data()["files"][0]["immutable_until"] is None


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        (policy(UNTIL, "locked"), "immutable until 2099-12-31T00:00:00Z (locked)"),
        (policy(UNTIL, "Unlocked"), "immutable until 2099-12-31T00:00:00Z (unlocked: whoever may set policies can"),
        (policy(UNTIL, "mutable"), "a policy of an unknown mode until 2099-12-31T00:00:00Z (mutable)"),
        ({"x_ms_legal_hold": "true"}, "legal hold"),
        ({"x_ms_legal_hold": "false"}, NOT_IMMUTABLE),
        (
            policy(UNTIL, "locked") | {"x_ms_legal_hold": "true"},
            "immutable until 2099-12-31T00:00:00Z (locked); legal hold",
        ),
        (
            policy("Tue, 01 Jan 2019 00:00:00 GMT", "locked"),
            f"its policy ended 2019-01-01T00:00:00Z; {NOT_IMMUTABLE}",
        ),
    ],
)
def test_what_a_blob_says(
    headers: dict[str, str], said: str, run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """A policy is told with its end and mode, a legal hold as one, and one that has ended as ended."""
    laid(between, **headers)
    done = archive.publish(run, container.address, signed_in)
    assert done.exit_code == 0
    assert notes(done)[0].startswith(f"Immutability: {said}")


@pytest.mark.parametrize(
    ("headers", "said"),
    [
        ({"x-ms-has-immutability-policy": "true"}, "the container has an immutability policy: until when, and whether"),
        ({"x-ms-has-legal-hold": "true"}, "the container has a legal hold"),
    ],
)
def test_what_a_container_says(
    headers: dict[str, str], said: str, run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """A container's policy or hold is told as the container's, without an end that cannot be read."""
    laid(between, container=Reply(200, headers))
    done = archive.publish(run, container.address, signed_in)
    assert notes(done)[0].startswith(f"Immutability: {said}")


def test_a_container_that_cannot_be_read(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Where the container's properties cannot be read, nothing is said to be or not to be immutable."""
    laid(between, container=refusal(403, "AuthorizationFailure"))
    done = archive.publish(run, container.address, signed_in)
    assert done.exit_code == 0
    assert notes(done)[0].startswith("Immutability: unknown: the container: 403 AuthorizationFailure")
    assert NOT_IMMUTABLE not in text(done.view())


@pytest.mark.parametrize(
    "reply",
    [refusal(403, "AuthorizationPermissionMismatch"), Reply(200, {"x-ms-immutability-policy-until-date": "soon"})],
)
def test_a_blob_that_cannot_be_read(
    reply: Reply, run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """Properties that cannot be read or understood are unknown: exit 0 where none was asked for, else 4."""
    laid(between, blob=reply)
    done = archive.publish(run, container.address, signed_in)
    assert (done.exit_code, notes(done)[0].partition(": ")[2].partition(":")[0]) == (0, "unknown")
    assert done.data()["files"][0]["legal_hold"] is None
    asked = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (asked.exit_code, asked.immutable) == (4, "unknown")


def test_asked_for_and_shown(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A policy that was asked for is set unlocked on every file after all are there, and shown: exit 0."""
    held: set[str] = set()

    def answer(request: Request, forward: Forward) -> Reply:
        reply = forward()
        if POLICY in request.query:
            held.add(request.name)
        elif request.method == "HEAD" and request.name in held:
            return reply.with_headers(**policy(UNTIL, "unlocked"))
        return reply

    between.answer = answer
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, done.immutable, len(held)) == (0, "shown", len(NAMES))
    sent = policies(between)
    assert {request.headers["x-ms-immutability-policy-until-date"] for request in sent} == {UNTIL}
    assert {request.headers["x-ms-immutability-policy-mode"].lower() for request in sent} == {"unlocked"}
    assert between.seen.index(sent[0]) > max(n for n, request in enumerate(between.seen) if request.uploads)
    assert "Asked for: immutable until 2099-12-31T00:00:00Z. Every file shows it" in notes(done)


def test_asked_for_and_not_kept(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Where the service says yes to a policy and keeps none, it is told as not immutable, and exit 1."""
    between.answer = lambda request, forward: Reply(200, {}) if POLICY in request.query else forward()
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, done.immutable, done.trouble) == (1, "not shown", ())
    assert f"Immutability: {NOT_IMMUTABLE}" in notes(done)
    assert done.view().heading.startswith("Published, and not immutable as asked")


def test_asked_for_where_there_are_none(run: Run, container: Container, signed_in: SignedIn) -> None:
    """Azurite knows no policies: that none was set is told for each file, and exit 1."""
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, done.immutable, len(done.trouble)) == (1, "not shown", len(NAMES))
    assert "the policy was not set: 501" in done.trouble[0]


def test_asked_for_where_the_container_has_one(
    run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """Where the container has a policy whose end cannot be read, whether it lasts as asked is unknown: exit 4."""
    laid(between, container=Reply(200, {"x-ms-has-immutability-policy": "true"}))
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, done.immutable) == (4, "unknown")


def test_asked_for_and_refused(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A policy that is refused is told for each file with the request id: exit 1, and the files are there."""
    between.answer = lambda request, forward: (
        refusal(409, "BlobImmutableDueToPolicy") if POLICY in request.query else forward()
    )
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, len(done.trouble), done.whole) == (1, len(NAMES), True)
    assert done.trouble[0].startswith(f"{NAMES[0]}: the policy was not set: 409 BlobImmutableDueToPolicy")
    assert REQUEST_ID in done.trouble[0]


@pytest.mark.parametrize("mode", ["locked", "unlocked"])
def test_one_that_lasts_longer_is_left_alone(
    mode: str, run: Run, container: Container, between: Relay, signed_in: SignedIn
) -> None:
    """A policy that lasts longer than asked for is never made shorter: none is sent, exit 0."""
    laid(between, **policy(LATER, mode))
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, policies(between)) == (0, [])


def test_one_of_an_unknown_mode(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A policy of a mode that nothing is known of does not count as what was asked for, however long it lasts: exit 1."""
    laid(between, **policy(LATER, "mutable"))
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, done.immutable) == (1, "not shown")


def test_a_locked_one_is_left_alone(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A locked policy that ends too early is not touched, and told: exit 1."""
    laid(between, **policy(EARLIER, "locked"))
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, done.immutable, policies(between)) == (1, "not shown", [])
    assert "a locked one until 2097-12-31T00:00:00Z is there" in done.trouble[0]


def test_an_unlocked_one_is_made_longer(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """An unlocked policy that ends too early is set anew."""
    laid(between, **policy(EARLIER, "unlocked"))
    archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert len(policies(between)) == len(NAMES)


def test_no_policy_on_what_is_not_whole(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """Where something else is there, no policy is set on anything: it would be kept for good."""
    archive.publish(run, container.address, signed_in)
    container.client.upload_blob(f"{run.id}/notes.txt", b"x")
    done = archive.publish(run, container.address, signed_in, immutable_until=ASKED)
    assert (done.exit_code, policies(between)) == (1, [])


def test_a_day_that_is_past(run: Run, container: Container, between: Relay, signed_in: SignedIn) -> None:
    """A day that is past or today is refused as wrong usage, and nothing is sent."""
    for day in (datetime.now(UTC).date(), datetime.now(UTC).date() - timedelta(days=400)):
        with pytest.raises(WrongUsage, match=r"--immutable-until: given .*, which is past"):
            archive.publish(run, container.address, signed_in, immutable_until=day)
    assert not between.seen


def test_a_folder_cannot_be_made_immutable(run: Run, tmp_path: Path) -> None:
    """A policy for a folder is refused as wrong usage, and nothing is written."""
    with pytest.raises(WrongUsage, match="a folder cannot be made immutable"):
        archive.publish(run, str(tmp_path / "archive"), None, immutable_until=ASKED)
    assert not (tmp_path / "archive").exists()
