"""The key over time: its expiry, its rotation, its older versions; and whether it works when it is used."""

from __future__ import annotations

from datetime import timedelta
from typing import TypeVar

from helpers.checks.base import Check, Finding, failed, on, passed, unknown, unread
from helpers.facts import Facts
from helpers.model import Found, Key, KeyVersion, Known, Probe, RotationPolicy, Unknown
from helpers.parameters import Parameters

T = TypeVar("T")
EXPIRY_WARNING_DAYS = 30
"""Days before its expiry from which a key is warned of: time enough for a rotation and a validation. Our own choice."""

_AFTER = ("02_key",)
_MISSING = failed("no key", "the key", "Run 02_key.")
_READ = "Key Vault Reader on the vault"
_KEY_REFUSES = ("KeyDisabled", "KeyExpired", "KeyNotYetValid", "KeyOperationForbidden")
"""Codes with which a key refuses whoever asks; any other refusal is about who asked."""


def _expiry(found: Facts, _: Parameters) -> Finding:
    expected = f"none, or more than {EXPIRY_WARNING_DAYS} days away"
    mend = (
        "Rotate the key before that day (rotate names this version; 02 tags the new version); keep the old one enabled."
    )

    def judge(key: Key) -> Finding:
        if key.expires is None:
            return passed("none", expected)
        if found.read_at is None:
            return unknown("the time is not known")
        told = f"{key.expires:%Y-%m-%d}; from then on Anthropic can unwrap but no longer wrap"
        if key.expires - found.read_at > timedelta(days=EXPIRY_WARNING_DAYS):
            return passed(told, expected)
        return failed(told, expected, mend)

    return on(found.key, judge, absent=_MISSING)


def _rotation(found: Facts, _: Parameters) -> Finding:
    expected = "a Rotate action with a time"

    def judge(policy: RotationPolicy) -> Finding:
        timed = [when for when in policy.rotates if when]
        if timed:
            return passed(f"rotates after or before {', '.join(timed)}; the new version needs the tag again", expected)
        mend = (
            "az keyvault key rotation-policy update, or accept V27 and rotate with 02; each new version needs the tag."
        )
        return failed("no Rotate action", expected, mend)

    return on(_of_the_key(found, found.rotation_policy), judge, absent=_MISSING)


def _older_versions(found: Facts, _: Parameters) -> Finding:
    def judge(rows: tuple[KeyVersion, ...]) -> Finding:
        if not rows:
            return unknown("no version was listed")
        off = [row.version for row in rows if row.enabled is not True]
        if not off:
            return passed(f"{len(rows)} versions, all enabled", "all enabled")
        mend = "Enable them: data is still encrypted under them."
        return failed(f"not enabled: {', '.join(off)}", "all enabled", mend)

    return on(_of_the_key(found, found.versions), judge, absent=_MISSING)


def _one_version(found: Facts, parameters: Parameters) -> Finding:
    """One version, or a current one that was made after the one that `rotate` names, with none between them."""
    expected = "one version, the current one"

    def judge(rows: tuple[KeyVersion, ...], key: Key) -> Finding:
        if not rows:
            return unknown("no version was listed")
        if rows[0].version != key.version:
            mend = "Somebody made a version while this was looking: look again, and find out who."
            return failed(f"the newest of {len(rows)} is {rows[0].version}, and {key.version} was read", expected, mend)
        if len(rows) == 1:
            return passed(key.version, expected)
        if rows[1].version == parameters.rotate:
            told = f"{len(rows)}; the current one is the rotation away from {parameters.rotate} that was asked for"
            return passed(told, f"{expected}, or a rotation that was asked for")
        made = ", ".join(f"{r.version[:8]}… of {r.created:%Y-%m-%d}" if r.created else r.version for r in rows)
        mend = "If each of them was meant (a rotation), accept V29 with an owner and an end; else find out who made it."
        return failed(f"{len(rows)}: {made}", expected, mend)

    def with_key(rows: tuple[KeyVersion, ...]) -> Finding:
        return on(found.key, lambda key: judge(rows, key), absent=_MISSING)

    return on(_of_the_key(found, found.versions), with_key, absent=_MISSING)


