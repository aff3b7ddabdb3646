"""The log of key use through the real client: what it comes to, what makes it unknown, and where it never goes."""

from __future__ import annotations

import subprocess
import sys
from datetime import timedelta
from typing import Any

import pytest

from helpers.checks.footprints import Footprints, footprints
from helpers.headless.checking import DAYS, Logged, key_log
from helpers.model import Absent, Footprint, Found, Known, Unknown
from helpers.rehearsal.wire import Response
from tests.cases.building import facts
from tests.services.faults import changed, dropped, page, status, text
from tests.services.reads import LOGS
from tests.services.rehearsed import ROOT, Rehearsed, given

QUERY = "logs query"
ANTHROPIC = "44444444-5555-4666-8777-888888888888"


def rows(world: Rehearsed, identity: str = "operator") -> Found[tuple[Footprint, ...]]:
    services = world.services(identity)
    return key_log(services, given(log_destination=LOGS), Logged()).rows


def test_uses_come_with_who_from_where_and_when(onboarded: Rehearsed) -> None:
    """One row for what is alike, with aware times; one token, of the log's own audience, and two queries."""
    onboarded.services().keys.key("claude-cmek")
    onboarded.world.clock.advance(1200)
    found = rows(onboarded)
    assert isinstance(found, Known)
    uses = {(use.operation, use.address): use for use in found.value if use.principal_id == ANTHROPIC}
    assert len(uses) == 6
    unwrap = uses["KeyUnwrap", "160.79.104.10"]
    assert unwrap.succeeded and unwrap.about("claude-cmek") and unwrap.count == 6
    assert unwrap.last - unwrap.first == timedelta(hours=5)
    (own,) = [use for use in found.value if use.principal_id != ANTHROPIC]
    assert (own.operation, own.address, own.version) == ("KeyGet", "203.0.113.7", "")
    assert onboarded.cloud.asked(QUERY) == 2 and onboarded.cloud.wrote() == []
    asked = [request for request in onboarded.cloud.requests if request.host == "login.microsoftonline.com"]
    assert sum(b"api.loganalytics.io" in request.body for request in asked if request.method == "POST") == 1


def test_a_use_that_was_refused_since_is_no_proof(onboarded: Rehearsed) -> None:
    """While Anthropic has its role the log proves a use; once it has none, the same log with what came since does not."""
    p = given(log_destination=LOGS)

    def look() -> Footprints:
        return footprints(key_log(onboarded.services(), p, Logged()), facts(), p)

    assert look().outcome == "seen"
    onboarded.state.role_assignments.pop("66666666-7777-4888-8999-aaaaaaaaaaaa")
    onboarded.world.clock.advance(2 * 3600)
    later = look()
    assert later.outcome == "unproven" and later.reason.startswith("KeyGet Forbidden (last 2026-11-23T")
    assert "no KeyWrap or KeyUnwrap that succeeded after 2026-11-23T" in later.reason


def test_both_tables_are_read_and_none_is_absent(onboarded: Rehearsed) -> None:
    """What a Dedicated setting logs is found beside what was logged before it; before the first row it is absent."""
    onboarded.state.settings.log_delay_seconds = 10**9
    assert rows(onboarded) == Absent()
    onboarded.state.settings.log_delay_seconds = 0
    onboarded.state.diagnostic_settings["to-log-analytics"].log_analytics_destination_type = "Dedicated"
    onboarded.services().keys.key("claude-cmek")
    onboarded.world.clock.advance(60)
    found = rows(onboarded)
    assert isinstance(found, Known)
    assert {use.principal_id == ANTHROPIC for use in found.value} == {True, False}


def test_the_time_asked_for_is_a_week_or_from_the_given_time(onboarded: Rehearsed) -> None:
    """Neither more nor less: an hour that is before it is not counted."""
    log = key_log(onboarded.services(), given(log_destination=LOGS), Logged())
    assert log.until - log.since == timedelta(days=DAYS)
    since = onboarded.state.settings.now - timedelta(hours=2, minutes=30)
    log = key_log(onboarded.services(), given(log_destination=LOGS), Logged(since))
    assert isinstance(log.rows, Known) and {use.count for use in log.rows.value} == {2}


