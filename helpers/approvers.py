"""Approvals by several people: signed files, each checked with a public key that the parameters pin.

What is signed is the approval itself, as JSON with sorted keys, in DSSE's encoding under a type of its own, so that a
signature made for something else is none here. Source: DSSE protocol v1.0.2.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from pathlib import Path

from helpers.approval import Approval, parse, written
from helpers.errors import ApprovalRequired, WrongUsage
from helpers.evidence.dsse import pae
from helpers.evidence.public_keys import PublicKey, of_der
from helpers.evidence.signers import Signer
from helpers.model import same_id
from helpers.parameter_values import Approver
from helpers.parameters import Parameters
from helpers.plan import Plan

TYPE = "application/vnd.cmek-runbook.approval+json"


@dataclass(frozen=True)
class Signed:
    """An approval and the signature over it."""

    approval: Approval
    signature: bytes


def sign(approval: Approval, signer: Signer) -> Signed:
    """Sign an approval. Raises what the signer raises."""
    return Signed(approval, signer.sign(_bytes(approval)))


def save(signed: Signed, key: PublicKey, folder: Path) -> Path:
    """Write it beside the others of its plan, named by the key, so that several people's can stand together."""
    document = {"approval": asdict(signed.approval), "signature": base64.b64encode(signed.signature).decode()}
    return written(document, folder / f"{signed.approval.digest}-{_short(key)}.json")


def refuse_unpinned(parameters: Parameters, key: PublicKey, object_id: str) -> None:
    """Raise WrongUsage unless the parameters pin this key for who is signed in."""
    found = next((row for row in parameters.approvers if _key(row).hint == key.hint), None)
    if found is None:
        raise WrongUsage(
            "--sign: this key is not one of the approvers' in the parameters",
            why="Only approvals signed by those count.",
            next_step="Use the key that is pinned for you, or have this one pinned: " + _text(key),
        )
    if not same_id(found.object_id, object_id):
        raise WrongUsage(f"--sign: this key is {found.name}'s, and who is signed in is {object_id}")


@dataclass(frozen=True)
class Here:
    """Where and when an approval is to count: in which rehearsal (None on Azure), now, for who carries it out."""

    world: str | None
    now: datetime
    actor: str


def counted(plan: Plan, parameters: Parameters, folders: tuple[Path, ...], here: Here) -> Approval:
    """One approval for all that were signed for a plan, granted where they are enough; else it says what is missing.

    Who carries it out is never one of those who approve it. Raises WrongUsage for a damaged file.
    """
    needed, good, reasons = parameters.approvers_required, dict[str, Approval](), list[str]()
    for who, signed in _found(plan, parameters, folders):
        reason = _short_of(who, signed, plan, here)
        if reason:
            reasons.append(f"{who.name}'s does not count: {reason}")
        else:
            good.setdefault(who.object_id, signed.approval)
    names = [row.name for row in parameters.approvers if row.object_id in good]
    if len(good) < needed:
        told = f"{len(good)} of {needed} signed approvals are there{': ' + ', '.join(names) if names else ''}"
        return Approval(plan.digest, False, "not approved", sentence="; ".join((told, *reasons)), signed=True)
    first = next(iter(good.values()))
    return replace(
        first,
        how="signed",
        signed=True,
        by=", ".join(names),
        approved_at=max(one.approved_at for one in good.values()),
        expires_at=min(one.expires_at for one in good.values()),
    )


def _found(plan: Plan, parameters: Parameters, folders: tuple[Path, ...]) -> Iterator[tuple[Approver, Signed]]:
    """What is there of each approver who is pinned."""
    for who in parameters.approvers:
        for folder in folders:
            path = folder / f"{plan.digest}-{_short(_key(who))}.json"
            if path.is_file():
                yield who, _load(path)


def _short_of(who: Approver, signed: Signed, plan: Plan, here: Here) -> str:
    """Why a signed approval does not count, or nothing."""
    if not _key(who).verifies(signed.signature, _bytes(signed.approval)):
        return "its signature is not by the key that the parameters pin"
    if not same_id(signed.approval.by, who.object_id):
        return f"it was made signed in as {signed.approval.by}"
    if not here.actor or same_id(who.object_id, here.actor):
        return "who carries it out cannot be who approves it"
    try:
        signed.approval.covers(plan, now=here.now, world=here.world)
    except ApprovalRequired as error:
        return error.what
    return ""


def _load(path: Path) -> Signed:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        if set(said) != {"approval", "signature"}:
            raise ValueError("not these two")
        approval = parse(json.dumps(said["approval"]))
        if approval.how != "signed in" or not approval.has_times:
            raise ValueError("not made by approve")
        return Signed(approval, base64.b64decode(said["signature"], validate=True))
    except (OSError, ValueError, TypeError, binascii.Error) as error:
        raise WrongUsage(f"{path}: not a signed approval ({type(error).__name__})") from None


def _bytes(approval: Approval) -> bytes:
    return pae(json.dumps(asdict(approval), sort_keys=True, ensure_ascii=True).encode(), TYPE)


def _key(who: Approver) -> PublicKey:
    return of_der(base64.b64decode(who.public_key))


def _short(key: PublicKey) -> str:
    return hashlib.sha256(key.hint.encode()).hexdigest()[:16]


def _text(key: PublicKey) -> str:
    """A key as the parameters hold it: its PEM without the first and last line, on one line."""
    return "".join(key.pem.decode().splitlines()[1:-1])
