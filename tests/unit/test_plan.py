"""A plan says what a step means to do, and its digest names exactly that."""

from __future__ import annotations

import hashlib
import itertools
from typing import Any

import pytest

from helpers.checks import judge
from helpers.model import Known, RotationPolicy, Unknown
from helpers.plan import Change, Keep, Plan, Refusal, Waits
from helpers.steps import attach, consent, key, rbac, register
from helpers.steps.key_tags import Tag
from tests.cases.building import VERSION, facts, one, parameters
from tests.unit.changes import Pretended

INTENT = {"change": "attach", "vault": "v", "key": "k"}


def of(*items: Any, step: str = "02_key", deviations: tuple[str, ...] = ()) -> Plan:
    return Plan(step, items, deviations)


def test_a_plan_says_something() -> None:
    """A plan without a single item could be taken for everything being right, so there is none."""
    with pytest.raises(ValueError, match="a plan says something"):
        Plan("02_key", ())


def test_equal_intents_have_equal_digests() -> None:
    """The digest is the same for the same intent, whatever the order its names were given in."""
    backwards = dict(reversed(INTENT.items()))
    assert of(Pretended(INTENT)).digest == of(Pretended(backwards)).digest


@pytest.mark.parametrize("name", INTENT)
def test_the_digest_changes_with_every_field_of_the_intent(name: str) -> None:
    """No field of an intent can be changed under an approval."""
    before = of(Pretended(INTENT)).digest
    assert of(Pretended({**INTENT, name: "other"})).digest != before
    assert of(Pretended({**INTENT, name: "other"}, {"seen": "x"})).digest != before


def test_the_digest_changes_with_everything_else_it_names() -> None:
    """Step, number and order of changes and accepted deviations are each part of it."""
    one_, two = Pretended(INTENT), Pretended({"change": "tag"})
    plans = [
        of(one_),
        of(one_, step="03_rbac"),
        of(one_, two),
        of(two, one_),
        of(one_, one_),
        of(one_, deviations=("V08 Ada 2027-01-01",)),
        of(one_, deviations=("V08 Ada 2027-01-02",)),
    ]
    assert len({plan.digest for plan in plans}) == len(plans)


def test_the_digest_is_independent_of_what_was_seen_and_kept() -> None:
    """What was seen, what is already right and the order of deviations do not make another plan."""
    plan = of(Pretended(INTENT), deviations=("a", "b"))
    assert of(Pretended(INTENT, {"key version": "v1"}), Keep("right"), deviations=("b", "a")).digest == plan.digest


def test_the_digest_is_stable_over_versions_of_this_suite() -> None:
    """An approval file outlives a release: the digest is what its rule says, byte for byte."""
    rule = '{"accepted_deviations": [], "changes": [{"change": "attach", "key": "k", "vault": "v"}], "step": "02_key"}'
    assert of(Pretended(INTENT)).digest == hashlib.sha256(rule.encode()).hexdigest()


REAL_CHANGES: dict[str, tuple[Any, Any]] = {
    "consent": (consent, lambda **more: consent.Consent(consent.Wanted.of(parameters(**more)))),
    "create": (key, lambda **more: key.Create(key.Wanted.of(parameters(**more)))),
    "tag": (
        key,
        lambda **more: Tag(
            parameters(**more).vault_id,
            one("key", name=parameters(**more).key_name),
            key.Wanted.of(parameters(**more)).missing_tags(one("key", tags={})),
        ),
    ),
    "rotate": (key, lambda **more: key.Rotate(key.Wanted.of(parameters(**{"rotate": VERSION, **more})), None)),
    "grant": (rbac, lambda **more: rbac.Grant(rbac.Wanted.of(parameters(**more)), one("principals"))),
    "register": (register, lambda **more: register.Register(register.Wanted.of(parameters(**more)))),
    "attach": (attach, lambda **more: attach.Attach(attach.Wanted.of(parameters(**more)), "cmek_01", {})),
}
OTHER = "99999999-8888-4777-8666-555555555555"
WHERE = ({"subscription_id": OTHER}, {"resource_group": "rg-other"}, {"vault_name": "kv-other"})
COUNTS = {
    "consent": ({"tenant_id": OTHER},),
    "create": (*WHERE, {"key_name": "other"}, {"key_type": "RSA-HSM"}, {"key_size": 4096}, {"organization_id": OTHER}),
    "tag": (*WHERE, {"key_name": "other"}, {"organization_id": OTHER}),
    "rotate": (
        *WHERE,
        {"key_name": "other"},
        {"rotate": "0" * 32},
        {"key_type": "RSA-HSM"},
        {"key_size": 4096},
        {"organization_id": OTHER},
    ),
    "grant": (*WHERE, {"key_name": "other"}, {"role_scope": "vault"}),
    "register": ({"vault_name": "kv-other"}, {"key_name": "other"}, {"tenant_id": OTHER}, {"organization_id": OTHER}),
    "attach": (
        *WHERE,
        {"key_name": "other"},
        {"tenant_id": OTHER},
        {"organization_id": OTHER},
        {"workspace": {"create": "other"}},
        {"workspace": {"id": "wrkspc_01Contoso"}},
        {"role_scope": "vault"},
    ),
}


