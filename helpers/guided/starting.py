"""Where the form starts from: a parameter file or mapping that may be partly filled."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.errors import WrongUsage
from helpers.parameters import Parameters, load, values_of
from helpers.record import runs

Values = Mapping[str, Any]
"""Parameters as they stand in a file, as far as they are given or picked."""

_NOBODY = "00000000-0000-0000-0000-000000000000"
STAND_INS: Values = {
    "subscription_id": _NOBODY,
    "resource_group": "not-picked-yet",
    "vault_name": "not-picked-yet",
    "key_name": "not-picked-yet",
    "organization_id": _NOBODY,
    "external_key_name": "not picked yet",
    "workspace": {"create": "not picked yet"},
}
"""What stands where nothing is picked yet, so that the rest can be checked. Never written to a file."""


@dataclass(frozen=True)
class Start:
    """The values as they were given, and the same as parameters, with stand-ins for what is not picked yet."""

    source: str
    values: Values
    parameters: Parameters

    def also(self, **more: Any) -> Start:
        """With more given."""
        values = {**self.values, **more}
        return Start(self.source, values, load({**STAND_INS, **values}))


def of(given: str | Mapping[str, Any]) -> Start:
    """The start that a path or a mapping gives. Raises WrongUsage for what is wrong in it, not for what is missing.

    Not to be missed are tenant_id and, on azure, credential: by them one signs in before anything can be picked.
    """
    if isinstance(given, Mapping):
        return Start("a mapping in the notebook", given, load({**STAND_INS, **given}))
    values = values_of(runs.located(given))
    return Start(given, values, load({**STAND_INS, **values}))


def checked(values: Values) -> Parameters | str:
    """The parameters as far as they are picked, or what is wrong with them."""
    try:
        return load({**STAND_INS, **values})
    except WrongUsage as error:
        return error.what.removeprefix("parameters: ")
