"""02: a rotation that was asked for. `rotate` names the version to rotate away from, so that it happens once.

A file is run again and again, by several people, and killed in between. So what is asked for is an end, decided from
the cloud alone: a version other than the named one is current. While the named one is current, one version is made;
afterwards there is nothing to do. `rotate: true` would be a deed and not an end; it is answered with the line to write.

It is for good: Key Vault removes no single version, and makes no older one current again. It does no harm as long as
every version stays enabled, since data stays encrypted under the version it was written with (Claude API docs, CMEK
lifecycle: rotate within the same key, keep old versions enabled, nothing to do at Anthropic; read 2026-11-23).

The new version is made by CreateKey on the same name with everything spelled out, and not by RotateKey: no source says
whether RotateKey carries tags over (the reply recorded in 2023 is of a key without any). Whether Key Vault gives a
created version the expiry of a rotation policy is not documented either: an expiry that was not asked for is told.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, ClassVar

from helpers import published
from helpers.errors import ServiceFailed
from helpers.model import Found, Key, KeyVersion, Known, Unknown
from helpers.plan import Done, Refusal
from helpers.steps.key_tags import done, serves, written

if TYPE_CHECKING:
    from helpers.services.connect import Services
    from helpers.steps.key import Wanted

Rotation = bool | str
"""False, true, or the version to rotate away from."""


@dataclass(frozen=True)
class Rotate:
    """Make a new version like the current one, with the wanted tags and operations; older versions are not touched.

    Carried over: type, size, all tags, and the time from creation to expiry. A start that is past is not carried over.
    A release policy cannot be: then the service module refuses, and nothing is made.
    """

    wanted: Wanted
    current: Key | None
    """The version as it was read; None while planning ahead, when nothing is changed."""
    before: tuple[str, ...] = ()
    """All versions that were listed."""
    permanent: ClassVar[bool] = True

    def __str__(self) -> str:
        wanted, key = self.wanted, self.current
        shape = f"{wanted.type} {wanted.size}, for {' and '.join(wanted.operations)} only"
        more = "" if key is None else f", tagged {written(self._tags(key))}{_ends(key)}{serves(key, dict(wanted.tags))}"
        return (
            f"FOR GOOD: rotate {wanted.name} away from version {wanted.rotate} to a new version ({shape}){more}. A "
            "version can never be removed by itself, and the older ones stay as they are: keep them enabled, data is "
            "encrypted under them"
        )

    def intent(self) -> Mapping[str, str]:
        return {
            "change": "rotate key",
            "vault": self.wanted.vault.lower(),
            "key": self.wanted.name.lower(),
            "from": str(self.wanted.rotate),
            "type": self.wanted.type,
            "size": str(self.wanted.size),
            "operations": " ".join(self.wanted.operations),
            "tags": " ".join(name for name, _ in self.wanted.tags),
        }

    def seen(self) -> Mapping[str, str]:
        if self.current is None:
            return {}
        return {
            "key version": self.current.version,
            "public key SHA-256": str(self.current.public_sha256),
            "tags": written(self.current.tags),
        }

    def perform(self, services: Services) -> Done:
        key = self.current
        if key is None:
            raise ServiceFailed("the key was not read before rotating", next_step="Run 02_key from its top.")
        wanted, lifetime = self.wanted, _lifetime(key)
        expires = (services.clock.now() + lifetime).replace(microsecond=0) if lifetime else None
        made = services.keys.rotate_once(
            key, operations=wanted.operations, tags=self._tags(key), expires=expires, before=self.before
        )
        self._stop_if_unlike(made, key, expires)
        return done("rotated the key, for good", made, services, **{"rotated away from": key.version})

    def _tags(self, key: Key) -> dict[str, str]:
        return {**key.tags, **dict(self.wanted.tags)}

    def _stop_if_unlike(self, made: Key, key: Key, expires: datetime | None) -> None:
        """Raise ServiceFailed for a new version that is not what was asked for; it is there all the same."""
        asked = (self.wanted.type, self.wanted.size, set(self.wanted.operations), self._tags(key), True)
        came = (made.kty, made.bits, set(made.operations), dict(made.tags), made.enabled)
        pairs: dict[str, tuple[Any, Any]] = dict(
            zip(("type", "size", "operations", "tags", "enabled"), zip(came, asked, strict=True), strict=True)
        )
        pairs["expires"] = (_day(made.expires), _day(expires))
        unlike = {name: f"{_said(got)}, not {_said(want)}" for name, (got, want) in pairs.items() if got != want}
        if unlike:
            told = "; ".join(f"{name} {both}" for name, both in unlike.items())
            raise ServiceFailed(
                f"{made.name} has the new version {made.version}, which is not as asked for: {told}",
                why=f"It is current at once. Version {key.version} is as it was, and data under it can be read.",
                next_step=_CANNOT_BE_SET if {"type", "size"} & unlike.keys() else _CAN_BE_SET,
            )


_CAN_BE_SET = (
    "Set what differs on the new version (az keyvault key set-attributes), and run this step again: it adds the "
    "organization tags that are missing, and makes no further version."
)
_CANNOT_BE_SET = (
    "Type and size of a version cannot be changed, and no version can be removed. Keep both versions enabled, do not "
    "run this step again, and ask Anthropic and Azure support, with both versions, before anything else is done."
)


def left_behind(wanted: Wanted, key: Key, versions: Found[tuple[KeyVersion, ...]]) -> dict[str, str]:
    """Other organizations' tags of the version that was rotated away from which the current one lacks; {} before that.

    A version made in the portal or by a rotation policy may come without them. One that is there with another value
    was given it by somebody, and is left alone.
    """
    if wanted.rotate == key.version or not isinstance(versions, Known):
        return {}
    there = {*key.tags, *dict(wanted.tags)}
    named = (row.tags for row in versions.value if row.version == wanted.rotate)
    return {
        name: value
        for tags in named
        for name, value in tags.items()
        if name not in there and published.organizations({name: value})
    }


def because(wanted: Wanted, lost: Mapping[str, str]) -> str:
    """Why tags of other organizations are set as well, as the end of a sentence; empty where none are."""
    others = " and ".join(published.organizations(lost))
    return f"; version {wanted.rotate} also serves organization {others}, and this one does not yet" if lost else ""


def no_key(wanted: Wanted) -> Refusal | None:
    """A Refusal where a rotation is asked for and there is no key."""
    if wanted.rotate is False:
        return None
    return Refusal(
        f"a rotation is asked for, and there is no key {wanted.name}",
        why="Creating one instead would not be what was asked for.",
        next_step="Check vault_name and key_name, or take rotate out of the parameters to have the key created.",
    )


def refusal(rotate: Rotation, key: Key, versions: Found[tuple[KeyVersion, ...]]) -> Refusal | None:
    """What stands in the way of the rotation that is asked for; None also where it has been done already."""
    if rotate is False:
        return None
    if rotate is True:
        return Refusal(
            "rotate: true does not say which version to rotate away from",
            why="This file may be run again, and each run would make one more version.",
            next_step=f'To rotate {key.name} once, write the version that is current now: rotate: "{key.version}"',
        )
    if not isinstance(versions, Known):
        return Refusal(
            "the versions of the key could not be read",
            why="Whether it was rotated already is not known, and a version cannot be removed. "
            + (versions.reason if isinstance(versions, Unknown) else ""),
            next_step="Reading and rotating keys takes Key Vault Crypto Officer on the vault.",
            request_id=versions.request_id if isinstance(versions, Unknown) else None,
            unproven=True,
        )
    rows = {row.version: row for row in versions.value}
    if rotate != key.version:
        return None if rotate in rows else _not_a_version(str(rotate), key)
    newer = [row.version for row in versions.value if _after(row, rows.get(key.version))]
    if newer:
        return Refusal(
            f"a version of the key was made while this was looking: {', '.join(newer)}",
            why="Somebody else rotates it; another version would be one too many.",
            next_step="Run this step again: it starts by looking.",
        )
    if key.expires is not None and key.created is None:
        return Refusal(
            "the current version expires, and when it was made is not told",
            why="So how long the new one should last is not known.",
            next_step="Rotate it by hand, with the expiry it should have, then run this step again.",
            unproven=True,
        )
    return None


def _lifetime(key: Key) -> timedelta | None:
    """How long a version was to last when it was made; None where it does not expire."""
    if key.expires is None or key.created is None:
        return None
    return key.expires - key.created


def _ends(key: Key) -> str:
    lifetime = _lifetime(key)
    return f", expiring {lifetime.days} days after it is made, as the old one did" if lifetime else ""


def _day(moment: datetime | None) -> str:
    return f"{moment:%Y-%m-%d}" if moment else "never"


def _said(value: Any) -> str:
    match value:
        case dict():
            return written(value) or "none"
        case set():
            return " ".join(sorted(value)) or "none"
    return str(value)


def _after(row: KeyVersion, current: KeyVersion | None) -> bool:
    if current is None or row.created is None or current.created is None:
        return False
    return row.created > current.created


def _not_a_version(rotate: str, key: Key) -> Refusal:
    return Refusal(
        "the version to rotate away from is no version of this key",
        why="It may be of another key or vault, or mistyped; rotating on a guess cannot be taken back.",
        next_step=f'To rotate {key.name}, write the version that is current now: rotate: "{key.version}"',
        got=rotate,
        expected="one of its versions",
    )
