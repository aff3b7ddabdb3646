"""What happens to keys: made, versioned, changed, deleted, recovered, purged, rotated.

Source: Key Vault documentation on soft delete and rotation, recorded sequences of 2019 and 2023. A deleted key's name
is taken until it is purged, and both deletion and recovery take a while to be seen (the world's deletion lag).
"""

from __future__ import annotations

import secrets
from calendar import monthrange
from datetime import datetime, timedelta
from enum import Enum
from typing import Any

from helpers.rehearsal.material import generate, shared
from helpers.rehearsal.state import Key, KeyVersion, RotationPolicy
from helpers.rehearsal.vault import errors, inputs
from helpers.rehearsal.vault.gate import Site
from helpers.rehearsal.world import World


class Stage(Enum):
    """Where a key is in its life."""

    LIVE = "live"
    RECOVERING = "recovered, not yet visible"
    DELETING = "deleted, not yet visible as such"
    DELETED = "soft-deleted"
    GONE = "not there, or purged when its retention ended"


_NAME_TAKEN = {
    Stage.DELETING: errors.is_being_deleted,
    Stage.DELETED: errors.is_deleted,
    Stage.RECOVERING: errors.is_being_recovered,
}


def find(at: Site, name: str) -> tuple[str, Key | None]:
    """The key of a name and the name as the vault keeps it; case does not count."""
    for kept, key in at.vault.keys.items():
        if kept.lower() == name.lower():
            return kept, key
    return name, None


def stage(world: World, at: Site, key: Key | None) -> Stage:
    lag = timedelta(seconds=world.state.settings.deletion_lag_seconds)
    now = world.now()
    if key is None:
        return Stage.GONE
    if key.deleted is not None:
        if now >= key.deleted + timedelta(days=at.vault.soft_delete_retention_in_days):
            return Stage.GONE
        return Stage.DELETING if now < key.deleted + lag else Stage.DELETED
    recovering = key.recovered is not None and now < key.recovered + lag
    return Stage.RECOVERING if recovering else Stage.LIVE


def live(world: World, at: Site, name: str) -> tuple[str, Key]:
    """A key in use, with its name as kept. Raises 404."""
    kept, key = find(at, name)
    if key is None or stage(world, at, key) is not Stage.LIVE:
        raise errors.key_not_found(name)
    return kept, key


def version_of(name: str, key: Key, version: str | None) -> tuple[str, KeyVersion]:
    """One version of a key, the newest one (also if disabled) when none is named. Raises 404."""
    if version is None:
        return key.current
    found = key.versions.get(version.lower())
    if found is None:
        raise errors.key_not_found(name)
    return version.lower(), found


def deleted(world: World, at: Site, name: str) -> tuple[str, Key]:
    """A soft-deleted key. Raises 404, also for a while after the deletion."""
    kept, key = find(at, name)
    if key is None or stage(world, at, key) is not Stage.DELETED:
        raise errors.deleted_key_not_found(name)
    return kept, key


def create(world: World, at: Site, name: str, payload: inputs.Payload) -> tuple[str, str, KeyVersion]:
    """A new key, or a new version of the key of that name. Raises 400, and 409 while the name is soft-deleted."""
    kept, key = find(at, inputs.key_name(name))
    now = world.now()
    made = KeyVersion(
        created=now,
        updated=now,
        kty=inputs.key_type(payload, at.vault.sku),
        size=inputs.key_size(payload),
        key_ops=inputs.key_ops(payload) or list(inputs.DEFAULT_OPERATIONS),
        tags=inputs.tags(payload) or {},
    ).model_copy(update=inputs.attributes(payload))
    at_stage = stage(world, at, key)
    if at_stage in _NAME_TAKEN:
        raise _NAME_TAKEN[at_stage](kept)
    if key is None or at_stage is Stage.GONE:
        key = at.vault.keys[kept] = Key(versions={})
    return kept, *_add(key, _with_material(world, made))


