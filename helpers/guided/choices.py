"""What can be picked, and what speaks against it. Decided by the checks and the plans that would stop a run.

There is no notion of right here: a vault is judged by the checks of the vault, a key by the plan of 02 and the checks
of the key as 02 would leave it, a workspace by the checks of 05.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

from helpers.checks import Check, Judged, Phase, Verdict, Verdicts, judge, lifecycle, preview, registration
from helpers.checks import key as key_checks
from helpers.checks.base import unread
from helpers.facts import Facts
from helpers.guided.starting import Values, checked
from helpers.model import NOT_LOOKED_AT, ExternalKey, Key, Known, Unknown, Vault, Workspace
from helpers.model.subscriptions import Subscription
from helpers.parameters import Parameters
from helpers.plan import Change, Refusal
from helpers.steps import key as key_step
from helpers.steps.key_tags import Tag

Fit = Literal["fit", "not fit", "UNKNOWN"]
_VAULT_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/(?P<group>[^/]+)/providers/Microsoft\.KeyVault/vaults/[^/]+",
    re.IGNORECASE,
)
_WORKSPACE_CHECKS = tuple(check for check in registration.CHECKS if check.id in ("V40", "V41"))
_ORGANIZATION_CHECKS = tuple(check for check in registration.CHECKS if check.id == "V37")


@dataclass(frozen=True)
class Choice:
    """One thing to pick. `values` are the parameters with it; `fit` is None for what is not judged, a subscription."""

    label: str
    about: str
    values: Values
    found: Facts
    fit: Fit | None = None
    why: tuple[str, ...] = ()
    named: bool = False
    """Whether it is given by its name and not out of a list: it is new, unless there turns out to be one."""

    @property
    def title(self) -> str:
        """What a list to pick from says."""
        return f"{self.label} ({self.fit})" if self.fit else self.label

    @property
    def reasons(self) -> str:
        """What speaks against it or is to be known of it, a sentence a line."""
        return "\n".join(self.why) or "nothing stands against it"


def of_subscription(subscription: Subscription, values: Values) -> Choice:
    """A subscription. Nothing judges it: its vaults are judged."""
    about = f"{subscription.id}\nstate {subscription.state or 'not set'}, tenant {subscription.tenant_id or 'not set'}"
    return Choice(subscription.name, about, {**values, "subscription_id": subscription.id}, Facts())


def of_vault(vault: Vault, values: Values, seen: Facts) -> Choice:
    """A vault, judged by what 04 will say of it."""
    parts = _VAULT_ID.fullmatch(vault.id)
    group = parts["group"] if parts else ""
    picked = {**values, "resource_group": group, "vault_name": vault.name}
    if parts:
        picked["subscription_id"] = parts["subscription"].lower()
    found = replace(seen, vault=Known(vault))
    about = f"{group}, {vault.location}, {vault.sku}\ntenant {vault.tenant_id}"
    parameters = checked(picked)
    if isinstance(parameters, str):
        return Choice(vault.name, about, picked, found, "not fit", (parameters,))
    return Choice(vault.name, about, picked, found, *_said(preview(found, parameters)))


def of_key(name: str, values: Values, found: Facts) -> Choice:
    """A key of a vault, or a new one: judged by what 02 would do, and by what the checks say of what 02 leaves."""
    there = found.key.value if isinstance(found.key, Known) else None
    picked = _with_key(name, there, values)
    parameters = checked(picked)
    about = _about_key(found, picked)
    if isinstance(parameters, str):
        return Choice(name, about, picked, found, "not fit", (parameters,))
    plan = key_step.plan(key_step.Wanted.of(parameters), found)
    if plan.refusals:
        fit: Fit = "UNKNOWN" if all(refusal.unproven for refusal in plan.refusals) else "not fit"
        return Choice(name, about, picked, found, fit, tuple(map(_refusal, plan.refusals)))
    will = tuple(f"02 will {change}" for change in plan.changes)
    if there is None:
        return Choice(name, about, picked, found, "fit", will)
    left = replace(found, key=Known(_as_left(there, plan.changes)))
    fit, why = _said(_verdicts(left, parameters, "azure", (*key_checks.CHECKS, *lifecycle.CHECKS)))
    return Choice(name, about, picked, found, fit, (*will, *why))


def of_workspace(workspace: Workspace, values: Values, found: Facts) -> Choice:
    """A workspace that is there, judged by what 05 will say of it."""
    kind = [word for word, said in (("archived", workspace.archived), ("default", workspace.is_default)) if said]
    about = "\n".join([workspace.id, *kind, f"external key {_attached(workspace, found)}"])
    return _workspace(workspace.name, about, {**values, "workspace": _by_id(workspace.id, values)}, found)


def new_workspace(name: str, values: Values, found: Facts) -> Choice:
    """A workspace named, and not pointed at: to be made with the key, unless one of that name is there."""
    rows = found.workspaces.value if isinstance(found.workspaces, Known) else ()
    there = [row.id for row in rows if row.name == name and not row.archived]
    about = f"named so, and there already: {', '.join(there)}" if there else "a new workspace, made with the key"
    return replace(_workspace(name, about, {**values, "workspace": {"create": name}}, found), named=True)


def organization(values: Values, found: Facts) -> tuple[str, ...]:
    """What 05 will say of the organization, where it is not right."""
    parameters = checked(values)
    if isinstance(parameters, str):
        return (parameters,)
    return _said(_verdicts(found, parameters, "gate", _ORGANIZATION_CHECKS))[1]


def _workspace(label: str, about: str, picked: Values, found: Facts) -> Choice:
    parameters = checked(picked)
    if isinstance(parameters, str):
        return Choice(label, about, picked, found, "not fit", (parameters,))
    return Choice(label, about, picked, found, *_said(_verdicts(found, parameters, "gate", _WORKSPACE_CHECKS)))


def _by_id(workspace_id: str, values: Values) -> Values:
    """A workspace by its id; as it was given where it was, for the default one has to be meant."""
    given = values.get("workspace")
    return given if isinstance(given, Mapping) and given.get("id") == workspace_id else {"id": workspace_id}


def _with_key(name: str, there: Key | None, values: Values) -> Values:
    """With the key's own type and size, where parameters can name them: an adopted key is wanted as it is."""
    picked = {**values, "key_name": name}
    if there is None:
        return picked
    as_it_is = {**picked, "key_type": there.kty, "key_size": there.bits}
    return picked if isinstance(checked(as_it_is), str) else as_it_is


