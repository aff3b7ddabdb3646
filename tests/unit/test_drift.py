"""What differs between two looks, from facts and verdicts as they stand in a ledger."""

from __future__ import annotations

import copy
import json
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest

from helpers.checks import ALL
from helpers.display import JSON_TYPE, bundle
from helpers.drift import Look, compare
from helpers.drift.leaves import differing, no_longer_looked_at
from helpers.drift.subjects import looking_at
from helpers.facts import Facts
from helpers.jsonable import jsonable
from helpers.model import (
    EVERYBODY,
    NOT_LOOKED_AT,
    Absent,
    DenyAssignment,
    Known,
    Lock,
    NetworkRules,
    PolicyDefinition,
    SinkState,
    Unknown,
)
from helpers.parameter_values import Deviation
from tests.cases.building import KEY_ID, NOW, OTHER, SINK, TAG, VAULT_ID, VERSION, facts, known, one
from tests.services.pages import Cells
from tests.unit.looks import drift, look, rotated

DEVIATION = {"check": "V13", "owner": "Ann", "reason": "moved", "expires": "2027-01-01"}


def leaves(before: Facts, now: Facts) -> dict[str, tuple[str, str]]:
    """Every leaf that differs: before and now."""
    return {leaf.path: (leaf.before, leaf.now) for leaf in differing(jsonable(before), jsonable(now))}


def both(fact: str, before: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[str, str]]:
    return leaves(facts(**{fact: known(fact, **before)}), facts(**{fact: known(fact, **now)}))


def test_the_same_facts_read_again_are_no_drift() -> None:
    """Another time, another caller's request ids and another trial are not differences."""
    again = facts(
        read_at=NOW + timedelta(hours=1),
        probe=known("probe", assignment="another"),
        validation=known("validation", request_id="another"),
        vault=known("vault", id=VAULT_ID.upper() + "/", uri="https://KV-Contoso-Claude.vault.azure.net"),
        locks=known("locks", scope=VAULT_ID),
    )
    assert leaves(facts(), again) == {}
    found = drift(facts(), again)
    assert found.is_none
    assert found.view().heading == "Nothing changed since then of 2026-11-23 12:00 UTC"
    assert found.view().data == {
        "baseline": {"run": "then", "at": "2026-11-23T12:00:00.000Z"},
        "changed": False,
        "rotation": [],
        "lost_versions": [],
        "verdicts": {},
        "rows": [],
        "notes": [],
    }


