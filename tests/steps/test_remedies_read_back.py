"""What 04 reads before and after remedies: what was done is waited for and tried again, and nothing is asked twice."""

from __future__ import annotations

import pytest

from helpers.checks import Verdict
from helpers.errors import ChecksFailed, Refused, ServiceFailed
from helpers.rehearsal.wire import Request, Response
from helpers.steps import remedy, verify
from tests.services.faults import changed
from tests.services.rehearsed import given
from tests.steps.mending import ALL, LOGS, WRITES, verdicts
from tests.steps.walking import Walk


def test_a_remedy_that_is_late_to_be_read_is_waited_for(broken: Walk) -> None:
    """The list of settings lags behind the change: the wait is seen, and the verdicts are of what came after it."""
    nothing = changed(lambda body: {**body, "value": []})
    broken.world.cloud.after("DiagnosticSettings_List", nothing, skip=3, times=2)
    broken.verify(for_good=True, **ALL)
    said = [line for line in broken.world.said if "the remedies to be readable" in line]
    assert "s left" in said[0] and "seen after" in said[-1] and len(said) == 3
    assert verdicts(broken)[-1]["V35"] == "pass"


def test_a_remedy_that_never_becomes_readable_ends(broken: Walk) -> None:
    """The wait is bounded, and its end says what still is not as it should be."""
    broken.world.cloud.after("DiagnosticSettings_List", changed(lambda body: {**body, "value": []}))
    with pytest.raises(ServiceFailed, match="waited 120 s for the remedies to be readable") as caught:
        broken.verify(**{**ALL, "remediate": ["diagnostic_settings"]})
    assert "1 to change" in caught.value.what
    assert broken.world.cloud.wrote() == [WRITES["diagnostic_settings"]]
    assert broken.events()[-1] == "stopped"


def test_what_undoes_a_remedy_is_seen(broken: Walk) -> None:
    """Right after the lock was made somebody removed it: reading back does not say keep, and 04 stops."""
    state = broken.world.state

    def undone(_: Request, reply: Response | None) -> Response:
        assert reply is not None
        state.locks.pop("claude-cmek-keep")
        return reply

    broken.world.cloud.after(WRITES["delete_lock"], undone, times=1)
    with pytest.raises(ServiceFailed, match="to be readable"):
        broken.verify(**{**ALL, "remediate": ["delete_lock"]})


def test_04_asks_little_and_nothing_twice(walk_onboarded: Walk) -> None:
    """On a healthy onboarded world: at most 30 requests beside signing in, none of them twice, none after trying."""
    walk = walk_onboarded
    walk.verify()
    rows = walk.world.cloud.journal.rows()
    pairs = list(zip(rows, walk.world.cloud.requests, strict=True))
    asked = [
        (request.method, request.host, request.path, tuple(sorted(request.query.items())))
        for row, request in pairs
        if row["host"] != "login.microsoftonline.com"
        and not (row["status"] == 401 and "vault.azure.net" in row["host"])
    ]
    challenges = [row for row, _ in pairs if row["status"] == 401]
    assert len(challenges) == 1 and challenges[0]["host"].endswith(".vault.azure.net")
    assert len(asked) <= 30
    assert sorted(asked) == sorted(set(asked))
    assert [row["operation"] for row in rows[-3:]] == ["wrapKey", "unwrapKey", "decrypt"]


def test_after_nothing_the_facts_are_those_from_before(walk_onboarded: Walk) -> None:
    """Plans of nothing: the very facts that were read, and not a single request; one change: everything anew."""
    step = walk_onboarded.begin("04_verify")
    found = step.read(verify.probed(step.read(verify.facts)))
    walk_onboarded.world.cloud.mend()
    nothing = remedy.plan(remedy.Wanted.of(step.parameters), found)
    assert step.read(remedy.after(found, nothing, nothing)) is found
    assert walk_onboarded.world.cloud.journal.rows() == []


def test_where_something_was_changed_the_key_is_tried_again(broken: Walk) -> None:
    """The facts after a remedy are new ones, with a new probe: two of each operation of the vault in all."""
    broken.verify(for_good=True, **ALL)
    facts = [row["facts"] for row in broken.rows() if row["event"] == "facts"]
    assert [fact["vault"]["value"]["purge_protection"] for fact in facts] == [None, None, True]
    assert [("probe" in fact) for fact in facts] == [False, True, True]


def test_the_destination_is_read_once_and_only_if_a_remedy_sends_there(walk_onboarded: Walk) -> None:
    """A log destination that is a sink already is not read twice; without the remedy it is not looked at."""
    cloud = walk_onboarded.world.cloud
    for asked, there in ((["diagnostic_settings"], True), (["delete_lock"], False)):
        step = walk_onboarded.begin("04_verify", **{**ALL, "remediate": asked})
        found = step.read(verify.facts)
        assert cloud.asked("Workspaces_Get") == 1
        assert ("log_destination" in found.view().data) is there
        cloud.mend()
    assert verify.facts(walk_onboarded.world.services(), given()).view().data.get("log_destination") is None


def test_a_destination_that_is_not_there_is_refused(broken: Walk) -> None:
    """The workspace does not exist: refused by name, and no setting is made that sends nowhere."""
    gone = LOGS.replace("log-contoso", "log-gone")
    with pytest.raises(Refused, match="log-gone is not there"):
        broken.verify(**{**ALL, "remediate": ["diagnostic_settings"], "log_destination": gone})
    assert broken.world.cloud.wrote() == []


def test_a_remedy_does_not_hide_what_is_still_wrong(broken: Walk) -> None:
    """The lock is mended and 04 still stops at the first blocking check that fails."""
    with pytest.raises(ChecksFailed) as caught:
        broken.verify(**{**ALL, "remediate": ["delete_lock"]})
    assert "V06" in caught.value.what
    assert verdicts(broken)[-1]["V13"] == Verdict.PASS.value
