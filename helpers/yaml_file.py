"""Reading YAML so that what a file says is what is read: no dates made of strings, no key twice, no tags."""

from __future__ import annotations

import os
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import yaml

from helpers.errors import WrongUsage
from helpers.record.secrets import looks_like

_MOST_BYTES, _MOST_DEEP, _MOST_TOLD = 200_000, 30, 300
_NO_SUCH_VALUE = (ValueError, TypeError, KeyError, IndexError, AttributeError, OverflowError)
"""What SafeLoader raises for a word that is not of its tag, such as `!!bool maybe`, or is too large."""


class _Loader(yaml.SafeLoader):
    """SafeLoader that keeps dates as text and refuses a key given twice, and what could blow up: anchors and depth."""

    _depth = 0

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[Any] = set()
        for key in (self.construct_object(key, deep=True) for key, _ in node.value):
            if not isinstance(key, Hashable):
                break  # refused below
            if key in seen:
                raise _unusable(f"the key {shortened(str(key))} is given twice", node)
            seen.add(key)
        return super().construct_mapping(node, deep)

    def construct_object(self, node: yaml.Node, deep: bool = False) -> Any:
        try:
            return super().construct_object(node, deep)
        except _NO_SUCH_VALUE:
            raise _unusable("there is no such value", node) from None

    def construct_scalar(self, node: Any) -> Any:
        """A string that another file has too is kept once: files of one fleet differ in little."""
        value = super().construct_scalar(node)
        return sys.intern(value) if type(value) is str else value

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        event = self.peek_event()  # type: ignore[no-untyped-call]
        if isinstance(event, yaml.AliasEvent):
            raise _unusable("aliases are not used here", event)
        if self._depth > _MOST_DEEP:
            raise _unusable("nested too deeply", event)
        self._depth += 1
        try:
            return super().compose_node(parent, index)
        finally:
            self._depth -= 1


def _unusable(what: str, at: Any) -> yaml.MarkedYAMLError:
    return yaml.constructor.ConstructorError(None, None, what, at.start_mark)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> dict[str, Any]:
    """A YAML file's top-level mapping. Raises WrongUsage, one line, for a file that is not one."""
    try:
        with path.open("rb") as file:
            data, size = file.read(_MOST_BYTES + 1), os.fstat(file.fileno()).st_size
    except (OSError, ValueError) as error:
        why = getattr(error, "strerror", None) or "no such name"
        raise WrongUsage(f"{shortened(str(path), _MOST_TOLD)}: cannot be read: {why}") from None
    if len(data) > _MOST_BYTES:
        told = f"{size} bytes is" if size else f"more than {_MOST_BYTES} bytes is"  # a device does not know its size
        raise WrongUsage(f"{path}: {told} too large for such a file; at most {_MOST_BYTES} are read")
    try:
        document = yaml.load(data.decode("utf-8"), Loader=_Loader)  # noqa: S506  a SafeLoader, made stricter
    except UnicodeDecodeError:
        raise WrongUsage(f"{path}: not UTF-8 text") from None
    except ValueError:  # the one thing that the scanner itself does not check
        raise WrongUsage(f"{path}: not usable YAML: an escape in double quotes is no character") from None
    except yaml.YAMLError as error:
        raise WrongUsage(f"{path}: not usable YAML: {_told(error)}") from None
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise WrongUsage(f"{path}: the file's top level must be a mapping with plain names")
    return document


def shortened(text: str, most: int = 80) -> str:
    """A text as it may stand in a line: plain characters, and not too many of them."""
    printable = "".join(c if c.isprintable() else "?" for c in text)
    return printable if len(printable) <= most else f"{printable[:most]}… ({len(printable)} characters)"


def _told(error: Exception) -> str:
    """What is wrong and on which line, but never the line itself: it could hold a secret."""
    mark = getattr(error, "problem_mark", None)
    told = " ".join(str(getattr(error, "problem", None) or error).split())
    kind = looks_like(told)
    told = f"it holds something that looks like {kind}" if kind else shortened(told, _MOST_TOLD)
    return f"line {mark.line + 1}: {told}" if mark else told