@pytest.mark.parametrize(
    ("fact", "before", "now", "expected"),
    [
        ("vault", {}, {"rbac": False}, {"vault.rbac": ("true", "false")}),
        ("vault", {}, {"purge_protection": None}, {"vault.purge_protection": ("true", "not set")}),
        ("vault", {"rbac": False}, {"rbac": None}, {"vault.rbac": ("false", "not set")}),
        ("vault", {}, {"network": NetworkRules("Deny", ("1.2.3.0/24",))}, {"vault.network.default_action": ("not set", "Deny"), "vault.network.ip_rules": ("not set", "1.2.3.0/24")}),
        ("vault", {"network": NetworkRules("Deny", ("1.2.3.0/24", "4.5.6.0/24"))}, {"network": NetworkRules("Deny", ("4.5.6.0/24", "1.2.3.0/24"))}, {}),
        ("vault", {"network": NetworkRules("Deny", ("1.2.3.0/24",))}, {"network": NetworkRules("Deny")}, {"vault.network.ip_rules": ("1.2.3.0/24", "none")}),
        ("vault", {}, {"access_policies": [OTHER]}, {"vault.access_policies": ("none", OTHER)}),
        ("key", {}, {"tags": {TAG: "true", "cost": "7"}}, {"key.tags.cost": ("not there", "7")}),
        ("key", {}, {"tags": {}}, {f"key.tags.{TAG}": ("true", "not there")}),
        ("key", {}, {"tags": {TAG: "True"}}, {f"key.tags.{TAG}": ("true", "True")}),
        ("key", {}, {"operations": ["unwrapKey", "wrapKey"]}, {}),
        ("key", {}, {"expires": "2027-01-01T00:00:00Z"}, {"key.expires": ("not set", "2027-01-01T00:00:00Z")}),
        ("versions", {}, {"enabled": False}, {f"versions[{VERSION}].enabled": ("true", "false")}),
        ("probe", {}, {"refused": "", "assignment": "another"}, {"probe.refused": ("KeyOperationForbidden", "none")}),
        ("principals", {}, {"enabled": False}, {f"principals[{one('principals').object_id}].enabled": ("true", "false")}),
        ("diagnostics", {}, {"sinks": [SINK.upper()]}, {}),
        ("diagnostics", {}, {"sinks": []}, {"diagnostics[audit].sinks": (SINK, "none")}),
        ("sinks", {}, {"found": Known(SinkState("Succeeded", 30))}, {f"sinks[{SINK}].found.retention_days": ("90", "30")}),
        ("sinks", {}, {"found": Absent()}, {f"sinks[{SINK}].found": ("there", "not there")}),
        ("policies", {}, {"definition": Unknown("an initiative")}, {"policies[Audit it].definition": ("there", "could not be read any more: an initiative")}),
        ("policies", {}, {"definition": Known(PolicyDefinition(("name",), "Deny"))}, {"policies[Audit it].definition.effect": ("Audit", "Deny")}),
        ("denials", {}, {"excluded": []}, {"denials[others].excluded": (one("principals").object_id, "none")}),
        ("role_definitions", {}, {"name": "Other"}, {f"role_definitions[{one('role_definitions').id}].name": ("Key Vault Crypto User", "Other")}),
        ("workspaces", {}, {"external_key_id": "ekey_1"}, {"workspaces[wrkspc_01Contoso].external_key_id": ("not set", "ekey_1")}),
        ("validation", {}, {"status": "failure", "error": "no tag"}, {"validation.status": ("success", "failure"), "validation.error": ("not set", "no tag")}),
        ("vault_keys", "claude-cmek", "other", {"vault_keys": ("claude-cmek", "other")}),
    ],
)  # fmt: skip
def test_each_leaf_that_differs_is_told_by_its_path(fact: str, before: Any, now: Any, expected: dict[str, Any]) -> None:
    """Absent, not set, false and none are told apart; order, and the case of ids, are no difference."""
    if isinstance(before, dict):
        assert both(fact, before, now) == expected
    else:
        assert leaves(facts(**{fact: Known((before,))}), facts(**{fact: Known((now,))})) == expected


@pytest.mark.parametrize(
    ("before", "now", "expected"),
    [
        (known("key"), Unknown("403"), {"key": ("there", "could not be read any more: 403")}),
        (known("key"), Absent(), {"key": ("there", "not there")}),
        (Absent(), known("key"), {"key": ("not there", "there")}),
        (Unknown("403", "r1"), known("key"), {"key": ("could not be read: 403", "there")}),
        (Absent(), Unknown("403"), {"key": ("not there", "could not be read any more: 403")}),
        (Unknown("403", "r1"), Unknown("503", "r2"), {}),
        (known("key"), NOT_LOOKED_AT, {}),
        (NOT_LOOKED_AT, known("key"), {}),
        (Absent(), Absent(), {}),
    ],
)
def test_what_cannot_be_read_any_more_is_drift_and_what_nobody_looked_at_is_not(
    before: Any, now: Any, expected: dict[str, Any]
) -> None:
    """The outcomes of looking are compared; another reason for not reading is no difference."""
    assert leaves(facts(key=before), facts(key=now)) == expected


def test_rows_are_known_by_name_and_not_by_place() -> None:
    """A row before another is no difference; one that is gone is one; two of a name are told apart by their scope."""
    keep, mine = one("locks"), Lock("mine", "ReadOnly", VAULT_ID)
    moved = leaves(facts(locks=Known((keep, mine))), facts(locks=Known((mine, keep))))
    assert moved == {}
    gone = leaves(facts(locks=Known((keep, mine))), facts(locks=Known((keep,))))
    assert gone == {"locks[mine]": (f"there: level ReadOnly, scope {VAULT_ID}", "not there")}
    above = Lock("keep", "CanNotDelete", VAULT_ID.rsplit("/", 2)[0])
    doubled = leaves(facts(locks=Known((keep, above))), facts(locks=Known((keep, replace(above, level="ReadOnly")))))
    assert doubled == {f"locks[keep at {above.scope}].level": ("CanNotDelete", "ReadOnly")}


