"""The steps as the notebooks take them, in this process; what they show and what the cloud saw is kept."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any
from unittest import mock

from helpers import approval as approvals
from helpers.apply import Receipt
from helpers.checks import Verdicts
from helpers.display import Shown
from helpers.facts import Facts
from helpers.notebook import Step, begin
from helpers.plan import Plan
from helpers.record import ledger
from helpers.rehearsal.state import State
from helpers.steps import attach, consent, key, rbac, register, remedy, verify
from tests.services.rehearsed import GIVEN, Rehearsed

REVERSIBLE: dict[str, ModuleType] = {"01_consent": consent, "02_key": key, "03_rbac": rbac}
STEPS = ("01_consent", "02_key", "03_rbac", "04_verify", "05_register")


def undo(state: State, step: str) -> None:
    """Take away from an onboarded world what a step and those after it made."""
    at = STEPS.index(step)
    for workspace in state.workspaces.values():
        workspace.external_key_id = None
    state.workspaces.pop("wrkspc_01REHEARSALCMEK")
    if at < STEPS.index("05_register"):
        state.external_keys.clear()
    if step in REVERSIBLE:
        state.role_assignments.pop("66666666-7777-4888-8999-aaaaaaaaaaaa")
    if at < STEPS.index("03_rbac"):
        state.vaults[str(GIVEN["vault_name"])].keys.clear()
    if at < STEPS.index("02_key"):
        state.service_principals.clear()


@dataclass
class Walk:
    """Takes steps in one world, recorded in one run folder."""

    world: Rehearsed
    folder: Path
    shown: list[str] = field(default_factory=list)

    def begin(self, name: str, identity: str = "operator", **changes: Any) -> Step:
        """Start a step as an identity; waiting passes the world's time."""
        who = {} if identity == "operator" else self.world.environment(identity)
        with mock.patch.dict(os.environ, who):
            step = begin(name, {**GIVEN, **changes})
        step.services.wait = self.world.waiter()
        self.world.opened.append(step.services)
        self.show(step)
        return step

    def show(self, value: Shown) -> None:
        """Keep all that a notebook would show of a value."""
        self.shown.append(json.dumps(value._repr_mimebundle_()))

    def take(self, name: str, identity: str = "operator", typed: str = "", **changes: Any) -> Plan | Verdicts:
        """One whole step. Raises what stops it."""
        if name in REVERSIBLE:
            return self.reversible(name, identity, typed, **changes)
        if name == "04_verify":
            return self.verify(identity, **changes)
        return self.register(identity, **changes)

    def reversible(self, name: str, identity: str = "operator", typed: str = "", **changes: Any) -> Plan:
        """01, 02 or 03: read, plan, approve, apply, finish. The right phrase is typed for what is for good."""
        module = REVERSIBLE[name]
        step = self.begin(name, identity, **changes)
        wanted = module.Wanted.of(step.parameters)
        return self._change(step, module, wanted, typed)

    def verify(self, identity: str = "operator", *, for_good: bool = False, **changes: Any) -> Verdicts:
        """04, with the remedies that the parameters ask for; `for_good` types the phrase for those."""
        step = self.begin("04_verify", identity, **changes)
        found = step.read(verify.probed(step.read(verify.facts)))
        self.show(step.judge(found, "azure"))
        plans = [self.mend(step, found), self.mend(step, found, for_good=True, typed=for_good)]
        found = step.read(remedy.after(found, *plans))
        self.show(remedy.read_back(step.parameters, found))
        verdicts = step.judge(found, "azure")
        self.show(verdicts)
        return step.finish_checks(verdicts)

    def mend(self, step: Step, found: Facts, *, for_good: bool = False, typed: bool = False) -> Plan:
        """The remedies of one kind: plan, approve, apply. The right phrase is typed where it is said so."""
        wanted = remedy.Wanted.of(step.parameters, for_good=for_good)
        plan = remedy.plan(wanted, found)
        approval = step.approve(plan, approvals.phrase(plan, step.services.world) if typed else "")
        receipt = step.apply(remedy, wanted, plan, approval)
        for value in (plan, approval, receipt):
            self.show(value)
        return plan

    def register(self, identity: str = "operator", typed: str | None = None, **changes: Any) -> Plan:
        """05: both rounds; the right phrase is typed unless another is given. The plan of the second round."""
        step = self.begin("05_register", identity, **changes)
        wanted = register.Wanted.of(step.parameters)
        first = register.plan(wanted, step.read(register.facts))
        self.show(first)
        self.show(step.apply(register, wanted, first, step.approve(first)))
        target, plan = self.gate(step)
        approval = step.approve(plan, approvals.phrase(plan, step.services.world) if typed is None else typed)
        self.show(approval)
        self.show(step.apply(attach, target, plan, approval))
        step.finish(attach, attach.Wanted.of(step.parameters))
        step.finish_checks(step.judge(step.read(attach.facts), "attached"))
        self.show(step.sheet())
        return plan

    def gate(self, step: Step) -> tuple[attach.Wanted, Plan]:
        """Everything read and judged as right before attaching, and the plan."""
        found = step.read(register.validated)
        verdicts = step.judge(found, "gate")
        target = attach.Wanted(step.parameters, verdicts)
        plan = attach.plan(target, found)
        for value in (found, verdicts, plan):
            self.show(value)
        return target, plan

    def all(self, **changes: Any) -> list[Plan | Verdicts]:
        """All five, in order."""
        return [self.take(name, **changes) for name in STEPS]

    def _change(self, step: Step, module: ModuleType, wanted: Any, typed: str) -> Plan:
        found = step.read(module.facts)
        plan: Plan = module.plan(wanted, found)
        approval = step.approve(plan, typed or (approvals.phrase(plan, step.services.world) if plan.permanent else ""))
        receipt: Receipt = step.apply(module, wanted, plan, approval)
        for value in (found, plan, approval, receipt):
            self.show(value)
        self.show(step.finish(module, wanted))
        return plan

    def events(self, step: str | None = None) -> list[str]:
        """The events in the ledger, in order."""
        return [row["event"] for row in self.rows() if step in (None, row["step"])]

    def rows(self) -> list[Any]:
        """The lines of the ledger."""
        return list(ledger.read(self.folder / "ledger.jsonl"))

    def written(self) -> str:
        """Everything in the run folder."""
        return "\n".join(path.read_text() for path in sorted(self.folder.rglob("*")) if path.is_file())
