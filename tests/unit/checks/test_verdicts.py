"""Judging: unknown is never a pass, deviations are accepted by rule, phases and products keep checks in their place."""

from __future__ import annotations

import json
from dataclasses import fields
from datetime import date
from typing import Any

import pytest

from helpers.checks import ALL, Phase, Verdict, Verdicts, judge, preview, refuse_deviations
from helpers.display import JSON_TYPE, bundle
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.model import Known, Unknown
from tests.cases.building import NOW, OTHER, facts, known, parameters

PHASES: tuple[Phase, ...] = ("azure", "gate", "attached")
FACTS = [field.name for field in fields(Facts) if field.name != "read_at"]
GONE = Unknown("no permission", "req-1")
ACCEPTABLE = {"V08", "V09b", "V28", "V33", "V42"}
PLATFORM = {"V37", "V39", "V40", "V45", "V46", "V47"}


def verdicts_of(found: Facts, phase: Phase = "gate", planned: frozenset[str] = frozenset(), **given: Any) -> dict[str, Verdict]:  # fmt: skip
    rows = judge(found, parameters(**given), phase, planned).rows
    return {row.check.id: row.finding.verdict for row in rows}


def of_the_clouds(verdicts: dict[str, Verdict]) -> dict[str, Verdict]:
    """All but V42, which asks the parameters and the calendar alone."""
    return {check: verdict for check, verdict in verdicts.items() if check != "V42"}


def deviation(check: str, expires: str = "2027-01-01") -> dict[str, Any]:
    return {"accepted_deviations": [{"check": check, "owner": "Ada", "reason": "our proxy", "expires": expires}]}


@pytest.mark.parametrize("phase", PHASES)
@pytest.mark.parametrize("read_at", [None, NOW])
def test_nothing_looked_at_passes_nothing(phase: Phase, read_at: Any) -> None:
    """Not one check of the clouds passes on facts nobody read, and every one of the phase is unknown."""
    found = of_the_clouds(verdicts_of(Facts(read_at=read_at), phase))
    assert set(found.values()) <= {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}
    assert Verdict.UNKNOWN in found.values()


@pytest.mark.parametrize("phase", PHASES)
def test_nothing_readable_passes_nothing(phase: Phase) -> None:
    """With every fact refused by the services no check of the clouds passes and none fails."""
    found = of_the_clouds(verdicts_of(facts(**dict.fromkeys(FACTS, GONE)), phase))
    assert set(found.values()) <= {Verdict.UNKNOWN, Verdict.NOT_APPLICABLE}


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


def test_a_right_world_passes_everything_in_its_place() -> None:
    """Just before attaching all checks of the gate pass; what is for another phase, or not asked for, says so."""
    for phase, elsewhere in (("gate", {"V47"}), ("azure", PLATFORM)):
        for given, more in (({}, {"V16b"}), ({"expected_owner_tenant": OTHER}, set())):
            found = verdicts_of(facts(), phase, **given)
            assert {check for check, verdict in found.items() if verdict is not Verdict.PASS} == elsewhere | more


def test_a_check_out_of_phase_names_its_phase() -> None:
    """V46 belongs to the gate, V47 to after it."""
    rows = {row.check.id: row.finding for row in judge(facts(), parameters(), "azure").rows}
    assert rows["V46"].seen == "judged in the phase gate"
    assert rows["V47"].seen == "judged in the phase attached"
    assert rows["V46"].verdict is rows["V47"].verdict is Verdict.NOT_APPLICABLE


@pytest.mark.parametrize("phase", PHASES)
def test_claude_enterprise_has_no_checks_of_the_admin_api(phase: Phase) -> None:
    """For Claude Enterprise exactly the checks of the registration are not applicable."""
    found = verdicts_of(facts(), phase, product="claude_enterprise", expected_owner_tenant=OTHER)
    assert {check for check, verdict in found.items() if verdict is Verdict.NOT_APPLICABLE} == PLATFORM


