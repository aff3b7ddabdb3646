"""02: the key, adopted if one is there, created if none is; and its organization tag."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, ClassVar

from helpers import published
from helpers.facts import Facts
from helpers.model import Absent, DeletedKey, Found, Key, KeyVersion, Known, Unknown, Vault
from helpers.parameters import Parameters
from helpers.plan import Change, Done, Keep, Plan, Refusal
from helpers.steps import key_rotation
from helpers.steps.consent import tenant_refusal
from helpers.steps.key_rotation import Rotate, Rotation
from helpers.steps.key_tags import Tag, done, place, serves, too_many_tags

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "02_key"


@dataclass(frozen=True)
class Wanted:
    """What right looks like: type, size in bits, exactly these operations, at least these tags."""

    name: str
    vault: str
    tenant_id: str
    type: str
    size: int
    operations: tuple[str, ...]
    tags: tuple[tuple[str, str], ...]
    rotate: Rotation = False
    """The version to rotate away from; True is refused with what to write."""

    @classmethod
    def of(cls, parameters: Parameters) -> Wanted:
        return cls(
            name=parameters.key_name,
            vault=parameters.vault_id,
            tenant_id=parameters.tenant_id,
            type=parameters.key_type,
            size=parameters.key_size,
            operations=published.KEY_OPERATIONS,
            tags=(parameters.organization_tag,),
            rotate=parameters.rotate,
        )

    def missing_tags(self, key: Key) -> dict[str, str]:
        """The wanted tags that the key's current version does not have with that very value."""
        return {name: value for name, value in self.tags if key.tags.get(name) != value}


@dataclass(frozen=True)
class Create:
    """Create the key; only ever planned when none of that name is there."""

    wanted: Wanted
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        operations = " and ".join(self.wanted.operations)
        tags = ", ".join(f"{name}={value}" for name, value in self.wanted.tags)
        return (
            f"create {self.wanted.type} {self.wanted.size} key {self.wanted.name}, for {operations} only, tagged {tags}"
        )

    def intent(self) -> Mapping[str, str]:
        return {
            "change": "create key",
            "vault": self.wanted.vault.lower(),
            "key": self.wanted.name.lower(),
            "type": self.wanted.type,
            "size": str(self.wanted.size),
            "operations": " ".join(self.wanted.operations),
            "tags": " ".join(name for name, _ in self.wanted.tags),
        }

    def seen(self) -> Mapping[str, str]:
        return {}

    def perform(self, services: Services) -> Done:
        made = services.keys.create_once(
            self.wanted.name,
            kty=self.wanted.type,
            bits=self.wanted.size,
            operations=self.wanted.operations,
            tags=dict(self.wanted.tags),
        )
        return done("created the key", made, services)


@dataclass(frozen=True)
class Narrow:
    """Take away the operations that are not wanted; no new version is made."""

    vault: str
    key: Key
    operations: tuple[str, ...]
    own: Mapping[str, str]
    permanent: ClassVar[bool] = False

    def __str__(self) -> str:
        extra = ", ".join(sorted(set(self.key.operations) - set(self.operations)))
        return f"take {extra} away from version {self.key.version} of {self.key.name}{serves(self.key, self.own)}"

    def intent(self) -> Mapping[str, str]:
        return {"change": "narrow key", **place(self.vault, self.key), "operations": " ".join(self.operations)}

    def seen(self) -> Mapping[str, str]:
        return {"key version": self.key.version, "operations": " ".join(sorted(self.key.operations))}

    def perform(self, services: Services) -> Done:
        narrowed = services.keys.update(self.key.name, self.key.version, operations=self.operations)
        return done("narrowed the key", narrowed, services)


def facts(services: Services, parameters: Parameters) -> Facts:
    """The vault, the key and its versions; where there is no key, a soft-deleted one of its name."""
    key = services.keys.key(parameters.key_name)
    there = isinstance(key, Known)
    unread = Facts()
    return Facts(
        read_at=services.clock.now(),
        vault=services.vaults.vault(parameters.resource_group, parameters.vault_name),
        key=key,
        versions=services.keys.versions(parameters.key_name) if there else unread.versions,
        deleted_key=services.keys.deleted(parameters.key_name) if isinstance(key, Absent) else unread.deleted_key,
    )


def again(services: Services, parameters: Parameters, wanted: Wanted) -> Plan:
    """Looked and planned anew, immediately before anything is done."""
    return plan(wanted, facts(services, parameters))


