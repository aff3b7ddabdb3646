"""A rotation told as what it is: a new version took over. And versions that are gone, which no rotation explains."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from helpers.drift.leaves import Leaf, value, words

_TOLD = ("key.version", "key.created", "key.public_sha256", "key.not_before", "key.expires", "key.operations")


@dataclass(frozen=True)
class Rotation:
    """The current version was `before` and is `now`; `sentences` say when, and what that one is like."""

    before: str
    now: str
    sentences: tuple[str, ...]
    tag: str

    def tells(self, leaf: Leaf) -> bool:
        """Whether the sentences say what a leaf says."""
        new = leaf.path.startswith("versions[") and leaf.before == "not there"
        return new or leaf.path in (*_TOLD, "key.enabled", f"key.tags.{self.tag}")


def rotation(before: Mapping[str, Any], now: Mapping[str, Any], tag: tuple[str, str]) -> Rotation | None:
    """The rotation between two readings, or None. A key whose former version is gone was replaced, not rotated.

    `tag` is the name and value of the organization's tag.
    """
    old, new = value(before, "key"), value(now, "key")
    if old is None or new is None or old["version"] == new["version"] or old["version"] in lost(before, now):
        return None
    sentences = (
        f"The key was rotated on {_day(new.get('created'))} from version {old['version']} to {new['version']}.",
        _tagged(new, *tag),
        _operations(old, new),
        *(() if new.get("enabled") is True else (f"Version {new['version']} is not enabled.",)),
        _older(now, new["version"]),
        _expiry(new),
    )
    return Rotation(old["version"], new["version"], sentences, tag[0])


def lost(before: Mapping[str, Any], now: Mapping[str, Any]) -> tuple[str, ...]:
    """The versions that were there before and are not listed now, while the key is there and its list was read."""
    listed, key = value(now, "versions"), value(before, "key")
    if listed is None:
        return ()
    known = [row["version"] for row in value(before, "versions") or ()] + ([key["version"]] if key else [])
    there = {row["version"] for row in listed}
    return tuple(version for version in dict.fromkeys(known) if version not in there)


def _tagged(new: Mapping[str, Any], name: str, wanted: str) -> str:
    said = new["tags"].get(name)
    if said == wanted:
        return "The new version carries the organization tag."
    how = "does not carry the organization tag" if said is None else f"carries the organization tag as {name}={said}"
    return f"The new version {how}: validation by Anthropic fails until 02_key has added {name}={wanted}."


def _operations(old: Mapping[str, Any], new: Mapping[str, Any]) -> str:
    if set(old["operations"]) == set(new["operations"]):
        return f"It permits {words(new['operations'])}, as the old version did."
    return f"It permits {words(new['operations'])}; the old version permitted {words(old['operations'])}."


def _older(now: Mapping[str, Any], current: str) -> str:
    listed = value(now, "versions")
    if listed is None:
        return "Whether the older versions are enabled could not be read."
    off = [row["version"] for row in listed if row["version"] != current and row["enabled"] is not True]
    if not off:
        return "The older versions are all enabled."
    return f"Older versions that are not enabled: {words(off)}. What was encrypted under them cannot be read meanwhile."


def _expiry(new: Mapping[str, Any]) -> str:
    return "It does not expire." if new.get("expires") is None else f"It expires on {_day(new['expires'])}."


def _day(moment: str | None) -> str:
    return moment[:10] if moment else "an unknown day"