@pytest.mark.parametrize(("change", "more"), [(name, more) for name, rows in COUNTS.items() for more in rows])
def test_every_parameter_that_makes_another_deed_makes_another_digest(change: str, more: dict[str, Any]) -> None:
    """What identifies the thing a change is made to is part of its intent."""
    step, make = REAL_CHANGES[change]
    assert isinstance(make(), Change)
    assert of(make(**more), step=step.STEP).digest != of(make(), step=step.STEP).digest


@pytest.mark.parametrize("change", REAL_CHANGES)
def test_how_a_run_is_made_is_not_part_of_the_digest(change: str) -> None:
    """Guided or headless, planned or applied, in Azure or rehearsed: one intent has one digest."""
    step, make = REAL_CHANGES[change]
    signed_in = (
        ("azure", "azure_cli"),
        ("azure", "managed_identity"),
        ("rehearsal", "environment"),
        ("rehearsal", None),
    )
    ways = itertools.product(("plan", "apply"), signed_in)
    made = {of(make(mode=m, credential=c, cloud=w), step=step.STEP).digest for m, (w, c) in ways}
    made.add(of(make(vault_name="KV-Contoso-Claude", key_name="Claude-CMEK"), step=step.STEP).digest)
    assert len(made) == 1


def test_registering_and_attaching_are_two_plans() -> None:
    """Both belong to 05, and each plan says which of the two it is."""
    assert (register.STEP, attach.STEP) == ("05_register", "05_register: attach")
    assert attach.plan(attach.Wanted.of(parameters()), facts()).step == attach.STEP
    assert attach.intended(parameters()).step == attach.STEP


def test_rotating_and_attaching_are_permanent() -> None:
    """What can never be taken back is marked as such, and nothing else."""
    assert [name for name, (_, make) in REAL_CHANGES.items() if make().permanent] == ["rotate", "attach"]


def test_attaching_names_what_was_seen() -> None:
    """Beside the intent stand key version, public key, principal, external key and open verdicts."""
    plan = attach.plan(attach.Wanted.of(parameters()), facts())
    assert plan.seen == {
        "key version": one("key").version,
        "public key SHA-256": one("key").public_sha256,
        "principal object ID": one("principals").object_id,
        "external key": "cmek_01Ours",
        "workspaces that have it": "none",
        "open verdicts": "none",
    }
    assert attach.intended(parameters()).digest == plan.digest
    assert attach.intended(parameters()).seen == {}


@pytest.mark.parametrize(
    ("changes", "open_"),
    [
        ({}, "V12"),
        ({"locks": Unknown("no permission"), "rotation_policy": Known(RotationPolicy(()))}, "V12 V13 V27"),
    ],
)
def test_attaching_names_the_verdicts_that_are_open(changes: dict[str, Any], open_: str) -> None:
    """What the checks left open is part of what an approval sees, and no part of the digest."""
    found = facts(**changes)
    wanted = attach.Wanted(parameters(), judge(found, parameters(), "gate"))
    plan = attach.plan(wanted, found)
    assert plan.seen["open verdicts"] == open_
    assert plan.digest == attach.intended(parameters()).digest


@pytest.mark.parametrize(
    ("items", "summary", "nothing", "permanent"),
    [
        ((Keep("right"),), "nothing to change", True, False),
        ((Keep("right"), Keep("too")), "nothing to change", True, False),
        ((Pretended(), Keep("right")), "1 to change", False, False),
        ((Pretended(permanent=True),), "1 to change, FOR GOOD", False, True),
        ((Pretended(), Waits("01_consent", "not yet")), "waits for 01_consent", False, False),
        ((Waits("01_consent", "not yet"), Refusal("no")), "refused", False, False),
    ],
)
def test_a_plan_in_a_few_words(items: tuple[Any, ...], summary: str, nothing: bool, permanent: bool) -> None:
    """The summary names the thing that matters most; only a plan of nothing but Keeps has nothing to do."""
    plan = of(*items)
    assert (plan.summary, plan.nothing_to_do, plan.permanent) == (summary, nothing, permanent)


def test_a_plan_says_the_same_to_people_and_machines() -> None:
    """Every item's sentence is in the table and in the JSON, with its kind."""
    plan = of(
        Pretended(permanent=True),
        Keep("is right"),
        Waits("01_consent", "no principal"),
        Refusal("no room", why="full", next_step="Remove one.", got="15", expected="14", request_id="r", unproven=True),
    )
    rows = plan.view().tables[0].rows
    assert [row[0] for row in rows] == ["change", "keep", "wait", "REFUSED"]
    assert [item["kind"] for item in plan.said()["items"]] == ["change", "keep", "wait", "refusal"]
    for row, item in zip(rows, plan.said()["items"], strict=True):
        assert item["says"] in row[1]
    assert rows[3][1:] == ("no room (found 15, expected 14)", "full Remove one.")
    assert plan.said()["items"][3]["unproven"] is True
    assert plan.view().data["digest"] == plan.digest
    assert plan.digest[:12] in plan.view().lines[0]
