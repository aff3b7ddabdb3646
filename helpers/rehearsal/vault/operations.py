"""Every operation: what right it needs, and what it does once the gate is passed."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from helpers.rehearsal.callers import Caller
from helpers.rehearsal.state import KeyVersion
from helpers.rehearsal.vault import audit, crypto, gate, responses, rules
from helpers.rehearsal.vault.gate import Site
from helpers.rehearsal.vault.rules import Stage
from helpers.rehearsal.wire import Response, WireError
from helpers.rehearsal.world import World


@dataclass(frozen=True)
class Asked:
    """One operation on one vault, allowed to its caller."""

    world: World
    at: Site
    name: str
    version: str | None
    payload: Mapping[str, Any]


@dataclass(frozen=True)
class Operation:
    """Its data action below Microsoft.KeyVault/vaults, its word in access policies, and what it does."""

    action: str
    permission: str
    run: Callable[[Asked], Response]


def perform(
    world: World,
    request_host: str,
    operation: str,
    key_name: str,
    version: str | None,
    caller: Caller,
    address: str,
    payload: Mapping[str, Any],
) -> Response:
    """Key Vault's reply to one operation, which is logged; see the package's docstring. Raises WireError."""
    at = gate.site(world, request_host)
    use = audit.Use(at, operation, key_name, version, caller, address)
    try:
        reply = _reply(world, use, payload)
    except WireError as refused:
        audit.note(world, use, refused.response.status)
        raise
    audit.note(world, use, reply.status)
    return reply


def _reply(world: World, use: audit.Use, payload: Mapping[str, Any]) -> Response:
    wanted = OPERATIONS[use.operation]
    gate.check_tenant(use.at, use.caller)
    gate.check_network(use.at, use.caller, use.address)
    assignment = gate.check_permission(world, use.at, use.caller, wanted.action, wanted.permission, use.key_name)
    reply = wanted.run(Asked(world, use.at, use.key_name, use.version, payload))
    if assignment is None:
        return reply
    return replace(reply, headers={**reply.headers, "x-ms-keyvault-rbac-assignment-id": assignment})


def _create(asked: Asked) -> Response:
    return _bundle(asked.at, rules.create(asked.world, asked.at, asked.name, asked.payload))


def _get(asked: Asked) -> Response:
    kept, key = rules.live(asked.world, asked.at, asked.name)
    return _bundle(asked.at, (kept, *rules.version_of(asked.name, key, asked.version)))


def _list(asked: Asked) -> Response:
    keys = {n: k for n, k in asked.at.vault.keys.items() if rules.stage(asked.world, asked.at, k) is Stage.LIVE}
    items = [(name, responses.key_item(asked.at, name, key)) for name, key in keys.items()]
    return Response(200, responses.page(asked.at, "/keys", items, asked.payload))


def _list_versions(asked: Asked) -> Response:
    kept, key = rules.live(asked.world, asked.at, asked.name)
    items = [(v, responses.version_item(asked.at, kept, v, found)) for v, found in key.versions.items()]
    return Response(200, responses.page(asked.at, f"/keys/{kept}/versions", items, asked.payload))


def _update(asked: Asked) -> Response:
    return _bundle(asked.at, rules.update(asked.world, asked.at, asked.name, asked.version, asked.payload))


def _delete(asked: Asked) -> Response:
    return Response(200, responses.deleted_bundle(asked.at, *rules.delete(asked.world, asked.at, asked.name)))


def _get_deleted(asked: Asked) -> Response:
    return Response(200, responses.deleted_bundle(asked.at, *rules.deleted(asked.world, asked.at, asked.name)))


def _list_deleted(asked: Asked) -> Response:
    keys = {n: k for n, k in asked.at.vault.keys.items() if rules.stage(asked.world, asked.at, k) is Stage.DELETED}
    items = [(name, responses.deleted_item(asked.at, name, key)) for name, key in keys.items()]
    return Response(200, responses.page(asked.at, "/deletedkeys", items, asked.payload))


def _recover(asked: Asked) -> Response:
    kept, key = rules.recover(asked.world, asked.at, asked.name)
    return _bundle(asked.at, (kept, *key.current))


def _purge(asked: Asked) -> Response:
    rules.purge(asked.world, asked.at, asked.name)
    return Response(204)


def _rotate(asked: Asked) -> Response:
    return _bundle(asked.at, rules.rotate(asked.world, asked.at, asked.name))


def _get_rotation_policy(asked: Asked) -> Response:
    return Response(200, responses.rotation_policy(asked.at, *rules.live(asked.world, asked.at, asked.name)))


def _set_rotation_policy(asked: Asked) -> Response:
    kept, key = rules.set_rotation_policy(asked.world, asked.at, asked.name, asked.payload)
    return Response(200, responses.rotation_policy(asked.at, kept, key))


def _use(operation: str, use: Callable[[KeyVersion, Mapping[str, Any]], str | bool]) -> Callable[[Asked], Response]:
    def run(asked: Asked) -> Response:
        kept, key = rules.live(asked.world, asked.at, asked.name)
        version, found = rules.version_of(asked.name, key, asked.version)
        crypto.check(asked.world.now(), operation, found)
        value = use(found, asked.payload)
        kid = {} if operation == "verify" else {"kid": f"{asked.at.uri}/keys/{kept}/{version}"}
        return Response(200, {**kid, "value": value})

    return run


def _bundle(at: Site, found: tuple[str, str, KeyVersion]) -> Response:
    return Response(200, responses.bundle(at, *found))


OPERATIONS: dict[str, Operation] = {
    "CreateKey": Operation("keys/create/action", "create", _create),
    "GetKeyVersions": Operation("keys/read", "list", _list_versions),
    "GetKeyRotationPolicy": Operation("keyrotationpolicies/read", "getrotationpolicy", _get_rotation_policy),
    "UpdateKeyRotationPolicy": Operation("keyrotationpolicies/write", "setrotationpolicy", _set_rotation_policy),
    "RotateKey": Operation("keys/rotate/action", "rotate", _rotate),
    "GetKeys": Operation("keys/read", "list", _list),
    "GetKey": Operation("keys/read", "get", _get),
    "UpdateKey": Operation("keys/update/action", "update", _update),
    "DeleteKey": Operation("keys/delete", "delete", _delete),
    "GetDeletedKeys": Operation("keys/read", "list", _list_deleted),
    "GetDeletedKey": Operation("keys/read", "get", _get_deleted),
    "RecoverDeletedKey": Operation("keys/recover/action", "recover", _recover),
    "PurgeDeletedKey": Operation("keys/purge/action", "purge", _purge),
    "wrapKey": Operation("keys/wrap/action", "wrapKey", _use("wrapKey", crypto.encrypt)),
    "unwrapKey": Operation("keys/unwrap/action", "unwrapKey", _use("unwrapKey", crypto.decrypt)),
    "encrypt": Operation("keys/encrypt/action", "encrypt", _use("encrypt", crypto.encrypt)),
    "decrypt": Operation("keys/decrypt/action", "decrypt", _use("decrypt", crypto.decrypt)),
    "sign": Operation("keys/sign/action", "sign", _use("sign", crypto.sign)),
    "verify": Operation("keys/verify/action", "verify", _use("verify", crypto.verify)),
}
"""By the names OpenAPI gives them."""
