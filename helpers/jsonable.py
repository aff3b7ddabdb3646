"""Values as JSON: dataclasses by field, times in ISO 8601, the three outcomes of looking told apart."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from helpers.model import NOT_LOOKED_AT, Absent, Known, Unknown


def jsonable(value: Any) -> Any:
    """The JSON form of a value. Raises TypeError for a kind it does not know, rather than guess."""
    if value is None or isinstance(value, bool | int | float | str):
        return value
    match value:
        case Known(inner):
            return {"outcome": "known", "value": jsonable(inner)}
        case Absent():
            return {"outcome": "absent"}
        case Unknown(reason, request_id):
            return {"outcome": "unknown", "reason": reason, "request_id": request_id}
        case Enum():
            return value.value
        case datetime() | date():
            return value.isoformat().replace("+00:00", "Z")
        case Mapping():
            return {str(key): jsonable(inner) for key, inner in value.items()}
        case list() | tuple():
            return [jsonable(inner) for inner in value]
    if is_dataclass(value) and not isinstance(value, type):
        named = {field.name: getattr(value, field.name) for field in fields(value)}
        return {name: jsonable(inner) for name, inner in named.items() if inner is not NOT_LOOKED_AT}
    raise TypeError(f"no JSON form for {type(value).__name__}")
