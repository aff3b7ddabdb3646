"""Reading YAML so that what a file says is what is read: no dates made of strings, no key twice, no tags."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from helpers.errors import WrongUsage
from helpers.record.secrets import looks_like

_MOST_BYTES = 200_000


class _Loader(yaml.SafeLoader):
    """SafeLoader that keeps dates as text and refuses a key given twice, and anchors that could blow up."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        keys = [self.construct_object(key, deep=True) for key, _ in node.value]
        twice = next((key for key in keys if keys.count(key) > 1), None)
        if twice is not None:
            raise yaml.constructor.ConstructorError(None, None, f"the key {twice} is given twice", node.start_mark)
        return super().construct_mapping(node, deep)

    def compose_node(self, parent: yaml.Node | None, index: Any) -> yaml.Node | None:
        if self.check_event(yaml.AliasEvent):
            raise yaml.composer.ComposerError(None, None, "aliases are not used here", self.peek_event().start_mark)  # type: ignore[no-untyped-call]
        return super().compose_node(parent, index)


_Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def read(path: Path) -> dict[str, Any]:
    """A YAML file's top-level mapping. Raises WrongUsage, one line, for a file that is not one."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read: {error.strerror}") from None
    if len(data) > _MOST_BYTES:
        raise WrongUsage(f"{path}: {len(data)} bytes is too large for such a file; at most {_MOST_BYTES} are read")
    try:
        document = yaml.load(data.decode("utf-8"), Loader=_Loader)  # noqa: S506  a SafeLoader, made stricter
    except UnicodeDecodeError:
        raise WrongUsage(f"{path}: not UTF-8 text") from None
    except (yaml.YAMLError, RecursionError, ValueError, TypeError) as error:
        raise WrongUsage(f"{path}: not usable YAML: {_told(error)}") from None
    if not isinstance(document, dict) or not all(isinstance(key, str) for key in document):
        raise WrongUsage(f"{path}: the file's top level must be a mapping with plain names")
    return document


def _told(error: Exception) -> str:
    """What is wrong and on which line, but never the line itself: it could hold a secret."""
    mark = getattr(error, "problem_mark", None)
    told = " ".join(str(getattr(error, "problem", None) or error).split())
    kind = looks_like(told)
    told = f"it holds something that looks like {kind}" if kind else told
    return f"line {mark.line + 1}: {told}" if mark else told
