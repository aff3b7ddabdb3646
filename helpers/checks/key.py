"""The key and its versions."""

from __future__ import annotations

from collections.abc import Callable

from helpers import published
from helpers.checks.base import Check, Finding, Judge, failed, on, passed, unknown
from helpers.facts import Facts
from helpers.model import Key, KeyVersion
from helpers.parameters import Parameters

_AFTER = ("02_key",)
_MISSING = failed("no key", "the key", "Run 02_key.")


def _key(judge: Callable[[Key, Parameters], Finding]) -> Judge:
    return lambda found, parameters: on(found.key, lambda key: judge(key, parameters), absent=_MISSING)


def _exists(key: Key, _: Parameters) -> Finding:
    return passed(f"{key.name} version {key.version}")


def _type(key: Key, parameters: Parameters) -> Finding:
    if key.kty == parameters.key_type:
        return passed(key.kty, parameters.key_type)
    return failed(key.kty, parameters.key_type, "Choose another key_name: a key's type cannot be changed.")


def _size(key: Key, _: Parameters) -> Finding:
    expected = f"{published.SMALLEST_KEY_BITS} bits or more"
    if key.bits is None:
        return unknown("the reply holds no modulus")
    if key.bits >= published.SMALLEST_KEY_BITS:
        return passed(f"{key.bits} bits, from the modulus", expected)
    return failed(f"{key.bits} bits", expected, "Choose another key_name: a key's size cannot be changed.")


def _operations(key: Key, _: Parameters) -> Finding:
    expected, seen = ", ".join(published.KEY_OPERATIONS), ", ".join(key.operations) or "none"
    if set(published.KEY_OPERATIONS) <= set(key.operations):
        return passed(seen, expected)
    return failed(seen, expected, "Permit wrapKey and unwrapKey on the current version.")


def _only_operations(key: Key, _: Parameters) -> Finding:
    extra = [operation for operation in key.operations if operation not in published.KEY_OPERATIONS]
    if not extra:
        return passed("none beside them", "none beside them")
    return failed(", ".join(extra), "none beside them", "Run 02_key: it takes them away.")


def _usable(found: Facts, parameters: Parameters) -> Finding:
    def judge(key: Key, _: Parameters) -> Finding:
        if found.read_at is None:
            return unknown("the time is not known")
        dates = f"enabled {key.enabled}, from {key.not_before or 'the start'} to {key.expires or 'no end'}"
        if key.usable_at(found.read_at):
            return passed(dates, "enabled, within its dates")
        return failed(dates, "enabled, within its dates", "Enable the current version, or mend its dates.")

    return _key(judge)(found, parameters)


def _older_versions(found: Facts, _: Parameters) -> Finding:
    def judge(rows: tuple[KeyVersion, ...]) -> Finding:
        if not rows:
            return unknown("no version was listed")
        off = [row.version for row in rows if row.enabled is not True]
        if not off:
            return passed(f"{len(rows)} versions, all enabled", "all enabled")
        return failed(
            f"not enabled: {', '.join(off)}", "all enabled", "Enable them: data is still encrypted under them."
        )

    return on(found.versions, judge, absent=_MISSING)


def _tag(key: Key, parameters: Parameters) -> Finding:
    name, value = parameters.organization_tag
    seen = f"{name}={key.tags[name]}" if name in key.tags else "no such tag"
    if key.tags.get(name) == value:
        return passed(seen, f"{name}={value}")
    return failed(seen, f"{name}={value}", "Run 02_key: it adds the tag beside the others.")


def _tag_count(key: Key, _: Parameters) -> Finding:
    expected = f"at most {published.MOST_TAGS}"
    seen = str(len(key.tags))
    if len(key.tags) <= published.MOST_TAGS:
        return passed(seen, expected)
    return failed(seen, expected, "Remove a tag that is not needed.")


CHECKS = (
    Check("V21", "The key exists", "blocks", "Without it there is nothing to register.", _key(_exists), after=_AFTER),
    Check("V22", "Its type is right", "blocks", "Key Vault wraps with RSA keys only.", _key(_type), after=_AFTER),
    Check(
        "V23",
        "It is large enough",
        "blocks",
        "Anthropic asks for 3072 bits or more.",
        _key(_size),
        after=_AFTER,
    ),
    Check(
        "V24",
        "It permits wrapKey and unwrapKey",
        "blocks",
        "Anthropic wraps and unwraps with it.",
        _key(_operations),
        after=_AFTER,
    ),
    Check(
        "V24b",
        "It permits nothing else",
        "warns",
        "What is not needed should not be possible.",
        _key(_only_operations),
        after=_AFTER,
    ),
    Check(
        "V25",
        "Its current version can be used now",
        "blocks",
        "The first call of Anthropic would fail.",
        _usable,
        after=_AFTER,
    ),
    Check(
        "V28",
        "Every version is enabled",
        "warns",
        "Once a key is attached, data stays encrypted under the version it was written with.",
        _older_versions,
        after=_AFTER,
        acceptable=True,
    ),
    Check(
        "V30",
        "It carries the organization tag",
        "blocks",
        "Anthropic refuses a key that does not name the organization.",
        _key(_tag),
        after=_AFTER,
    ),
    Check("V38", "Its tags are within the limit", "blocks", "Key Vault holds 15.", _key(_tag_count), after=_AFTER),
)
