"""A rotation that is asked for: one version like the old one, once, however often and by however many it is run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from helpers import typed
from helpers.approval import phrase
from helpers.errors import ApprovalRequired, Refused, RunbookError, ServiceFailed, Unproven, WrongUsage
from helpers.headless.approving import approve_file, approve_run
from helpers.headless.run import approve_as_rehearsal
from helpers.plan import Plan
from helpers.record import runs
from helpers.record.ledger import Ledger
from helpers.record.runs import Run
from helpers.rehearsal.state import KeyVersion
from helpers.rehearsal.wire import Request, Response
from helpers.steps import key
from tests.services.faults import Meets, changed, dropped, status
from tests.services.rehearsed import given
from tests.steps.walking import Walk

OLD, OTHER = "0123456789abcdef0123456789abcdef", "00112233445566778899aabbccddeeff"
TAG = "anthropic-org-33333333-4444-4555-8666-777777777777"
SHARED = {TAG: "true", "anthropic-org-33333333-4444-4555-8666-000000000000": "true", "owner": "ada"}
ROTATE: dict[str, Any] = {"rotate": OLD}


def versions(walk: Walk) -> dict[str, KeyVersion]:
    """All versions of the key, oldest first."""
    return walk.world.state.vaults["kv-contoso-claude"].keys["claude-cmek"].versions


def newest(walk: Walk) -> tuple[str, KeyVersion]:
    return list(versions(walk).items())[-1]


def another(walk: Walk, reply: Meets | None = None) -> Meets:
    """Another machine rotates right after our request; our reply may be lost."""

    def meets(request: Request, answer: Response | None) -> Response:
        assert answer is not None
        _, ours = newest(walk)
        versions(walk)[OTHER] = ours.model_copy(update={"created": ours.created + timedelta(seconds=90)})
        return answer if reply is None else reply(request, answer)

    return meets


def stopped(walk: Walk, kind: type[RunbookError]) -> RunbookError:
    with pytest.raises(kind) as caught:
        walk.take("02_key", **ROTATE)
    return caught.value


def test_it_makes_one_version_like_the_old_one_and_a_second_run_makes_none(walk_onboarded: Walk) -> None:
    """Type, size, every tag and the lifetime are carried over, operations are the wanted ones; the old one is untouched."""
    walk = walk_onboarded
    made, expires = datetime(2026, 1, 1, tzinfo=UTC), datetime(2027, 1, 1, tzinfo=UTC)
    versions(walk)[OLD] = versions(walk)[OLD].model_copy(
        update={"tags": SHARED, "created": made, "expires": expires, "key_ops": ["wrapKey", "unwrapKey", "sign"]}
    )
    before = versions(walk)[OLD].model_copy(deep=True)
    walk.take("02_key", **ROTATE)
    _, new = newest(walk)
    assert len(versions(walk)) == 2 and versions(walk)[OLD] == before
    assert (new.kty, new.size, new.tags, new.enabled) == (before.kty, before.size, SHARED, True)
    assert set(new.key_ops) == {"wrapKey", "unwrapKey"} and new.n != before.n
    assert new.expires is not None
    assert abs(new.expires - new.created - (expires - made)) < timedelta(seconds=5)
    for _ in range(2):
        plan = walk.take("02_key", **ROTATE)
        assert isinstance(plan, Plan) and plan.nothing_to_do
        assert "was rotated away from" in str(plan.items[0]) and "organization 33333333" in str(plan.items[0])
    assert walk.world.cloud.wrote() == ["CreateKey"]


def test_a_version_made_elsewhere_gets_back_the_tags_of_every_organization(walk_onboarded: Walk) -> None:
    """V2 came without tags: those of both organizations are set in one write, once, and no further version is made."""
    walk = walk_onboarded
    versions(walk)[OLD].tags = SHARED
    made = {"tags": {"team": "platform"}, "created": walk.world.world.now()}
    versions(walk)[OTHER] = versions(walk)[OLD].model_copy(update=made)
    assert "organization 33333333-4444-4555-8666-000000000000" in str(walk.take("02_key", mode="apply", **ROTATE))
    organizations = {name: value for name, value in SHARED.items() if name != "owner"}
    assert newest(walk) == (OTHER, versions(walk)[OTHER])
    assert versions(walk)[OTHER].tags == {"team": "platform", **organizations} and versions(walk)[OLD].tags == SHARED
    plan = walk.take("02_key", **ROTATE)
    assert isinstance(plan, Plan) and plan.nothing_to_do and walk.world.cloud.wrote() == ["UpdateKey"]


def test_the_whole_run_checks_and_validates_again(walk_onboarded: Walk) -> None:
    """After the rotation 04 and the gate of 05 pass on the new version, with Anthropic's validation, and nothing else is made."""
    walk = walk_onboarded
    walk.all(**ROTATE)
    assert walk.world.cloud.wrote() == ["CreateKey"] and walk.world.cloud.asked("external key validate") >= 1