def update(
    world: World, at: Site, name: str, version: str | None, payload: inputs.Payload
) -> tuple[str, str, KeyVersion]:
    """Change what was sent and keep the rest; `updated` moves. Raises 400, 404."""
    kept, key = live(world, at, name)
    found, before = version_of(name, key, version)
    changes: dict[str, Any] = {"updated": world.now(), **inputs.attributes(payload)}
    for field, value in (("key_ops", inputs.key_ops(payload)), ("tags", inputs.tags(payload))):
        if value is not None:
            changes[field] = value
    key.versions[found] = before.model_copy(update=changes)
    return kept, found, key.versions[found]


def delete(world: World, at: Site, name: str) -> tuple[str, Key]:
    """Soft-delete a key with all versions; without soft delete it is gone. Raises 404."""
    kept, key = live(world, at, name)
    if at.vault.enable_soft_delete is False:
        del at.vault.keys[kept]
    else:
        key.deleted, key.recovered = world.now(), None
    return kept, key


def recover(world: World, at: Site, name: str) -> tuple[str, Key]:
    """Bring a soft-deleted key back. Raises 404, and 409 while the deletion is under way."""
    kept, key = _deletable(world, at, name)
    key.deleted, key.recovered = None, world.now()
    return kept, key


def purge(world: World, at: Site, name: str) -> None:
    """Destroy a soft-deleted key for good. Raises 404, 409, and 403 where purge protection is on."""
    kept, _ = _deletable(world, at, name)
    if at.vault.enable_purge_protection is True:
        raise errors.forbidden(
            None,
            'Operation "purge" is not allowed because purge protection is enabled for this vault. Key Vault service '
            "will automatically purge it after the retention period has passed.",
            str(at),
        )
    del at.vault.keys[kept]


def rotate(world: World, at: Site, name: str) -> tuple[str, str, KeyVersion]:
    """A new version like the current one; it expires when the rotation policy says (recorded). Raises 404.

    Assumption: tags and operations are carried over and a version is made enabled.
    """
    kept, key = live(world, at, name)
    now = world.now()
    expiry = key.rotation_policy.expiry_time if key.rotation_policy else None
    _, current = key.current
    changes = {
        "created": now,
        "updated": now,
        "enabled": True,
        "not_before": None,
        "expires": None if expiry is None else after(now, expiry),
    }
    return kept, *_add(key, _with_material(world, current.model_copy(update=changes)))


def set_rotation_policy(world: World, at: Site, name: str, payload: inputs.Payload) -> tuple[str, Key]:
    """Replace a key's rotation policy. Raises 400, 404. Assumption: `created` is kept from the policy before."""
    kept, key = live(world, at, name)
    sent = payload.get("attributes") or {}
    expiry = sent.get("expiryTime") if isinstance(sent, dict) else None
    now = world.now()
    key.rotation_policy = RotationPolicy(
        expiry_time=None if expiry is None else inputs.duration(expiry),
        created=key.rotation_policy.created if key.rotation_policy else now,
        updated=now,
        actions=inputs.rotation_actions(payload),
    )
    return kept, key


def after(start: datetime, duration: str) -> datetime:
    """The moment a duration (`P1Y2M10D`) after another; a day the month does not have becomes its last."""
    match = inputs.DURATION.fullmatch(duration)
    if match is None:
        raise ValueError(f"not a duration in years, months and days: {duration}")
    years, months, days = (int(group or 0) for group in match.groups())
    month = start.month - 1 + months + 12 * years
    year, month = start.year + month // 12, month % 12 + 1
    day = min(start.day, monthrange(year, month)[1])
    return start.replace(year=year, month=month, day=day) + timedelta(days=days)


def _deletable(world: World, at: Site, name: str) -> tuple[str, Key]:
    kept, key = find(at, name)
    if stage(world, at, key) is Stage.DELETING:
        raise errors.is_being_deleted(kept)
    return deleted(world, at, name)


def _with_material(world: World, made: KeyVersion) -> KeyVersion:
    return shared(made) if world.state.settings.shared_keys else generate(made)


def _add(key: Key, made: KeyVersion) -> tuple[str, KeyVersion]:
    version = secrets.token_hex(16)
    key.versions[version] = made
    return version, made
