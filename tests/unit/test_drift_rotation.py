"""A rotation is told as what it is, and a version that is gone as what that is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from helpers.drift.rotation import lost
from helpers.jsonable import jsonable
from helpers.model import Known, Unknown
from tests.cases.building import TAG, VERSION, facts, one
from tests.unit.looks import NEW, ROTATED, drift, rotated


def test_a_rotation_is_one_story_and_not_twelve_leaves() -> None:
    """When, from which version to which, the tag, the operations, the older versions, the expiry; no leaf beside it."""
    expires = datetime(2028, 1, 1, tzinfo=UTC)
    found = drift(facts(), facts(read_at=ROTATED, **rotated(expires=expires, not_before=ROTATED)))
    assert found.rotation is not None and found.rotation.sentences == (
        f"The key was rotated on 2026-11-24 from version {VERSION} to {NEW}.",
        "The new version carries the organization tag.",
        "It permits wrapKey, unwrapKey, as the old version did.",
        "The older versions are all enabled.",
        "It expires on 2028-01-01.",
    )
    assert [row.what for row in found.rows] == ["V29 There is one version, and it is the one that was read"]
    assert not found.is_none and "; the key was rotated; hygiene: V29" in found.view().heading
    assert found.view().data["rotation"] == list(found.rotation.sentences)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"tags": {}}, f"The new version does not carry the organization tag: validation by Anthropic fails until 02_key has added {TAG}=true."),
        ({"tags": {TAG: "yes"}}, f"The new version carries the organization tag as {TAG}=yes: validation by Anthropic fails until 02_key has added {TAG}=true."),
        ({"operations": ("wrapKey", "unwrapKey", "sign")}, "It permits wrapKey, unwrapKey, sign; the old version permitted wrapKey, unwrapKey."),
        ({"enabled": False}, f"Version {NEW} is not enabled."),
    ],
)  # fmt: skip
def test_a_rotation_says_what_the_new_version_lacks(changes: dict[str, Any], sentence: str) -> None:
    """The sentence is there, and the leaf that says the same is not."""
    found = drift(facts(), facts(**rotated(**changes)))
    assert found.rotation is not None and sentence in found.rotation.sentences
    assert not [row for row in found.rows if row.what.startswith("key.")]


def test_a_rotation_says_which_older_versions_are_off_or_that_it_does_not_know() -> None:
    """A disabled older version is named in the story, and is a broken use by its own check and leaf as well."""
    after = rotated()
    off = drift(
        facts(), facts(key=after["key"], versions=Known((after["versions"].value[0], one("versions", enabled=False))))
    )
    assert off.rotation is not None
    assert f"Older versions that are not enabled: {VERSION}. What was encrypted under them cannot be read meanwhile." in off.rotation.sentences  # fmt: skip
    assert off.verdicts["V28"] == ("pass", "fail") and f"versions[{VERSION}].enabled" in [row.what for row in off.rows]
    unread = drift(facts(), facts(key=after["key"], versions=Unknown("403")))
    assert unread.rotation is not None
    assert "Whether the older versions are enabled could not be read." in unread.rotation.sentences


def test_other_tags_are_still_told_beside_a_rotation() -> None:
    """Only what the sentences say is left out of the leaves."""
    found = drift(facts(), facts(**rotated(tags={TAG: "true", "cost": "7"})))
    assert "key.tags.cost" in [row.what for row in found.rows if row.group == "same"]


@pytest.mark.parametrize("versions", [None, Unknown("403")])
def test_a_version_that_is_gone_is_a_replaced_key_and_no_rotation(versions: Any) -> None:
    """What was encrypted under it cannot be read: told as a broken use, even where every check passes."""
    before = facts() if versions is None else facts(versions=versions)
    replaced = facts(**{**rotated(), "versions": Known((one("versions", version=NEW),))})
    found = drift(before, replaced)
    assert found.rotation is None and found.lost_versions == (VERSION,)
    assert (found.rows[0].group, found.rows[0].what, found.rows[0].now) == ("use", f"versions[{VERSION}]", "not listed any more")  # fmt: skip
    assert "restore it from a backup" in found.rows[0].mend
    assert lost(jsonable(before), jsonable(facts(versions=Unknown("403")))) == ()
