"""Where the parameters pin approvers, only their signed approvals let something happen for good."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from helpers import approvers
from helpers.approval import Approval, phrase, save
from helpers.clock import stamp
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.evidence.signers import PemSigner
from helpers.notebook import Step
from helpers.plan import Plan
from helpers.record import runs
from helpers.steps import attach
from tests.steps.walking import Walk

WORKSPACE = "wrkspc_01REHEARSALCMEK"
JANE, OMAR, OPERATOR = (f"b0000000-0000-4000-8000-00000000000{n}" for n in (5, 4, 1))


@dataclass(frozen=True)
class Person:
    """Somebody with a key of their own."""

    name: str
    object_id: str
    signer: PemSigner

    def pinned(self) -> dict[str, str]:
        der = self.signer.public_key.key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        return {"name": self.name, "object_id": self.object_id, "public_key": base64.b64encode(der).decode()}


JANE_KEY = Person("Jane", JANE, PemSigner(Ed25519PrivateKey.generate()))
OMAR_KEY = Person("Omar", OMAR, PemSigner(generate_private_key(SECP256R1())))
OWN_KEY = Person("The operator", OPERATOR, PemSigner(Ed25519PrivateKey.generate()))
STRANGER = Person("Mallory", JANE, PemSigner(Ed25519PrivateKey.generate()))


def stopped(walk: Walk, *people: Person, required: int = 2) -> tuple[Step, attach.Wanted, Plan]:
    """05 before the approval of the attaching, with these approvers pinned."""
    walk.world.state.workspaces[WORKSPACE].external_key_id = None
    pinned = {"approvers": [person.pinned() for person in people], "approvers_required": required}
    step = walk.begin("05_register", workspace={"id": WORKSPACE}, **pinned)
    return step, *walk.gate(step)


def signed(step: Step, plan: Plan, person: Person, by: str | None = None, **changes: Any) -> Path:
    """A person's approval in the run's folder, good but for some changes made before it was signed."""
    now = step.services.clock.now()
    good = Approval(
        plan.digest,
        True,
        "signed in",
        by or person.object_id,
        step.services.caller.tenant_id,
        stamp(now),
        stamp(now + timedelta(days=7)),
        plan.seen,
        world=step.services.world,
    )
    made = approvers.sign(replace(good, **changes), person.signer)
    return approvers.save(made, person.signer.public_key, step.run.approvals)


def test_two_signed_approvals_let_it_happen(walk_onboarded: Walk) -> None:
    """Both people signed for this plan: it is attached, and the record names both."""
    step, target, plan = stopped(walk_onboarded, JANE_KEY, OMAR_KEY)
    for person in (JANE_KEY, OMAR_KEY):
        signed(step, plan, person)
    approval = step.approve(plan)
    assert approval.granted and approval.how == "signed" and approval.by == "Jane, Omar"
    step.apply(attach, target, plan, approval)
    assert walk_onboarded.world.cloud.wrote() == ["workspace update"]


def test_one_of_two_is_not_enough(walk_onboarded: Walk) -> None:
    """It says who signed and how many are needed, and how to sign; nothing is attached."""
    step, target, plan = stopped(walk_onboarded, JANE_KEY, OMAR_KEY)
    signed(step, plan, JANE_KEY)
    approval = step.approve(plan)
    assert not approval.granted and approval.sentence == "1 of 2 signed approvals are there: Jane"
    with pytest.raises(ApprovalRequired, match="1 of 2") as caught:
        step.apply(attach, target, plan, approval)
    assert "--sign" in caught.value.next_step and "phrase" not in caught.value.next_step
    assert walk_onboarded.world.cloud.wrote() == []


def test_the_same_person_does_not_count_twice(walk_onboarded: Walk) -> None:
    """A file in the run's folder and one in the shared folder by one key are one approval; either is found alone."""
    step, _, plan = stopped(walk_onboarded, JANE_KEY, OMAR_KEY)
    path = signed(step, plan, JANE_KEY)
    shared = runs.home() / "approvals"
    shared.mkdir()
    (shared / path.name).write_bytes(path.read_bytes())
    assert "1 of 2" in step.approve(plan).sentence
    path.unlink()
    assert "1 of 2" in step.approve(plan).sentence


