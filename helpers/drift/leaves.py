"""Two readings of the same facts, as JSON: which leaves differ. What only one of the two looked at is no difference.

Rows of a list are the same row when they have the same name or id, wherever they stand. Ids and addresses are compared
as Azure means them: their case and a slash at the end do not count.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Json = Any
Rows = dict[str, tuple[str, Mapping[str, Any]]]
"""By what a row is known by: its label as it is shown, and the row."""

_NOT_THERE = "not there"

_APART = frozenset({"read_at", "caller"})
"""When, and by whom: about the looking and not about what was seen."""

_VOLATILE = frozenset({"probe.assignment", "validation.request_id", "validation.waited"})
"""Another one with every try."""

_DERIVED = frozenset({"role_definitions", "sinks"})
"""Their rows come and go with other facts, which tell it; only a change within a row is one of theirs."""

_KEYED = {
    "versions": "version",
    "principals": "object_id",
    "assignments": "name",
    "at_key": "name",
    "role_definitions": "id",
    "denials": "name",
    "conditional_access": "id",
    "locks": "name",
    "policies": "name",
    "diagnostics": "name",
    "sinks": "id",
    "external_keys": "id",
    "workspaces": "id",
}
"""By which field a row of a fact is known again."""

_IN_ANY_CASE = frozenset(
    {
        *("access_policies", "app_id", "excluded", "groups", "id", "location", "object_id", "owner_tenant", "owners"),
        *("principal_id", "principals", "role_id", "scope", "sinks", "subnets", "tenant_id", "uri", "vault_uri"),
    }
)
"""Fields that hold ids and addresses."""


@dataclass(frozen=True)
class Leaf:
    """One fact that differs, by its path (vault.network.ip_rules, key.tags.NAME, versions[VERSION].enabled)."""

    path: str
    before: str
    now: str

    @property
    def fact(self) -> str:
        """The fact it is a part of."""
        return self.path.partition(".")[0].partition("[")[0]


def differing(before: Mapping[str, Json], now: Mapping[str, Json]) -> tuple[Leaf, ...]:
    """Every leaf that both looked at and that differs, in the order of the facts; what two facts tell, once."""
    both = [name for name in now if name in before and name not in _APART]
    found = [leaf for name in both for leaf in _outcome(name, before[name], now[name])]
    told = {(leaf.path, leaf.before, leaf.now) for leaf in found}
    versions = {str((value(facts, "key") or {}).get("version")) for facts in (before, now)}
    current = versions if len(versions) == 1 else set()
    return tuple(leaf for leaf in found if not _told_elsewhere(leaf, told, current))


def no_longer_looked_at(before: Mapping[str, Json], now: Mapping[str, Json]) -> tuple[str, ...]:
    """The facts that were known before and that nobody asked for now."""
    return tuple(name for name in before if name not in now and name not in _APART and is_known(before[name]))


def is_known(found: Json) -> bool:
    """Whether a fact was read and is there."""
    return isinstance(found, Mapping) and found.get("outcome") == "known"


def value(facts: Mapping[str, Json], name: str) -> Json:
    """The value of a fact that is known; None where it is not."""
    return facts[name]["value"] if is_known(facts.get(name)) else None


def words(said: Json) -> str:
    """A JSON value in words."""
    match said:
        case None:
            return "not set"
        case bool():
            return str(said).lower()
        case list():
            return ", ".join(map(words, said)) or "none"
        case {"outcome": "known", "value": inner}:
            return words(inner)
        case {"outcome": "absent"}:
            return _NOT_THERE
        case {"outcome": "unknown"}:
            return f"could not be read: {said.get('reason')}"
        case Mapping():
            return ", ".join(f"{name} {words(inner)}" for name, inner in said.items() if inner is not None) or "none"
    return str(said) or "none"


def _outcome(path: str, was: Json, now: Json) -> Iterator[Leaf]:
    """What looking came to, and how: what cannot be read any more is a difference, another reason for it is none."""
    match was, now:
        case {"outcome": "known"}, {"outcome": "known"}:
            yield from _value(path, was["value"], now["value"])
        case {"outcome": "unknown"}, {"outcome": "unknown"}:
            return
        case _, {"outcome": "unknown"}:
            yield Leaf(path, _short(was), f"could not be read any more: {now.get('reason')}")
        case _, _ if _short(was) != _short(now):
            yield Leaf(path, _short(was), _short(now))


def _short(found: Json) -> str:
    """Of a whole fact: what it is where that is one word, else that it is there."""
    match found:
        case {"outcome": "known", "value": [*rows]} if rows and isinstance(rows[0], Mapping):
            return f"{len(rows)} of them"
        case {"outcome": "known", "value": Mapping()}:
            return "there"
    return words(found)


def _value(path: str, was: Json, now: Json) -> Iterator[Leaf]:
    if path in _VOLATILE:
        return
    rows, others = _keyed(path, was), _keyed(path, now)
    match was, now:
        case ({"outcome": _}, {"outcome": _}):
            yield from _outcome(path, was, now)
        case (Mapping() | None, Mapping() | None) if was or now:
            yield from _record(path, was, now)
        case _ if rows is not None and others is not None:
            yield from _rows(path, rows, others)
        case _ if _comparable(path, was) != _comparable(path, now):
            yield Leaf(path, words(was), words(now))


def _record(path: str, was: Json, now: Json) -> Iterator[Leaf]:
    """By field. A tag that only one has is a difference; a field that only one has is from another version of ours."""
    names = list(dict.fromkeys([*(was or {}), *(now or {})]))
    if path.endswith("tags"):
        for name in names:
            one, other = (was or {}).get(name, _NOT_THERE), (now or {}).get(name, _NOT_THERE)
            if one != other:
                yield Leaf(f"{path}.{name}", words(one), words(other))
        return
    for name in names:
        if was is None or now is None:
            one, other = (was or {}).get(name), (now or {}).get(name)
            if (other if was is None else one) not in (None, [], {}):  # in what is not set, nothing is set
                yield from _value(f"{path}.{name}", one, other)
        elif name in was and name in now:
            yield from _value(f"{path}.{name}", was[name], now[name])


def _rows(path: str, was: Rows, now: Rows) -> Iterator[Leaf]:
    for known_by in dict.fromkeys([*was, *now]):
        before, after = was.get(known_by), now.get(known_by)
        label = (after or before or ("", {}))[0]
        if before and after:
            yield from _record(f"{path}[{label}]", before[1], after[1])
        elif path not in _DERIVED:
            yield Leaf(f"{path}[{label}]", _row(path, before), _row(path, after))


def _row(path: str, row: tuple[str, Mapping[str, Json]] | None) -> str:
    if row is None:
        return _NOT_THERE
    return "there: " + words({name: inner for name, inner in row[1].items() if name not in (_KEYED[path], "id")})


def _keyed(path: str, rows: Json) -> Rows | None:
    """Rows by what they are known by, each with its label; None where that does not tell them apart.

    Those of one name are told apart by their scope.
    """
    field = _KEYED.get(path)
    if field is None or not isinstance(rows, list):
        return None
    if not all(isinstance(row, Mapping) and isinstance(row.get(field), str) for row in rows):
        return None
    labels = [row[field] for row in rows]
    if len({_same(label) for label in labels}) < len(rows):
        labels = [f"{row[field]} at {row.get('scope')}" for row in rows]
    keyed = {_same(label): (label, row) for label, row in zip(labels, rows, strict=True)}
    return keyed if len(keyed) == len(rows) else None


def _comparable(path: str, said: Json) -> Json:
    """A value as it is compared: lists of plain values in any order, ids and addresses in any case."""
    if isinstance(said, list):
        return sorted((_comparable(path, inner) for inner in said), key=repr)
    field = path.rpartition(".")[2].partition("[")[0]
    return _same(said) if isinstance(said, str) and field in _IN_ANY_CASE else said


def _same(name: str) -> str:
    return name.strip("/").lower()


def _told_elsewhere(leaf: Leaf, told: set[tuple[str, str, str]], current: set[str]) -> bool:
    """An assignment stands among the principal's and among everybody's, a current version in the key as well."""
    elsewhere = leaf.path.replace("at_key", "assignments", 1) if leaf.fact == "at_key" else ""
    for version in current if leaf.fact == "versions" else ():
        elsewhere = leaf.path.replace(f"versions[{version}]", "key", 1)
    return elsewhere != leaf.path and (elsewhere, leaf.before, leaf.now) in told
