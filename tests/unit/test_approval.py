"""An approval lets exactly one plan happen, for a while, and only as sure as it was made."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from helpers.approval import Approval, How, find, how_to_approve, phrase, save
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.plan import Keep, Plan
from tests.cases.building import NOW
from tests.unit.changes import Pretended

SEEN = {"key version": "v1", "external key": "cmek_01"}
REVERSIBLE = Plan("02_key", (Pretended(),))
PERMANENT = Plan("05_register", (Pretended({"change": "attach"}, SEEN, permanent=True),))


def given(plan: Plan, **changes: Any) -> Approval:
    """A good approval of a plan by a signed-in person, with some of it changed."""
    made: dict[str, Any] = {
        "digest": plan.digest,
        "granted": True,
        "how": "signed in",
        "by": "ada",
        "approved_at": NOW.isoformat(),
        "expires_at": (NOW + timedelta(days=7)).isoformat(),
        "seen": plan.seen,
    }
    return Approval(**{**made, **changes})


def covers(approval: Approval, plan: Plan, *, world: str | None = None) -> None:
    approval.covers(plan, now=NOW, world=world)


REFUSED = [
    ("not granted", REVERSIBLE, {"granted": False}, "the plan is not approved"),
    ("not granted, for good", PERMANENT, {"granted": False}, "the plan is not approved"),
    ("another plan", REVERSIBLE, {"digest": PERMANENT.digest}, "the approval is for another plan"),
    ("another plan, for good", PERMANENT, {"digest": REVERSIBLE.digest}, "the approval is for another plan"),
    ("mode: apply", PERMANENT, {"how": "mode: apply"}, "needs a person's approval"),
    ("nothing to approve", PERMANENT, {"how": "nothing to approve"}, "needs a person's approval"),
    ("not approved yet granted", PERMANENT, {"how": "not approved"}, "needs a person's approval"),
    (
        "not granted, with a reason",
        PERMANENT,
        {"granted": False, "sentence": "it was typed wrong"},
        "it was typed wrong",
    ),
    (
        "rehearsed, no world",
        PERMANENT,
        {"how": "rehearsal"},
        "made in a rehearsal it does not name, and this is no rehearsal",
    ),
    (
        "rehearsed, no world, can be undone",
        REVERSIBLE,
        {"how": "rehearsal"},
        "made in a rehearsal it does not name, and this is no rehearsal",
    ),
    ("rehearsed", PERMANENT, {"how": "rehearsal", "world": "A"}, "made in A, and this is no rehearsal"),
    ("longer than it may", PERMANENT, {"expires_at": "2099-01-01T00:00:00Z"}, "for which none can count"),
    (
        "given in a time to come",
        PERMANENT,
        {"approved_at": "2026-12-24T00:00:00Z", "expires_at": "2026-12-25T00:00:00Z"},
        "for which none can count",
    ),
    ("expired now", PERMANENT, {"expires_at": NOW.isoformat()}, "the approval expired at"),
    ("expired, can be undone", REVERSIBLE, {"expires_at": "2026-11-23T11:59:59Z"}, "the approval expired at"),
    ("seen differs", PERMANENT, {"seen": {**SEEN, "key version": "v0"}}, "key version was v0, and is v1"),
    ("seen is gone", PERMANENT, {"seen": {**SEEN, "public key": "ab"}}, "public key was ab, and is gone"),
    ("seen incomplete", PERMANENT, {"seen": {"key version": "v1"}}, "does not cover everything the plan relies on"),
    ("seen empty", PERMANENT, {"seen": {}}, "does not cover everything the plan relies on"),
    ("seen not said", PERMANENT, {"seen": None}, "does not say what was seen"),
    ("seen not said, typed", PERMANENT, {"seen": None, "how": "typed"}, "does not say what was seen"),
]


@pytest.mark.parametrize(("plan", "changes", "said"), [pytest.param(*row[1:], id=row[0]) for row in REFUSED])
def test_an_approval_that_does_not_cover_a_plan_is_refused(plan: Plan, changes: dict[str, Any], said: str) -> None:
    """Each way an approval can fall short is refused, and says what to do."""
    with pytest.raises(ApprovalRequired) as refused:
        covers(given(plan, **changes), plan)
    assert said in refused.value.what
    assert refused.value.exit_code == 3
    assert refused.value.next_step == how_to_approve(plan, None)


@pytest.mark.parametrize(
    ("plan", "changes", "world"),
    [
        (REVERSIBLE, {}, None),
        (REVERSIBLE, {"how": "mode: apply"}, None),
        (REVERSIBLE, {"how": "typed"}, None),
        (REVERSIBLE, {"how": "mode: apply"}, "A"),
        (REVERSIBLE, {"how": "rehearsal", "seen": None}, "A"),
        (PERMANENT, {}, None),
        (PERMANENT, {"how": "typed"}, None),
        (PERMANENT, {"how": "typed"}, "A"),
        (PERMANENT, {}, "A"),
        (PERMANENT, {"how": "rehearsal"}, "A"),
        (PERMANENT, {"how": "rehearsal", "seen": None}, "A"),
        (PERMANENT, {"expires_at": (NOW + timedelta(seconds=1)).isoformat()}, None),
    ],
)
def test_an_approval_of_that_very_plan_covers_it(plan: Plan, changes: dict[str, Any], world: str | None) -> None:
    """A granted, current approval of the plan as it was seen lets it happen where it was made."""
    covers(given(plan, world=world, **changes), plan, world=world)


@pytest.mark.parametrize("how", ["mode: apply", "typed", "signed in", "rehearsal"])
@pytest.mark.parametrize("plan", [REVERSIBLE, PERMANENT], ids=["can be undone", "for good"])
@pytest.mark.parametrize(
    ("made_in", "used_in", "said"),
    [
        ("A", "B", "the approval was made in A, and this is B"),
        ("A", None, "the approval was made in A, and this is no rehearsal"),
        (None, "A", "the approval was made outside a rehearsal, and this is A"),
    ],
)
def test_an_approval_counts_only_where_it_was_made(
    how: Any, plan: Plan, made_in: str | None, used_in: str | None, said: str
) -> None:
    """One world's approval is none in another, a rehearsal's none on Azure, and Azure's none in a rehearsal."""
    with pytest.raises(ApprovalRequired) as refused:
        covers(given(plan, how=how, world=made_in), plan, world=used_in)
    if (how, made_in) == ("rehearsal", None):
        said = "the approval was made in a rehearsal it does not name, and this is A"
    assert said in refused.value.what


