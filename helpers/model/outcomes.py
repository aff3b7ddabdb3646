"""How looking can turn out, and when two names are the same thing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(frozen=True)
class Known(Generic[T]):
    """It was read, and this is it."""

    value: T


@dataclass(frozen=True)
class Absent:
    """The service was asked and says that it is not there."""

    request_id: str | None = field(default=None, compare=False)


@dataclass(frozen=True)
class Unknown:
    """It could not be read: not the same as absent, and never a pass."""

    reason: str
    request_id: str | None = None
    code: str | None = None
    """The service's own word for it (ForbiddenByFirewall), where there is one."""
    retry_after: float | None = field(default=None, compare=False)
    """The seconds that the service asks to be left alone for, where it does."""


Found = Known[T] | Absent | Unknown

NOT_LOOKED_AT = Unknown("not looked at in this step")


def same_id(one: str | None, other: str | None) -> bool:
    """Whether two Azure ids are the same: case and slashes at the ends do not count; None equals nothing."""
    return one is not None and other is not None and one.strip("/").lower() == other.strip("/").lower()


def same_uri(one: str, other: str) -> bool:
    """Whether two vault URIs are the same: Azure varies their case and the slash at the end."""
    return one.rstrip("/").lower() == other.rstrip("/").lower()
