"""Tags are read, merged, written and looked at again: nobody's tag is taken away by setting our own."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.errors import Refused, RunbookError, ServiceFailed, Unproven
from helpers.model import Key, Known
from helpers.rehearsal.state import KeyVersion
from helpers.services.connect import Services
from helpers.steps.key_tags import Tag
from tests.services.faults import changed, status
from tests.services.rehearsed import GIVEN, Rehearsed

VAULT, KEY = str(GIVEN["vault_name"]), str(GIVEN["key_name"])
OURS, THEIRS = (
    "anthropic-org-33333333-4444-4555-8666-777777777777",
    "anthropic-org-33333333-4444-4555-8666-000000000000",
)


def versions(world: Rehearsed) -> dict[str, KeyVersion]:
    return world.state.vaults[VAULT].keys[KEY].versions


def shown(world: Rehearsed) -> tuple[Services, Key]:
    """The key as a plan saw it, tagged for its owner alone."""
    versions(world)[next(iter(versions(world)))].tags = {"owner": "ada"}
    services = world.services()
    found = services.keys.key(KEY)
    assert isinstance(found, Known)
    return services, found.value


def refused(kind: type[RunbookError], services: Services, key: Key) -> RunbookError:
    with pytest.raises(kind) as caught:
        Tag("vault", key, {OURS: "true"}).perform(services)
    return caught.value


def test_a_tag_that_came_after_the_plan_is_kept(onboarded: Rehearsed) -> None:
    """Another organization tags the key after it was read for the plan: both tags are there, and the receipt is the write's."""
    services, key = shown(onboarded)
    versions(onboarded)[key.version].tags = {"owner": "ada", THEIRS: "true"}
    done = Tag("vault", key, {OURS: "true"}).perform(services)
    assert versions(onboarded)[key.version].tags == {"owner": "ada", THEIRS: "true", OURS: "true"}
    assert THEIRS in done.facts["tags"]
    written = [row["request_id"] for row in onboarded.cloud.journal.rows() if row["method"] == "PATCH"]
    assert [done.request_id] == written


def test_a_tag_that_was_removed_after_the_plan_is_not_brought_back(onboarded: Rehearsed) -> None:
    """What was read right before the write counts, and not what the plan saw."""
    services, key = shown(onboarded)
    versions(onboarded)[key.version].tags = {}
    Tag("vault", key, {OURS: "true"}).perform(services)
    assert versions(onboarded)[key.version].tags == {OURS: "true"}


def test_a_version_that_came_after_the_plan_is_not_tagged_unseen(onboarded: Rehearsed) -> None:
    """Neither it nor the one before is written to."""
    services, key = shown(onboarded)
    later = {"created": onboarded.world.now()}
    versions(onboarded)["f" * 32] = versions(onboarded)[key.version].model_copy(update=later)
    assert "f" * 32 in refused(Refused, services, key).what
    assert onboarded.cloud.wrote() == []


def test_a_key_that_cannot_be_read_before_the_write_is_not_written_to(onboarded: Rehearsed) -> None:
    """What would be taken away is not known then, and the refusal has Azure's words and its request id."""
    services, key = shown(onboarded)
    onboarded.cloud.before("GetKey", status(403))
    error = refused(Unproven, services, key)
    assert "right before tagging it" in error.what and "403" in error.what and error.request_id
    assert onboarded.cloud.wrote() == []


@pytest.mark.parametrize("tags", [{OURS: "true"}, {"owner": "somebody", OURS: "true"}], ids=["gone", "another value"])
def test_a_tag_that_is_gone_afterwards_is_named(onboarded: Rehearsed, tags: dict[str, Any]) -> None:
    """The service's own answer to the write lacks a tag that was sent: that is a failure, by the tag's name."""
    services, key = shown(onboarded)
    onboarded.cloud.after("UpdateKey", changed(lambda body: {**body, "tags": tags}))
    error = refused(ServiceFailed, services, key)
    assert "Gone: owner=ada" in error.what and OURS not in error.what and error.request_id
