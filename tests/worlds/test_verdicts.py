"""Every world gives exactly the verdicts its file names: nothing more, nothing less, and none makes anything crash."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from helpers.checks import ALL, Verdicts, judge
from helpers.checks.explaining import explain
from helpers.headless.checking import Logged, check
from helpers.headless.planning import plan_all
from helpers.steps import attach
from tests.worlds.expected import BASES, Expected, names, of
from tests.worlds.stage import Stage

WORLDS = names()


def words(verdicts: Verdicts) -> dict[str, str]:
    """Each check's verdict as world files write it."""
    return {row.check.id: row.finding.verdict.value for row in verdicts.rows}


def differences(came: Mapping[str, str], expected: Mapping[str, str]) -> dict[str, str]:
    """Where two sets of verdicts are not the same, in words."""
    ids = sorted(came.keys() | expected.keys())
    return {i: f"{came.get(i)}, not {expected.get(i)}" for i in ids if came.get(i) != expected.get(i)}


def stating(way: str) -> list[str]:
    """The worlds that say what comes of one way of looking."""
    return [name for name in WORLDS if way in of(name).verdicts]


def code(verdicts: Verdicts) -> int:
    """The exit code that verdicts call for."""
    blocking = {row.finding.verdict.value for row in verdicts.rows if row.severity == "blocks"}
    return 3 if "fail" in blocking else 4 if "unknown" in blocking else 0


@pytest.mark.parametrize("name", WORLDS)
def test_check(stage: Stage, name: str) -> None:
    """`check` gives the world's verdicts, ends as they call for, and explains a failed validation by the right cause."""
    stage.put(name)
    expected = of(name)
    done = check(stage.connected(), stage.parameters)
    assert differences(words(done.verdicts), expected.verdicts["check"]) == {}
    assert done.exit_code == code(done.verdicts)
    if expected.explains or expected.verdicts["check"]["V46"] == "fail":
        causes = [cause.id for cause in explain(done.facts, done.verdicts).causes]
        assert next(iter(causes), None) == expected.explains, causes


@pytest.mark.parametrize("name", stating("plan"))
def test_plan(stage: Stage, name: str) -> None:
    """`plan` gives the verdicts that the world names for it, with "not yet" where a step has still to run."""
    stage.put(name)
    whole = plan_all(stage.connected(), stage.parameters)
    assert differences(words(whole.verdicts), of(name).verdicts["plan"]) == {}


@pytest.mark.parametrize("name", stating("attached"))
def test_attached(stage: Stage, name: str) -> None:
    """What 05 judges at its end gives the verdicts that the world names for it."""
    stage.put(name)
    found = attach.facts(stage.connected(), stage.parameters)
    assert differences(words(judge(found, stage.parameters, "attached")), of(name).verdicts["attached"]) == {}


@pytest.mark.parametrize("name", [name for name in WORLDS if of(name).logs])
def test_logs(stage: Stage, name: str) -> None:
    """`check --logs` finds in the log what the world says and ends as it says; the verdicts are those without it."""
    stage.put(name)
    done = check(stage.connected(), stage.parameters, logged=Logged())
    assert done.footprints is not None
    assert {"exit": done.exit_code, "outcome": done.footprints.outcome} == dict(of(name).logs)
    assert differences(words(done.verdicts), of(name).verdicts["check"]) == {}


@pytest.mark.parametrize("name", BASES)
def test_the_worlds_to_start_from_name_every_verdict(name: str) -> None:
    """A drill names only differences, so the world it starts from names all checks, in every way it is looked at."""
    for verdicts in of(name).differs.values():
        assert sorted(verdicts) == sorted(check.id for check in ALL)


@pytest.mark.parametrize("name", [name for name in WORLDS if of(name).is_drill])
def test_a_drill_names_only_what_differs(name: str) -> None:
    """No drill repeats its base world's verdicts; each says in a line what is so, and how `rehearse` ends."""
    drill: Expected = of(name)
    for way, verdicts in drill.differs.items():
        assert {i: word for i, word in verdicts.items() if of(drill.base).verdicts[way].get(i) == word} == {}, way
    assert set(drill.rehearse) == {"exit", "stops_in"}
    assert drill.base in BASES
    assert len(drill.about) <= 120 and "\n" not in drill.about and not drill.about.endswith(".")