def _of_the_key(found: Facts, fact: Found[T]) -> Found[T]:
    """A fact about the key; as absent or unknown as the key itself, which is read first."""
    match found.key:
        case Known():
            return fact
        case outcome:
            return outcome


def _works(found: Facts, _: Parameters) -> Finding:
    expected = "unwrap gives back what was wrapped, and another operation is refused"
    own = "with this identity; it does not prove Anthropic's access"

    def judge(tried: Probe) -> Finding:
        by = f"; allowed by the role assignment {tried.assignment}" if tried.assignment else ""
        if not tried.equal:
            return failed(f"unwrap gave back something else, {own}", expected, "Do not go on. Ask Microsoft.")
        if not tried.refused:
            mend = "Run 02_key: it takes away what is not needed."
            return failed(f"wrap and unwrap work, and so does {tried.operation}, {own}{by}", expected, mend)
        who = "by the key" if tried.refused in _KEY_REFUSES else "by this identity's role, not seen of the key"
        told = f"wrap and unwrap work, {tried.operation} is refused ({tried.refused}, {who}), {own}{by}"
        return passed(told, expected)

    match found.probe:
        case Unknown(reason, code=code) if code in _KEY_REFUSES:
            return failed(f"{reason}, {own}", expected, "Enable the current version, mend its dates, or run 02_key.")
        case Unknown() as trouble:
            return unread(trouble, "Give this identity Key Vault Crypto User at the key for the trial, or accept V36.")
        case outcome:
            return on(outcome, judge, absent=_MISSING)


CHECKS = (
    Check(
        "V26",
        "It does not expire soon",
        "warns",
        "An expired key still unwraps but no longer wraps: what is there can be read, and nothing new be written.",
        _expiry,
        looks_at="key: attributes.exp of the current version",
        right=_READ,
        effect="use",
        after=_AFTER,
        acceptable=True,
        controls={
            "CIS": "8.3.1 (asks for an expiry)",
            "MCSB": "DP-6",
            "Prowler": "keyvault_rbac_key_expiration_set (asks for an expiry)",
        },
    ),
    Check(
        "V27",
        "It rotates by itself",
        "warns",
        "Rotation bounds what one version protects. Each new version needs the organization tag.",
        _rotation,
        looks_at="key: rotationpolicy, lifetimeActions",
        right=_READ,
        after=_AFTER,
        acceptable=True,
        controls={"CIS": "8.3.9", "MCSB": "DP-6", "Prowler": "keyvault_key_rotation_enabled"},
    ),
    Check(
        "V28",
        "Every version is enabled",
        "warns",
        "Once a key is attached, data stays encrypted under the version it was written with.",
        _older_versions,
        looks_at="key versions: attributes.enabled of each",
        right=_READ,
        effect="use",
        blocks_in=("gate", "attached", "watch"),
        after=_AFTER,
        acceptable=True,
    ),
    Check(
        "V29",
        "There is one version, and it is the one that was read",
        "warns",
        "An accidental create or rotation makes a version that is current at once, and may lack the tag.",
        _one_version,
        looks_at="key versions: kid and attributes.created of each",
        right=_READ,
        after=_AFTER,
        acceptable=True,
    ),
    Check(
        "V36",
        "It works when it is used",
        "warns",
        "A trial shows what settings cannot. It is this identity's own: only Anthropic can prove Anthropic's access.",
        _works,
        looks_at="wrapkey, unwrapkey and decrypt by the service, at the current version",
        right="Key Vault Crypto User or Crypto Officer",
        effect="use",
        phases=("azure", "watch"),
        after=_AFTER,
        acceptable=True,
    ),
)