def test_mode_apply_alone_rotates_nothing(walk_onboarded: Walk) -> None:
    """It is for good, so it takes an approval of this very plan; without one nothing is made, and it says how."""
    walk = walk_onboarded
    with pytest.raises(ApprovalRequired) as caught:
        walk.take("02_key", typed="apply", mode="apply", **ROTATE)
    assert "approve RUN" in caught.value.next_step
    assert walk.world.cloud.wrote() == []


def test_an_approval_of_one_rotation_is_none_of_the_next(walk_onboarded: Walk) -> None:
    """The digest names the version to rotate away from."""
    services, plans = walk_onboarded.world.services(**ROTATE), []
    for rotate in (OLD, OTHER):
        plans.append(key.intended(given(rotate=rotate)))
    assert plans[0] and plans[1] and plans[0].digest != plans[1].digest
    found = key.plan(key.Wanted.of(given(**ROTATE)), key.facts(services, given(**ROTATE)))
    assert found.digest == plans[0].digest
    assert key.intended(given()) is None and key.intended(given(rotate=True)) is None


@pytest.mark.parametrize("by", ["run", "file", "rehearsal"])
def test_it_is_approved_by_a_file(walk_onboarded: Walk, by: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """`approve RUN` of a run that stopped there, `approve -f`, and a rehearsal as nobody: each lets 02 do it."""
    walk = walk_onboarded
    monkeypatch.setenv("CMEK_HOME", str(walk.folder.parent))
    if by == "rehearsal":
        approve_as_rehearsal(walk.world.services(), given(**ROTATE), Run(walk.folder))
    elif by == "run":
        run = Run(walk.folder)
        said = given(**ROTATE).model_dump(mode="json")
        started = Ledger(run.ledger, run.id, "run", walk.world.services().clock.now)
        started.write("run_started", cloud="rehearsal", world=walk.world.world.id, parameters=said)
        with pytest.raises(ApprovalRequired):
            walk.take("02_key", typed="not yet", **ROTATE)
        approve_run(run, lambda _: walk.world.services(**ROTATE), lambda wanted: wanted, tell=walk.show)
    else:
        shown: list[Any] = []
        services = walk.world.services(**ROTATE)
        approve_file(services, given(**ROTATE), lambda _: phrase(shown[-1], services.world), tell=shown.append)
        assert [value.step for value in shown] == ["02_key"]
    walk.take("02_key", typed="not the phrase", **ROTATE)
    assert walk.world.cloud.wrote() == ["CreateKey"]


def test_once_rotated_approve_goes_on_to_what_comes_next(walk_onboarded: Walk) -> None:
    """With the rotation done and everything attached there is nothing to approve."""
    walk = walk_onboarded
    walk.take("02_key", **ROTATE)
    with pytest.raises(WrongUsage, match="nothing to approve"):
        approve_file(walk.world.services(**ROTATE), given(**ROTATE), lambda wanted: wanted, tell=walk.show)


LOST: dict[str, Meets] = {"500": status(500), "cut": dropped}


@pytest.mark.parametrize("lost", LOST)
def test_a_lost_reply_is_settled_by_looking(walk_onboarded: Walk, lost: str) -> None:
    """It took effect and no answer came: the new version is found, and no second request is sent."""
    walk = walk_onboarded
    walk.world.cloud.after("CreateKey", LOST[lost])
    walk.take("02_key", **ROTATE)
    assert len(versions(walk)) == 2 and walk.world.cloud.asked("CreateKey") == 1


@pytest.mark.parametrize("lost", LOST)
def test_what_did_not_take_effect_is_done_by_the_next_run(walk_onboarded: Walk, lost: str) -> None:
    """No answer and no new version: it says so and stops; the next run makes the one."""
    walk = walk_onboarded
    walk.world.cloud.before("CreateKey", LOST[lost], times=1)
    assert "did not take effect" in stopped(walk, ServiceFailed).why
    assert len(versions(walk)) == 1
    walk.take("02_key", **ROTATE)
    assert len(versions(walk)) == 2


@pytest.mark.parametrize("reply", [None, *LOST.values()], ids=["answered", *LOST])
def test_two_machines_that_make_two_name_both_and_the_next_run_makes_none(
    walk_onboarded: Walk, reply: Meets | None
) -> None:
    """Both are named with their times and both stay enabled, as data may be under either; a later run keeps the current one."""
    walk = walk_onboarded
    walk.world.cloud.after("CreateKey", another(walk, reply), times=1)
    error = stopped(walk, Refused)
    mine = next(version for version in versions(walk) if version not in (OLD, OTHER))
    assert mine in error.what and OTHER in error.what and OLD not in error.what
    assert error.what.startswith("two new versions") and error.what.count("created 2026-") == 2
    assert (
        f"Leave all of them enabled: a version cannot be deleted by itself, {OTHER} is the current" in error.next_step
    )
    assert all(row.enabled for row in versions(walk).values())
    plan = walk.take("02_key", **ROTATE)
    assert isinstance(plan, Plan) and plan.nothing_to_do and len(versions(walk)) == 3


def test_a_list_that_cannot_be_read_is_not_taken_for_one(walk_onboarded: Walk) -> None:
    """Whether another machine made one as well is not known: that is said, with the version that was made."""
    walk = walk_onboarded
    walk.world.cloud.before("GetKeyVersions", status(403), skip=2)
    error = stopped(walk, Unproven)
    assert newest(walk)[0] in error.what and "could not be read" in error.what


def test_who_rotates_meanwhile_is_not_rotated_over(walk_onboarded: Walk) -> None:
    """Another machine's version appears between the last plan and the write: nothing is sent."""
    walk = walk_onboarded
    made = versions(walk)[OLD].model_copy(update={"created": walk.world.world.now()})

    def meets(_: Request, answer: Response | None) -> Response:
        assert answer is not None
        versions(walk)[OTHER] = made
        return answer

    walk.world.cloud.after("GetKeyVersions", meets, skip=1, times=1)
    assert f"at version {OTHER} by now" in stopped(walk, Refused).what
    assert walk.world.cloud.wrote() == []


@pytest.mark.parametrize(
    ("moved", "said"),
    [
        ({"tags": {**SHARED, "late": "one"}}, "tags: "),
        ({"enabled": False}, "enabled: True, now False"),
        ({"expires": datetime(2033, 5, 18, tzinfo=UTC)}, "expires: never, now 2033-05-18"),
    ],
    ids=["tags", "enabled", "expires"],
)
def test_what_changes_between_the_last_plan_and_the_write_is_not_rotated_over(
    walk_onboarded: Walk, moved: dict[str, Any], said: str
) -> None:
    """A tag that came, a version that was disabled or given an end meanwhile would be lost on the new one: nothing is sent."""
    walk = walk_onboarded
    versions(walk)[OLD].tags = SHARED

    def meets(_: Request, answer: Response | None) -> Response:
        assert answer is not None
        versions(walk)[OLD] = versions(walk)[OLD].model_copy(update=moved)
        return answer

    walk.world.cloud.after("GetKeyVersions", meets, skip=1, times=1)
    error = stopped(walk, Refused)
    assert "changed since it was shown" in error.what and said in error.what
    assert walk.world.cloud.wrote() == []


def bundle(**members: Any) -> Callable[[Any], Any]:
    """A key's reply with some members laid over it; another reply is left as it is."""

    def change(body: Any) -> Any:
        if "attributes" not in body:
            return body
        return {**body, **members, "attributes": {**body["attributes"], **members.get("attributes", {})}}

    return change


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"attributes": {"exportable": True}}, "exportable under a release policy"),
        ({"release_policy": {"contentType": "x", "data": "e30"}}, "exportable under a release policy"),
        ({"managed": True}, "belongs to a certificate"),
    ],
)
def test_what_cannot_be_carried_over_is_not_lost(walk_onboarded: Walk, members: dict[str, Any], said: str) -> None:
    """A release policy or a certificate would stay behind with the old version, so nothing is made."""
    walk = walk_onboarded
    walk.world.cloud.after("GetKey", changed(bundle(**members)))
    assert said in stopped(walk, Refused).what
    assert walk.world.cloud.wrote() == []


