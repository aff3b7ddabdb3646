"""03: Key Vault Crypto User for Anthropic's service principal, at the key."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from helpers import published
from helpers.facts import Facts
from helpers.model import Absent, Found, Key, Known, RoleAssignment, ServicePrincipal, Unknown, assignment_name
from helpers.parameters import Parameters
from helpers.plan import Done, Item, Keep, Plan, Refusal, Waits
from helpers.steps.consent import tenant_refusal
from helpers.steps.verify import assignments
from helpers.targets import broader_than, is_dedicated, wanted_scope

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "03_rbac"
REPLICATION_SECONDS = 600.0
"""How long a new service principal may take to reach Azure RBAC before the step gives up waiting."""


@dataclass(frozen=True)
class Wanted:
    """What right looks like: this role, at this scope; `only_key` is set when the scope is the whole vault."""

    role_id: str
    role_name: str
    scope: str
    key_name: str
    tenant_id: str
    only_key: bool

    @classmethod
    def of(cls, parameters: Parameters) -> Wanted:
        return cls(
            role_id=published.CRYPTO_USER,
            role_name=published.CRYPTO_USER_NAME,
            scope=wanted_scope(parameters),
            key_name=parameters.key_name,
            tenant_id=parameters.tenant_id,
            only_key=parameters.role_scope == "vault",
        )


@dataclass(frozen=True)
class Grant:
    """Assign the role to the service principal."""

    wanted: Wanted
    principal: ServicePrincipal
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"assign {self.wanted.role_name} to object ID {self.principal.object_id} at {self.wanted.scope}"

    def intent(self) -> Mapping[str, str]:
        return {
            "change": "assign role",
            "role": self.wanted.role_id,
            "app": self.principal.app_id.lower(),
            "scope": self.wanted.scope.lower(),
        }

    def seen(self) -> Mapping[str, str]:
        return {"principal object ID": self.principal.object_id}

    def perform(self, services: Services) -> Done:
        made = services.wait.until(
            "Azure RBAC to know the service principal",
            lambda: services.roles.grant(self.wanted.scope, self.wanted.role_id, self.principal.object_id),
            at_most=REPLICATION_SECONDS,
        )
        return Done("assigned the role", {"assignment": made.name, "scope": made.scope}, services.witness.request_id)


def facts(services: Services, parameters: Parameters) -> Facts:
    """The vault, the principal, the key, and what the principal may do at, above and below the vault."""
    unread = Facts()
    principals = services.principals.of_published_app()
    found = Facts(
        read_at=services.clock.now(),
        vault=services.vaults.vault(parameters.resource_group, parameters.vault_name),
        principals=principals,
        key=services.keys.key(parameters.key_name),
        vault_keys=services.keys.names() if parameters.role_scope == "vault" else unread.vault_keys,
    )
    return Facts(**{**vars(found), "assignments": assignments(services, parameters, found)})


def again(services: Services, parameters: Parameters, wanted: Wanted) -> Plan:
    """Looked and planned anew, immediately before anything is done."""
    return plan(wanted, facts(services, parameters))


def plan(wanted: Wanted, found: Facts) -> Plan:
    """Assign, keep, wait for 01 or 02, or refuse. Nothing is raised."""
    refusal = tenant_refusal(wanted.tenant_id, found.vault)
    if refusal:
        return Plan(STEP, (refusal,))
    waits = tuple(item for item in (_principal_wait(found.principal), _key_wait(wanted, found.key)) if item)
    if waits or not isinstance(found.principal, Known):
        return Plan(STEP, waits)
    shared = _shared_vault(wanted, found.vault_keys) if wanted.only_key else None
    return Plan(STEP, (shared,) if shared else _granted(wanted, found.principal.value, found.assignments))


def _principal_wait(principal: Found[ServicePrincipal]) -> Item | None:
    match principal:
        case Absent():
            return Waits("01_consent", "the service principal is not there yet")
        case Unknown(reason, request_id):
            return Refusal("the service principal could not be read", why=reason, request_id=request_id, unproven=True)
    return None


def _key_wait(wanted: Wanted, key: Found[Key]) -> Item | None:
    match key:
        case Absent():
            return Waits("02_key", f"the key {wanted.key_name} is not there yet")
        case Unknown(reason, request_id):
            return Refusal(
                "whether the key is there could not be read",
                why=reason,
                next_step="Key Vault Reader on the vault is enough for this step.",
                request_id=request_id,
                unproven=True,
            )
    return None


def _shared_vault(wanted: Wanted, names: Found[tuple[str, ...]]) -> Refusal | None:
    mend = "Set role_scope: key, or use a vault that holds nothing else."
    if is_dedicated(names, wanted.key_name):
        return None
    match names:
        case Known(value):
            others = ", ".join(name for name in value if name.lower() != wanted.key_name.lower())
            return Refusal("the vault holds other keys", why=f"The role would reach {others} as well.", next_step=mend)
        case Unknown(reason, request_id):
            return Refusal(
                "what else the vault holds could not be read",
                why=reason,
                next_step=mend,
                request_id=request_id,
                unproven=True,
            )
    return Refusal("what else the vault holds is not known", next_step=mend)


def _granted(
    wanted: Wanted, principal: ServicePrincipal, assigned: Found[tuple[RoleAssignment, ...]]
) -> tuple[Item, ...]:
    match assigned:
        case Known(rows):
            equal = [row for row in rows if row.gives(wanted.role_id, principal.object_id, wanted.scope)]
            kept = tuple(Keep(_sentence(row)) for row in broader_than(rows, wanted.scope))
            bound = [row for row in rows if row.condition is not None and _same_grant(row, wanted, principal)]
            if not equal and bound:
                return (_conditional(bound[0]), *kept)
            if not equal:
                return (Grant(wanted, principal), *kept)
            return (Keep(_kept(wanted, principal, equal[0])), *kept)
        case Unknown(reason, request_id):
            return (
                Refusal(
                    "the role assignments could not be read",
                    why=reason,
                    next_step="Reading and assigning takes Role Based Access Control Administrator on the vault.",
                    request_id=request_id,
                    unproven=True,
                ),
            )
    return (Refusal("the role assignments are not known", next_step="Run this step again; it reads them first."),)


def _same_grant(row: RoleAssignment, wanted: Wanted, principal: ServicePrincipal) -> bool:
    return replace(row, condition=None).gives(wanted.role_id, principal.object_id, wanted.scope)


def _conditional(row: RoleAssignment) -> Refusal:
    return Refusal(
        "the role is assigned, but with a condition",
        why="A condition can keep Anthropic out, and Azure does not take a second assignment of the same role.",
        next_step=f"Remove the assignment {row.name}, or its condition, then run this step again.",
        got=f"condition {row.condition}",
        expected="no condition",
    )


def _kept(wanted: Wanted, principal: ServicePrincipal, row: RoleAssignment) -> str:
    own = assignment_name(wanted.scope, wanted.role_id, principal.object_id)
    under = "" if row.name == own else f", under another name than ours ({row.name})"
    return f"{wanted.role_name} is already assigned at {row.scope}{under}"


def _sentence(row: RoleAssignment) -> str:
    return f"reported, not changed: {published.role_name(row.role_id)} at {row.scope} is more than Anthropic needs"
