"""World files: YAML that names a base and what differs from it.

Beside the state a world file may hold `parameters`, changes to parameters/rehearsal.yaml that belong to it, and
`expect`, what must come of a run in it. A world takes over the parameters of its base, and never what that expects.
"""

from __future__ import annotations

import copy
from collections import Counter
from collections.abc import Hashable
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from helpers.rehearsal import faults
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import State, first_problem

WORLDS = Path(__file__).resolve().parents[2] / "parameters" / "worlds"
DEFAULT = "healthy"


_MOST_BYTES, _MOST_DEEP, _MOST_SAID = 1_000_000, 50, 600
_NO_SUCH_VALUE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What SafeLoader raises for a word that is not of its tag, such as `!!bool maybe`, or is too large."""


class WorldError(Exception):
    """A world file that cannot be used; the message names the file and what is wrong, in one plain line."""

    def __init__(self, said: str) -> None:
        line = "".join(c if c.isprintable() else "?" for c in said)
        super().__init__(line if len(line) <= _MOST_SAID else f"{line[:_MOST_SAID]}…")


class _Loader(yaml.SafeLoader):
    """SafeLoader that refuses a key given twice and what could blow up: depth, and aliases of more than a word."""

    _depth = 0

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key in (self.construct_object(key, deep=True) for key, _ in node.value):
            if not isinstance(key, Hashable):
                break  # refused below
            if key in seen:
                raise _unusable(f"the key {key} is given twice", node)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except _NO_SUCH_VALUE:
            raise _unusable("there is no such value", node) from None

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if self._depth > _MOST_DEEP:
            raise _unusable("nested too deeply", event)
        self._depth += 1
        try:
            node = super().compose_node(parent, index)
        finally:
            self._depth -= 1
        if isinstance(event, yaml.AliasEvent) and not isinstance(node, yaml.ScalarNode):
            raise _unusable("an alias stands for one word or text only", event)
        return node


def _unusable(what: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, what, at.start_mark)


@dataclass(frozen=True)
class _World:
    """What a world file comes to, its bases included."""

    state: dict[str, Any]
    parameters: dict[str, Any]
    expect: dict[str, Any]


def path_of(name: str | Path) -> Path:
    """The file of a world: a path that exists, or the name of one in parameters/worlds or a folder in it."""
    given = Path(name)
    try:
        if given.is_file():
            return given
    except OSError:  # no name that a file could have
        pass
    names = {path: (path.stem, str(path.relative_to(WORLDS).with_suffix(""))) for path in WORLDS.rglob("*.yaml")}
    found = sorted(path for path, both in names.items() if str(name) in both)
    if len(found) > 1:
        where = " and ".join(str(path.relative_to(WORLDS.parent)) for path in found)
        raise WorldError(f"{name}: more than one world has this name: {where}")
    if not found:
        raise WorldError(f"{name}: no such world file; {_known()}")
    return found[0]


def load(name: str | Path = DEFAULT) -> State:
    """The state a world file describes. Raises WorldError for a file that is not one."""
    path = path_of(name)
    try:
        state = State.model_validate(_read(path, seen=()).state)
        faults.check(state.faults, ROUTER)
    except ValidationError as error:
        raise WorldError(f"{path}: {first_problem(error)}") from None
    except faults.UnknownOperation as error:
        raise WorldError(f"{path}: {error}") from None
    _check_groups(state, path)
    _check_times(state.model_dump(), path)
    return state


def expectations(name: str | Path) -> dict[str, Any]:
    """What this very world says must come of it (`expect:`), empty where it says nothing."""
    return _read(path_of(name), seen=()).expect


def parameters_of(name: str | Path) -> dict[str, Any]:
    """The changes to parameters/rehearsal.yaml of a world and its bases (`parameters:`), where its own win."""
    return _read(path_of(name), seen=()).parameters


def _known() -> str:
    top = ", ".join(sorted(path.stem for path in WORLDS.glob("*.yaml")))
    drills = Counter(path.parent.relative_to(WORLDS.parents[1]) for path in WORLDS.glob("*/**/*.yaml"))
    more = "".join(f", and {number} {folder.name} in {folder}" for folder, number in sorted(drills.items()))
    return f"there is {top}{more}"


def _check_groups(state: State, path: Path) -> None:
    """Whoever belongs to a group belongs to one that there is: a slip would quietly take rights away."""
    members = {f"service_principals.{id_}.member_of": held.member_of for id_, held in state.service_principals.items()}
    members |= {f"identities.{name}.groups": held.groups for name, held in state.identities.items()}
    for where, groups in members.items():
        for group in groups:
            if group not in state.groups:
                raise WorldError(f"{path}: {where}: there is no group {group}")


def _check_times(value: Any, path: Path, where: str = "") -> None:
    """Every time has a zone: one without could not be compared with the others."""
    if isinstance(value, datetime) and value.tzinfo is None:
        raise WorldError(f"{path}: {where}: a time needs its zone, as in 2026-11-23T09:00:00Z")
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for name, inner in inside:
        _check_times(inner, path, f"{where}.{name}" if where else str(name))


def _read(path: Path, seen: tuple[Path, ...]) -> _World:
    if path.resolve() in seen:
        raise WorldError(f"{path}: worlds are based on one another in a circle")
    document = _document(path)
    expect, parameters, changes = (_mapping(document, key, path) for key in ("expect", "parameters", "set"))
    base = document.pop("base", None)
    if not isinstance(base, str | None):
        raise WorldError(f"{path}: base: the name of a world, or the path of its file")
    under = _World({}, {}, {}) if base is None else _read(path_of(base), (*seen, path.resolve()))
    state = {**under.state, **document}
    for dotted, value in changes.items():
        _set(state, str(dotted), value, path)
    return _World(state, {**under.parameters, **parameters}, expect)


def _document(path: Path) -> dict[Any, Any]:
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES + 1)
        if len(data) > _MOST_BYTES:
            raise WorldError(f"{path}: too large for a world file; at most {_MOST_BYTES} bytes are read")
        document = yaml.load(data.decode("utf-8"), Loader=_Loader)  # noqa: S506  a SafeLoader, made stricter
    except OSError as error:
        raise WorldError(f"{path}: cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:
        raise WorldError(f"{path}: not YAML: {_told(error)}") from None
    if not isinstance(document, dict):
        raise WorldError(f"{path}: a world file is a mapping")
    return document


def _told(error: Exception) -> str:
    """What is wrong and on which line, but never the line itself: the file may be any file, with a secret in it."""
    if isinstance(error, UnicodeDecodeError):
        return "it is not UTF-8 text"
    mark = getattr(error, "problem_mark", None)
    told = " ".join(str(getattr(error, "problem", None) or error).split())
    return f"line {mark.line + 1}: {told}" if mark else told


def _mapping(document: dict[str, Any], key: str, path: Path) -> dict[str, Any]:
    """One of the keys that are not part of the state, taken out of the document."""
    value = document.pop(key, None)
    if value is not None and not isinstance(value, dict):
        raise WorldError(f"{path}: {key}: this is a mapping")
    return value or {}


def _set(tree: dict[str, Any], dotted: str, value: Any, path: Path) -> None:
    """Set `vaults.NAME.sku: premium`; mappings on the way are made where there are none. `remove` takes a thing away.

    What is in a list cannot be reached: the list is set as a whole.
    """
    *parents, last = dotted.split(".")
    node = tree
    for number, part in enumerate(parents, 1):
        below = node.setdefault(part, {})
        if not isinstance(below, dict):
            there = ".".join(parents[:number])
            kind = "a list, to be set as a whole" if isinstance(below, list) else "not a mapping"
            raise WorldError(f"{path}: set: {dotted}: {there} is {kind}")
        node = below
    if value == "remove":
        node.pop(last, None)
    else:
        node[last] = copy.deepcopy(value)