def test_what_two_facts_tell_is_told_once() -> None:
    """An assignment of the principal stands among everybody's too, the current version in the key, a sink in a setting."""
    mine = one("assignments")
    before = facts(assignments=Known((mine,)), at_key=Known((mine,)))
    now = facts(assignments=Known(()), at_key=Known(()), role_definitions=Known(()))
    assert list(leaves(before, now)) == [f"assignments[{mine.name}]"]
    off = {"key": known("key", enabled=False), "versions": known("versions", enabled=False)}
    assert leaves(facts(), facts(**off)) == {"key.enabled": ("true", "false")}
    unlogged = facts(diagnostics=Known(()), sinks=Known(()))
    assert list(leaves(facts(), unlogged)) == ["diagnostics[audit]"]


def test_a_ledger_of_an_earlier_version_of_the_suite_is_compared_as_far_as_it_goes() -> None:
    """A field and a fact that it did not know are no drift, and verdicts without an effect or looks_at are read."""
    old = look(facts())
    kept: Any = copy.deepcopy((old.facts, old.verdicts))
    del kept[0]["vault"]["value"]["access_policies"], kept[0]["policies"], kept[0]["versions"]["value"][0]["tags"]
    for row in kept[1]["checks"]:
        for name in ("effect", "looks_at", "accepted"):
            del row[name]
    kept[1]["checks"] = [row for row in kept[1]["checks"] if row["id"] != "V11"]
    now = facts(vault=known("vault", access_policies=[OTHER], rbac=False))
    found = compare(Look("then", old.at, *kept), look(now, run="now"), (TAG, "true"))
    assert found.verdicts == {"V05": ("pass", "fail")}
    assert [row.what for row in found.rows] == ["V05 Azure RBAC is on", "vault.rbac"]
    assert found.notes == ("Judged now and not then, passing or accepted: V11.",)


@pytest.mark.parametrize(
    ("before", "now", "group", "means"),
    [
        ({}, {"vault": known("vault", rbac=False)}, "use", "Use: it can keep Anthropic from using the key"),
        ({}, {"vault": known("vault", purge_protection=False)}, "safety", "Safety: the key or the data could be lost"),
        ({}, {"diagnostics": Known(())}, "hygiene", "Hygiene: neither use nor safety hangs on it"),
        ({}, {"diagnostics": Unknown("403")}, "hygiene", "Hygiene: neither use nor safety hangs on it, and it is not known now"),
        ({}, {"locks": Unknown("403")}, "safety", "hangs on it; it is not known now"),
        ({}, {"denials": Unknown("403")}, "use", "Use: whether Anthropic can use the key hangs on it, and it is not known now"),
        ({"locks": Unknown("403")}, {"locks": Known(())}, "safety", "Safety: the key or the data could be lost"),
        ({"locks": Known(())}, {"locks": Unknown("403")}, "safety", "it is not known now"),
        ({"locks": Known(())}, {}, "better", "Better: it passes now."),
        ({"locks": Unknown("403")}, {}, "better", "Better: it passes now."),
    ],
)  # fmt: skip
def test_a_verdict_that_differs_is_told_by_what_it_means(
    before: dict[str, Any], now: dict[str, Any], group: str, means: str
) -> None:
    """By the effect of its check; how to mend it unless it passes; and the facts that it looks at beside it."""
    first, *rest = drift(facts(**before), facts(**now)).rows
    assert (first.kind, first.group) == ("check", group) and means in first.means
    assert bool(first.mend) == (group != "better")
    assert {(row.kind, row.group, row.means) for row in rest} == {("fact", group, f"Looked at by {first.checks[0]}.")}


def test_an_accepted_deviation_that_ends_or_begins_is_told() -> None:
    """Accepting what fails is no harm and mends nothing; a pass that became accepted is one; an end counts again."""
    unlocked, accepted = facts(locks=Known(())), [DEVIATION]
    begun = drift(unlocked, unlocked, accepted_deviations=accepted).rows[0]
    assert (begun.group, begun.means) == ("better", "Accepted by Ann until 2027-01-01: moved. That does not mend it.")
    lost_lock = drift(facts(), unlocked, accepted_deviations=accepted).rows[0]
    assert lost_lock.group == "safety" and lost_lock.means.endswith("Accepted by Ann until 2027-01-01: moved.")
    before = look(unlocked, accepted_deviations=accepted)
    ended = compare(before, look(unlocked, run="now"), (TAG, "true")).rows[0]
    assert ended.group == "safety" and ended.means.endswith("It was accepted, and that no longer counts.")
    assert Deviation.model_validate(DEVIATION).owner == "Ann"


