"""World files: YAML that names a base and what differs from it.

Beside the state a world file may hold `parameters`, changes to parameters/rehearsal.yaml that belong to it, and
`expect`, what must come of a run in it. A world takes over the parameters of its base, and never what that expects.
"""

from __future__ import annotations

import copy
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from helpers.rehearsal import faults
from helpers.rehearsal.services import ROUTER
from helpers.rehearsal.state import State, first_problem

WORLDS = Path(__file__).resolve().parents[2] / "parameters" / "worlds"
DEFAULT = "healthy"


class WorldError(Exception):
    """A world file that cannot be used; the message names the file and what is wrong, in one line."""


@dataclass(frozen=True)
class _World:
    """What a world file comes to, its bases included."""

    state: dict[str, Any]
    parameters: dict[str, Any]
    expect: dict[str, Any]


def path_of(name: str | Path) -> Path:
    """The file of a world: a path that exists, or the name of one in parameters/worlds or a folder in it."""
    given = Path(name)
    if given.is_file():
        return given
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


def _read(path: Path, seen: tuple[Path, ...]) -> _World:
    if path.resolve() in seen:
        raise WorldError(f"{path}: worlds are based on one another in a circle")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorldError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise WorldError(f"{path}: a world file is a mapping")
    expect, parameters, changes = (_mapping(document, key, path) for key in ("expect", "parameters", "set"))
    base = document.pop("base", None)
    under = _World({}, {}, {}) if base is None else _read(path_of(base), (*seen, path.resolve()))
    state = {**under.state, **document}
    for dotted, value in changes.items():
        _set(state, str(dotted), value, path)
    return _World(state, {**under.parameters, **parameters}, expect)


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
