"""How a world ended: what is in it, what was written to it, and how that differs from a healthy end."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from tests.drills.crash.clouds import Row
from tests.drills.crash.scenarios import GIVEN, KEY, KEY_SCOPE, VAULT

APP, CRYPTO_USER = "8635ae1a-3e5d-44e8-a4ed-e0f614466f87", "12338af0-0e69-4776-bea7-57ae8d297424"
_URI = f"https://{VAULT}.vault.azure.net/"
_GUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_MADE_UP = (
    ("a GUID", _GUID),
    ("a key version", re.compile(r"\b[0-9a-f]{32}\b")),
    ("an id", re.compile(r"\b(?:ekey|wrkspc)_[0-9A-Za-z]+")),
    ("a time", re.compile(r"\b\d{4}-\d\d-\d\dT[\d:.]+Z")),
)
"""What two runs make differently, by what it is called in a shape."""
_MODULUS = re.compile(r"[\w-]{256,}")
"""Key material: two clouds have different keys from the start."""
MOST_DIFFERENCES = 6


@dataclass(frozen=True)
class End:
    """The state at an end, and the requests that led there."""

    state: Mapping[str, Any]
    log: Sequence[Row]

    @property
    def writes(self) -> Counter[str]:
        """The operations that changed the world, and how often each did."""
        return Counter(row["operation"] for row in self.log if row["wrote"])

    def sent(self, operation: str) -> int:
        """How many requests of an operation there were."""
        return sum(row["operation"] == operation for row in self.log)

    @property
    def objects(self) -> dict[str, int]:
        """How many there are of what an onboarding makes."""
        state = self.state
        principals = {i for i, row in state["service_principals"].items() if row["app_id"] == APP}
        keys = {
            i
            for i, row in state["external_keys"].items()
            if (row["vault_uri"], row["key_name"], row["tenant_id"]) == (_URI, KEY, GIVEN["tenant_id"])
        }
        granted = [
            row
            for row in state["role_assignments"].values()
            if row["role_definition"] == CRYPTO_USER
            and row["principal_id"] in principals
            and row["scope"].lower() == KEY_SCOPE.lower()
        ]
        holding = [row for row in state["workspaces"].values() if row["external_key_id"] in keys]
        return {
            "service principal": len(principals),
            "key": len(state["vaults"][VAULT]["keys"]),
            "key version": sum(len(key["versions"]) for key in state["vaults"][VAULT]["keys"].values()),
            "role assignment": len(granted),
            "external key": len(keys),
            "workspace with the key": len(holding),
        }

    def shape(self, pristine: Mapping[str, Any]) -> Any:
        """The state without what two runs make differently; what the world began with keeps its ids and times."""
        return _shaped(self.state, json.dumps(pristine))


def differences(healthy: End, seen: End, pristine: Mapping[str, Any]) -> list[str]:
    """What an end has otherwise than the healthy one, in words; nothing where it converged."""
    found = [
        f"{what}: {count} there, {healthy.objects[what]} wanted"
        for what, count in seen.objects.items()
        if count != healthy.objects[what]
    ]
    found += [
        f"{operation} changed the world {seen.writes[operation]} times, {healthy.writes[operation]} wanted"
        for operation in sorted(healthy.writes | seen.writes)
        if seen.writes[operation] != healthy.writes[operation]
    ]
    paths = list(_unequal(healthy.shape(pristine), seen.shape(pristine), "state"))
    return found + paths[:MOST_DIFFERENCES]


def duplicates(healthy: End, seen: End) -> int:
    """How many things were made more than once: objects that are there, or writes that took effect."""
    objects = sum(max(0, count - healthy.objects[what]) for what, count in seen.objects.items())
    return max(objects, (seen.writes - healthy.writes).total())


def _shaped(value: Any, kept: str) -> Any:
    if isinstance(value, Mapping):
        named = [(plain(key, kept), _shaped(inner, kept)) for key, inner in value.items()]
        made = [pair for pair in named if pair[0] in dict(_MADE_UP)]
        shaped = {name: inner for name, inner in named if name not in dict(_MADE_UP)}
        return {**shaped, "made": sorted((inner for _, inner in made), key=json.dumps)} if made else shaped
    if isinstance(value, list):
        return [_shaped(inner, kept) for inner in value]
    return plain(value, kept) if isinstance(value, str) else value


def plain(text: str, kept: str) -> str:
    """A text without what two runs make differently; what stands in `kept` is not made by a run."""
    text = _MODULUS.sub("a modulus", text)
    for name, pattern in _MADE_UP:
        text = pattern.sub(lambda found, name=name: found[0] if found[0] in kept else name, text)
    return text


def _unequal(wanted: Any, seen: Any, at: str) -> Iterator[str]:
    if isinstance(wanted, Mapping) and isinstance(seen, Mapping):
        for name in sorted({*wanted, *seen}):
            yield from _unequal(wanted.get(name, "nothing"), seen.get(name, "nothing"), f"{at}.{name}")
    elif isinstance(wanted, list) and isinstance(seen, list) and len(wanted) == len(seen):
        for number, (one, other) in enumerate(zip(wanted, seen, strict=True)):
            yield from _unequal(one, other, f"{at}.{number}")
    elif wanted != seen:
        yield f"{at}: {json.dumps(seen)[:160]} there, {json.dumps(wanted)[:160]} wanted"