def test_a_phrase_or_an_unsigned_file_does_not_count(walk_onboarded: Walk) -> None:
    """With approvers pinned, neither what is typed nor a file without a signature approves."""
    step, _, plan = stopped(walk_onboarded, JANE_KEY, required=1)
    path = signed(step, plan, JANE_KEY)
    unsigned = Approval(**json.loads(path.read_text())["approval"])
    path.unlink()
    save(unsigned, step.run.approvals)
    assert step.approve(plan, phrase(plan, step.services.world)).sentence == "0 of 1 signed approvals are there"


WRONG: Mapping[str, tuple[dict[str, Any], str]] = {
    "expired": ({"expires_at": "2026-11-01T00:00:00Z"}, "the approval expired at"),
    "moved ground": ({"seen": {"key version": "0" * 32}}, "what was approved is not what is there"),
    "another world": ({"world": "rehearsal-00000000"}, "the approval was made in rehearsal-00000000"),
    "another plan": ({"digest": "0" * 64}, ""),
    "as somebody else": ({"by": OMAR}, f"it was made signed in as {OMAR}"),
}


@pytest.mark.parametrize("why", WRONG)
def test_what_was_signed_has_to_fit(walk_onboarded: Walk, why: str) -> None:
    """A good signature over something that does not cover this plan here and now does not count, and says why."""
    changes, said = WRONG[why]
    step, _, plan = stopped(walk_onboarded, JANE_KEY, required=1)
    path = signed(step, plan, JANE_KEY, **changes)
    if why == "another plan":
        path.replace(path.with_name(path.name.replace("0" * 64, plan.digest)))
        said = "the approval is for another plan"
    approval = step.approve(plan)
    assert not approval.granted and said in approval.sentence, approval.sentence


def test_an_edited_or_foreign_signature_does_not_count(walk_onboarded: Walk) -> None:
    """Anything changed after signing, or signed by a key that is not pinned, is told and does not count."""
    step, _, plan = stopped(walk_onboarded, JANE_KEY, required=1)
    path = signed(step, plan, JANE_KEY)
    said = json.loads(path.read_text())
    said["approval"]["sentence"] = "something else"
    path.write_text(json.dumps(said))
    assert "its signature is not by the key" in step.approve(plan).sentence
    signed(step, plan, STRANGER).replace(path)
    assert "its signature is not by the key" in step.approve(plan).sentence


def test_who_carries_it_out_does_not_approve_it(walk_onboarded: Walk) -> None:
    """The operator's own signed approval is told and left out."""
    step, _, plan = stopped(walk_onboarded, JANE_KEY, OWN_KEY)
    for person in (JANE_KEY, OWN_KEY):
        signed(step, plan, person)
    assert "who carries it out cannot be who approves it" in step.approve(plan).sentence


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"approval": {}, "signature": ""}'])
def test_a_damaged_file_is_named(walk_onboarded: Walk, text: str) -> None:
    """It is not read in part; the file is named."""
    step, _, plan = stopped(walk_onboarded, JANE_KEY, required=1)
    path = signed(step, plan, JANE_KEY)
    path.write_text(text)
    with pytest.raises(WrongUsage, match=path.name):
        step.approve(plan)


def test_the_key_given_to_approve_has_to_be_the_pinned_one(walk_onboarded: Walk) -> None:
    """Somebody else's key, and a key of another person than who is signed in, are refused before anything is signed."""
    step, _, _ = stopped(walk_onboarded, JANE_KEY, OMAR_KEY)
    approvers.refuse_unpinned(step.parameters, JANE_KEY.signer.public_key, JANE)
    with pytest.raises(WrongUsage, match="not one of the approvers'") as caught:
        approvers.refuse_unpinned(step.parameters, STRANGER.signer.public_key, JANE)
    assert STRANGER.pinned()["public_key"] in caught.value.next_step
    with pytest.raises(WrongUsage, match="this key is Omar's"):
        approvers.refuse_unpinned(step.parameters, OMAR_KEY.signer.public_key, JANE)