def test_who_may_not_read_it_does_not_know(onboarded: Rehearsed) -> None:
    """403 of the log, and 403 and 404 of the workspace itself: unknown, with the service's own code and request id."""
    onboarded.state.role_assignments[
        "c0000000-0000-4000-8000-000000000001"
    ].role_definition = "f25e0fa2-a7c8-4377-a976-54943a77a395"
    found = rows(onboarded)
    assert isinstance(found, Unknown) and found.reason.startswith("403 AuthorizationFailed") and found.request_id
    found = onboarded.services().logs.key_use(_customer_id(onboarded), given().vault_id, *_week(onboarded))
    assert isinstance(found, Unknown) and found.code == "InsufficientAccessError" and found.request_id
    onboarded.state.log_analytics_workspaces.clear()
    found = rows(onboarded, "reader")
    assert isinstance(found, Unknown) and "there is no workspace" in found.reason


def table(change: Any) -> Any:
    """The true reply with its one table changed."""
    return changed(lambda body: {"tables": [change(body["tables"][0])]})


SEMANTIC = {"code": "SEM0100", "message": "Failed to resolve scalar expression named 'KeyId'"}
BAD = {"error": {"code": "BadArgumentError", "message": "x", "innererror": SEMANTIC}}
WRONG: dict[str, tuple[Any, str]] = {
    "part": (
        changed(lambda body: {**body, "error": {"code": "PartialError", "message": "x"}}),
        "in part only: PartialError",
    ),
    "columns": (table(lambda t: {**t, "columns": t["columns"][::-1]}), "could not be understood"),
    "long": (table(lambda t: {**t, "rows": t["rows"][:1] * 5001}), "more than 5000 rows"),
    "times": (table(lambda t: {**t, "rows": [[*row[:-1], "yesterday"] for row in t["rows"]]}), "is not a time"),
    "no table": (changed(lambda body: {"tables": []}), "could not be understood"),
    "a list": (changed(lambda body: [1]), "could not be understood"),
    "throttled": (
        lambda *_: Response(429, {"error": {"code": "ThrottledError"}}, {"retry-after": "120"}),
        "429 ThrottledError",
    ),
    "semantic": (lambda *_: Response(400, BAD), "400 BadArgumentError"),
    "refused": (status(403), "403 Broken"),
    "page": (page, "could not be understood"),
    "cut": (text('{"tables": [{"na'), "JSON is invalid"),
    "dropped": (dropped, "no usable answer"),
    "moved": (lambda *_: Response(307, {}, {"location": "https://api.loganalytics.azure.com/v1/x"}), "307"),
}


@pytest.mark.parametrize("kind", WRONG)
def test_an_answer_that_is_not_whole_or_not_understood_is_unknown(onboarded: Rehearsed, kind: str) -> None:
    """Never a pass and never "nothing there", also where the other table answers; and nobody else's host is asked."""
    meets, told = WRONG[kind]
    onboarded.state.settings.log_delay_seconds = 0
    onboarded.state.diagnostic_settings["to-log-analytics"].log_analytics_destination_type = "Dedicated"
    onboarded.cloud.after(QUERY, meets, times=4)
    found = rows(onboarded)
    assert isinstance(found, Unknown), found
    assert told in found.reason
    assert {request.host for request in onboarded.cloud.requests if "query" in request.path} == {"api.loganalytics.io"}


def test_a_passing_fault_is_tried_again(onboarded: Rehearsed) -> None:
    """A query is a read, so a 503 is met by the SDK's own retries."""
    onboarded.cloud.before(QUERY, status(503), times=1)
    assert isinstance(rows(onboarded), Known) and onboarded.cloud.asked(QUERY) == 3


def test_a_check_without_it_asks_and_imports_nothing_of_it() -> None:
    """The client of the log is loaded where it is asked for and nowhere else."""
    code = "import sys, helpers.headless.watching, helpers.cli_check; print('azure.monitor.query' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def _customer_id(world: Rehearsed) -> str:
    found = world.services("reader").resources.customer_id(LOGS)
    assert isinstance(found, Known)
    return found.value


def _week(world: Rehearsed) -> tuple[Any, Any]:
    now = world.world.now()
    return now - timedelta(days=7), now
