"""The mutation proof: every scalar of the healthy world is changed in turn, and the verdicts change exactly as listed.

A change that is listed nowhere fails, and so does one that is listed and cannot be made: mutations.yaml is neither too
short nor too long.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

from helpers.errors import RunbookError
from helpers.headless.checking import check
from helpers.rehearsal.material import complete
from helpers.rehearsal.state import State
from tests.drills.flips import Flip, flips, matches
from tests.worlds.expected import of
from tests.worlds.stage import Stage, loaded, staged
from tests.worlds.test_verdicts import words

pytestmark = pytest.mark.slow

HERE = Path(__file__).parent
LISTED: dict[str, Any] = yaml.safe_load((HERE / "mutations.yaml").read_text(encoding="utf-8"))
WORLDS = {"onboarded": loaded("onboarded"), "furnished": loaded(HERE / "furnished.yaml")}
ONBOARDED = dict(of("onboarded").verdicts["check"])


@dataclass(frozen=True)
class Entry:
    """One line of mutations.yaml: a flip of the leaves of a pattern, and what it does; nothing, for a reason."""

    leaf: str
    flip: str | None
    """None for every flip that no other line is about."""
    does: Mapping[str, str]

    def is_about(self, flip: Flip) -> bool:
        return matches(self.leaf, flip.leaf) and self.flip in (None, flip.name)


def entries() -> Iterator[Entry]:
    """All lines, those that name a flip before those for any."""
    for leaf, named in LISTED["matters"].items():
        yield from (Entry(leaf, flip, does) for flip, does in named.items())
    for group in sorted(LISTED["does_not_matter"], key=lambda group: "flips" not in group):
        for leaf in group["leaves"]:
            yield from (Entry(leaf, flip, {}) for flip in group.get("flips", (None,)))


ENTRIES = tuple(entries())


def todo() -> Iterator[tuple[str, Flip]]:
    """Every flip of the onboarded world; then those of what it has none of, in the furnished one."""
    own = set()
    for flip in flips(WORLDS["onboarded"]):
        own.add(flip.leaf)
        yield "onboarded", flip
    yield from (("furnished", flip) for flip in flips(WORLDS["furnished"]) if flip.leaf not in own)


TODO = tuple(todo())


@pytest.fixture(scope="module")
def stage() -> Iterator[Stage]:
    """One front for all of them."""
    with staged() as made:
        yield made


def changes(stage: Stage, state: State) -> dict[str, str]:
    """The verdicts in which a world differs from the onboarded one, or the error that stops the check."""
    stage.put_state(complete(state), {})
    try:
        came = words(check(stage.connected(), stage.parameters).verdicts)
    except RunbookError as error:
        return {"stops": type(error).__name__}
    return {i: word for i, word in came.items() if word != ONBOARDED[i]}


@pytest.mark.parametrize("world", WORLDS)
def test_before_any_change_all_is_as_in_the_onboarded_world(stage: Stage, world: str) -> None:
    """The furnished world has more in it, and not one other verdict."""
    assert changes(stage, WORLDS[world].model_copy(deep=True)) == {}


@pytest.mark.parametrize(("world", "flip"), TODO, ids=str)
def test_one_change_does_what_is_listed(stage: Stage, world: str, flip: Flip) -> None:
    """It is listed, once, with exactly the verdicts that it changes."""
    state = WORLDS[world].model_copy(deep=True)
    flip.change(state)
    assert changes(stage, state) == listed(flip)


def line(flip: Flip) -> int | None:
    """Which line of mutations.yaml a flip goes by: the first that is about it, as those that name flips come first."""
    return next((number for number, entry in enumerate(ENTRIES) if entry.is_about(flip)), None)


def listed(flip: Flip) -> Mapping[str, str]:
    """What mutations.yaml says of a flip."""
    number = line(flip)
    assert number is not None, f"{flip} is not listed: does it matter?"
    return ENTRIES[number].does


def test_nothing_is_listed_that_cannot_be_changed() -> None:
    """Each line is the one that some flip goes by."""
    used = {line(flip) for _, flip in TODO}
    assert [(entry.leaf, entry.flip) for number, entry in enumerate(ENTRIES) if number not in used] == []


def test_every_reason_is_given() -> None:
    """What does not matter says why not."""
    assert all(group["because"].strip() for group in LISTED["does_not_matter"])
