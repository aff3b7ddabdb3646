"""05, first round: the external key at Anthropic, and Anthropic's own validation of it. Can be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from helpers.checks import Verdicts, judge
from helpers.checks.explaining import Explanation, explain, kept_out
from helpers.facts import Facts
from helpers.model import Absent, ExternalKey, Found, Known, Organization, Unknown, Validation
from helpers.parameters import Parameters
from helpers.plan import Done, Item, Keep, Plan, Refusal, Waits
from helpers.steps import verify
from helpers.steps.by_hand import BY_HAND
from helpers.steps.consent import tenant_refusal
from helpers.targets import foreign, ours
from helpers.waiting import NotYet

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "05_register"
PROPAGATION_SECONDS = 1500.0
"""How long validation is tried again: a new role assignment can take twenty minutes to count in the vault."""


@dataclass(frozen=True)
class Wanted:
    """What right looks like: one external key for this vault, key and tenant, in this organization."""

    parameters: Parameters

    @classmethod
    def of(cls, parameters: Parameters) -> Wanted:
        return cls(parameters)

    @property
    def display_name(self) -> str:
        return self.parameters.external_key_name or self.parameters.key_name


@dataclass(frozen=True)
class Register:
    """Register the key with Anthropic. It is not used before it is attached."""

    wanted: Wanted
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        p = self.wanted.parameters
        return (
            f"register {p.key_name} in {p.vault_uri} (tenant {p.tenant_id}) as external key {self.wanted.display_name}"
        )

    def intent(self) -> Mapping[str, str]:
        p = self.wanted.parameters
        return {
            "change": "register external key",
            "organization": p.organization_id,
            "vault": p.vault_uri,
            "key": p.key_name.lower(),
            "tenant": p.tenant_id,
        }

    def seen(self) -> Mapping[str, str]:
        return {}

    def perform(self, services: Services) -> Done:
        p = self.wanted.parameters
        made = services.admin.register_once(
            display_name=self.wanted.display_name,
            vault_uri=p.vault_uri,
            key_name=p.key_name,
            tenant_id=p.tenant_id,
        )
        return Done("registered the external key", {"external key": made.id}, services.witness.request_id)


def facts(services: Services, parameters: Parameters) -> Facts:
    """All that 04 reads, and from the Admin API the organization, every external key and every workspace."""
    azure = verify.facts(services, parameters)
    if parameters.product == "claude_enterprise":
        return azure  # the Admin API does not register keys for Claude Enterprise
    return anthropic(services, azure)


def anthropic(services: Services, azure: Facts) -> Facts:
    """What was read of Azure, and what the Admin API holds."""
    admin = services.admin
    found = services.together(
        organization=admin.organization, external_keys=admin.external_keys, workspaces=admin.workspaces
    )
    return replace(azure, admin_url=Known(admin.base_url), **found)


def validated(services: Services, parameters: Parameters) -> Facts:
    """The same, and Anthropic's validation of the external key.

    It is tried again only while waiting can help: when all that can be seen in Azure is right, and a new role may still
    be on its way to the vault.
    """
    found = facts(services, parameters)
    if not isinstance(found.external_keys, Known):
        return found
    mine = ours(found.external_keys.value, parameters)
    if len(mine) != 1:
        return replace(found, validation=Absent())
    seen = judge(found, parameters, "azure")
    hopeless = seen.blocking_failures or seen.blocking_unknowns or kept_out(found, seen)
    answer, waited = _validation(services, mine[0].id, 0.0 if hopeless else PROPAGATION_SECONDS)
    if waited:
        found = facts(services, parameters)  # what was read before the wait may no longer be so
        still = isinstance(found.external_keys, Known) and ours(found.external_keys.value, parameters) == mine
        answer = answer if still else Unknown("the external keys changed while it was validated")
    return replace(found, validation=answer)


def again(services: Services, parameters: Parameters, wanted: Wanted) -> Plan:
    """Looked and planned anew, immediately before anything is done."""
    return plan(wanted, facts(services, parameters))


def plan(wanted: Wanted, found: Facts) -> Plan:
    """Register, keep, wait for an earlier step, or refuse. Nothing is raised."""
    p = wanted.parameters
    refusal = tenant_refusal(p.tenant_id, found.vault)
    if p.product == "claude_platform":
        refusal = refusal or _organization(p, found.organization)
    if refusal:
        return Plan(STEP, (refusal,))
    waits = _waits(found)
    if p.product == "claude_enterprise":
        return Plan(STEP, waits or (Keep(BY_HAND),))
    item = _registration(wanted, found)
    unread = _unread(found) if isinstance(item, Register) else ()
    return Plan(STEP, waits or unread or (item,))


def explained(found: Facts, verdicts: Verdicts) -> Explanation:
    """Anthropic's answer to the validation, and what was found here that could explain a failure."""
    return explain(found, verdicts)