def test_what_is_refused_is_said_once() -> None:
    """Step, reason and way out stand beside each other, each said once and ended by one full stop."""
    why = "what was typed is not the phrase"
    with pytest.raises(ApprovalRequired) as refused:
        covers(given(PERMANENT, granted=False, how="not approved", sentence=f"{why}."), PERMANENT)
    assert refused.value.what == f"05_register: {why}."
    assert "\n".join(refused.value.lines()).count(why) == 1
    assert "\n".join(refused.value.lines()).count(how_to_approve(PERMANENT, None)) == 1


def test_a_rehearsal_that_says_what_it_saw_is_held_to_it() -> None:
    """Only leaving out what was seen is open to a rehearsal, not contradicting it."""
    with pytest.raises(ApprovalRequired, match="key version was v0"):
        covers(given(PERMANENT, how="rehearsal", world="A", seen={**SEEN, "key version": "v0"}), PERMANENT, world="A")


def test_nothing_to_change_needs_no_approval() -> None:
    """A plan of Keeps only goes through with any approval, since nothing happens."""
    plan = Plan("02_key", (Keep("right"),))
    covers(Approval("", False, "not approved"), plan)


def test_one_intent_is_approved_once() -> None:
    """An approval made where the key was not yet read names the same plan as the run that attaches."""
    ahead = Plan("05_register", (Pretended({"change": "attach"}, permanent=True),))
    assert ahead.digest == PERMANENT.digest
    with pytest.raises(ApprovalRequired, match="does not cover everything"):
        covers(given(ahead), PERMANENT)


@pytest.mark.parametrize(
    ("approval", "heading", "line"),
    [
        (given(PERMANENT), "Approved", "object ID and tenant taken from the sign-in"),
        (given(PERMANENT, how="typed"), "Approved", "claimed, not authenticated"),
        (given(PERMANENT, how="rehearsal"), "Approved", "this counts in a rehearsal only"),
        (given(PERMANENT, granted=False, how="not approved", sentence="Ask."), "Not approved: nothing will be changed", "Ask."),
        (Approval("", True, "nothing to approve"), "Nothing to approve", None),
    ],
)  # fmt: skip
def test_an_approval_says_how_sure_it_is(approval: Approval, heading: str, line: str | None) -> None:
    """A person reads how an approval was made, and the machine the same values."""
    view = approval.view()
    assert view.heading == heading
    assert any(line in said for said in view.lines) if line else not view.lines
    assert (view.data["how"], view.data["granted"]) == (approval.how, approval.granted)


def test_the_phrase_for_good_is_bound_to_what_was_shown() -> None:
    """Another plan, another thing it relies on, or another world has another phrase; the guide to approving tells it."""
    moved = Plan(PERMANENT.step, (Pretended(PERMANENT.changes[0].intent(), {"key version": "other"}, permanent=True),))
    assert moved.digest == PERMANENT.digest
    phrases = {phrase(PERMANENT, None), phrase(PERMANENT, "A"), phrase(PERMANENT, "B"), phrase(moved, None)}
    assert len(phrases) == 4 and all(re.fullmatch(r"for good [0-9a-f]{12}", said) for said in phrases)
    assert phrase(REVERSIBLE, None) == phrase(REVERSIBLE, "A") == "apply"
    for way in ("approve RUN", "approve -f FILE", phrase(PERMANENT, "A")):
        assert way in how_to_approve(PERMANENT, "A")
    assert "mode: apply" in how_to_approve(REVERSIBLE, None)


