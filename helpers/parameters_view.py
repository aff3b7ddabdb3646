"""Parameters as they were checked, in words."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.display import Shown
from helpers.parameters import Parameters
from helpers.view import Table, View


@dataclass(frozen=True)
class Given(Shown):
    """The parameters of a step, for the record: one a line, as the executed cell holds them in a single one."""

    parameters: Parameters

    def view(self) -> View:
        said = self.parameters.model_dump(mode="json")
        rows = tuple((name, "not given" if value is None else _flat(value)) for name, value in said.items())
        return View("parameters", "Parameters", tables=[Table(("Parameter", "Value"), rows)], data=said)


def _flat(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{name}: {_flat(inner)}" for name, inner in value.items())
    if isinstance(value, list):
        return "; ".join(map(_flat, value)) or "none"
    return str(value)
