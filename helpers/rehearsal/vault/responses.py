"""Key Vault's replies: bundles, list items, rotation policies, and the headers every reply carries.

Shapes: OpenAPI 2025-07-01 and 7.4, replies recorded 2019 to 2023. What was never set (tags, exp, nbf) is absent.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

from helpers.rehearsal.material import base64url, unbase64url
from helpers.rehearsal.state import Key, KeyVersion, RotationAction, Vault
from helpers.rehearsal.vault import errors
from helpers.rehearsal.vault.gate import Site
from helpers.rehearsal.wire import Request

EXPONENT = {"RSA": "AQAB", "RSA-HSM": "AAEAAQ"}
"""65537, as recorded for each type."""
HSM_PLATFORM = {"RSA": "0", "RSA-HSM": "1"}
"""Recorded for RSA; assumption for RSA-HSM."""
DEFAULT_RETENTION_DAYS = 90
PAGE = 25
"""Items on a page unless fewer are asked for, and the most that may be asked for (OpenAPI)."""

Json = dict[str, Any]


def headers(at: Site, request: Request, address: str) -> dict[str, str]:
    """The headers of every reply of a vault."""
    return {
        "content-type": "application/json; charset=utf-8",
        "cache-control": "no-cache",
        "expires": "-1",
        "pragma": "no-cache",
        "strict-transport-security": "max-age=31536000;includeSubDomains",
        "x-content-type-options": "nosniff",
        "x-ms-keyvault-network-info": f"conn_type=Ipv4;addr={address};act_addr_fam=InterNetwork;",
        "x-ms-keyvault-region": at.vault.location,
        "x-ms-keyvault-service-version": "1.9.1054.1",
        "x-ms-request-id": request.id,
    }


def bundle(at: Site, name: str, version: str, found: KeyVersion) -> Json:
    """A key with its public material."""
    key = {
        "kid": f"{at.uri}/keys/{name}/{version}",
        "kty": found.kty,
        "key_ops": list(found.key_ops),
        "n": found.n,
        "e": EXPONENT[found.kty],
    }
    return {"key": key, "attributes": attributes(at.vault, found), **_tags(found)}


def deleted_bundle(at: Site, name: str, key: Key) -> Json:
    """A soft-deleted key: its newest version, and until when it can be recovered."""
    return {**_deletion(at, name, key), **bundle(at, name, *key.current)}


def key_item(at: Site, name: str, key: Key) -> Json:
    return {"kid": f"{at.uri}/keys/{name}", **_item(at.vault, key.current[1])}


def version_item(at: Site, name: str, version: str, found: KeyVersion) -> Json:
    """One version in a list; without key material."""
    return {"kid": f"{at.uri}/keys/{name}/{version}", **_item(at.vault, found)}


def deleted_item(at: Site, name: str, key: Key) -> Json:
    return {**_deletion(at, name, key), **key_item(at, name, key)}


def attributes(vault: Vault, found: KeyVersion) -> Json:
    times = {"nbf": found.not_before, "exp": found.expires, "created": found.created, "updated": found.updated}
    days = vault.soft_delete_retention_in_days
    soft = {} if vault.enable_soft_delete is False else {"recoverableDays": days}
    return {
        "enabled": found.enabled,
        **{name: unix(time) for name, time in times.items() if time is not None},
        "recoveryLevel": recovery_level(vault),
        **soft,
        "exportable": False,
        "hsmPlatform": HSM_PLATFORM[found.kty],
    }


def recovery_level(vault: Vault) -> str:
    """What protects the vault's keys; purgeable unless purge protection is on."""
    if vault.enable_soft_delete is False:
        return "Purgeable"
    customized = vault.soft_delete_retention_in_days < DEFAULT_RETENTION_DAYS
    level = "CustomizedRecoverable" if customized else "Recoverable"
    return level if vault.enable_purge_protection is True else f"{level}+Purgeable"


def rotation_policy(at: Site, name: str, key: Key) -> Json:
    """A key's rotation policy. Assumption: a key for which none was set answers with the service's default."""
    policy = key.rotation_policy
    link = f"{at.uri}/keys/{name}/rotationpolicy"
    if policy is None:
        default = [RotationAction(action="Notify", time_before_expiry="P30D")]
        return {"id": link, "lifetimeActions": [_lifetime_action(a) for a in default], "attributes": {}}
    expiry = {} if policy.expiry_time is None else {"expiryTime": policy.expiry_time}
    return {
        "id": link,
        "lifetimeActions": [_lifetime_action(a) for a in policy.actions],
        "attributes": {**expiry, "created": unix(policy.created), "updated": unix(policy.updated)},
    }


def page(at: Site, path: str, items: Sequence[tuple[str, Json]], query: Mapping[str, str]) -> Json:
    """One page of items sorted by their marker; `nextLink` is null on the last one, as recorded."""
    size = _page_size(query.get("maxresults"))
    after = _marker(query.get("$skiptoken"))
    rest = [(marker, item) for marker, item in sorted(items, key=lambda pair: pair[0]) if marker > after]
    shown = rest[:size]
    link = None
    if len(rest) > size:
        token = base64url(json.dumps({"NextMarker": shown[-1][0], "TargetLocation": 0}).encode())
        version = query.get("api-version", "")
        link = f"{at.uri}:443{path}?api-version={version}&$skiptoken={token}&maxresults={size}"
    return {"value": [item for _, item in shown], "nextLink": link}


def unix(time: datetime) -> int:
    """Whole seconds since 1970."""
    return int(time.timestamp())


def _deletion(at: Site, name: str, key: Key) -> Json:
    if key.deleted is None:
        return {}
    purge = key.deleted + timedelta(days=at.vault.soft_delete_retention_in_days)
    return {
        "recoveryId": f"{at.uri}/deletedkeys/{name}",
        "deletedDate": unix(key.deleted),
        "scheduledPurgeDate": unix(purge),
    }


def _item(vault: Vault, found: KeyVersion) -> Json:
    return {"attributes": attributes(vault, found), **_tags(found)}


def _tags(found: KeyVersion) -> Json:
    return {"tags": dict(found.tags)} if found.tags else {}


def _lifetime_action(action: RotationAction) -> Json:
    times = {"timeAfterCreate": action.time_after_create, "timeBeforeExpiry": action.time_before_expiry}
    trigger = {name: time for name, time in times.items() if time is not None}
    return {"trigger": trigger, "action": {"type": action.action}}


def _page_size(text: str | None) -> int:
    if text is None:
        return PAGE
    if not text.isdecimal() or not 1 <= int(text) <= PAGE:
        raise errors.bad_parameter(f"maxresults is a number from 1 to {PAGE}, not {text}")
    return int(text)


def _marker(token: str | None) -> str:
    if not token:
        return ""
    try:
        return str(json.loads(unbase64url(token))["NextMarker"])
    except (ValueError, KeyError, TypeError):
        raise errors.bad_parameter("Invalid $skiptoken value") from None
