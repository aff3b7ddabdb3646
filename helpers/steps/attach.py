"""05, second round: the key attached to a workspace. Can never be undone."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

from helpers import published
from helpers.checks import Verdicts, judge
from helpers.errors import Refused
from helpers.facts import Facts
from helpers.model import Absent, ExternalKey, Known, Unknown, Workspace
from helpers.parameter_values import NewWorkspace, WorkspaceId
from helpers.parameters import Parameters
from helpers.plan import Done, Item, Keep, Plan, Refusal, Waits
from helpers.steps import register
from helpers.steps.by_hand import BY_HAND
from helpers.targets import ours, target, wanted_scope

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "05_register: attach"


@dataclass(frozen=True)
class Wanted:
    """What right looks like: the workspace has this key."""

    parameters: Parameters
    verdicts: Verdicts | None = None
    """The checks made just now; None while planning ahead, when nothing is attached."""

    @classmethod
    def of(cls, parameters: Parameters) -> Wanted:
        return cls(parameters)

    @property
    def workspace(self) -> str:
        """The workspace as a person names it."""
        match self.parameters.workspace:
            case WorkspaceId(id=wanted):
                return wanted
            case NewWorkspace(create=name):
                return f"a new workspace {name}"
        return "no workspace"


@dataclass(frozen=True)
class Attach:
    """Attach the external key to an existing workspace, or create the workspace with it. For good."""

    wanted: Wanted
    external_key: str
    found: Mapping[str, str]
    permanent: ClassVar[bool] = True

    def __str__(self) -> str:
        p = self.wanted.parameters
        return (
            f"FOR GOOD: encrypt {self.wanted.workspace} of organization {p.organization_id} under {p.key_name} in "
            f"{p.vault_uri}. It can never be detached or replaced, and losing the key loses the data"
        )

    def intent(self) -> Mapping[str, str]:
        p = self.wanted.parameters
        workspace = p.workspace
        return {
            "change": "attach external key",
            "organization": p.organization_id,
            "workspace": workspace.id if isinstance(workspace, WorkspaceId) else f"create {_name(workspace)}",
            "vault": p.vault_id.lower(),
            "key": p.key_name.lower(),
            "tenant": p.tenant_id,
            "app": published.APP_ID,
            "role": published.CRYPTO_USER,
            "scope": wanted_scope(p).lower(),
        }

    def seen(self) -> Mapping[str, str]:
        return self.found

    def perform(self, services: Services) -> Done:
        if self.wanted.verdicts is None:
            raise Refused(
                "the checks were not made before attaching",
                why="Attaching is for good, so every blocking check has to pass right before it.",
                next_step="Run 05_register from its top.",
            )
        workspace = self.wanted.parameters.workspace
        if isinstance(workspace, WorkspaceId):
            there = services.admin.attach_once(workspace.id, self.external_key)
        else:
            before = self.found["workspaces that have it"].split()
            there = services.admin.create_workspace_once(_name(workspace), self.external_key, before)
        kept = {"workspace": there.id, "external key": str(there.external_key_id)}
        return Done("attached the key, for good", kept, services.witness.request_id)


facts = register.facts


def intended(parameters: Parameters) -> Plan:
    """The plan as it will be once everything before it is done: the same intent and digest, nothing seen yet."""
    return Plan(STEP, (Attach(Wanted(parameters), "", {}),), deviations(parameters))


def deviations(parameters: Parameters) -> tuple[str, ...]:
    """Accepted deviations as the digest names them."""
    return tuple(f"{row.check} {row.owner} {row.expires}" for row in parameters.accepted_deviations)


def gate(services: Services, parameters: Parameters) -> tuple[Facts, Verdicts]:
    """Everything read, the key validated by Anthropic, and every check made, now."""
    found = register.validated(services, parameters)
    return found, judge(found, parameters, "gate")


def again(services: Services, parameters: Parameters, wanted: Wanted) -> Plan:
    """Through the whole gate once more, immediately before attaching: verdicts made earlier do not count."""
    found, verdicts = gate(services, parameters)
    return plan(Wanted(wanted.parameters, verdicts), found)


def plan(wanted: Wanted, found: Facts) -> Plan:
    """Attach, keep, wait for the registration, or refuse. Nothing is raised; only a fresh gate lets it attach."""
    return Plan(STEP, (_item(wanted, found),), deviations(wanted.parameters))


def _item(wanted: Wanted, found: Facts) -> Item:
    p = wanted.parameters
    if p.product == "claude_enterprise":
        return _stopping(wanted.verdicts) or Keep(BY_HAND)
    if not isinstance(found.external_keys, Known):
        return _unlisted("external keys", found.external_keys)
    if not isinstance(found.workspaces, Known):
        return _unlisted("workspaces", found.workspaces)
    refusal = register.foreign_refusal(found.external_keys.value, p)
    if refusal:
        return refusal
    keys, there = ours(found.external_keys.value, p), target(found.workspaces.value, p)
    if len(keys) != 1:
        return Waits(register.STEP, "the external key is not registered yet") if not keys else _several(keys)
    if len(there) == 1 and there[0].external_key_id == keys[0].id:
        return _kept(wanted.verdicts, f"workspace {there[0].id} ({there[0].name}) already has {keys[0].id}")
    return _workspace_refusal(wanted, there) or _gate(wanted, found, keys[0])


def _unlisted(what: str, found: Absent | Unknown) -> Refusal:
    reason = found.reason if isinstance(found, Unknown) else "the Admin API has none"
    return Refusal(f"the {what} could not be listed", why=reason, unproven=True)


def _several(keys: tuple[ExternalKey, ...]) -> Refusal:
    return Refusal(f"{len(keys)} external keys are registered for this key", next_step="Remove all but one.")


def _workspace_refusal(wanted: Wanted, there: tuple[Workspace, ...]) -> Refusal | None:
    asked = wanted.parameters.workspace
    if isinstance(asked, NewWorkspace):
        if not there:
            return None
        return Refusal(
            f"a workspace named {asked.create} is there already, without this key",
            why="A second one of the same name would confuse everybody, and this one may hold data already.",
            next_step=f"To attach the key to it, set workspace: {{id: {there[0].id}}}; else choose another name.",
        )
    if not there:
        return Refusal("the workspace is not there", next_step="Check workspace in the parameters.")
    one = there[0]
    if one.archived or one.user_profile_id is not None or one.external_key_id is not None:
        return Refusal(
            "the workspace cannot take this key",
            why="A key can be attached once, to a live workspace without a user profile, and never replaced.",
            next_step="Choose another workspace.",
            got=f"archived {one.archived}, external key {one.external_key_id}, user profile {one.user_profile_id}",
            expected="live, without a key and without a user profile",
        )
    return None


def _gate(wanted: Wanted, found: Facts, key: ExternalKey) -> Item:
    """The last gate: every blocking check, made just now, must pass."""
    verdicts = wanted.verdicts
    if verdicts is None:
        return Attach(wanted, key.id, _seen(found, key, ()))
    return _stopping(verdicts) or Attach(wanted, key.id, _seen(found, key, verdicts.open))


def _kept(verdicts: Verdicts | None, has: str) -> Item:
    """What is attached stays so; but where it would not be attached now, a run must not end as if all were well."""
    stopping = _stopping(verdicts)
    return replace(stopping, what=f"{has}, and {stopping.what}") if stopping else Keep(has)


def _stopping(verdicts: Verdicts | None) -> Refusal | None:
    """A Refusal unless every blocking check of the gate passes."""
    if verdicts is None:
        return None
    if verdicts.phase != "gate":
        return Refusal("the checks were made for another phase", why="Only checks made for the gate count here.")
    stopping = verdicts.stopping
    if not stopping:
        return None
    first = stopping[0]
    return Refusal(
        f"blocking checks do not pass: {', '.join(row.check.id for row in stopping)}",
        why=f"{first.check.id} {first.check.title}: {first.finding.seen}",
        next_step=first.finding.mend or "Mend it and run this step again.",
        unproven=not verdicts.blocking_failures,
    )


def _seen(found: Facts, key: ExternalKey, open_verdicts: tuple[str, ...]) -> dict[str, str]:
    there = found.key.value if isinstance(found.key, Known) else None
    principal = found.principal.value if isinstance(found.principal, Known) else None
    return {
        "key version": there.version if there else "unknown",
        "public key SHA-256": str(there.public_sha256) if there else "unknown",
        "principal object ID": principal.object_id if principal else "unknown",
        "external key": key.id,
        "workspaces that have it": " ".join(_holding(found, key)) or "none",
        "open verdicts": " ".join(open_verdicts) or "none",
    }


def _holding(found: Facts, key: ExternalKey) -> list[str]:
    """Every workspace that has the key already, archived ones too: an approval is for one more, and for one only."""
    rows = found.workspaces.value if isinstance(found.workspaces, Known) else ()
    return sorted(row.id for row in rows if row.external_key_id == key.id)


def _name(workspace: object) -> str:
    return workspace.create if isinstance(workspace, NewWorkspace) else "no workspace"
