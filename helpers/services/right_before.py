"""What is looked at right before a key is written: whether it is as it was shown, and what a write would lose."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from azure.keyvault.keys import KeyProperties

from helpers.errors import Refused, ServiceFailed, Unproven
from helpers.model import Found, Key, Known, Unknown


def still_current(read: Found[KeyProperties], planned: Key, doing: str) -> KeyProperties:
    """The planned version as it is now. Raises Refused for another version, Unproven where it was not read.

    `doing` ends the sentence, as in "tagging it".
    """
    if not isinstance(read, Known):
        raise Unproven(
            f"{planned.name} could not be read right before {doing}"
            + (f": {read.reason}" if isinstance(read, Unknown) else ": the service says that it is not there"),
            why="Nothing was changed.",
            next_step="Run this step again: it starts by looking.",
            request_id=read.request_id,
        )
    if read.value.version != planned.version:
        raise Refused(
            f"{planned.name} is at version {read.value.version} by now, and {doing} was planned for {planned.version}",
            why="Somebody else rotated it meanwhile. Nothing was changed.",
            next_step="Run this step again: it keeps what is there.",
        )
    return read.value


def refuse_what_stays_behind(read: Found[KeyProperties], planned: Key) -> None:
    """Raise as `still_current` does, and Refused for a key that changed since it was shown or has what would be lost.

    A rotation by a create gives the new version what was shown. An exportable key has a release policy; a managed one
    belongs to a certificate, which rotates it. Source: OpenAPI of Key Vault keys 2025-07-01, KeyAttributes and
    KeyBundle.
    """
    now = still_current(read, planned, "rotating it")
    pairs: dict[str, tuple[Any, Any]] = {
        "tags": (dict(planned.tags), dict(now.tags or {})),
        "enabled": (planned.enabled, now.enabled),
        "expires": (planned.expires, now.expires_on),
    }
    moved = [f"{name}: {_said(was)}, now {_said(came)}" for name, (was, came) in pairs.items() if was != came]
    if moved:
        raise Refused(
            f"{planned.name} changed since it was shown: {'; '.join(moved)}",
            why="A new version would carry over what was shown, and not what is there. Nothing was changed.",
            next_step="Run this step again, and look at the plan it makes then.",
        )
    if now.exportable or now.release_policy or now.managed:
        kind = "belongs to a certificate" if now.managed else "is exportable under a release policy"
        raise Refused(
            f"{planned.name} {kind}, which a new version made here would not",
            why="A rotation carries over what the key has, or is not done. Nothing was changed.",
            next_step="Rotate it where it is managed, then run this step again: it keeps what is there.",
        )


def stop_at_lost_tags(wanted: Mapping[str, str], came: Key, request_id: str | None) -> None:
    """Raise ServiceFailed where a version does not have every one of the tags that were sent; it names those."""
    lost = {name: value for name, value in wanted.items() if came.tags.get(name) != value}
    if lost:
        raise ServiceFailed(
            f"version {came.version} of {came.name} was tagged, and has not every tag afterwards. Gone: {_said(lost)}",
            why="Without its tag, Anthropic refuses the key for an organization.",
            next_step="Set the tags that are gone on that version again, beside those it has (az keyvault key "
            "set-attributes replaces all of them), and run this step again.",
            request_id=request_id,
        )


def _said(value: Any) -> str:
    if isinstance(value, dict):
        return " ".join(f"{name}={text}" for name, text in sorted(value.items())) or "none"
    return "never" if value is None else str(value)
