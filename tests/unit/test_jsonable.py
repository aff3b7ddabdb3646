"""Values become JSON without guessing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta, timezone
from enum import Enum
from types import MappingProxyType
from typing import Any

import pytest

from helpers.jsonable import jsonable
from helpers.model import NOT_LOOKED_AT, Absent, Known, Unknown


class Colour(Enum):
    RED = "red"


@dataclass(frozen=True)
class Part:
    when: datetime | None
    looked: Any = NOT_LOOKED_AT


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (None, None),
        (True, True),
        (0, 0),
        (1.5, 1.5),
        ("text", "text"),
        (Known(Absent()), {"outcome": "known", "value": {"outcome": "absent"}}),
        (Known(None), {"outcome": "known", "value": None}),
        (Absent(), {"outcome": "absent"}),
        (Unknown("no", "r"), {"outcome": "unknown", "reason": "no", "request_id": "r"}),
        (Unknown("no"), {"outcome": "unknown", "reason": "no", "request_id": None}),
        (Unknown("no", "r", "ForbiddenByRbac"), {"outcome": "unknown", "reason": "no", "request_id": "r"}),
        (Colour.RED, "red"),
        (datetime(2026, 11, 23, 12, tzinfo=UTC), "2026-11-23T12:00:00Z"),
        (datetime(2026, 11, 23, 12, tzinfo=timezone(timedelta(hours=1))), "2026-11-23T12:00:00+01:00"),
        (date(2026, 11, 23), "2026-11-23"),
        ((1, [2]), [1, [2]]),
        (MappingProxyType({1: Colour.RED}), {"1": "red"}),
        (Part(None), {"when": None}),
        (Part(None, Unknown("read, and refused")), {"when": None, "looked": {"outcome": "unknown", "reason": "read, and refused", "request_id": None}}),
    ],
)  # fmt: skip
def test_the_json_form(value: Any, form: Any) -> None:
    """Each kind of value has one form; the three outcomes of looking stay apart, and what was not looked at is left out."""
    assert jsonable(value) == form


@pytest.mark.parametrize("value", [b"x", object(), {1}, Part, 1j])
def test_a_value_of_another_kind_is_not_guessed(value: Any) -> None:
    """What has no form is an error here and not a surprise in a record."""
    with pytest.raises(TypeError, match="no JSON form for"):
        jsonable(value)
