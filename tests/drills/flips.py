"""Every scalar of a world, and the other values it could have: what the mutation proof changes, one at a time.

A leaf is named by its path (`vaults.kv-contoso-claude.sku`), the key of a mapping or the place in a list among it. A
flip is named by what it does: by the other value where there are few (`false`, `null`, `Deny`), else by a word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from fnmatch import fnmatchcase
from types import NoneType, UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel

from helpers.rehearsal.state import State
from tests.drills.meaningful import IMPOSSIBLE, MEANINGFUL

NOW = datetime.fromisoformat("2026-11-23T09:00:00+00:00")
GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
Steps = tuple[str | int, ...]
Change = Callable[[State], None]


@dataclass(frozen=True)
class Flip:
    """One change of one leaf."""

    leaf: str
    name: str
    change: Change

    def __str__(self) -> str:
        return f"{self.leaf} [{self.name}]"


def flips(state: State) -> Iterator[Flip]:
    """Every flip of every leaf, those of fields at their default too."""
    for flip in _of_model(state, ()):
        if not any(matches(leaf, flip.leaf) and flip.name in names for leaf, names in IMPOSSIBLE.items()):
            yield flip


def matches(pattern: str, leaf: str) -> bool:
    """Whether a leaf is one that a pattern names; `*` stands for any text within one part of a path."""
    parts, asked = leaf.split("."), pattern.split(".")
    return len(parts) == len(asked) and all(map(fnmatchcase, parts, asked))


def _of_model(part: BaseModel, at: Steps) -> Iterator[Flip]:
    for name, field in type(part).model_fields.items():
        yield from _of_value(getattr(part, name), field.annotation, (*at, name))


def _of_value(value: Any, annotation: Any, at: Steps) -> Iterator[Flip]:
    if annotation in (Any, object):
        annotation = {dict: dict[str, Any], list: list[Any]}.get(type(value), type(value))
    leaf = ".".join(map(str, at))
    others = {**_others(value, annotation), **_meaningful(leaf)}
    for name, other in others.items():
        if other != value:
            yield Flip(leaf, name, _setting(at, other))
    if isinstance(value, BaseModel):
        yield from _of_model(value, at)
    elif isinstance(value, dict):
        yield from _of_entries(value, _within(annotation), at)
    elif isinstance(value, list):
        for place, element in enumerate(value):
            yield Flip(f"{leaf}.{place}", "removed", _removing((*at, place)))
            yield from _of_value(element, _within(annotation), (*at, place))


def _of_entries(held: Mapping[str, Any], annotation: Any, at: Steps) -> Iterator[Flip]:
    """A mapping's keys are data as well: each entry is taken away, and given another name."""
    for key, value in held.items():
        leaf = ".".join(map(str, (*at, key)))
        yield Flip(leaf, "removed", _removing((*at, key)))
        yield Flip(leaf, "renamed", _renaming((*at, key), _other_text(key)))
        yield from _of_value(value, annotation, (*at, key))


def _others(value: Any, annotation: Any) -> dict[str, Any]:
    """The values a type has beside the one that is there; one nearby where it has too many to try."""
    options = _options(annotation)
    others: dict[str, Any] = {"null": None} if NoneType in options and value is not None else {}
    for option in options:
        if option is bool:
            others |= {"true": True, "false": False}
        elif get_origin(option) is Literal:
            others |= {str(word): word for word in get_args(option)}
        elif value is None:
            continue
        elif option is datetime:
            others |= {"before": NOW - timedelta(days=1), "after": NOW + timedelta(days=1)}
        elif option in (int, float):
            others |= {"below": value / 2 if option is float else value - 1, "above": value + 1}
        elif option is str:
            others["another"] = _other_text(value)
    return others


def _meaningful(leaf: str) -> dict[str, Any]:
    """Values that mean something where any other would not do, such as for an empty list or what is not set."""
    found: dict[str, Any] = {}
    for pattern, others in MEANINGFUL.items():
        if matches(pattern, leaf):
            found |= others
    return found


def _other_text(text: str) -> str:
    """Another text of the same kind: another GUID, another resource, another word."""
    if GUID.fullmatch(text):
        return text[:-4] + ("0123" if text[-4:] != "0123" else "3210")
    if re.fullmatch("[0-9a-f]{32}", text):
        return text[::-1]
    return f"{text.rstrip('/')}-other" if text else "something"


def _options(annotation: Any) -> tuple[Any, ...]:
    if get_origin(annotation) is Annotated:
        return _options(get_args(annotation)[0])
    return get_args(annotation) if get_origin(annotation) in (Union, UnionType) else (annotation,)


def _within(annotation: Any) -> Any:
    """The type of the values of a mapping or a list."""
    container = next(option for option in _options(annotation) if get_origin(option) in (dict, list))
    return get_args(container)[-1]


def _holder(state: State, at: Steps) -> tuple[Any, Any]:
    node: Any = state
    for step in at[:-1]:
        node = node[step] if isinstance(node, dict | list) else getattr(node, str(step))
    return node, at[-1]


def _setting(at: Steps, value: Any) -> Change:
    def change(state: State) -> None:
        holder, last = _holder(state, at)
        copied = value.model_copy(deep=True) if isinstance(value, BaseModel) else value
        if isinstance(holder, dict | list):
            holder[last] = copied
        else:
            setattr(holder, str(last), copied)

    return change


def _removing(at: Steps) -> Change:
    def change(state: State) -> None:
        holder, last = _holder(state, at)
        del holder[last]

    return change


def _renaming(at: Steps, name: str) -> Change:
    """The entry keeps its place, as the order of key versions is their age."""

    def change(state: State) -> None:
        holder, last = _holder(state, at)
        entries = [(name if key == last else key, value) for key, value in holder.items()]
        holder.clear()
        holder.update(entries)

    return change
