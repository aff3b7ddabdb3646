"""No credential of a run is in anything it writes, shows or says."""

from __future__ import annotations

import pytest

from helpers.errors import RunbookError
from helpers.record.secrets import looks_like
from tests.services.faults import status
from tests.services.rehearsed import ADMIN_KEY
from tests.steps.walking import STEPS, Walk


def canaries(walk: Walk) -> set[str]:
    """Every credential of the run: the admin key, every client secret, every token the cloud saw."""
    secrets = {identity.client_secret for identity in walk.world.state.identities.values()}
    return {ADMIN_KEY, *secrets, *walk.world.cloud.tokens()}


def test_a_whole_run_leaves_no_secret(walk: Walk, capsys: pytest.CaptureFixture[str]) -> None:
    """After all five steps neither the run folder nor what was shown or printed holds a credential."""
    walk.all()
    told = capsys.readouterr()
    everything = "\n".join([walk.written(), *walk.shown, *walk.world.said, told.out, told.err])
    found = canaries(walk)
    assert len(found) > 8, "the cloud saw tokens, so there is something to look for"
    assert [canary[:12] for canary in found if canary in everything] == []
    assert looks_like(everything) is None
    assert "11111111-2222-4333-8444-555555555555" in everything


def test_stopped_runs_leave_no_secret(walk: Walk, capsys: pytest.CaptureFixture[str]) -> None:
    """The same for steps that stop: wrong secret, no rights, refused and failing services."""
    walk.world.cloud.before("CreateKey", status(403, "Forbidden", "no"))
    walk.world.cloud.before("external key list", status(500))
    stopped = []
    for step, identity in [
        ("01_consent", "nobody"),
        ("01_consent", "operator"),
        ("02_key", "operator"),
        *((step, "reader") for step in STEPS),
    ]:
        try:
            walk.take(step, identity)
        except RunbookError as error:
            stopped.append(f"{error!r} {error} {error.__cause__!r}")
    walk.world.state.identities["operator"].client_secret = "rotated-and-secret"
    with pytest.raises(RunbookError) as caught:
        walk.begin("01_consent")
    stopped.append(str(caught.value))
    told = capsys.readouterr()
    everything = "\n".join([walk.written(), *walk.shown, *walk.world.said, *stopped, told.out, told.err])
    assert len(stopped) >= 5
    secrets = canaries(walk) | {"rehearsal-only-operator"}
    assert [canary[:12] for canary in secrets if canary in everything] == []
