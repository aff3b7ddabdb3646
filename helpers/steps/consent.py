"""01: the service principal of Anthropic's published app, in the tenant that governs the vault."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from helpers import published
from helpers.facts import Facts
from helpers.model import Absent, Found, Known, ServicePrincipal, Unknown, Vault, same_id
from helpers.parameters import Parameters
from helpers.plan import Done, Item, Keep, Plan, Refusal

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "01_consent"


@dataclass(frozen=True)
class Wanted:
    """What right looks like. The app id is the published one and cannot be given."""

    display_name: str
    tenant_id: str
    owner_tenant: str | None = None
    app_id: ClassVar[str] = published.APP_ID

    @classmethod
    def of(cls, parameters: Parameters) -> Wanted:
        return cls(published.APP_DISPLAY_NAME, parameters.tenant_id, parameters.expected_owner_tenant)


@dataclass(frozen=True)
class Consent:
    """Create the service principal of the published app."""

    wanted: Wanted
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        return f"create the service principal of {self.wanted.display_name} (app ID {self.wanted.app_id})"

    def intent(self) -> Mapping[str, str]:
        return {"change": "create service principal", "app": self.wanted.app_id, "tenant": self.wanted.tenant_id}

    def seen(self) -> Mapping[str, str]:
        return {}

    def perform(self, services: Services) -> Done:
        made = services.principals.consent()
        request_id = services.witness.request_id
        if made is None:
            return Done("the service principal was there already", {}, request_id)
        return Done("created the service principal", {"object ID": made.object_id}, request_id)


def facts(services: Services, parameters: Parameters) -> Facts:
    """The vault first: its tenant is the tenant of everything that follows."""
    return Facts(
        read_at=services.clock.now(),
        caller=Known(services.caller),
        vault=services.vaults.vault(parameters.resource_group, parameters.vault_name),
        principals=services.principals.of_published_app(),
    )


def again(services: Services, parameters: Parameters, wanted: Wanted) -> Plan:
    """Looked and planned anew, immediately before anything is done."""
    return plan(wanted, facts(services, parameters))


def plan(wanted: Wanted, found: Facts) -> Plan:
    """Consent or keep. What stands in the way is a Refusal; nothing is raised."""
    return Plan(STEP, (tenant_refusal(wanted.tenant_id, found.vault) or _principal(wanted, found.principal),))


def tenant_refusal(tenant_id: str, vault: Found[Vault]) -> Refusal | None:
    """A Refusal unless the vault was read and belongs to the tenant given. Source: the vendor's guide, step 4."""
    match vault:
        case Unknown(reason, request_id):
            return Refusal(
                "the vault could not be read",
                why=f"Its tenant decides where everything happens. {reason}",
                next_step="Reader on the vault is enough for this step.",
                request_id=request_id,
                unproven=True,
            )
        case Absent():
            return Refusal(
                "the vault is not there",
                why="This suite does not create it: the name, the resource group or the subscription may be wrong.",
                next_step="Check vault_name, resource_group and subscription_id.",
            )
        case Known(value) if not same_id(value.tenant_id, tenant_id):
            return Refusal(
                "the vault belongs to another tenant than the parameters say",
                why="Consent in the wrong directory does not reach the vault.",
                next_step="Set tenant_id to the vault's tenant and sign in there.",
                got=value.tenant_id,
                expected=tenant_id,
            )
    return None


def _principal(wanted: Wanted, principal: Found[ServicePrincipal]) -> Item:
    match principal:
        case Unknown(reason, request_id):
            return Refusal(
                "whether the service principal exists could not be read",
                why=reason,
                next_step="Reading it takes Application.Read.All or a directory reader role.",
                request_id=request_id,
                unproven=True,
            )
        case Absent():
            return Consent(wanted)
        case Known(value):
            return _judged(wanted, value)


def _judged(wanted: Wanted, there: ServicePrincipal) -> Item:
    if not same_id(there.app_id, wanted.app_id) or there.display_name != wanted.display_name:
        return Refusal(
            "a service principal is there, but it is not the published app's",
            why="A look-alike with access to the key could read the data of the company.",
            next_step="Do not go on. Ask a directory administrator who created it.",
            got=f"{there.display_name}, app ID {there.app_id}",
            expected=f"{wanted.display_name}, app ID {wanted.app_id}",
        )
    if wanted.owner_tenant is not None and not same_id(there.owner_tenant, wanted.owner_tenant):
        return Refusal(
            "the app belongs to another organization than expected",
            next_step="Ask Anthropic for its tenant ID through a channel you trust, and compare expected_owner_tenant.",
            got=str(there.owner_tenant),
            expected=wanted.owner_tenant,
        )
    if there.enabled is not True:
        return Refusal(
            "the service principal is not enabled",
            why="Anthropic could not sign in, and the key could not be used.",
            next_step="A directory administrator enables it under Enterprise applications, Properties.",
            got=f"enabled {there.enabled}",
            expected="enabled true",
        )
    owner = "compared with expected_owner_tenant" if wanted.owner_tenant else "recorded, not verified"
    return Keep(
        f"{there.display_name} is there and enabled: object ID {there.object_id}, "
        f"owner organization {there.owner_tenant} ({owner})"
    )
