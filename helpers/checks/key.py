"""The current version of the key."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from helpers import published
from helpers.checks.base import Check, Finding, Judge, failed, on, passed, unknown
from helpers.facts import Facts
from helpers.model import Key
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


def _tag(key: Key, parameters: Parameters) -> Finding:
    name, value = parameters.organization_tag
    seen = f"{name}={key.tags[name]}" if name in key.tags else "no such tag"
    if key.tags.get(name) == value:
        return passed(seen, f"{name}={value}")
    return failed(
        seen,
        f"{name}={value}",
        "Run 02_key, or 04_verify with remediate: [organization_tag]: the tag is added beside the others.",
    )


def _tag_count(key: Key, parameters: Parameters) -> Finding:
    """Key Vault holds 15 tags on a version, and one of them has to be the organization's."""
    name, _ = parameters.organization_tag
    expected = f"at most {published.MOST_TAGS - 1} beside the organization's"
    others = len(set(key.tags) - {name})
    if others < published.MOST_TAGS:
        return passed(f"{others} beside it", expected)
    return failed(f"{others} beside it", expected, "Remove a tag that is not needed.")


_READ = "Key Vault Reader on the vault"


def _about(*words: str, judge: Judge, looks_at: str, **more: Any) -> Check:
    number, title, severity, why = words
    shared: dict[str, Any] = {"after": _AFTER, "right": _READ, "effect": "use", **more}
    return Check(number, title, severity, why, judge, looks_at=looks_at, **shared)  # type: ignore[arg-type]


CHECKS = (
    _about(
        "V21",
        "The key exists",
        "blocks",
        "Without it there is nothing to register.",
        judge=_key(_exists),
        looks_at="key: kid",
    ),
    _about(
        "V22",
        "Its type is right",
        "blocks",
        "Key Vault wraps with RSA keys only.",
        judge=_key(_type),
        looks_at="key: kty",
    ),
    _about(
        "V23",
        "It is large enough",
        "blocks",
        "Anthropic asks for 3072 bits or more.",
        judge=_key(_size),
        looks_at="key: the length of its modulus n",
    ),
    _about(
        "V24",
        "It permits wrapKey and unwrapKey",
        "blocks",
        "Anthropic wraps and unwraps with it.",
        judge=_key(_operations),
        looks_at="key: key_ops of the current version",
    ),
    _about(
        "V24b",
        "It permits nothing else",
        "warns",
        "What is not needed should not be possible.",
        judge=_key(_only_operations),
        looks_at="key: key_ops of the current version",
        effect="safety",
        controls={"MCSB": "PA-7"},
    ),
    _about(
        "V25",
        "Its current version can be used now",
        "blocks",
        "The first call of Anthropic would fail.",
        judge=_usable,
        looks_at="key: attributes.enabled, nbf, exp of the current version",
    ),
    _about(
        "V30",
        "It carries the organization tag",
        "blocks",
        "Anthropic refuses a key that does not name the organization.",
        judge=_key(_tag),
        looks_at="key: tags of the current version",
    ),
    _about(
        "V38",
        "There is room for the organization tag",
        "blocks",
        "Key Vault holds 15 tags on a version.",
        judge=_key(_tag_count),
        looks_at="key: tags of the current version",
        effect="hygiene",
    ),
)
