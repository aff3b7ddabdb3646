"""Key Vault's replies about keys as model values. What a reply must hold and does not is a ValueError."""

from __future__ import annotations

import base64
import hashlib
from typing import Any

from azure.core.rest import HttpResponse
from azure.keyvault.keys import KeyProperties
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from helpers.model import DeletedKey, Key, KeyVersion, RotationPolicy
from helpers.services.replies import needed


def as_key(raw: Any) -> Key:
    properties: KeyProperties = raw.properties
    return Key(
        name=needed(raw.name, "name"),
        version=needed(properties.version, "version"),
        kty=_text(needed(raw.key_type, "kty")),
        bits=int.from_bytes(raw.key.n).bit_length() if raw.key.n else None,
        operations=tuple(_text(operation) for operation in raw.key_operations or ()),
        enabled=properties.enabled,
        not_before=properties.not_before,
        expires=properties.expires_on,
        tags=dict(properties.tags or {}),
        public_sha256=_public_sha256(raw.key.n, raw.key.e),
        created=properties.created_on,
    )


def _public_sha256(n: bytes | None, e: bytes | None) -> str | None:
    if not n or not e:
        return None
    public = RSAPublicNumbers(int.from_bytes(e), int.from_bytes(n)).public_key()
    return hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).hexdigest()


def as_rotation_policy(raw: Any) -> RotationPolicy:
    needed(raw.id, "id")
    rotates = tuple(
        str(row.time_after_create or row.time_before_expiry or "")
        for row in raw.lifetime_actions
        if _text(row.action).lower() == "rotate"
    )
    return RotationPolicy(rotates, raw.expires_in)


def text64(value: bytes) -> str:
    """Base64url without padding, as Key Vault writes bytes."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def answer_of(reply: HttpResponse, name: str, version: str) -> str:
    """What came out of using a key. Raises ValueError for a reply that does not name the key version it is of."""
    body = reply.json()
    kid, value = body["kid"], body["value"]
    if not str(kid).lower().endswith(f"/keys/{name}/{version}".lower()):
        raise ValueError("the reply is of another key version")
    if not isinstance(value, str) or not value:
        raise ValueError("value is missing")
    return value


def refusal_code(body: dict[str, Any]) -> str:
    """The inner code of a refusal, such as KeyOperationForbidden; the outer one where there is no inner one."""
    error = body["error"]
    return str((error.get("innererror") or {}).get("code") or error["code"])


def as_version(raw: KeyProperties) -> KeyVersion:
    return KeyVersion(str(raw.version), raw.enabled, raw.created_on, dict(raw.tags or {}))


def as_deleted(raw: Any) -> DeletedKey:
    return DeletedKey(raw.name, raw.deleted_date, raw.scheduled_purge_date)


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))
