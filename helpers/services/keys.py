"""Keys in a vault: reads, and the writes 02 may make. Retries are off for every write that could make a second one."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.keyvault.keys import KeyClient, KeyOperation, KeyProperties
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicNumbers
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from helpers.errors import ServiceFailed
from helpers.model import Absent, DeletedKey, Found, Key, KeyVersion, Known
from helpers.services.once import lost_or_failed, once
from helpers.services.replies import code, look, needed, request_id, whole
from helpers.services.witness import Witness


class Keys:
    """The keys of one vault, by its own address."""

    def __init__(self, credential: TokenCredential, vault_uri: str, witness: Witness) -> None:
        self._client = KeyClient(vault_uri, credential, raw_response_hook=witness.azure)

    def close(self) -> None:
        """Close its connections."""
        self._client.close()

    def key(self, name: str) -> Found[Key]:
        """The current version of a key."""
        return look(lambda: _key(self._client.get_key(name)))

    def versions(self, name: str) -> Found[tuple[KeyVersion, ...]]:
        """All versions of a key, newest first; disabled ones too."""
        return look(lambda: self._versions(name))

    def _versions(self, name: str) -> tuple[KeyVersion, ...]:
        rows = [_version(row) for row in whole(self._client.list_properties_of_key_versions(name))]
        if not rows:
            raise ValueError("no versions, and a key has at least one")
        return tuple(sorted(rows, key=lambda row: (row.created is not None, row.created), reverse=True))

    def names(self) -> Found[tuple[str, ...]]:
        """The names of all keys of the vault, to see whether it holds nothing else."""
        return look(lambda: tuple(row.name for row in whole(self._client.list_properties_of_keys())))

    def deleted(self, name: str) -> Found[DeletedKey]:
        """A soft-deleted key of that name."""
        return look(lambda: _deleted(self._client.get_deleted_key(name)))

    def create_once(
        self, name: str, *, kty: str, bits: int, operations: tuple[str, ...], tags: Mapping[str, str]
    ) -> Key:
        """Create a key that is not there. One request: creating an existing name would make a second version.

        Raises ServiceFailed when it was refused or when no clear answer came and looking does not settle it.
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

        return once(f"creating the key {name}", write, lambda: self.key(name))

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


def _version(raw: KeyProperties) -> KeyVersion:
    return KeyVersion(str(raw.version), raw.enabled, raw.created_on, dict(raw.tags or {}))


def _deleted(raw: Any) -> DeletedKey:
    return DeletedKey(raw.name, raw.deleted_date, raw.scheduled_purge_date)


def _text(value: Any) -> str:
    return str(getattr(value, "value", value))
