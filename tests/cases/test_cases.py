"""One file a case: what was found, and the exact plan it must lead to.

A case names its `rule`; `parameters` and `found` say only what differs from a healthy onboarding just before the key is
attached (building.py). `plan` is every item, whole: its kind and its sentence, and what a refusal found and expected.
`for_good` in 04_remedy asks for the plan of what cannot be undone.
For 05_attach `verdicts` names the phase of the checks made first (gate), or `none`; `planned` the steps yet to run.
`digest` compares with another case of the step.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from helpers.checks import judge
from helpers.plan import Keep, Plan, Refusal, Waits
from helpers.steps import attach, consent, key, rbac, register, remedy
from helpers.yaml_file import read
from tests.cases.building import NOW, as_found, facts, parameters

HERE = Path(__file__).parent
STEPS: dict[str, ModuleType] = {
    "01_consent": consent,
    "02_key": key,
    "03_rbac": rbac,
    "04_remedy": remedy,
    "05_register": register,
    "05_attach": attach,
}
CASES = sorted(HERE.glob("*/*.yaml"))
KEYS = {"rule", "parameters", "found", "read_at", "verdicts", "planned", "for_good", "plan", "digest"}


def planned(path: Path) -> Plan:
    """The plan a case file's step makes of what the file says was found."""
    case = read(path)
    given = parameters(**case.get("parameters", {}))
    found = facts(
        read_at=case.get("read_at", NOW),
        **{name: as_found(name, said) for name, said in case.get("found", {}).items()},
    )
    step = STEPS[path.parent.name]
    wanted = step.Wanted.of(given, for_good=True) if case.get("for_good") else step.Wanted.of(given)
    phase = case.get("verdicts", "gate")
    if step is attach and phase != "none":
        wanted = replace(wanted, verdicts=judge(found, given, phase, frozenset(case.get("planned", ()))))
    plan = step.plan(wanted, found)
    assert isinstance(plan, Plan)
    return plan


def told(item: Any) -> dict[str, Any]:
    """An item as case files write it: empty properties are left out."""
    match item:
        case Keep():
            return {"keep": str(item)}
        case Waits():
            return {"wait": str(item), "for": item.for_step}
        case Refusal():
            more = {name: getattr(item, name) for name in ("got", "expected", "request_id", "unproven")}
            return {"refusal": item.what, **{name: value for name, value in more.items() if value}}
    return {"change": str(item), **({"permanent": True} if item.permanent else {})}


@pytest.mark.parametrize("path", CASES, ids=lambda path: f"{path.parent.name}-{path.stem}")
def test_case(path: Path) -> None:
    """What was found leads to exactly the plan the case expects."""
    case = read(path)
    assert set(case) <= KEYS
    plan = planned(path)
    assert [told(item) for item in plan.items] == case["plan"], case["rule"]
    json.dumps(plan.said())
    for refusal in plan.refusals:
        assert refusal.why or refusal.next_step, "a refusal says why, or what to do"
    for how, other in case.get("digest", {}).items():
        same = plan.digest == planned(path.with_name(f"{other}.yaml")).digest
        assert same == {"same_as": True, "other_than": False}[how]


def test_every_case_states_its_rule() -> None:
    """Each case file starts with the rule it shows, in one sentence."""
    for path in CASES:
        assert path.read_text(encoding="utf-8").startswith("rule: "), path
        assert read(path)["rule"].endswith("."), path


def test_every_step_has_cases() -> None:
    """No step that plans is without cases, and no case belongs to a step that is not there."""
    assert {path.parent.name for path in CASES} == set(STEPS)
