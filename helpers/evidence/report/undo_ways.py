"""What undoes each kind of change, and what follows from undoing it.

Sources of the commands: the vendor's guide; `az … --help` of azure-cli 2.91.0, read 2026-11-27; Admin API reference.
The real az and curl ran them against the rehearsal cloud, but for `ad sp delete` and `network-rule remove`, which it
does not simulate: those two rest on az's help alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from helpers.evidence.report.changes import ASSIGN, ATTACH, PURGE_PROTECTION, ROTATE
from helpers.evidence.report.shell import NotShown, admin_api, az
from helpers.evidence.report.undo_ground import Ground, Undo


def _attached(ground: Ground) -> Undo:
    return Undo(
        ground.change,
        "The workspace keeps this key for good. To go on without it, use another workspace from now on, and keep the "
        "key, all its versions and its vault for as long as the data is needed. Archiving the workspace does not "
        "detach the key.",
        never="Nobody can detach the key, or put another one in its place.",
    )


def _registered(ground: Ground) -> Undo:
    key = ground.change.fact("external key")
    if ground.held.may_hold_data:
        return Undo(
            ground.change,
            "Anthropic refuses to delete an external key while any workspace has it, archived ones included.",
            never="The external key is attached, or may be.",
        )
    return Undo(
        ground.change,
        f"{ground.in_use}Anthropic forgets the registration; the key in the vault stays as it is. 05 can register it "
        "again, under another id. The first command must show “unattached”.",
        (
            admin_api("GET", f"/v1/organizations/external_keys/{key}"),
            admin_api("DELETE", f"/v1/organizations/external_keys/{key}"),
        ),
    )


def _assigned(ground: Ground) -> Undo:
    scope, name = ground.change.fact("scope"), ground.change.fact("assignment")
    if not scope or not name:
        raise NotShown
    if ground.change.made_here is None:
        return Undo(
            ground.change,
            "This record does not say whether this run made it or found one of somebody else: by its name it could be "
            "either. So no command is given here; look at who made it first.",
            portal="The key or the vault, Access control (IAM), Role assignments.",
        )
    locked = (
        "without the role Claude cannot read it within about an hour. Assigning the role again (03) brings it back. "
        if ground.held.may_hold_data
        else ""
    )
    return Undo(
        ground.change,
        f"{ground.in_use}{locked}Anthropic can no longer use the key. {ground.locks}",
        (az("role", "assignment", "delete", ids=f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}"),),
        "The key (not the vault), Access control (IAM), Role assignments: select it, Delete. Where it was assigned at "
        "the vault: the same at the vault.",
        locks=ground.held.may_hold_data,
    )


def _created_key(ground: Ground) -> Undo:
    if ground.held.may_hold_data:
        return Undo(
            ground.change,
            "Data may be encrypted under it. Deleting the key locks that data within about an hour, and once the days "
            "of soft delete are over the data is lost for good. So no command is given here.",
            never="Not without losing data: keep the key and all its versions.",
        )
    return Undo(
        ground.change,
        f"{ground.in_use}The key is soft-deleted: its name stays taken for the vault's retention days, and it can be "
        "recovered until then (az keyvault key recover). With purge protection on nobody can shorten that.",
        (az("keyvault", "key", "delete", vault_name=ground.vault, name=ground.key),),
        "The vault, Keys, the key: Delete.",
    )


def _tagged(ground: Ground) -> Undo:
    before, version = ground.key_before(), ground.change.fact("version")
    tags = before.get("tags") if before is not None else None
    if not isinstance(tags, dict) or not _texts(tags.values()):
        raise NotShown
    given = tuple(f"{name}={value}" for name, value in tags.items())
    command = az("keyvault", "key", "set-attributes", vault_name=ground.vault, name=ground.key, version=version)
    put_back = f"{command} \\\n  --tags ''" if not given else az(
        "keyvault", "key", "set-attributes", vault_name=ground.vault, name=ground.key, version=version, tags=given
    )  # fmt: skip
    return Undo(
        ground.change,
        f"{ground.in_use}Without the organization tag Anthropic's validation of this key fails; whether the tag is "
        "needed after that is not documented, so leave it where data is under the key. The command sets all tags of "
        "this version to those it had before; a tag that somebody added since is lost.",
        (put_back,),
        "The vault, Keys, the key, its version: Tags.",
    )


def _texts(values: Iterable[object]) -> bool:
    return all(isinstance(value, str) for value in values)


def _narrowed(ground: Ground) -> Undo:
    before, version = ground.key_before(), ground.change.fact("version")
    operations = before.get("operations") if before is not None else None
    if not isinstance(operations, list) or not operations or not _texts(operations):
        raise NotShown
    return Undo(
        ground.change,
        "The key permits again more than Anthropic needs, and 04 will say so.",
        (
            az(
                "keyvault", "key", "set-attributes",
                vault_name=ground.vault, name=ground.key, version=version, ops=tuple(operations),
            ),
        ),
        "The vault, Keys, the key, its version: Permitted operations.",
    )  # fmt: skip


def _rotated(ground: Ground) -> Undo:
    return Undo(
        ground.change,
        "Keep every version enabled: data stays encrypted under the version that was current when it was written.",
        never="Key Vault removes no version by itself, and makes no older one current again.",
    )


def _consented(ground: Ground) -> Undo:
    locked = "without the service principal Claude cannot read it. " if ground.held.may_hold_data else ""
    return Undo(
        ground.change,
        f"{ground.in_use}{locked}Anthropic can no longer sign in to this tenant. Created again (01) it has another "
        "object ID, and the role has to be assigned again (03).",
        (az("ad", "sp", "delete", id=ground.change.fact("object ID")),),
        "Microsoft Entra ID, Enterprise applications, the application-type filter cleared, anthropic-cmek-client-us, "
        "Properties: Delete.",
        locks=ground.held.may_hold_data,
    )


def _logged(ground: Ground) -> Undo:
    name = ground.change.fact("diagnostic setting")
    return Undo(
        ground.change,
        "The use of the key is no longer recorded through this setting. What was recorded stays where it was sent. "
        f"{ground.locks}",
        (az("monitor", "diagnostic-settings", "delete", name=name, resource=ground.told.vault_id),),
        "The vault, Diagnostic settings, Edit setting: Delete.",
    )


def _let_in(ground: Ground) -> Undo:
    addresses = ground.change.intent("addresses").split()
    if not addresses:
        raise NotShown
    group, subscription = ground.told.given("resource_group"), ground.told.given("subscription_id")
    locked = "its calls are refused then, and Claude cannot read it. " if ground.held.may_hold_data else ""
    return Undo(
        ground.change,
        f"{ground.in_use}{locked}Anthropic can no longer reach the vault from these addresses.",
        tuple(
            az(
                "keyvault", "network-rule", "remove",
                name=ground.vault, resource_group=group, ip_address=address, subscription=subscription,
            )
            for address in addresses
        ),
        "The vault, Networking, Firewalls and virtual networks: remove the address rules.",
        locks=ground.held.may_hold_data,
    )  # fmt: skip


def _locked(ground: Ground) -> Undo:
    scope, name = ground.change.fact("scope"), ground.change.fact("lock")
    if not scope or not name:
        raise NotShown
    return Undo(
        ground.change,
        "The vault, and role assignments and diagnostic settings at it, can be deleted again by whoever has the right.",
        (az("lock", "delete", ids=f"{scope}/providers/Microsoft.Authorization/locks/{name}"),),
        "The vault, Locks: Delete.",
    )


def _protected(ground: Ground) -> Undo:
    return Undo(
        ground.change,
        "The retention days of deleted keys, and of the vault, are fixed. It protects the data under the key.",
        never="Azure never switches purge protection off.",
    )


WAYS: Mapping[str, Callable[[Ground], Undo]] = {
    "create service principal": _consented,
    "create key": _created_key,
    "tag key": _tagged,
    "narrow key": _narrowed,
    ROTATE: _rotated,
    ASSIGN: _assigned,
    "register external key": _registered,
    ATTACH: _attached,
    "add diagnostic setting": _logged,
    "let addresses in": _let_in,
    "add lock": _locked,
    PURGE_PROTECTION: _protected,
}
