"""The plan of all five steps from one look at everything, without kernels and with read-only rights."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

from helpers.checks import Verdicts, judge
from helpers.errors import WrongUsage
from helpers.facts import Facts
from helpers.model import Unknown
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.services.connect import Services
from helpers.steps import attach, consent, key, rbac, register, remedy, verify


@dataclass(frozen=True)
class WholePlan:
    """What every step means to do, and what the checks say today."""

    plans: tuple[Plan, ...]
    verdicts: Verdicts
    facts: Facts

    @property
    def exit_code(self) -> int:
        """3 when something stands in the way, 4 when that is only that it could not be read, 2 for changes, else 0.

        A blocking failure that a planned remedy mends does not stand in the way.
        """
        refusals = [refusal for plan in self.plans for refusal in plan.refusals]
        mended = remedy.mended(self.plans)
        left = [row for row in self.verdicts.blocking_failures if row.check.id not in mended]
        if any(not refusal.unproven for refusal in refusals) or left:
            return 3
        if refusals or self.verdicts.blocking_unknowns:
            return 4
        return 0 if all(plan.nothing_to_do for plan in self.plans) else 2

    def said(self) -> dict[str, Any]:
        """All of it as JSON values."""
        return {
            "plans": [plan.said() for plan in self.plans],
            "verdicts": self.verdicts.view().data,
            "facts": self.facts.view().data,
            "exit_code": self.exit_code,
        }


def plan_all(services: Services, parameters: Parameters) -> WholePlan:
    """Plan all steps. A step that waits for one with a change is planned as well, and its checks say "not yet"."""
    found = look(services, parameters)
    plans = [
        consent.plan(consent.Wanted.of(parameters), found),
        key.plan(key.Wanted.of(parameters), found),
        rbac.plan(rbac.Wanted.of(parameters), found),
        *remedy.planned(parameters, found),
        register.plan(register.Wanted.of(parameters), found),
    ]
    if not plans[-1].refusals:
        plans.append(_attachment(plans[-1], parameters, found))
    planned = frozenset(plan.step for plan in plans if plan.changes or plan.waits)
    return WholePlan(tuple(plans), judge(found, parameters, "azure", planned), found)


def look(services: Services, parameters: Parameters) -> Facts:
    """Everything, read once. Where the Admin API cannot be had, its part is unknown and the rest is still read."""
    azure = verify.facts(services, parameters)
    if parameters.product == "claude_enterprise":
        return azure
    try:
        _ = services.admin
    except WrongUsage as error:
        unknown = Unknown(error.what)
        return replace(azure, organization=unknown, external_keys=unknown, workspaces=unknown)
    return register.anthropic(services, azure)


def _attachment(registration: Plan, parameters: Parameters, found: Facts) -> Plan:
    """Ahead of time only the intent is known, unless the key is registered already."""
    if registration.nothing_to_do or parameters.product == "claude_enterprise":
        return attach.plan(attach.Wanted.of(parameters), found)
    return attach.intended(parameters)