@pytest.mark.parametrize(
    ("members", "said"),
    [
        ({"tags": {TAG: "true"}}, f"tags {TAG}=true, not anthropic-org-33333333-4444-4555-8666-000000000000=true"),
        ({"attributes": {"enabled": False}}, "enabled False, not True"),
        ({"attributes": {"exp": 2000000000}}, "expires 2033-05-18, not never"),
    ],
)
def test_a_new_version_that_is_unlike_the_old_one_is_told(
    walk_onboarded: Walk, members: dict[str, Any], said: str
) -> None:
    """The reply shows something else than was sent: what differs is named, and no further version is made."""
    walk = walk_onboarded
    versions(walk)[OLD].tags = SHARED
    walk.world.cloud.after("CreateKey", changed(bundle(**members)), times=1)
    error = stopped(walk, ServiceFailed)
    assert said in error.what and newest(walk)[0] in error.what and "set-attributes" in error.next_step
    assert walk.world.cloud.wrote() == ["CreateKey"]


@pytest.mark.parametrize("member", ["type", "size"])
def test_what_cannot_be_set_on_a_version_is_not_advised_to_be_set(walk_onboarded: Walk, member: str) -> None:
    """Another type or size than was asked for: both versions stay enabled, and the step is not to be run again."""
    walk = walk_onboarded

    def change(body: Any) -> Any:
        other = {"kty": "RSA-HSM"} if member == "type" else {"n": body["key"]["n"][:342]}
        return {**body, "key": {**body["key"], **other}}

    walk.world.cloud.after("CreateKey", changed(change), times=1)
    error = stopped(walk, ServiceFailed)
    assert f"{member} " in error.what and "Keep both versions enabled, do not run this step again" in error.next_step
    assert "set-attributes" not in error.next_step


