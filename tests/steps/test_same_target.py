"""A run is about one target in one cloud: a notebook in its folder that is about another does not begin."""

from __future__ import annotations

from typing import Any

import pytest

from helpers.errors import WrongUsage
from helpers.record.ledger import Ledger, read
from tests.steps.walking import Walk

OTHERS = {
    "vault": ({"vault_name": "kv-contoso-other"}, None, "was started with vault_name kv-contoso-other"),
    "group": ({"resource_group": "rg-other"}, None, "was started with resource_group rg-other"),
    "world": ({}, "rehearsal-00000000", "was started with world rehearsal-00000000"),
    "live": ({"cloud": "azure"}, None, "was started with world None"),
}


def start(walk: Walk, world: str | None = None, **changes: Any) -> None:
    """Write into the run's ledger what it was started with: what this walk is about, but for some changes."""
    step = walk.begin("01_consent")
    said = {**step.parameters.model_dump(mode="json"), **changes}
    Ledger(step.run.ledger, step.run.id, "run", step.services.clock.now).write(
        "run_started", cloud=said["cloud"], world=world, parameters=said, suite=None
    )


@pytest.mark.parametrize("what", OTHERS)
def test_a_notebook_about_another_target_does_not_begin(walk_onboarded: Walk, what: str) -> None:
    """Another vault, another rehearsal, or a rehearsal in a live run: refused, and nothing is read or changed."""
    changes, world, said = OTHERS[what]
    start(
        walk_onboarded,
        world or (None if what == "live" else walk_onboarded.begin("01_consent").services.world),
        **changes,
    )
    with pytest.raises(WrongUsage, match=said):
        walk_onboarded.begin("02_key")
    assert walk_onboarded.world.cloud.wrote() == []


def test_the_same_target_begins_whatever_the_case_of_its_names(walk_onboarded: Walk) -> None:
    """Azure does not distinguish the case of names, so the run goes on."""
    step = walk_onboarded.begin("01_consent")
    start(walk_onboarded, step.services.world, vault_name="KV-Contoso-Claude", resource_group="RG-CLAUDE")
    walk_onboarded.begin("02_key")
    begun = [row["step"] for row in read(step.run.ledger) if row["event"] == "identity"]
    assert begun[-1] == "02_key"
