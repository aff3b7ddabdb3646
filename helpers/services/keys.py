"""Keys in a vault: reads, and the writes 02 may make. Retries are off for every write that could make a second one."""

from __future__ import annotations

import base64
import hashlib
import secrets
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest, HttpResponse
from azure.keyvault.keys import KeyClient, KeyOperation, KeyProperties
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from helpers.errors import ServiceFailed
from helpers.model import Absent, DeletedKey, Found, Key, KeyVersion, Known, Probe, RotationPolicy
from helpers.services.made_twice import only_version
from helpers.services.once import lost_or_failed, once
from helpers.services.patience import Patient
from helpers.services.replies import code, look, needed, request_id, whole
from helpers.services.witness import Witness

PROBE_ALGORITHM = "RSA-OAEP-256"
"""What Anthropic wraps with is not published; every RSA key of Key Vault can do this one."""


class Keys:
    """The keys of one vault, by its own address."""

    def __init__(self, credential: TokenCredential, vault_uri: str, witness: Witness) -> None:
        self._client = KeyClient(vault_uri, credential, raw_response_hook=witness.azure, retry_policy=Patient())
        self._host = urlsplit(vault_uri).netloc
        self._credential, self._witness = credential, witness

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def of_vault(self, vault_uri: str) -> Keys:
        """The same for another vault, signed in as before. To be closed by itself."""
        return Keys(self._credential, vault_uri, self._witness)

    def key(self, name: str) -> Found[Key]:
        """The current version of a key."""
        return look(lambda: _key(self._client.get_key(name)))

    def versions(self, name: str) -> Found[tuple[KeyVersion, ...]]:
        """All versions of a key, newest first; disabled ones too."""
        return look(lambda: self._versions(name))

    def _versions(self, name: str) -> tuple[KeyVersion, ...]:
        rows = [_version(row) for row in whole(self._client.list_properties_of_key_versions(name), self._host)]
        if not rows:
            raise ValueError("no versions, and a key has at least one")
        return tuple(sorted(rows, key=lambda row: (row.created is not None, row.created), reverse=True))

    def names(self) -> Found[tuple[str, ...]]:
        """The names of all keys of the vault, to see whether it holds nothing else."""
        return look(lambda: tuple(row.name for row in whole(self._client.list_properties_of_keys(), self._host)))

    def rotation_policy(self, name: str) -> Found[RotationPolicy]:
        """When the key rotates by itself."""
        return look(lambda: _rotation(self._client.get_key_rotation_policy(name)))

    def probe(self, name: str, version: str) -> Found[Probe]:
        """Wrap, unwrap and try to decrypt, all done by the service; the SDK's own wrap would not ask it."""
        return look(lambda: self._probe(name, version))

    def _probe(self, name: str, version: str) -> Probe:
        secret = secrets.token_bytes(32)
        wrapped = self._use(name, version, "wrapkey", _text64(secret))
        wrapped.raise_for_status()
        value = _answer(wrapped, name, version)
        unwrapped = self._use(name, version, "unwrapkey", value)
        unwrapped.raise_for_status()
        other = self._use(name, version, "decrypt", value)
        if other.status_code not in (200, 403):
            other.raise_for_status()
        if other.status_code == 200:
            _answer(other, name, version)
        return Probe(
            equal=_answer(unwrapped, name, version) == _text64(secret),
            refused=_refusal(other.json()) if other.status_code == 403 else "",
            operation="decrypt",
            assignment=wrapped.headers.get("x-ms-keyvault-rbac-assignment-id"),
        )

    def _use(self, name: str, version: str, operation: str, value: str) -> HttpResponse:
        body = {"alg": PROBE_ALGORITHM, "value": value}
        request = HttpRequest("POST", f"/keys/{name}/{version}/{operation}", json=body)
        return self._client.send_request(request, retry_total=0)

    def deleted(self, name: str) -> Found[DeletedKey]:
        """A soft-deleted key of that name."""
        return look(lambda: _deleted(self._client.get_deleted_key(name)))

    def create_once(
        self, name: str, *, kty: str, bits: int, operations: tuple[str, ...], tags: Mapping[str, str]
    ) -> Key:
        """Create a key that is not there. One request: creating an existing name would make a second version.

        Its versions are listed after it. Raises ServiceFailed when it was refused or when no clear answer came and
        looking does not settle it; Refused when another machine made a version too, Unproven when that is not known.
        """

        def write() -> Key:
            try:
                return _key(
                    self._client.create_rsa_key(
                        name,
                        size=bits,
                        hardware_protected=kty == "RSA-HSM",
                        key_operations=[KeyOperation(operation) for operation in operations],
                        tags=dict(tags),
                        retry_total=0,
                    )
                )
            except AzureError as error:
                if code(error) == "ObjectIsDeletedButRecoverable":
                    raise ServiceFailed(
                        f"a soft-deleted key holds the name {name}",
                        why="Its name cannot be used again before it is purged.",
                        next_step="Recover it, choose another key_name, or wait until it is purged.",
                        request_id=request_id(error),
                    ) from None
                raise lost_or_failed(f"creating the key {name}", error) from None

        made = once(f"creating the key {name}", write, lambda: self.key(name))
        with self._witness.aside():
            only_version(made, self._host.partition(".")[0], self.versions(name), lambda: self.key(name))
        return made

    def update(
        self,
        name: str,
        version: str,
        *,
        operations: tuple[str, ...] | None = None,
        tags: Mapping[str, str] | None = None,
    ) -> Key:
        """Set the operations or the whole tag map of one version; what is not given stays as it is.

        Raises ServiceFailed. Repeating it changes nothing, so an unclear answer is settled by looking.
        """
        changes: dict[str, Any] = {}
        if operations is not None:
            changes["key_operations"] = [KeyOperation(operation) for operation in operations]
        if tags is not None:
            changes["tags"] = dict(tags)

        def write() -> Key:
            try:
                return _key(self._client.update_key_properties(name, version, retry_total=0, **changes))
            except AzureError as error:
                raise lost_or_failed(f"updating the key {name}", error) from None

        def again() -> Found[Key]:
            found = self.key(name)
            if not isinstance(found, Known):
                return found
            as_wanted = (
                found.value.version == version
                and (operations is None or set(found.value.operations) == set(operations))
                and (tags is None or dict(found.value.tags) == dict(tags))
            )
            return found if as_wanted else Absent()

        return once(f"updating the key {name}", write, again)