def test_the_worst_is_told_first() -> None:
    """Use, safety, hygiene, what is judged the same, and last what is better; failures before what is unknown."""
    before = facts(principals=known("principals", enabled=False))
    now = facts(
        vault=known("vault", rbac=False, sku="premium", purge_protection=None),
        denials=Unknown("403"),
        diagnostics=Known(()),
    )
    found = drift(before, now)
    told = [(row.group, row.kind, row.what.split(" ")[0]) for row in found.rows]
    assert told == [
        ("use", "check", "V05"),
        ("use", "check", "V33b"),
        ("use", "fact", "vault.rbac"),
        ("use", "fact", "denials"),
        ("safety", "check", "V06"),
        ("safety", "fact", "vault.purge_protection"),
        ("hygiene", "check", "V35"),
        ("hygiene", "fact", "diagnostics[audit]"),
        ("same", "fact", "vault.sku"),
        ("better", "check", "V17"),
        ("better", "fact", f"principals[{one('principals').object_id}].enabled"),
    ]
    same = next(row for row in found.rows if row.group == "same")
    assert same.means == "Judged the same: V02 pass." and (same.before, same.now) == ("standard", "premium")
    assert found.view().heading == (
        "Drift since then of 2026-11-23 12:00 UTC; use: V05, V33b, 2 facts; safety: V06, 1 fact; "
        "hygiene: V35, 1 fact; judged the same: 1 fact; better: V17, 1 fact"
    )


def test_a_failure_is_told_before_what_somebody_accepted() -> None:
    """Within one group the checks that fail come first, whatever their numbers are."""
    now = facts(vault=known("vault", retention_days=7), locks=Known(()))
    found = drift(facts(), now, accepted_deviations=[{**DEVIATION, "check": "V07b"}])
    assert [row.checks for row in found.rows if row.kind == "check"] == [("V13",), ("V07b",)]


def test_checks_that_cannot_be_made_for_one_reason_are_told_in_one_row() -> None:
    """Everything that hangs on the key is one row for each effect and weight, with the ids of all of them."""
    found = drift(facts(), facts(key=Unknown("403 ForbiddenByRbac", "r"), probe=Unknown("403")))
    first = found.rows[0]
    assert first.checks == ("V21", "V22", "V23", "V24", "V25", "V28", "V30")
    assert first.what.splitlines()[0] == "V21 The key exists"
    assert (first.before, first.now) == (
        "pass",
        "UNKNOWN (blocks): could not be read: 403 ForbiddenByRbac (request id r)",
    )
    assert {now for _, now in found.verdicts.values()} == {"unknown"} and len(found.verdicts) > len(found.rows) - 2


def test_what_only_one_of_the_two_looked_at_is_said_and_not_called_a_change() -> None:
    """A narrower look says what it left out, and does not claim that nothing changed in it."""
    azure = facts(organization=NOT_LOOKED_AT, external_keys=NOT_LOOKED_AT, workspaces=NOT_LOOKED_AT, validation=NOT_LOOKED_AT, caller=known("caller", object_id=OTHER))  # fmt: skip
    found = compare(look(facts(), "gate"), look(azure, "azure", run="now"), (TAG, "true"))
    assert found.is_none
    assert found.view().heading == "Nothing changed since then of 2026-11-23 12:00 UTC, in what both looked at"
    assert found.notes == (
        "Judged now and not then, passing or accepted: V36.",
        "Judged then and not now: V37, V39, V40, V41, V45, V46.",
        "Looked at then and not now: organization, external_keys, workspaces, validation.",
        f"Signed in then and now: 55555555-6666-4777-8888-999999999999, {OTHER}.",
    )
    assert no_longer_looked_at(jsonable(facts(key=Absent())), {}) != ()