@pytest.mark.parametrize(
    ("step", "checks"),
    [
        ("01_consent", {"V15", "V16", "V16b", "V17", "V20", "V31", "V32", "V33"}),
        ("02_key", {"V21", "V22", "V23", "V24", "V24b", "V25", "V28", "V30", "V31", "V32", "V33", "V38"}),
        ("03_rbac", {"V31", "V32", "V33"}),
    ],
)
def test_checks_of_a_step_that_is_only_planned_say_not_yet(step: str, checks: set[str]) -> None:
    """What a planned step will change is neither passed nor failed before it has run."""
    judged = judge(facts(), parameters(), "gate", frozenset({step}))
    not_yet = {row.check.id: row.finding.seen for row in judged.rows if row.finding.verdict is Verdict.NOT_YET}
    assert set(not_yet) == checks
    assert set(not_yet.values()) == {f"after {step}"}
    assert {row.check.id for row in judged.blocking_waits} == {c for c in checks if c not in ("V24b", "V28", "V33")}
    assert set(judged.open) == checks


def test_blocking_counts_by_severity() -> None:
    """Only checks that block are among the blocking ones; warnings are open all the same."""
    found = facts(vault=known("vault", rbac=False), versions=Known(()), diagnostics=GONE)
    judged = judge(found, parameters(), "gate")
    assert [row.check.id for row in judged.blocking_failures] == ["V05"]
    assert [row.check.id for row in judged.blocking_unknowns] == ["V35"]
    assert judged.open == ("V05", "V28", "V35")
    assert judged.counts()["unknown"] == 2


def test_no_checks_are_not_a_pass() -> None:
    """Verdicts without a single check cannot be made."""
    with pytest.raises(ValueError, match="no check was made"):
        Verdicts("gate", ())


# --- accepted deviations


def test_which_checks_may_be_accepted() -> None:
    """Only what is open to judgement may be accepted: never identity, key, role, tenant or purge protection."""
    assert {check.id for check in ALL if check.acceptable} == ACCEPTABLE


WRONG_VAULT = facts(vault=known("vault", public_access="Disabled", purge_protection=False))


def test_an_accepted_deviation_is_accepted_and_says_by_whom() -> None:
    """The verdict is its own, and what was seen stays beside owner, day and reason."""
    judged = judge(WRONG_VAULT, parameters(**deviation("V08")), "azure")
    row = next(row for row in judged.rows if row.check.id == "V08")
    assert row.finding.verdict is Verdict.ACCEPTED
    assert row.finding.seen == "Disabled; accepted by Ada until 2027-01-01: our proxy"
    assert [row.check.id for row in judged.blocking_failures] == ["V06"]
    assert "V08" in judged.open


def test_what_is_unknown_may_be_accepted_and_what_passes_is_a_pass() -> None:
    """A deviation covers a check that could not be made, and does not touch one that passes."""
    assert verdicts_of(facts(vault=GONE), **deviation("V08"))["V08"] is Verdict.ACCEPTED
    assert verdicts_of(facts(), **deviation("V08"))["V08"] is Verdict.PASS


@pytest.mark.parametrize(
    ("check", "expires", "read_at"),
    [
        ("V06", "2027-01-01", NOW),
        ("V28", "2027-01-01", NOW),
        ("V08", "2026-11-23", NOW),
        ("V08", "2026-11-22", NOW),
        ("V08", "2027-01-01", None),
    ],
)
def test_a_deviation_that_does_not_hold_changes_nothing(check: str, expires: str, read_at: Any) -> None:
    """Another check's, an expired one, one that may not be, and any where the day is not known: all still fail."""
    found = Facts(**{**vars(WRONG_VAULT), "read_at": read_at})
    judged = verdicts_of(found, **deviation(check, expires))
    assert (judged["V06"], judged["V08"]) == (Verdict.FAIL, Verdict.FAIL)


def test_the_day_may_be_given() -> None:
    """`today` counts before the day the facts were read."""
    given = parameters(**deviation("V08", "2026-12-01"))
    rows = judge(WRONG_VAULT, given, "azure", today=date(2026, 12, 2)).rows
    assert next(row.finding.verdict for row in rows if row.check.id == "V08") is Verdict.FAIL


MAY = "V08 or V09b or V28 or V33 or V42"


