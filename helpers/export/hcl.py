"""Text of Terraform's language from plain values, laid out as `terraform fmt` lays it out.

Rule: every text is quoted here and nowhere else, so that nothing in a parameter is read as an expression: `${` and `%{`
are doubled as the language asks. What is meant as an expression is a `Ref`, written by this suite alone.
Source: HCL native syntax specification, template expressions and quoted literals.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field

Value = "str | bool | int | Ref | Sequence[str] | Mapping[str, str]"
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"}


@dataclass(frozen=True)
class Ref:
    """An expression, as it stands."""

    text: str


@dataclass(frozen=True)
class Note:
    """A comment of one or more lines."""

    text: str


@dataclass(frozen=True)
class Attribute:
    name: str
    value: str | bool | int | Ref | Sequence[str | Ref] | Mapping[str, str]


@dataclass(frozen=True)
class Block:
    """A block with its labels; what is in it stands in order, blocks set off by an empty line."""

    kind: str
    labels: tuple[str, ...] = ()
    body: tuple[Attribute | Block | Note, ...] = field(default_factory=tuple)


Item = Attribute | Block | Note


def text(*items: Item) -> str:
    """A whole file."""
    return "\n".join(_body(items, 0)) + "\n"


def quoted(said: str) -> str:
    """A text as a literal in which nothing is read as an expression."""
    escaped = "".join(_ESCAPES.get(c, c if c.isprintable() else f"\\U{ord(c):08x}") for c in said)
    return '"' + escaped.replace("${", "$${").replace("%{", "%%{") + '"'


def _body(items: Sequence[Item], depth: int) -> Iterator[str]:
    """The lines of a body. Attributes on lines of their own that follow one another have their = in one column."""
    indent = "  " * depth
    widths = _widths(items)
    for number, item in enumerate(items):
        if number and (isinstance(item, Block) or isinstance(items[number - 1], Block)):
            before = items[number - 1]
            if not (isinstance(before, Note) and isinstance(item, Block)):
                yield ""
        match item:
            case Note():
                yield from (f"{indent}# {line}".rstrip() for line in item.text.splitlines())
            case Attribute():
                first, *rest = _value(item.value, depth)
                yield f"{indent}{item.name:<{widths[number]}} = {first}"
                yield from rest
            case Block():
                head = " ".join((item.kind, *map(quoted, item.labels)))
                if not item.body:
                    yield f"{indent}{head} {{}}"
                    continue
                yield f"{indent}{head} {{"
                yield from _body(item.body, depth + 1)
                yield f"{indent}}}"


def _widths(items: Sequence[Item]) -> dict[int, int]:
    """The width of each attribute's name: that of the longest in its run. A value of several lines is a run's end."""
    widths: dict[int, int] = {}
    run: list[int] = []
    for number, item in enumerate([*items, Note("")]):
        if isinstance(item, Attribute) and not _is_long(item):
            run.append(number)
            continue
        longest = max((len(items[i].name) for i in run if isinstance(items[i], Attribute)), default=0)  # type: ignore[union-attr]
        widths |= dict.fromkeys(run, longest)
        run = []
        if isinstance(item, Attribute):
            widths[number] = len(item.name)
    return widths


def _is_long(item: Attribute) -> bool:
    return isinstance(item.value, Mapping) and bool(item.value)


def _value(value: str | bool | int | Ref | Sequence[str | Ref] | Mapping[str, str], depth: int) -> list[str]:
    match value:
        case Ref():
            return [value.text]
        case bool():
            return ["true" if value else "false"]
        case int():
            return [str(value)]
        case str():
            return [quoted(value)]
        case Mapping():
            return _map(value, depth)
    return ["[" + ", ".join(_value(row, depth)[0] for row in value) + "]"]


def _map(value: Mapping[str, str], depth: int) -> list[str]:
    if not value:
        return ["{}"]
    names = {name: quoted(name) for name in value}
    width = max(map(len, names.values()))
    indent = "  " * (depth + 1)
    rows = [f"{indent}{names[name]:<{width}} = {quoted(said)}" for name, said in value.items()]
    return ["{", *rows, f"{'  ' * depth}}}"]
