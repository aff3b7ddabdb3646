"""A key, its versions, and what came of using it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime


@dataclass(frozen=True)
class KeyVersion:
    """One row of a key's version list; key material is not in it."""

    version: str
    enabled: bool | None
    created: datetime | None
    tags: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Key:
    """The current version of a key. `bits` is counted from the modulus; `public_sha256` is over its DER public key."""

    name: str
    version: str
    kty: str
    bits: int | None
    operations: tuple[str, ...]
    enabled: bool | None
    not_before: datetime | None
    expires: datetime | None
    tags: Mapping[str, str]
    public_sha256: str | None
    created: datetime | None = None

    def usable_at(self, now: datetime) -> bool:
        """Whether wrapping works at this time: enabled is true, not before its start, not after its end."""
        started = self.not_before is None or self.not_before <= now
        ended = self.expires is not None and self.expires <= now
        return self.enabled is True and started and not ended


@dataclass(frozen=True)
class RotationPolicy:
    """When a key rotates by itself: ISO 8601 durations of the Rotate actions, and the expiry it gives new versions."""

    rotates: tuple[str, ...]
    expiry: str | None = None


@dataclass(frozen=True)
class Probe:
    """What came of a wrap and an unwrap by the service, and of an operation that the key must not permit."""

    equal: bool
    """Whether unwrapping gave back what was wrapped."""
    refused: str
    """The code with which the other operation was refused; empty when it was not."""
    operation: str
    """Which other operation was tried."""
    assignment: str | None = None
    """The role assignment that allowed the wrap, as the service names it."""


@dataclass(frozen=True)
class DeletedKey:
    """A soft-deleted key: its name stays taken until it is recovered or purged."""

    name: str
    deleted_on: datetime | None
    purged_on: datetime | None