def _key(raw: Any) -> Key:
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


def _rotation(raw: Any) -> RotationPolicy:
    needed(raw.id, "id")
    rotates = tuple(
        str(row.time_after_create or row.time_before_expiry or "")
        for row in raw.lifetime_actions
        if _text(row.action).lower() == "rotate"
    )
    return RotationPolicy(rotates, raw.expires_in)


def _text64(value: bytes) -> str:
    """Base64url without padding, as Key Vault writes bytes."""
    return base64.urlsafe_b64encode(value).rstrip(b"=").decode()


def _answer(reply: HttpResponse, name: str, version: str) -> str:
    """What came out of using a key. Raises ValueError for a reply that does not name the key version it is of."""
    body = reply.json()
    kid, value = body["kid"], body["value"]
    if not str(kid).lower().endswith(f"/keys/{name}/{version}".lower()):
        raise ValueError("the reply is of another key version")
    if not isinstance(value, str) or not value:
        raise ValueError("value is missing")
    return value


def _refusal(body: dict[str, Any]) -> str:
    """The inner code of a refusal, such as KeyOperationForbidden; the outer one where there is no inner one."""
    error = body["error"]
    return str((error.get("innererror") or {}).get("code") or error["code"])


def _version(raw: KeyProperties) -> KeyVersion:
    return KeyVersion(str(raw.version), raw.enabled, raw.created_on, dict(raw.tags or {}))


def _deleted(raw: Any) -> DeletedKey:
    return DeletedKey(raw.name, raw.deleted_date, raw.scheduled_purge_date)


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))
