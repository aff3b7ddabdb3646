"""What is shown of a value: a heading, sentences and tables. One value, read by people and by machines alike."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Table:
    """Rows of text under column names."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class View:
    """`kind` names the sort of value (facts, plan, verdicts); `data` is the same said for a machine."""

    kind: str
    heading: str
    lines: Sequence[str] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    """Lines that come after the tables."""
    data: dict[str, Any] = field(default_factory=dict)
    links: Sequence[tuple[str, str]] = ()
    """Text and https address of pages to look at, which come last."""
