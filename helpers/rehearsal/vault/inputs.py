"""What a client may send: parsed once, refused with 400 BadParameter.

Limits: Key Vault documentation, about keys (name, 15 tags, sizes 2048 to 4096); OpenAPI 2025-07-01 for the members.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from helpers.rehearsal.state import RotationAction
from helpers.rehearsal.vault import errors

OPERATIONS = ("encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey", "import", "export")
DEFAULT_OPERATIONS = OPERATIONS[:6]
SIZES = (2048, 3072, 4096)
MAX_TAGS = 15
NAME = re.compile(r"[0-9a-zA-Z-]{1,127}")
DURATION = re.compile(r"P(?=\d)(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)D)?")

Payload = Mapping[str, Any]


def key_name(name: str) -> str:
    if not NAME.fullmatch(name):
        raise errors.bad_parameter(f"The request URI contains an invalid name: {name}")
    return name


def key_type(payload: Payload, sku: str) -> str:
    """RSA, or RSA-HSM on a premium vault."""
    kty = payload.get("kty")
    if kty in ("EC", "EC-HSM"):
        raise errors.not_simulated(f"keys of type {kty}")
    if kty not in ("RSA", "RSA-HSM"):
        raise errors.bad_parameter(f"Invalid kty value: {kty}", "KeyTypeNotSupported")
    if kty == "RSA-HSM" and sku != "premium":
        raise errors.bad_parameter("Hardware key operation not allowed on standard vault")
    return str(kty)


def key_size(payload: Payload) -> int:
    size = payload.get("key_size")
    if size is None:
        return SIZES[0]
    if isinstance(size, bool) or size not in SIZES:
        raise errors.bad_parameter(f"The specified RSA key size is not supported: {size}")
    return int(size)


def key_ops(payload: Payload) -> list[str] | None:
    """The operations sent, or None when none were."""
    ops = payload.get("key_ops")
    if ops is None:
        return None
    if not isinstance(ops, list) or any(op not in OPERATIONS for op in ops):
        raise errors.bad_parameter(f"Invalid key_ops value: {ops}")
    return list(ops)


def tags(payload: Payload) -> dict[str, str] | None:
    """The tags sent, or None when none were; a map that is sent replaces the one before as a whole."""
    sent = payload.get("tags")
    if sent is None:
        return None
    if not isinstance(sent, dict) or not all(isinstance(value, str) for value in sent.values()):
        raise errors.bad_parameter("Invalid tags value")
    if len(sent) > MAX_TAGS:
        raise errors.bad_parameter(f"The number of tags, {len(sent)}, is more than the {MAX_TAGS} allowed")
    return dict(sent)


def attributes(payload: Payload) -> dict[str, Any]:
    """What was sent of enabled, nbf and exp, as changes to a key version."""
    sent = payload.get("attributes") or {}
    if not isinstance(sent, dict):
        raise errors.bad_parameter("Invalid attributes value")
    changes: dict[str, Any] = {}
    if sent.get("enabled") is not None:
        if not isinstance(sent["enabled"], bool):
            raise errors.bad_parameter("Invalid enabled value")
        changes["enabled"] = sent["enabled"]
    for member, field in (("nbf", "not_before"), ("exp", "expires")):
        if sent.get(member) is not None:
            changes[field] = _time(sent[member], member)
    return changes


def rotation_actions(payload: Payload) -> list[RotationAction]:
    """The lifetime actions of a rotation policy. Their type is read in any case and kept capitalised."""
    sent = payload.get("lifetimeActions") or []
    if not isinstance(sent, list) or not all(isinstance(entry, dict) for entry in sent):
        raise errors.bad_parameter("Invalid lifetimeActions value")
    return [_rotation_action(entry.get("action") or {}, entry.get("trigger") or {}) for entry in sent]


def duration(text: object) -> str:
    """An ISO 8601 duration in years, months and days."""
    if not isinstance(text, str) or not DURATION.fullmatch(text):
        raise errors.bad_parameter(f"Invalid duration: {text}")
    return text


def _rotation_action(action: Payload, trigger: Payload) -> RotationAction:
    kind = str(action.get("type")).capitalize()
    after, before = trigger.get("timeAfterCreate"), trigger.get("timeBeforeExpiry")
    if (after is None) == (before is None):
        raise errors.bad_parameter("A trigger has either timeAfterCreate or timeBeforeExpiry")
    times = (after and duration(after), before and duration(before))
    if kind == "Rotate":
        return RotationAction(action="Rotate", time_after_create=times[0], time_before_expiry=times[1])
    if kind == "Notify":
        return RotationAction(action="Notify", time_after_create=times[0], time_before_expiry=times[1])
    raise errors.bad_parameter(f"Invalid action type: {kind}")


def _time(value: object, member: str) -> datetime:
    """A moment from unix seconds."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise errors.bad_parameter(f"Invalid {member} value: {value}")
    try:
        return datetime.fromtimestamp(value, UTC)
    except (OverflowError, ValueError, OSError):
        raise errors.bad_parameter(f"Invalid {member} value: {value}") from None