def plan(wanted: Wanted, found: Facts) -> Plan:
    """Adopt or create; a second version only where it is asked for, and once. What stands in the way is a Refusal."""
    refusal = tenant_refusal(wanted.tenant_id, found.vault) or _sku_refusal(wanted, found.vault)
    if refusal:
        return Plan(STEP, (refusal,))
    match found.key:
        case Unknown(reason, request_id):
            refusal = Refusal(
                "whether the key exists could not be read",
                why=f"Creating it on a guess could make a second version. {reason}",
                next_step="Reading and creating keys takes Key Vault Crypto Officer on the vault.",
                request_id=request_id,
                unproven=True,
            )
            return Plan(STEP, (refusal,))
        case Absent():
            taken = _soft_deleted(wanted, found.deleted_key)
            return Plan(STEP, (taken or key_rotation.no_key(wanted) or Create(wanted),))
        case Known(key):
            return Plan(STEP, _adopted(wanted, key, found.versions, found.read_at))


def intended(parameters: Parameters) -> Plan | None:
    """The rotation that the parameters ask for, with the digest it will have; None where they name no version."""
    if not isinstance(parameters.rotate, str):
        return None
    return Plan(STEP, (Rotate(Wanted.of(parameters), None),))


def _adopted(
    wanted: Wanted, key: Key, versions: Found[tuple[KeyVersion, ...]], now: datetime | None
) -> tuple[Change | Keep | Refusal, ...]:
    own, rotates = dict(wanted.tags), wanted.rotate == key.version
    lost = key_rotation.left_behind(wanted, key, versions)
    refusal = (
        _differs(wanted, key)
        or _not_usable(replace(key, expires=None) if rotates else key, now)  # rotating is what mends an expired one
        or too_many_tags({**lost, **own}, key)
        or key_rotation.refusal(wanted.rotate, key, versions)
    )
    if refusal:
        return (refusal,)
    if rotates and isinstance(versions, Known):
        return (Rotate(wanted, key, tuple(row.version for row in versions.value)),)
    changes: list[Change] = []
    missing = {**wanted.missing_tags(key), **lost}
    if missing:
        changes.append(Tag(wanted.vault, key, missing, own, key_rotation.because(wanted, lost)))
    if set(key.operations) != set(wanted.operations):
        changes.append(Narrow(wanted.vault, key, wanted.operations, own))
    rotated = f"; it was rotated away from {wanted.rotate} already" if wanted.rotate else ""
    return tuple(changes) or (Keep(f"{key.name} version {key.version} is already right{rotated}{serves(key, own)}"),)


def _differs(wanted: Wanted, key: Key) -> Refusal | None:
    mend = "Choose another key_name, or a key that fits. A new version is not made: it would be current at once."
    if key.kty != wanted.type or key.bits != wanted.size:
        return Refusal(
            "the key is there, but of another type or size",
            why="Type and size of a key cannot be changed.",
            next_step=mend,
            got=f"{key.kty} {key.bits}",
            expected=f"{wanted.type} {wanted.size}",
        )
    lacking = set(wanted.operations) - set(key.operations)
    if lacking:
        return Refusal(
            "the key does not permit what Anthropic needs",
            why="Somebody narrowed it on purpose or by mistake; widening a key is not this suite's decision.",
            next_step="Permit wrapKey and unwrapKey on the current version, or choose another key_name.",
            got=", ".join(key.operations) or "no operations",
            expected=", ".join(wanted.operations),
        )
    return None


def _not_usable(key: Key, now: datetime | None) -> Refusal | None:
    if now is not None and key.usable_at(now):
        return None
    until = f", from {key.not_before} to {key.expires}" if key.not_before or key.expires else ""
    return Refusal(
        "the current version of the key cannot be used now",
        why="A disabled or expired key locks Anthropic out of the data encrypted under it.",
        next_step="Find out who disabled it or set its dates; enable the version, or choose another key_name.",
        got=f"enabled {key.enabled}{until}",
        expected="enabled true, and now within its dates",
    )


def _soft_deleted(wanted: Wanted, deleted: Found[DeletedKey]) -> Refusal | None:
    if not isinstance(deleted, Known):
        return None
    until = deleted.value.purged_on
    when = f"until {until:%Y-%m-%d}" if until else "until it is purged"
    return Refusal(
        f"a soft-deleted key holds the name {wanted.name} {when}",
        why="Its name cannot be used again before that; recovering it brings back the old key with its old versions.",
        next_step=f"Recover it (az keyvault key recover --vault-name … --name {wanted.name}), choose another key_name, "
        f"or wait {when}.",
    )


def _sku_refusal(wanted: Wanted, vault: Found[Vault]) -> Refusal | None:
    if wanted.type != "RSA-HSM" or not isinstance(vault, Known) or vault.value.sku.lower() == "premium":
        return None
    return Refusal(
        "an HSM-backed key needs a premium vault",
        why="Azure refuses RSA-HSM in a standard vault. Anthropic accepts software-protected RSA keys as well.",
        next_step="Set key_type: RSA, or use a premium vault.",
        got=vault.value.sku,
        expected="premium",
    )