def _about_key(found: Facts, picked: Values) -> str:
    match found.key:
        case Known(there):
            return f"{there.kty} {there.bits or '?'} bits, version {there.version}"
        case Unknown():
            return "could not be opened"
    return f"a new key, {picked.get('key_type', 'RSA')} {picked.get('key_size', 3072)}"


def _as_left(there: Key, changes: Iterable[Change]) -> Key:
    """The key as it will be when 02 has done what it plans."""
    for change in changes:
        match change:
            case Tag(tags=tags):
                there = replace(there, tags={**there.tags, **tags})
            case key_step.Narrow(operations=operations):
                there = replace(there, operations=operations)
    return there


def _attached(workspace: Workspace, found: Facts) -> str:
    if workspace.external_key_id is None:
        return "none"
    rows: tuple[ExternalKey, ...] = found.external_keys.value if isinstance(found.external_keys, Known) else ()
    named = [f"{row.key_name} in {row.vault_uri}" for row in rows if row.id == workspace.external_key_id]
    return f"{workspace.external_key_id}" + (f": {named[0]}" if named else "")


def _verdicts(found: Facts, parameters: Parameters, phase: Phase, checks: tuple[Check, ...]) -> Verdicts:
    """The verdicts of some checks on what was read so far; as in a preview, what was not looked at is left out."""
    unseen = unread(NOT_LOOKED_AT).seen
    rows = (row for row in judge(found, parameters, phase).rows if row.check in checks)
    return Verdicts(phase, tuple(row for row in rows if row.finding.seen != unseen))


def _said(verdicts: Verdicts) -> tuple[Fit, tuple[str, ...]]:
    """Fit, and a sentence for each check that does not simply pass: those that block first."""
    stopping = (*verdicts.blocking_failures, *verdicts.blocking_unknowns)
    fit: Fit = "not fit" if verdicts.blocking_failures else "UNKNOWN" if stopping else "fit"
    others = (row for row in verdicts.rows if row.check.id in verdicts.open and row not in stopping)
    return fit, tuple(map(_sentence, (*stopping, *others)))


def _sentence(row: Judged) -> str:
    finding = row.finding
    if finding.accepted is not None:
        by = finding.accepted
        return f"{row.check.id} {row.check.title}: accepted by {by.owner} until {by.expires}"
    warns = "" if row.severity == "blocks" else "a warning, "
    failed = finding.verdict is Verdict.FAIL
    expected = f", expected {finding.expected}" if failed and not warns else ""
    said = f"{row.check.id} {row.check.title}: {warns}{'found ' if failed else ''}{finding.seen}{expected}."
    return f"{said} {finding.mend}".rstrip()


def _refusal(refusal: Refusal) -> str:
    return " ".join(part for part in (f"{refusal}.", refusal.why, refusal.next_step) if part)
