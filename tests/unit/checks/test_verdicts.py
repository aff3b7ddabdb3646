"""Judging: unknown is never a pass, and phases, products and planned steps keep checks in their place."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import pytest

from helpers.checks import ALL, Phase, Verdict, Verdicts, judge
from helpers.errors import ChecksFailed, Unproven
from helpers.facts import Facts
from helpers.model import Known
from helpers.notebook import stop_at_verdicts
from tests.cases.building import NOW, OTHER, facts, known, parameters
from tests.unit.checks.finding import GONE, PASS, catalogued, verdicts_of
from tests.unit.checks.rows import ROWS
from tests.unit.checks.rows_registration import ATTACHED as ONCE_ATTACHED

PHASES: tuple[Phase, ...] = ("azure", "gate", "attached", "watch")
FACTS = [field.name for field in fields(Facts) if field.name != "read_at"]
PLATFORM = {"V37", "V39", "V40", "V41", "V45", "V46", "V47"}
ELSEWHERE: dict[Phase, set[str]] = {
    "azure": PLATFORM,
    "gate": {"V36", "V47"},
    "attached": {"V36", "V41", "V46"},
    "watch": {"V41"},
}
"""What is not judged in a phase."""
ATTACHED = facts(**ONCE_ATTACHED)
"""A right world once the key is attached."""


def of_the_clouds(verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
    """All but V42, which asks the parameters and the calendar alone."""
    return {check: verdict for check, verdict in verdicts.items() if check != "V42"}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("read_at", [None, NOW])
def test_nothing_looked_at_passes_nothing(phase: Phase, read_at: Any) -> None:
    """Not one check of the clouds passes on facts nobody read, and every one of the phase is unknown."""
    found = of_the_clouds(verdicts_of(Facts(read_at=read_at), phase))
    others = {check: verdict for check, verdict in found.items() if verdict is not Verdict.UNKNOWN}
    assert others == dict.fromkeys(ELSEWHERE[phase], Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("phase", PHASES)
def test_nothing_readable_passes_nothing(phase: Phase) -> None:
    """With every fact refused by the services no check of the clouds passes and none fails."""
    found = of_the_clouds(verdicts_of(facts(**dict.fromkeys(FACTS, GONE)), phase))
    others = {check: verdict for check, verdict in found.items() if verdict is not Verdict.UNKNOWN}
    assert others == dict.fromkeys(ELSEWHERE[phase], Verdict.NOT_APPLICABLE)


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("name", FACTS)
def test_one_fact_that_could_not_be_read_is_never_a_gain(phase: Phase, name: str) -> None:
    """Taking away a fact turns no check to pass, in a right world and in a wrong one."""
    wrong = facts(
        vault=known("vault", rbac=False, purge_protection=None, soft_delete=None, public_access=None),
        principals=known("principals", enabled=None, app_id="other"),
        key=known("key", bits=2048, operations=[], tags={}, enabled=False),
        assignments=Known(()),
        diagnostics=Known(()),
        external_keys=Known(()),
        validation=known("validation", status="failed"),
    )
    for world in (facts(), wrong):
        before = verdicts_of(world, phase)
        after = verdicts_of(Facts(**{**vars(world), name: GONE}), phase)
        gained = [check for check in after if after[check] is Verdict.PASS and before[check] is not Verdict.PASS]
        assert gained == []


@pytest.mark.parametrize("name", FACTS)
def test_no_failure_of_a_single_check_passes_without_a_fact(name: str) -> None:
    """What fails in any of the worlds of these tests does not pass there because one fact could not be read."""
    gained = []
    for check, found, verdict, seen in ROWS:
        judged = catalogued(check).judge(Facts(**{**vars(facts(**found)), name: GONE}), parameters())
        if verdict is not PASS and judged.verdict is PASS:
            gained.append((check, seen))
    assert gained == []


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize(("given", "more"), [({}, {"V16b"}), ({"expected_owner_tenant": OTHER}, set())])
def test_a_right_world_passes_everything_in_its_place(phase: Phase, given: dict[str, Any], more: set[str]) -> None:
    """Everything passes but the openness that Anthropic needs, which fails until it is accepted; the rest is out of place."""
    found = verdicts_of(ATTACHED if phase in ("attached", "watch") else facts(), phase, **given)
    others = {check: verdict for check, verdict in found.items() if verdict is not Verdict.PASS}
    assert others == {"V12": Verdict.FAIL, **dict.fromkeys(ELSEWHERE[phase] | more, Verdict.NOT_APPLICABLE)}


def test_a_check_out_of_phase_names_its_phases() -> None:
    """V36 and V46 are made where something can be tried, V41 before attaching, V47 after it."""
    seen = {p: {row.check.id: row.finding.seen for row in judge(facts(), parameters(), p).rows} for p in PHASES}
    assert seen["gate"]["V36"] == seen["attached"]["V36"] == "judged in the phase azure, watch"
    assert seen["azure"]["V39"] == "judged in the phase gate, attached, watch"
    assert seen["azure"]["V41"] == seen["attached"]["V41"] == seen["watch"]["V41"] == "judged in the phase gate"
    assert seen["azure"]["V46"] == seen["attached"]["V46"] == "judged in the phase gate, watch"
    assert seen["azure"]["V47"] == seen["gate"]["V47"] == "judged in the phase attached, watch"


@pytest.mark.parametrize("phase", PHASES)
def test_claude_enterprise_has_no_checks_of_the_admin_api(phase: Phase) -> None:
    """For Claude Enterprise the checks of the registration are not applicable in any phase, and say for what they are not."""
    given = parameters(product="claude_enterprise", expected_owner_tenant=OTHER)
    rows = {row.check.id: row.finding for row in judge(facts(), given, phase).rows}
    out = {check for check, finding in rows.items() if finding.verdict is Verdict.NOT_APPLICABLE}
    assert out == PLATFORM | (ELSEWHERE[phase] & {"V36"})
    assert {rows[check].seen for check in PLATFORM} == {"not for claude_enterprise"}


@pytest.mark.parametrize(
    ("step", "checks"),
    [
        ("01_consent", {"V15", "V16", "V16b", "V17", "V18", "V19", "V20", "V31", "V32", "V33", "V33b"}),
        (
            "02_key",
            {
                "V21",
                "V22",
                "V23",
                "V24",
                "V24b",
                "V25",
                "V26",
                "V27",
                "V28",
                "V29",
                "V30",
                "V31",
                "V32",
                "V33",
                "V36",
                "V38",
            },
        ),
        ("03_rbac", {"V31", "V32", "V33"}),
    ],
)
def test_checks_of_a_step_that_is_only_planned_say_not_yet(step: str, checks: set[str]) -> None:
    """What a planned step will change is neither passed nor failed before it has run."""
    judged = judge(facts(), parameters(), "azure", frozenset({step}))
    not_yet = {row.check.id: row.finding.seen for row in judged.rows if row.finding.verdict is Verdict.NOT_YET}
    assert set(not_yet) == checks
    assert set(not_yet.values()) == {f"after {step}"}
    warning = {"V18", "V19", "V24b", "V26", "V27", "V28", "V29", "V33", "V36"}
    assert {row.check.id for row in judged.blocking_waits} == checks - warning
    assert judged.stopping == judged.blocking_waits
    with pytest.raises(Unproven, match=f"after {step}"):
        stop_at_verdicts("04_verify", judged)
    assert set(judged.open) == checks | {"V12"}


def test_blocking_counts_by_severity() -> None:
    """Only checks that block are among the blocking ones; warnings are open all the same."""
    found = facts(vault=known("vault", rbac=False), versions=Known(()), diagnostics=GONE)
    judged = judge(found, parameters(), "gate")
    assert [row.check.id for row in judged.blocking_failures] == ["V05"]
    assert [row.check.id for row in judged.blocking_unknowns] == ["V28", "V35"]
    assert judged.open == ("V05", "V12", "V28", "V29", "V35")
    assert [row.check.id for row in judged.stopping] == ["V05", "V28", "V35"]
    with pytest.raises(ChecksFailed, match="V05"):
        stop_at_verdicts("05_register", judged)
    assert judged.counts() == {"pass": 40, "fail": 2, "unknown": 3, "not applicable": 3}


@pytest.mark.parametrize(
    ("phase", "weight"), [("azure", "warns"), ("gate", "blocks"), ("attached", "blocks"), ("watch", "blocks")]
)
def test_a_disabled_older_version_blocks_from_the_gate_on(phase: Phase, weight: str) -> None:
    """V28 warns in 04 and blocks from the gate on, failed or unknown; no other check changes its weight."""
    for versions in (known("versions", enabled=False), GONE):
        judged = judge(Facts(**{**vars(ATTACHED), "versions": versions}), parameters(), phase)
        assert {row.check.id: row.severity for row in judged.rows}["V28"] == weight
        blocking = (*judged.blocking_failures, *judged.blocking_unknowns)
        assert [row.check.id for row in blocking] == (["V28"] if weight == "blocks" else [])
        said = {row["id"]: row["severity"] for row in judged.view().data["checks"]}
        assert said["V28"] == weight
        assert {i: w for i, w in said.items() if i != "V28"} == {c.id: c.severity for c in ALL if c.id != "V28"}


def test_no_checks_are_not_a_pass() -> None:
    """Verdicts without a single check cannot be made."""
    with pytest.raises(ValueError, match="no check was made"):
        Verdicts("gate", ())


def test_what_waits_for_several_steps_names_them_all() -> None:
    """The steps stand in their order."""
    planned = frozenset({"03_rbac", "01_consent"})
    rows = {row.check.id: row.finding.seen for row in judge(facts(), parameters(), "azure", planned).rows}
    assert rows["V31"] == "after 01_consent, 03_rbac"
    assert rows["V15"] == "after 01_consent"
