"""What every part of a world is: unknown keys are refused, values are validated, problems are one line."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import BaseModel, ConfigDict, ValidationError

LONG_AGO = datetime(2026, 10, 1, 8, 0, 0, tzinfo=UTC)
"""When the things a world file starts with came into being, so that no propagation lag applies to them."""


class Part(BaseModel):
    """A part of the world; unknown keys in a world file are refused."""

    model_config = ConfigDict(extra="forbid", validate_assignment=True, ser_json_bytes="base64")


def first_problem(error: ValidationError, *above: str) -> str:
    """Where and what the first thing wrong with a part is, in one line; `above` is where the part itself stands."""
    first = error.errors()[0]
    where = ".".join((*above, *(str(step) for step in first["loc"])))
    return f"{where}: {first['msg'].removeprefix('Value error, ')}"