def test_a_saved_approval_is_found_again(tmp_path: Path) -> None:
    """A file is found by its plan's digest, in the run's own folder or the shared one, as it was saved."""
    approval = given(PERMANENT, world="A")
    path = save(approval, tmp_path / "approvals")
    assert path.name == f"{PERMANENT.digest}.json"
    assert [*find(PERMANENT, tmp_path / "none", path.parent)] == [approval]
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    covers(approval, PERMANENT, world="A")
    with pytest.raises(ApprovalRequired, match="made in A"):
        covers(approval, PERMANENT)


def test_a_file_that_names_no_world_is_for_azure(tmp_path: Path) -> None:
    """It does not count in a rehearsal, whatever it says of how it was made."""
    said = {name: value for name, value in json.loads(file_of(how="rehearsal")).items() if name != "world"}
    (tmp_path / f"{PERMANENT.digest}.json").write_text(json.dumps(said))
    (approval,) = find(PERMANENT, tmp_path / "none", tmp_path)
    assert approval.world is None
    for world in ("A", None):
        with pytest.raises(ApprovalRequired):
            covers(approval, PERMANENT, world=world)


def test_an_absent_file_is_no_approval(tmp_path: Path) -> None:
    """Where there is no file for the plan, there is none, also where one is there for another plan."""
    save(given(REVERSIBLE), tmp_path)
    assert [*find(PERMANENT, tmp_path, tmp_path / "none")] == []


def file_of(**changes: Any) -> str:
    return json.dumps({**vars(given(PERMANENT)), "seen": SEEN, **changes})


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "not an approval file"),
        ('{"digest": ', "not an approval file"),
        ("[]", "not an approval file"),
        ("{}", "not an approval file"),
        (b"\xff\xfe".decode("latin-1"), "not an approval file"),
        (file_of(surprise=1), "not an approval file"),
        (file_of(granted="false"), "not an approval file"),
        (file_of(granted=1), "not an approval file"),
        (file_of(seen=[]), "not an approval file"),
        (file_of(seen={"key version": 1}), "not an approval file"),
        (file_of(world=1), "not an approval file"),
        (file_of(how="magic"), "not an approval file"),
        (file_of(expires_at="next week"), "not an approval file"),
        (file_of(expires_at="2026-12-01T00:00:00"), "not an approval that a file can give"),
        (file_of(expires_at=""), "not an approval that a file can give"),
        (file_of(approved_at=""), "not an approval that a file can give"),
        (file_of(how="typed"), "not an approval that a file can give"),
        (file_of(how="mode: apply"), "not an approval that a file can give"),
        (file_of(how="nothing to approve"), "not an approval that a file can give"),
    ],
)
def test_a_damaged_or_made_up_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    """A file that is not wholly an approval a file can give is named and refused, never read in part."""
    path = tmp_path / f"{PERMANENT.digest}.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(WrongUsage, match=said) as refused:
        list(find(PERMANENT, tmp_path / "none", tmp_path))
    assert str(path) in str(refused.value)


def test_a_file_renamed_to_another_plan_does_not_cover_it(tmp_path: Path) -> None:
    """The digest inside counts, not the name of the file."""
    save(given(REVERSIBLE, seen=SEEN), tmp_path).rename(tmp_path / f"{PERMANENT.digest}.json")
    (approval,) = find(PERMANENT, tmp_path / "none", tmp_path)

    with pytest.raises(ApprovalRequired, match="another plan"):
        covers(approval, PERMANENT)


@pytest.mark.parametrize(("plan", "how"), [(PERMANENT, "typed"), (REVERSIBLE, "clicked")])
def test_what_was_given_in_a_notebook_counts_in_its_own_run(tmp_path: Path, plan: Plan, how: How) -> None:
    """It is found in the folder of that run, and refused in the one that all runs share."""
    approval = replace(given(plan), how=how)
    save(approval, tmp_path / "own")
    assert [*find(plan, tmp_path / "own", tmp_path / "shared")] == [approval]
    save(approval, tmp_path / "shared")
    if plan.permanent:
        with pytest.raises(WrongUsage, match="not an approval that a file can give"):
            list(find(plan, tmp_path / "none", tmp_path / "shared"))
    else:
        assert [*find(plan, tmp_path / "none", tmp_path / "shared")] == []


def test_one_that_does_not_count_hides_no_other(tmp_path: Path) -> None:
    """Both files are found, so that an old one in the run's folder does not stand before a good one in the shared one."""
    old, good = replace(given(PERMANENT), how="typed", expires_at="2026-11-01T00:00:00Z"), given(PERMANENT)
    save(old, tmp_path / "own")
    save(good, tmp_path / "shared")
    assert [*find(PERMANENT, tmp_path / "own", tmp_path / "shared")] == [old, good]
