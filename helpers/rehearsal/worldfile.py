"""World files: YAML that names a base and what differs from it."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from helpers.rehearsal.state import State

WORLDS = Path(__file__).resolve().parents[2] / "parameters" / "worlds"
DEFAULT = "healthy"


class WorldError(Exception):
    """A world file that cannot be used; the message names the file and what is wrong, in one line."""


def path_of(name: str | Path) -> Path:
    """The file of a world: a path that exists, or the name of one in parameters/worlds."""
    given = Path(name)
    for path in (given, WORLDS / f"{name}.yaml"):
        if path.is_file():
            return path
    known = ", ".join(sorted(p.stem for p in WORLDS.glob("*.yaml")))
    raise WorldError(f"{name}: no such world file; the worlds that come with the suite are {known}")


def load(name: str | Path = DEFAULT) -> State:
    """The state a world file describes. Raises WorldError for a file that is not one."""
    path = path_of(name)
    tree, *_ = _tree(path, seen=())
    try:
        return State.model_validate(tree)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise WorldError(f"{path}: {where}: {first['msg']}") from None


def expectations(name: str | Path) -> dict[str, Any]:
    """What a drill world says must come of it (`expect:`), empty where it says nothing."""
    _, expect = _tree(path_of(name), seen=())
    return expect


def _tree(path: Path, seen: tuple[Path, ...]) -> tuple[dict[str, Any], dict[str, Any]]:
    if path.resolve() in seen:
        raise WorldError(f"{path}: worlds are based on one another in a circle")
    try:
        document = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise WorldError(f"{path}: not YAML: {' '.join(str(error).split())}") from None
    if not isinstance(document, dict):
        raise WorldError(f"{path}: a world file is a mapping")
    expect = document.pop("expect", {})
    base = document.pop("base", None)
    changes = document.pop("set", {}) or {}
    if base is None:
        tree: dict[str, Any] = document
    else:
        tree, _ = _tree(path_of(base), (*seen, path.resolve()))
        tree = {**tree, **document}
    for dotted, value in changes.items():
        _set(tree, str(dotted), value, path)
    return tree, expect


def _set(tree: dict[str, Any], dotted: str, value: Any, path: Path) -> None:
    """Set `vaults.NAME.sku: premium`; every part but the last must exist. The value `remove` takes a thing away."""
    *parents, last = dotted.split(".")
    node: Any = tree
    for part in parents:
        node = node.setdefault(part, {}) if isinstance(node, dict) else None
        if not isinstance(node, dict):
            raise WorldError(f"{path}: {dotted}: there is no {part} to change")
    if value == "remove":
        node.pop(last, None)
    else:
        node[last] = copy.deepcopy(value)
