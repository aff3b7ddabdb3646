"""How verdicts are shown: the same to people and machines, and first what a person has to look at."""

from __future__ import annotations

import json

from helpers.checks import ALL, Verdict, Verdicts, judge, preview
from helpers.display import JSON_TYPE, bundle
from helpers.facts import Facts
from helpers.model import Known
from tests.cases.building import NOW, facts, known, parameters
from tests.unit.checks.finding import GONE, catalogued, deviation

OWNED = parameters(**deviation("V12"))


def without_v12(verdicts: Verdicts) -> Verdicts:
    """All but the check that fails in a right world until somebody accepts it."""
    return Verdicts(verdicts.phase, tuple(row for row in verdicts.rows if row.check.id != "V12"))


def test_verdicts_are_the_same_values_in_text_page_and_json() -> None:
    """Every check's verdict and what was seen are in all three; fail and unknown are loud and say their weight."""
    judged = judge(facts(vault=known("vault", rbac=None), versions=GONE), parameters(), "gate")
    made = bundle(judged.view())
    data = json.loads(json.dumps(made[JSON_TYPE]))
    assert [row["id"] for row in data["checks"]] == [check.id for check in ALL]
    by_id = {row["id"]: row for row in data["checks"]}
    assert (by_id["V05"]["verdict"], by_id["V05"]["seen"]) == ("fail", "not set")
    assert by_id["V05"]["controls"] == {"CIS": "8.3.6", "MCSB": "PA-7", "Prowler": "keyvault_rbac_enabled"}
    table = judged.view().tables[0]
    assert table.columns == ("Check", "Verdict", "Looked at", "Seen", "Expected", "What to do", "Controls")
    rows = {row[0].split()[0]: row for row in table.rows}
    assert rows["V05"] == (
        "V05 Azure RBAC is on\nWithout it role assignments do not count in the vault.",
        "FAIL (blocks)",
        catalogued("V05").looks_at,
        "not set",
        "true",
        "Switch the vault to Azure RBAC; plan it, as access policies stop counting.",
        "CIS 8.3.6; MCSB PA-7; Prowler keyvault_rbac_enabled",
    )
    assert (rows["V28"][1], rows["V29"][1]) == ("UNKNOWN (blocks)", "UNKNOWN (warns)")
    assert rows["V06"][:2] == ("V06 Purge protection is on", "pass")
    assert rows["V10"][5:] == ("nothing", "none known")
    for word in ("FAIL (blocks)", "UNKNOWN (warns)", "not set"):
        assert word in made["text/plain"]
        assert word in made["text/html"]


def test_what_is_wrong_is_named_first_by_its_weight() -> None:
    """Above the table stand the ids that block, those that warn and those somebody accepted; or that nothing is wrong."""
    wrong = facts(vault=known("vault", rbac=None, public_access="Disabled"), versions=GONE)
    judged = judge(wrong, parameters(**deviation("V28")), "gate")
    assert list(judged.view().lines) == ["Blocking: V05, V08", "Warnings: V29", "Accepted by somebody: V28"]
    assert list(judge(facts(), parameters(), "gate").view().lines) == ["Warnings: V12"]
    assert list(judge(facts(), OWNED, "gate").view().lines) == ["Accepted by somebody: V12"]
    assert list(without_v12(judge(facts(), parameters(), "gate")).view().lines) == ["Nothing is wrong"]


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
        "V07b",
        "V08",
        "V09",
        "V09b",
        "V10",
        "V11",
        "V12",
        "V13",
        "V42",
    }
    assert shown.phase == "azure"
    assert shown.inventory == ()


def test_the_preview_leaves_out_what_was_not_looked_at() -> None:
    """In 01 neither the key nor locks nor policies were read, and a check on them would say nothing; a refused read shows."""
    looked = {"read_at": NOW, "caller": known("caller"), "principals": known("principals")}
    wanted = ["V02", "V03", "V04", "V05", "V06", "V07", "V07b", "V08", "V09", "V09b", "V12", "V42"]
    assert [row.check.id for row in preview(Facts(**looked, vault=known("vault")), parameters()).rows] == wanted
    refused = preview(Facts(**looked, vault=GONE), parameters()).rows
    assert [row.check.id for row in refused if row.finding.verdict is Verdict.UNKNOWN] == [*wanted[:-2], "V11", "V12"]


def test_in_brief_only_what_is_open_is_shown() -> None:
    """A person who asked for no table gets the open checks alone, under a heading that counts all of them."""
    judged = judge(facts(vault=known("vault", rbac=False), versions=GONE), parameters(), "gate")
    assert [row[0].split()[0] for row in judged.brief().tables[0].rows] == ["V05", "V12", "V28", "V29"]
    assert judged.brief().heading == judged.view().heading
    assert without_v12(judge(facts(), parameters(), "gate")).brief().tables == []


def test_in_brief_what_waits_is_one_line() -> None:
    """Checks of steps yet to run are named together, and take no row from what a person has to look at."""
    found = facts(vault=known("vault", rbac=False), assignments=Known(()))
    brief = judge(found, parameters(), "azure", frozenset({"01_consent", "03_rbac"})).brief()
    waiting = "V15, V16, V16b, V17, V18, V19, V20, V31, V32, V33, V33b"
    assert list(brief.lines) == [f"Not yet, as the steps before them have not run: {waiting}"]
    assert [row[0].split()[0] for row in brief.tables[0].rows] == ["V05", "V12"]
    assert without_v12(judge(facts(), parameters(), "azure", frozenset({"03_rbac"}))).brief().tables == []
