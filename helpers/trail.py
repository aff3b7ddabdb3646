"""Where one is: what each of the five steps would do, as far as what was read already tells. Nothing is read for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from helpers.display import Shown
from helpers.facts import Facts
from helpers.model import NOT_LOOKED_AT, Known
from helpers.parameters import Parameters
from helpers.plan import Plan
from helpers.steps import attach, consent, key, rbac, register
from helpers.steps.by_hand import BY_HAND
from helpers.view import Table, View

State = Literal["done", "to do", "waits", "in the way", "UNKNOWN", "not looked at", "by hand", "this notebook"]
_CHECKS = "04_verify"


@dataclass(frozen=True)
class Mark:
    """One step: how it stands, and what that rests on."""

    step: str
    state: State
    what: str


@dataclass(frozen=True)
class Trail(Shown):
    """The five steps in order, and which of them this is."""

    here: str
    marks: tuple[Mark, ...]

    def view(self) -> View:
        here = {mark.step: f"{mark.step} (here)" if mark.step == self.here else mark.step for mark in self.marks}
        rows = tuple((here[mark.step], mark.state, mark.what) for mark in self.marks)
        data = {"here": self.here, "steps": {mark.step: mark.state for mark in self.marks}}
        return View("trail", "Where you are", tables=[Table(("Step", "State", "As seen just now"), rows)], data=data)


def trail(here: str, parameters: Parameters, found: Facts) -> Trail:
    """How the five steps stand by what was read; what was not read is "not looked at"."""
    *first, last = [_mark(step, parameters, found) for step in _PLANS]
    judging = Mark(_CHECKS, "this notebook" if here == _CHECKS else "not looked at", "")
    if parameters.product == "claude_enterprise":
        last = Mark(register.STEP, "by hand", BY_HAND)
    return Trail(here, (*first, judging, last))


_PLANS: Mapping[str, tuple[tuple[str, ...], Callable[[Parameters, Facts], tuple[Plan, ...]]]] = {
    consent.STEP: (("vault", "principals"), lambda p, found: (consent.plan(consent.Wanted.of(p), found),)),
    key.STEP: (("vault", "key"), lambda p, found: (key.plan(key.Wanted.of(p), found),)),
    rbac.STEP: (("principals", "key", "assignments"), lambda p, found: (rbac.plan(rbac.Wanted.of(p), found),)),
    register.STEP: (
        ("external_keys", "workspaces"),
        lambda p, found: (register.plan(register.Wanted.of(p), found), attach.plan(attach.Wanted.of(p), found)),
    ),
}
"""Which facts each step's plan rests on, and that plan: the same one that the step itself makes."""


def _mark(step: str, parameters: Parameters, found: Facts) -> Mark:
    needed, plans = _PLANS[step]
    if step == key.STEP and isinstance(parameters.rotate, str) and isinstance(found.key, Known):
        needed = (*needed, "versions")  # whether it was rotated already; they are read where there is a key
    if any(getattr(found, name) is NOT_LOOKED_AT for name in needed):
        return Mark(step, "not looked at", "")
    return _of_plans(step, plans(parameters, found))


def _of_plans(step: str, plans: tuple[Plan, ...]) -> Mark:
    """By the first plan that has something left."""
    for plan in plans:
        if plan.refusals:
            unread = all(refusal.unproven for refusal in plan.refusals)
            return Mark(step, "UNKNOWN" if unread else "in the way", str(plan.refusals[0]))
        if plan.waits:
            return Mark(step, "waits", f"for {plan.waits[0].for_step}: {plan.waits[0]}")
        if plan.changes:
            return Mark(step, "to do", "; ".join(map(str, plan.changes)))
    return Mark(step, "done", "; ".join(str(keep) for plan in plans for keep in plan.keeps))
