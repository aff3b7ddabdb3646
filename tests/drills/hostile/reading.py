"""A reading of YAML that shares nothing with the suite's: events of libyaml, and YAML 1.1's own rules for plain words.

What can be read in two ways is not read: Ambiguous.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import accumulate, chain
from typing import Any

import yaml

TAG = "tag:yaml.org,2002:"
WORDS = {
    **dict.fromkeys(("yes", "Yes", "YES", "true", "True", "TRUE", "on", "On", "ON"), True),
    **dict.fromkeys(("no", "No", "NO", "false", "False", "FALSE", "off", "Off", "OFF"), False),
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
}
"""https://yaml.org/type/bool.html, without y and n, which no reader in Python takes; https://yaml.org/type/null.html."""
INTEGERS = {
    2: re.compile(r"([-+]?)0b([01_]+)"),
    16: re.compile(r"([-+]?)0x([0-9a-fA-F_]+)"),
    8: re.compile(r"([-+]?)0([0-7_]+)"),
    10: re.compile(r"([-+]?)(0|[1-9][0-9_]*)"),
}
SIXTIES = re.compile(r"([-+]?)([1-9][0-9_]*(?::[0-5]?[0-9])+)")
FLOAT = re.compile(r"[-+]?([0-9][0-9_]*\.[0-9_]*([eE][-+][0-9]+)?|\.[0-9_]+([eE][-+][0-9]+)?|\.(inf|Inf|INF)|[0-9][0-9_]*(:[0-5]?[0-9])+\.[0-9_]*)|\.(nan|NaN|NAN)")  # fmt: skip


MOST_DEEP = 25
"""No right file is nested half as deeply."""


class Ambiguous(Exception):
    """The file is not YAML of one plain document, or holds something that two people could read differently."""


class NotText:
    """A number with a fraction: no key of the suite takes one, so how large it is does not matter."""


def read(data: bytes) -> Any:
    """The one document of a file as dicts, lists, texts, whole numbers, truths and None. Raises Ambiguous."""
    try:
        events = list(yaml.parse(data.decode("utf-8"), Loader=yaml.CBaseLoader))
    except (UnicodeError, yaml.YAMLError, ValueError) as error:
        raise Ambiguous(str(error)) from None
    if max(_depths(events)) > MOST_DEEP:
        raise Ambiguous("nested too deeply")
    if [type(event) for event in events].count(yaml.DocumentStartEvent) != 1:
        raise Ambiguous("not one document")
    return _value(iter(events[2:]))


def _depths(events: list[Any]) -> Iterator[int]:
    return accumulate(
        isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent) for event in events
    )


def _value(events: Iterator[Any]) -> Any:
    event = next(events)
    if isinstance(event, yaml.ScalarEvent):
        return _scalar(event)
    if isinstance(event, yaml.SequenceStartEvent):
        _plain_tag(event, "seq")
        return list(_rows(events, yaml.SequenceEndEvent))
    if isinstance(event, yaml.MappingStartEvent):
        _plain_tag(event, "map")
        flat = list(_rows(events, yaml.MappingEndEvent))
        keys = flat[::2]
        if any(isinstance(key, dict | list | NotText) for key in keys) or len(set(keys)) != len(keys) or "<<" in keys:
            raise Ambiguous("keys that are no plain names, or one twice")
        return dict(zip(keys, flat[1::2], strict=True))
    raise Ambiguous(f"{event}")


def _rows(events: Iterator[Any], end: type) -> Iterator[Any]:
    while not isinstance(ahead := next(events), end):
        yield _value(chain((ahead,), events))


def _plain_tag(event: Any, kind: str) -> None:
    if event.tag not in (None, "!", TAG + kind):
        raise Ambiguous(f"the tag {event.tag}")


def _scalar(event: yaml.ScalarEvent) -> Any:
    text = event.value
    if event.tag in (None, "!"):
        return plain(text) if not event.style and event.tag is None else text
    kind = event.tag.removeprefix(TAG)
    value = {"str": lambda: text, "bool": lambda: WORDS[text], "int": lambda: plain(text), "null": lambda: None}
    try:
        found = value[kind]()
    except (KeyError, ValueError):
        raise Ambiguous(f"{text!r} as {event.tag}") from None
    if {"bool": bool, "int": int}.get(kind, object) not in (object, type(found)):
        raise Ambiguous(f"{text!r} as {event.tag}")
    return found


def plain(text: str) -> Any:
    """What a word without quotes is."""
    if text in ("=", "<<"):
        raise Ambiguous(f"{text} stands for something else")
    if text in WORDS:
        return WORDS[text]
    for base, pattern in INTEGERS.items():
        found = pattern.fullmatch(text)
        if found and found[2].replace("_", ""):
            return _signed(found[1], int(found[2].replace("_", ""), base) if base != 10 else _decimal(found[2]))
    if found := SIXTIES.fullmatch(text):
        number = 0
        for part in found[2].replace("_", "").split(":"):
            number = number * 60 + int(part)
        return _signed(found[1], number)
    if len(text) > 300 and FLOAT.fullmatch(text):
        raise Ambiguous("a number that may be too large to be one")
    return NotText() if FLOAT.fullmatch(text) else text


def _decimal(digits: str) -> int:
    try:
        return int(digits.replace("_", ""))
    except ValueError:  # Python itself refuses to read so many digits
        raise Ambiguous("a number of thousands of digits") from None


def _signed(sign: str, number: int) -> int:
    return -number if sign == "-" else number
