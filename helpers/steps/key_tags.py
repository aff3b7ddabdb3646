"""02: the tags of a key version, one for each organization that the key serves; merged, never replaced.

Claude API docs, "Configure Azure Key Vault for CMEK": a key may serve several organizations, with a tag for each. Key
Vault holds at most 15 tags on a version. Both read 2026-11-23.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, ClassVar

from helpers import published
from helpers.model import Key
from helpers.plan import Done, Refusal

if TYPE_CHECKING:
    from helpers.services.connect import Services


@dataclass(frozen=True)
class Tag:
    """Add tags to the current version, beside those it has right before the write."""

    vault: str
    key: Key
    tags: Mapping[str, str]
    own: Mapping[str, str] = field(default_factory=dict)
    """The tags of our own organization, where others are added too."""
    because: str = ""
    """Why tags that are not our own are among them, as the end of the sentence."""
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        added = ", ".join(f"{name}={value}" for name, value in self.tags.items())
        others = ", ".join(sorted(set(self.key.tags) - set(self.tags)))
        kept = f", keeping {others}" if others else ""
        return (
            f"set the tag {added} on version {self.key.version} of {self.key.name}{kept}{self.because}"
            f"{serves(self.key, {**self.own, **self.tags})}"
        )

    def intent(self) -> Mapping[str, str]:
        return {"change": "tag key", **place(self.vault, self.key), "tags": " ".join(sorted(self.tags))}

    def seen(self) -> Mapping[str, str]:
        return {"key version": self.key.version}

    def perform(self, services: Services) -> Done:
        return done("tagged the key", services.keys.add_tags(self.key, self.tags), services)


def serves(key: Key, own: Mapping[str, str]) -> str:
    """The organizations that a key serves beside our own, as the end of a sentence; empty where there is none."""
    others = published.organizations({name: value for name, value in key.tags.items() if name not in own})
    if not others:
        return ""
    return f"; this key also serves organization {' and '.join(others)}"


def too_many_tags(own: Mapping[str, str], key: Key) -> Refusal | None:
    """A Refusal where the tags that are wanted do not fit beside those that are there."""
    missing = set(own) - set(key.tags)
    if len(key.tags) + len(missing) <= published.MOST_TAGS:
        return None
    return Refusal(
        "there is no room for the organization tag" + ("s" if len(missing) > 1 else ""),
        why=f"Key Vault holds at most {published.MOST_TAGS} tags on a key version. "
        f"There are {', '.join(sorted(key.tags))}.",
        next_step="Remove a tag that nobody needs (without its tag, Anthropic refuses the key for an organization), or "
        "use another key for this organization. Then run this step again.",
        got=f"{len(key.tags)} tags",
        expected=f"at most {published.MOST_TAGS - len(missing)}",
    )


def written(tags: Mapping[str, str]) -> str:
    """Tags as text, sorted."""
    return " ".join(f"{name}={value}" for name, value in sorted(tags.items()))


def place(vault: str, key: Key) -> dict[str, str]:
    """Where a key is, for the intent of a change."""
    return {"vault": vault.lower(), "key": key.name.lower()}


def done(what: str, key: Key, services: Services, **more: str) -> Done:
    """What a change of a key came to: the version as it is now."""
    kept = {
        "version": key.version,
        "public key SHA-256": str(key.public_sha256),
        "operations": " ".join(key.operations),
        "tags": written(key.tags),
        **more,
    }
    return Done(what, kept, services.witness.request_id)