def test_without_the_right_it_is_refused_in_the_services_words(walk_onboarded: Walk) -> None:
    """Reading is enough to plan it and not to do it: Azure's own 403, and no version."""
    walk = walk_onboarded
    with pytest.raises(ServiceFailed, match="403"):
        walk.take("02_key", "reader", **ROTATE)
    assert len(versions(walk)) == 1


def test_the_record_tells_it(walk_onboarded: Walk) -> None:
    """The ledger holds both versions and that it is for good; the notebook showed the sentence that was approved."""
    walk = walk_onboarded
    walk.take("02_key", **ROTATE)
    (about,) = [row for row in walk.rows() if row["event"] == "about_to"]
    (receipt,) = [row for row in walk.rows() if row["event"] == "receipt"]
    assert about["permanent"] is True and about["intent"]["from"] == OLD
    assert receipt["facts"]["version"] == newest(walk)[0] and receipt["facts"]["rotated away from"] == OLD
    assert "FOR GOOD: rotate claude-cmek away from version" in walk.shown[1] + walk.shown[2]


def test_what_was_typed_for_it_is_used_up_by_it(walk_onboarded: Walk) -> None:
    """It is kept beside the runs, as what was used, and the run's own folder has no approval that could count again."""
    walk_onboarded.take("02_key", **ROTATE)
    used, first = sorted((runs.home() / "approvals" / typed.FOLDER).iterdir())
    assert (first.stem + "-used") == used.stem
    assert not (walk_onboarded.folder / "approvals").exists()
