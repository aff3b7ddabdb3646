"""04, on request: what the checks found wrong and this suite can mend. Nothing is mended unasked.

Two plans, as they are approved in two ways: what can be undone, and purge protection, which cannot. What is right is
judged by the checks themselves, so a remedy is planned only for what a check fails on.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from helpers.checks import ALL, Finding, Verdict, network
from helpers.facts import Facts
from helpers.model import Absent, Found, Known, Unknown, Vault
from helpers.parameter_values import Remedy
from helpers.parameters import Parameters
from helpers.plan import Change, Item, Keep, Plan, Refusal, Waits
from helpers.steps import key, verify
from helpers.steps.consent import tenant_refusal
from helpers.steps.key_tags import Tag, too_many_tags
from helpers.steps.remedy_changes import SETTING, AddLock, LetIn, ProtectFromPurge, SendAuditLog
from helpers.waiting import NotYet

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP, FOR_GOOD = "04_verify: remedies", "04_verify: remedies for good"
READABLE_SECONDS = 120.0
"""How long a remedy may take to be readable before the step says that it is not."""

_REVERSIBLE: tuple[Remedy, ...] = ("organization_tag", "diagnostic_settings", "network_rules", "delete_lock")
"""In the order they are done: the lock last."""
_PERMANENT: tuple[Remedy, ...] = ("purge_protection",)
_MENDS = {Tag: "V30", SendAuditLog: "V35", LetIn: "V09", AddLock: "V13", ProtectFromPurge: "V06"}
_JUDGES = {check.id: check.judge for check in ALL}


@dataclass(frozen=True)
class Wanted:
    """Which remedies were asked for, in the order they are done."""

    parameters: Parameters
    step: str
    remedies: tuple[Remedy, ...]

    @classmethod
    def of(cls, parameters: Parameters, *, for_good: bool = False) -> Wanted:
        """Those that can be undone, or the one that cannot."""
        step, order = (FOR_GOOD, _PERMANENT) if for_good else (STEP, _REVERSIBLE)
        return cls(parameters, step, tuple(remedy for remedy in order if remedy in parameters.remediate))


facts = verify.facts


def again(services: Services, parameters: Parameters, wanted: Wanted) -> Plan:
    """Looked and planned anew, immediately before anything is done."""
    return plan(wanted, facts(services, parameters))


def plan(wanted: Wanted, found: Facts) -> Plan:
    """Mend, keep, wait for 02, or refuse, for each remedy that was asked for. Nothing is raised."""
    if not wanted.remedies:
        kind = "is for good" if wanted.step == FOR_GOOD else "can be undone"
        kept = f"no remedy was asked for that {kind}: remediate in the parameters names none"
        return Plan(wanted.step, (Keep(kept),))
    refusal = tenant_refusal(wanted.parameters.tenant_id, found.vault)
    if refusal or not isinstance(found.vault, Known):
        return Plan(wanted.step, (refusal or _unread("the vault", found.vault),))
    vault = found.vault.value
    return Plan(wanted.step, tuple(_PLANS[remedy](wanted.parameters, found, vault) for remedy in wanted.remedies))


def planned(parameters: Parameters, found: Facts) -> tuple[Plan, ...]:
    """The plans that were asked for, of the two there are."""
    both = (Wanted.of(parameters), Wanted.of(parameters, for_good=True))
    return tuple(plan(wanted, found) for wanted in both if wanted.remedies)


def intended(parameters: Parameters) -> Plan | None:
    """The plan for good as it is where it is needed, if it was asked for: the same digest, nothing seen yet."""
    asked = Wanted.of(parameters, for_good=True).remedies
    return Plan(FOR_GOOD, (ProtectFromPurge(parameters, None),)) if asked else None


def mended(plans: Iterable[Plan]) -> frozenset[str]:
    """The checks that will no longer fail once these remedies are done."""
    changes = [change for plan in plans if plan.step in (STEP, FOR_GOOD) for change in plan.changes]
    return frozenset(_MENDS[type(change)] for change in changes)


def after(found: Facts, *plans: Plan) -> Callable[[Services, Parameters], Facts]:
    """What is there after the remedies: what was read before, where none was planned; else everything, read again.

    A planned one may have been done by somebody else in the meantime, so receipts would not tell. Waits, visibly and
    not for ever, until what was done can be read. Raises ServiceFailed when it cannot.
    """

    def read(services: Services, parameters: Parameters) -> Facts:
        if not any(plan.changes for plan in plans):
            return found

        def look() -> Facts | NotYet:
            now = facts(services, parameters)
            plan = read_back(parameters, now)
            return now if plan.nothing_to_do else NotYet(f"the plan still says: {plan.summary}.")

        settled = services.wait.until("the remedies to be readable", look, at_most=READABLE_SECONDS)
        return verify.probed(settled)(services, parameters)

    return read


def read_back(parameters: Parameters, found: Facts) -> Plan:
    """Every remedy that was asked for, planned again: it must now say Keep."""
    items = [item for plan in planned(parameters, found) for item in plan.items]
    return Plan("04_verify: read back", tuple(items) or (Keep("no remedy was asked for, and nothing was changed"),))


def _tag(parameters: Parameters, found: Facts, _: Vault) -> Item:
    match found.key:
        case Absent():
            return Waits(key.STEP, f"the key {parameters.key_name} is not there yet")
        case Known(there):
            wanted = key.Wanted.of(parameters)
            missing = wanted.missing_tags(there)
            if not missing:
                return Keep(f"{there.name} version {there.version} has the organization tag already")
            return too_many_tags(dict(wanted.tags), there) or Tag(parameters.vault_id, there, missing)
    return _unread("the key", found.key)


def _audit_log(parameters: Parameters, found: Facts, _: Vault) -> Item:
    if not isinstance(found.diagnostics, Known):
        return _unread("the diagnostic settings", found.diagnostics)
    judged = _judged("V35", parameters, found)
    if judged.verdict is Verdict.PASS:
        return Keep(f"key use is logged already ({judged.seen})")
    if judged.verdict is not Verdict.FAIL:
        return _uncertain("whether key use is logged", judged)
    wanted = str(parameters.log_destination)
    if isinstance(found.log_destination, Absent):
        return Refusal(
            f"the log destination {wanted} is not there",
            why="A log that is sent nowhere is no log.",
            next_step="Make it, or correct log_destination in the parameters.",
        )
    if not isinstance(found.log_destination, Known):
        return _unread("the log destination", found.log_destination, f"Give this identity Reader on {wanted}.")
    for row in found.diagnostics.value:
        if row.name.lower() == SETTING:
            return Refusal(
                f"a diagnostic setting named {SETTING} is there, and it is another one",
                why="This suite does not change settings that are there.",
                next_step="Find out who made it; have it changed or removed, then run this step again.",
                got=f"{', '.join(row.categories) or 'no category'} to {', '.join(row.sinks) or 'nowhere'}",
                expected=f"AuditEvent to {wanted}",
            )
    return _unless_locked(found, "diagnostic_settings", SendAuditLog(parameters))


def _network_rules(parameters: Parameters, found: Facts, vault: Vault) -> Item:
    judged = _judged("V09", parameters, found)
    if judged.verdict is Verdict.UNKNOWN:
        return _uncertain("what the network rules let in", judged)
    if vault.network is None or (vault.network.default_action or "").lower() != "deny":
        return Keep(f"the network rules keep no address out: {judged.seen}")
    ranges = network.wanted_ranges(parameters)
    missing = network.lacking(vault.network, ranges)
    if not missing:
        return Keep(f"the network rules let {', '.join(map(str, ranges))} in already")
    return _unless_locked(found, "network_rules", LetIn(parameters, vault, missing))


def _lock(parameters: Parameters, found: Facts, _: Vault) -> Item:
    if not isinstance(found.locks, Known):
        return _unread("the locks", found.locks)
    judged = _judged("V13", parameters, found)
    if judged.verdict is Verdict.PASS:
        return Keep(f"the vault is locked against deletion already ({judged.seen})")
    return _unless_locked(found, "delete_lock", AddLock(parameters))


def _purge_protection(parameters: Parameters, found: Facts, vault: Vault) -> Item:
    if _judged("V06", parameters, found).verdict is Verdict.PASS:
        return Keep("purge protection is on already, for good")
    if vault.soft_delete is not True or vault.retention_days is None:
        return Refusal(
            "soft delete, which purge protection builds on, is not seen to be on with its days",
            why="The days would be fixed for good, and nobody could say now which they are.",
            next_step="Look at the vault's soft delete in the portal. Once Azure names its days, run this step again.",
            got=f"soft delete {vault.soft_delete}, retention days {vault.retention_days}",
            expected="soft delete True, and its days",
        )
    return _unless_locked(found, "purge_protection", ProtectFromPurge(parameters, vault))


_PLANS: dict[Remedy, Callable[[Parameters, Facts, Vault], Item]] = {
    "organization_tag": _tag,
    "diagnostic_settings": _audit_log,
    "network_rules": _network_rules,
    "delete_lock": _lock,
    "purge_protection": _purge_protection,
}


def _judged(check: str, parameters: Parameters, found: Facts) -> Finding:
    """What a check finds; a deviation that was accepted does not count, for mending it was asked for."""
    return _JUDGES[check](found, parameters)


def _unless_locked(found: Facts, remedy: Remedy, change: Change) -> Item:
    """The change, unless a lock is known that stops it: a ReadOnly lock stops every change of the vault."""
    locks = found.locks.value if isinstance(found.locks, Known) else ()
    for lock in locks:
        if lock.stops_writing:
            return Refusal(
                f"{remedy}: a ReadOnly lock keeps every change away from the vault",
                why="Azure would refuse this one, and role assignments as well.",
                next_step="Ask whoever set the lock to replace it by CanNotDelete, then run this step again.",
                got=f"{lock.name}: {lock.level} at {lock.scope}",
                expected="no ReadOnly lock",
            )
    return change


def _uncertain(what: str, judged: Finding) -> Refusal:
    mend = judged.mend or "Look at it in the portal, and mend what cannot be understood."
    return Refusal(f"{what} is not known", why=judged.seen, next_step=mend, unproven=True)


def _unread(what: str, found: Found[Any], mend: str = "") -> Refusal:
    """For what a remedy builds on and was not read: it is not taken for missing."""
    trouble = found if isinstance(found, Unknown) else Unknown("the service says that it is not there")
    return Refusal(
        f"{what} could not be read",
        why=trouble.reason,
        next_step=mend or "The verdicts of 04_verify name the right that is missing.",
        request_id=trouble.request_id,
        unproven=True,
    )
