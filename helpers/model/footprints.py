"""What Key Vault logged of the use of a key: who, which operation, from where, and how it ended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Network, ip_address

from helpers.model.outcomes import Found

KEY_USE = ("KeyGet", "KeyUnwrap", "KeyWrap")
"""What Anthropic does with a key, as Key Vault's log names it. Source: Azure, "Key Vault logging", read 2026-11-27."""
PROVES = ("KeyUnwrap", "KeyWrap")
"""Only these use the key. A KeyGet reads its public half and tags, also of a key that Anthropic then does not use."""


@dataclass(frozen=True)
class Footprint:
    """Uses that are alike: the same operation, result, principal, address and key; how many, the first and the last.

    What the log leaves out is an empty text. `result` is the log's ResultSignature, the HTTP status by its name.
    """

    operation: str
    result: str
    principal_id: str
    """Object id of the caller, in the customer's tenant."""
    address: str
    key_id: str
    """The key as the caller named it, with its version or without."""
    count: int
    first: datetime
    last: datetime

    @property
    def succeeded(self) -> bool:
        """Only what the log calls OK."""
        return self.result.strip().lower() == "ok"

    def proves(self, key_name: str) -> bool:
        """Whether the key of this name was wrapped or unwrapped with, and that succeeded."""
        return self.succeeded and self.operation in PROVES and self.about(key_name) is True

    def inside(self, ranges: Iterable[IPv4Network]) -> bool | None:
        """Whether it came from one of the ranges; None where the log has no address that can be compared."""
        try:
            address = ip_address(self.address.strip())
        except ValueError:
            return None
        return any(address in wanted for wanted in ranges)

    def about(self, key_name: str) -> bool | None:
        """Whether it is a use of the key of this name; None where the log does not say of which key."""
        name, _ = self._key
        return name == key_name.lower() if name else None

    @property
    def version(self) -> str:
        """The key version that the caller named; empty where it named none."""
        return self._key[1]

    @property
    def _key(self) -> tuple[str, str]:
        """Name and version out of https://VAULT/keys/NAME/VERSION, in lower case."""
        name, _, version = self.key_id.lower().partition("/keys/")[2].strip("/").partition("/")
        return name, version


@dataclass(frozen=True)
class KeyLog:
    """The log of one workspace about one vault, between two times. Absent: the workspace has no such table yet."""

    workspace: str
    """Resource id."""
    since: datetime
    until: datetime
    rows: Found[tuple[Footprint, ...]]
