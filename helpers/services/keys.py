"""Keys in a vault: reads, and the writes 02 may make. Retries are off for every write that could make a second one."""

from __future__ import annotations

import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest, HttpResponse
from azure.keyvault.keys import KeyClient, KeyOperation

from helpers.errors import ServiceFailed
from helpers.model import Absent, DeletedKey, Found, Key, KeyVersion, Known, Probe, RotationPolicy
from helpers.services.key_replies import (
    answer_of,
    as_deleted,
    as_key,
    as_rotation_policy,
    as_version,
    refusal_code,
    text64,
)
from helpers.services.made_twice import only_new_version, only_version
from helpers.services.once import lost_or_failed, once
from helpers.services.patience import Patient
from helpers.services.replies import code, look, request_id, whole
from helpers.services.right_before import refuse_what_stays_behind, still_current, stop_at_lost_tags
from helpers.services.witness import Witness

PROBE_ALGORITHM = "RSA-OAEP-256"
"""What Anthropic wraps with is not published; every RSA key of Key Vault can do this one."""


class Keys:
    """The keys of one vault, by its own address."""

    def __init__(self, credential: TokenCredential, vault_uri: str, witness: Witness, **options: Any) -> None:
        """`options` are the SDK's own, such as a transport."""
        hooks: dict[str, Any] = {"raw_response_hook": witness.azure, "retry_policy": Patient()}
        self._client = KeyClient(vault_uri, credential, **hooks, **options)
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
        return look(lambda: as_key(self._client.get_key(name)))

    def versions(self, name: str) -> Found[tuple[KeyVersion, ...]]:
        """All versions of a key, newest first; disabled ones too."""
        return look(lambda: self._versions(name))

    def _versions(self, name: str) -> tuple[KeyVersion, ...]:
        rows = [as_version(row) for row in whole(self._client.list_properties_of_key_versions(name), self._host)]
        if not rows:
            raise ValueError("no versions, and a key has at least one")
        return tuple(sorted(rows, key=lambda row: (row.created is not None, row.created), reverse=True))

    def names(self) -> Found[tuple[str, ...]]:
        """The names of all keys of the vault, to see whether it holds nothing else."""
        return look(lambda: tuple(row.name for row in whole(self._client.list_properties_of_keys(), self._host)))

    def rotation_policy(self, name: str) -> Found[RotationPolicy]:
        """When the key rotates by itself."""
        return look(lambda: as_rotation_policy(self._client.get_key_rotation_policy(name)))

    def probe(self, name: str, version: str) -> Found[Probe]:
        """Wrap, unwrap and try to decrypt, all done by the service; the SDK's own wrap would not ask it."""
        return look(lambda: self._probe(name, version))

    def _probe(self, name: str, version: str) -> Probe:
        secret = secrets.token_bytes(32)
        wrapped = self._use(name, version, "wrapkey", text64(secret))
        wrapped.raise_for_status()
        value = answer_of(wrapped, name, version)
        unwrapped = self._use(name, version, "unwrapkey", value)
        unwrapped.raise_for_status()
        other = self._use(name, version, "decrypt", value)
        if other.status_code not in (200, 403):
            other.raise_for_status()
        if other.status_code == 200:
            answer_of(other, name, version)
        return Probe(
            equal=answer_of(unwrapped, name, version) == text64(secret),
            refused=refusal_code(other.json()) if other.status_code == 403 else "",
            operation="decrypt",
            assignment=wrapped.headers.get("x-ms-keyvault-rbac-assignment-id"),
        )

    def _use(self, name: str, version: str, operation: str, value: str) -> HttpResponse:
        body = {"alg": PROBE_ALGORITHM, "value": value}
        request = HttpRequest("POST", f"/keys/{name}/{version}/{operation}", json=body)
        return self._client.send_request(request, retry_total=0)

    def deleted(self, name: str) -> Found[DeletedKey]:
        """A soft-deleted key of that name."""
        return look(lambda: as_deleted(self._client.get_deleted_key(name)))

    def create_once(
        self, name: str, *, kty: str, bits: int, operations: tuple[str, ...], tags: Mapping[str, str]
    ) -> Key:
        """Create a key that is not there. One request: creating an existing name would make a second version.

        Its versions are listed after it. Raises ServiceFailed when it was refused or when no clear answer came and
        looking does not settle it; Refused when another machine made a version too, Unproven when that is not known.
        """

        def write() -> Key:
            return self._create(f"creating the key {name}", name, kty, bits, operations, tags)

        made = once(f"creating the key {name}", write, lambda: self.key(name))
        with self._witness.aside():
            only_version(made, self._host.partition(".")[0], self.versions(name), lambda: self.key(name))
        return made

    def rotate_once(
        self,
        current: Key,
        *,
        operations: tuple[str, ...],
        tags: Mapping[str, str],
        expires: datetime | None,
        before: Collection[str],
    ) -> Key:
        """Make one new version of a key, of its type and size. One request, as each makes one more.

        `before` are the versions that were listed. The key is read right before it, for what cannot be carried over,
        and its versions are listed after it. Raises ServiceFailed when it was refused or when no clear answer came and
        looking does not settle it; Refused when another machine made one as well or the key is not as it was, Unproven
        when that is not known.
        """
        name = current.name
        what = f"rotating the key {name}"

        def write() -> Key:
            return self._create(what, name, current.kty, int(current.bits or 0), operations, tags, expires)

        def newer() -> Found[Key]:
            found = self.key(name)
            return Absent() if isinstance(found, Known) and found.value.version == current.version else found

        with self._witness.aside():
            refuse_what_stays_behind(look(lambda: self._client.get_key(name).properties), current)
        made = once(what, write, newer)
        with self._witness.aside():
            only_new_version(made, {*before, current.version}, self.versions(name), lambda: self.key(name))
        return made

    def _create(
        self,
        what: str,
        name: str,
        kty: str,
        bits: int,
        operations: tuple[str, ...],
        tags: Mapping[str, str],
        expires: datetime | None = None,
    ) -> Key:
        """One create request: a key, or a new version where the name is there. Raises Lost or ServiceFailed."""
        try:
            return as_key(
                self._client.create_rsa_key(
                    name,
                    size=bits,
                    hardware_protected=kty == "RSA-HSM",
                    key_operations=[KeyOperation(operation) for operation in operations],
                    tags=dict(tags),
                    expires_on=expires,
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
            raise lost_or_failed(what, error) from None

    def add_tags(self, seen: Key, tags: Mapping[str, str]) -> Key:
        """Add tags to the current version of a key, beside those it has by now: the service replaces the whole map.

        It is read right before the write, and what the service answers must hold every tag of both. What somebody else
        writes in between is not seen: Key Vault has no condition on a write (OpenAPI of Key Vault keys 2025-07-01,
        UpdateKey). Raises Refused for another version, Unproven where it could not be read, ServiceFailed otherwise.
        """
        with self._witness.aside():
            read = look(lambda: self._client.get_key(seen.name).properties)
            now = still_current(read, seen, "tagging it")
        merged = {**(now.tags or {}), **tags}
        tagged = self.update(seen.name, seen.version, tags=merged)
        stop_at_lost_tags(merged, tagged, self._witness.request_id)
        return tagged

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
                return as_key(self._client.update_key_properties(name, version, retry_total=0, **changes))
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