def _unread(found: Facts) -> tuple[Item, ...]:
    """What this step builds on and could not be read: it is not taken for being there."""
    needed = (("service principal", found.principal), ("key", found.key), ("role assignment", found.assignments))
    return tuple(
        Refusal(
            f"whether the {what} is there could not be read",
            why=there.reason,
            next_step="04_verify names the right that is missing.",
            request_id=there.request_id,
            unproven=True,
        )
        for what, there in needed
        if isinstance(there, Unknown)
    )


def _waits(found: Facts) -> tuple[Item, ...]:
    needed = (("01_consent", "the service principal", found.principal), ("02_key", "the key", found.key))
    waits = [Waits(step, f"{what} is not there yet") for step, what, there in needed if isinstance(there, Absent)]
    if isinstance(found.assignments, Known) and not found.assignments.value:
        waits.append(Waits("03_rbac", "the role is not assigned yet"))
    return tuple(waits)


def _organization(parameters: Parameters, organization: Found[Organization]) -> Refusal | None:
    match organization:
        case Known(there) if there.id == parameters.organization_id:
            return None
        case Known(there):
            return Refusal(
                "the Admin API key belongs to another organization",
                why="The key would be registered in the wrong organization.",
                next_step="Use an Admin API key of this organization, or correct organization_id and run 02_key again.",
                got=f"{there.id} ({there.name})",
                expected=parameters.organization_id,
            )
        case Unknown(reason, request_id):
            return Refusal("the organization could not be read", why=reason, request_id=request_id, unproven=True)
    return Refusal("the Admin API knows no organization for this key", next_step="Check admin_key.")


def _registration(wanted: Wanted, found: Facts) -> Item:
    match found.external_keys:
        case Known(rows):
            mine = ours(rows, wanted.parameters)
        case Unknown(reason, request_id):
            return Refusal("the external keys could not be listed", why=reason, request_id=request_id, unproven=True)
        case _:
            return Refusal("the Admin API has no external keys here", next_step="Ask Anthropic to enable CMEK.")
    refusal = foreign_refusal(rows, wanted.parameters)
    if refusal:
        return refusal
    if not mine:
        return Register(wanted)
    if len(mine) == 1:
        return Keep(f"external key {mine[0].id} is already registered for this vault, key and tenant")
    return Refusal(
        f"{len(mine)} external keys are registered for this vault, key and tenant",
        why="Attaching one of them on a guess could not be undone.",
        next_step=f"Remove all but one of {', '.join(row.id for row in mine)}, then run this step again.",
    )


def foreign_refusal(rows: tuple[ExternalKey, ...], parameters: Parameters) -> Refusal | None:
    """A Refusal where the key is registered for an application that is not Anthropic's own."""
    others = foreign(rows, parameters)
    if not others:
        return None
    return Refusal(
        "the key is registered for another application",
        why="Whoever holds that application could use the key through Anthropic.",
        next_step=f"Find out who registered {others[0].id}, and remove it or choose another key.",
        got=f"client ID {others[0].client_id}",
        expected="no client ID, which is Anthropic's own application",
    )


def _validation(services: Services, key_id: str, at_most: float) -> tuple[Found[Validation], bool]:
    """The last answer of Anthropic, and whether it was waited for; a failure that lasts is shown as it is."""
    last: list[Found[Validation]] = []
    started = services.wait.elapsed()

    def look() -> Found[Validation] | NotYet:
        answer = services.admin.validate(key_id)
        last.append(answer)
        match answer:
            case Known(value) if not value.succeeded:
                return NotYet(f"Anthropic says: {str(value.error).rstrip('.')}.", value.request_id)
            case Unknown(reason, request_id, code="429"):
                return NotYet(f"{reason}.", request_id, answer.retry_after or 0.0)
        return answer

    answer = services.wait.until_or("Anthropic's validation", look, lambda: last[-1], at_most=at_most)
    if len(last) == 1:
        return answer, False
    seconds = services.wait.elapsed() - started
    match answer:
        case Known(value) if not value.succeeded:
            return Known(replace(value, waited=seconds)), True
        case Unknown(reason):
            return replace(answer, reason=f"{reason} (asked again for {seconds:.0f} s)"), True
    return answer, True