@pytest.mark.parametrize(
    ("check", "expires", "said"),
    [
        ("V99", "2027-01-01", f"accepted_deviations.0.check: given V99, no check of this suite; allowed: {MAY}"),
        ("V06", "2027-01-01", f"accepted_deviations.0.check: given V06, a check that may never be accepted; allowed: {MAY}"),
        ("V08", "2026-11-23", "accepted_deviations.0.expires: given 2026-11-23, which is over; allowed: a day after 2026-11-23"),
        ("V08", "2025-01-01", "accepted_deviations.0.expires: given 2025-01-01, which is over; allowed: a day after 2026-11-23"),
    ],
)  # fmt: skip
def test_a_deviation_that_cannot_hold_is_refused_beforehand(check: str, expires: str, said: str) -> None:
    """An unknown, an expired and an unacceptable deviation each get one line, with exit code 64."""
    with pytest.raises(WrongUsage) as refused:
        refuse_deviations(parameters(**deviation(check, expires)), date(2026, 11, 23))
    assert str(refused.value) == said


def test_a_deviation_that_holds_is_not_refused() -> None:
    """Every acceptable check, up to the day before it ends."""
    for check in ACCEPTABLE:
        refuse_deviations(parameters(**deviation(check, "2026-11-24")), date(2026, 11, 23))
    refuse_deviations(parameters(), date(2026, 11, 23))


# --- shown


def test_the_catalogue_is_in_order_and_explained() -> None:
    """Ids are unique and sorted; each check has a title and a reason."""
    ids = [check.id for check in ALL]
    assert ids == sorted(set(ids))
    for check in ALL:
        assert check.title and check.why.endswith("."), check.id
        assert set(check.after) <= {"01_consent", "02_key", "03_rbac"}


def test_verdicts_are_the_same_values_in_text_page_and_json() -> None:
    """Every check's verdict and what was seen are in all three; fail and unknown are loud and say their weight."""
    judged = judge(facts(vault=known("vault", rbac=None), versions=GONE), parameters(), "gate")
    made = bundle(judged.view())
    data = json.loads(json.dumps(made[JSON_TYPE]))
    assert [row["id"] for row in data["checks"]] == [check.id for check in ALL]
    by_id = {row["id"]: row for row in data["checks"]}
    assert (by_id["V05"]["verdict"], by_id["V05"]["seen"]) == ("fail", "not set")
    assert by_id["V05"]["controls"] == {"CIS": "8.3.6", "Prowler": "keyvault_rbac_enabled"}
    rows = {row[0]: row for row in judged.view().tables[0].rows}
    assert rows["V05"][1] == "FAIL (blocks)"
    assert rows["V28"][1] == "UNKNOWN (warns)"
    assert rows["V06"][1] == "pass"
    for word in ("FAIL (blocks)", "UNKNOWN (warns)", "not set"):
        assert word in made["text/plain"]
        assert word in made["text/html"]


def test_the_preview_is_of_the_vault_itself() -> None:
    """01 shows what 04 will say of the vault and its firewall, and nothing else."""
    shown = preview(facts(), parameters())
    assert {row.check.id for row in shown.rows} == {
        "V02",
        "V03",
        "V04",
        "V05",
        "V06",
        "V07",
        "V08",
        "V09",
        "V09b",
        "V42",
    }
    assert shown.phase == "azure"


def test_in_brief_only_what_is_open_is_shown() -> None:
    """A person who asked for no table gets the open checks alone, under a heading that counts all of them."""
    judged = judge(facts(vault=known("vault", rbac=False), versions=GONE), parameters(), "gate")
    assert [row[0] for row in judged.brief().tables[0].rows] == ["V05", "V28"]
    assert judged.brief().heading == judged.view().heading
    assert judge(facts(), parameters(), "gate").brief().tables == []


def test_in_brief_what_waits_is_one_line() -> None:
    """Checks of steps yet to run are named together, and take no row from what a person has to look at."""
    found = facts(vault=known("vault", rbac=False), assignments=Known(()))
    brief = judge(found, parameters(), "azure", frozenset({"01_consent", "03_rbac"})).brief()
    waiting = "V15, V16, V16b, V17, V20, V31, V32, V33"
    assert list(brief.lines) == [f"Not yet, as the steps before them have not run: {waiting}"]
    assert [row[0] for row in brief.tables[0].rows] == ["V05"]
    assert judge(facts(), parameters(), "azure", frozenset({"03_rbac"})).brief().tables == []


def test_what_waits_for_several_steps_names_them_all() -> None:
    """The steps stand in their order."""
    planned = frozenset({"03_rbac", "01_consent"})
    rows = {row.check.id: row.finding.seen for row in judge(facts(), parameters(), "azure", planned).rows}
    assert rows["V31"] == "after 01_consent, 03_rbac"
    assert rows["V15"] == "after 01_consent"