def test_what_fails_now_and_was_not_judged_then_is_told() -> None:
    """An onboarding ends without a validation of that moment; a check that fails it must not say that nothing changed."""
    attached = facts(validation=NOT_LOOKED_AT)
    failing = facts(validation=known("validation", status="failure", error="no tag"))
    found = compare(look(attached, "attached"), look(failing, "watch", run="now"), (TAG, "true"))
    row = found.rows[0]
    assert (row.group, row.checks, row.before) == ("use", ("V46",), "not judged")
    assert row.now == "FAIL (blocks): failure: no tag"


def test_time_alone_changes_a_verdict_without_a_fact() -> None:
    """An expiry that has come near is told, although nothing was touched."""
    key = known("key", expires=NOW + timedelta(days=40))
    found = drift(facts(key=key), facts(key=key, read_at=NOW + timedelta(days=15)))
    assert [(row.kind, row.group, row.checks) for row in found.rows] == [("check", "use", ("V26",))]
    assert "02 tags the new version" in found.rows[0].mend


def test_every_check_of_a_fact_is_found_by_the_path_of_that_fact() -> None:
    """No check but those of the parameters alone is out of reach, and a path leads to what looks at it."""
    checks = look(facts()).verdicts["checks"]
    paths = {field.name for field in fields(Facts)} | {f"{fact}.{field.name}" for fact in ("vault", "key") for field in fields(one(fact))}  # fmt: skip
    found = {number for path in paths for number in looking_at(path, checks)}
    assert {check.id for check in ALL} - found == {
        "V01",
        "V42",
    }  # who signs in is told apart; the parameters are no fact
    assert {part.name: looking_at(f"vault.{part.name}", checks) for part in fields(one("vault"))} == {
        "id": ("V02",),
        "name": ("V02",),
        "location": ("V02",),
        "sku": ("V02",),
        "tenant_id": ("V03",),
        "uri": ("V04",),
        "rbac": ("V05",),
        "purge_protection": ("V06",),
        "soft_delete": ("V07",),
        "retention_days": ("V07b",),
        "public_access": ("V08", "V11", "V12"),
        "network": ("V09", "V09b", "V12"),
        "provisioning_state": (),
        "access_policies": (),
    }
    assert looking_at("vault.network.ip_rules", checks) == ("V09", "V09b", "V12")
    assert looking_at(f"key.tags.{TAG}", checks) == ("V30", "V38")
    assert looking_at(f"versions[{VERSION}].enabled", checks) == ("V28", "V29")
    assert looking_at(f"assignments[{KEY_ID}]", checks) == ("V31", "V32", "V33")
    assert looking_at("vault.access_policies", checks) == () == looking_at("something new", checks)


OF_THINGS = [name for name in vars(facts()) if isinstance(getattr(getattr(facts(), name), "value", None), tuple)]


@pytest.mark.parametrize(
    "fact", sorted({*OF_THINGS, "workspaces"} - {"vault_keys", "groups", "role_definitions", "sinks"})
)
def test_a_row_of_every_listed_fact_is_known_again(fact: str) -> None:
    """Each fact that is a list of things tells a thing that is gone by its name, never as a whole list."""
    (path,) = leaves(facts(**{fact: known(fact)}), facts(**{fact: Known(())}))
    assert path.startswith(f"{fact}[")


def test_drift_is_the_same_in_text_page_and_json() -> None:
    """Every cell a person reads is a value in the JSON, and what a name holds cannot forge the page."""
    named = DenyAssignment("<script>no</script>", KEY_ID, (), (EVERYBODY,), ())
    found = drift(facts(), facts(denials=Known((one("denials"), named)), **rotated(tags={})))
    made = bundle(found.view())
    data = json.loads(json.dumps(made[JSON_TYPE]))
    cells = Cells(made["text/html"]).rows
    assert [[*row] for row in cells[1:]] == [
        [row[name] for name in ("what", "before", "now", "means", "mend")] for row in data["rows"]
    ]
    assert data["kind"] == "drift" and "<script>" not in made["text/html"]
    flat = " ".join(made["text/plain"].split())
    for sentence in (*data["rotation"], *data["notes"], *(row["what"] for row in data["rows"])):
        assert " ".join(sentence.split()) in flat
