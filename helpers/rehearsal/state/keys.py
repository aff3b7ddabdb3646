"""Vaults and the keys in them.

A field whose default is None and that Azure leaves out until it is set (enable_purge_protection, network_acls) is
left out of replies while it is None: absent and false are different things.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from helpers.rehearsal.state.part import LONG_AGO, Part


class NetworkAcls(Part):
    bypass: str = "AzureServices"
    default_action: Literal["Allow", "Deny"] = "Allow"
    ip_rules: list[str] = []
    virtual_network_rules: list[str] = []


class KeyVersion(Part):
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    enabled: bool = True
    not_before: datetime | None = None
    expires: datetime | None = None
    key_ops: list[str] = ["encrypt", "decrypt", "sign", "verify", "wrapKey", "unwrapKey"]
    tags: dict[str, str] = {}
    kty: str = "RSA"
    size: int = 3072
    n: str = ""
    """Modulus, base64url; filled when the key is made."""
    pem: str = Field(default="", exclude=True, repr=False)
    """The private key; made when the world is loaded if empty, and never part of a reply or of the state shown."""


class RotationAction(Part):
    action: Literal["Rotate", "Notify"]
    time_after_create: str | None = None
    time_before_expiry: str | None = None


class RotationPolicy(Part):
    expiry_time: str | None = None
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO
    actions: list[RotationAction] = []


class Key(Part):
    """A key: its versions by their 32 hex digits, oldest first. `deleted` holds while it is soft-deleted."""

    versions: dict[str, KeyVersion]
    rotation_policy: RotationPolicy | None = None
    deleted: datetime | None = None
    recovered: datetime | None = None

    @property
    def current(self) -> tuple[str, KeyVersion]:
        """The newest version and its id; a disabled one counts."""
        return list(self.versions.items())[-1]


class Vault(Part):
    subscription_id: str
    resource_group: str
    location: str = "eastus2"
    sku: Literal["standard", "premium"] = "standard"
    tenant_id: str
    enable_rbac_authorization: bool | None = True
    enable_purge_protection: bool | None = True
    enable_soft_delete: bool | None = True
    soft_delete_retention_in_days: int = 90
    public_network_access: str | None = "Enabled"
    network_acls: NetworkAcls | None = None
    access_policies: list[dict[str, object]] = []
    provisioning_state: str = "Succeeded"
    tags: dict[str, str] = {}
    created: datetime = LONG_AGO
    keys: dict[str, Key] = {}
