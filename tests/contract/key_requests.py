"""What the tests of the vault share: one host, ready-made keys, and short ways to ask."""

from __future__ import annotations

from functools import cache
from typing import Any

from helpers.rehearsal.material import generate
from helpers.rehearsal.state import Key, KeyVersion, Vault
from helpers.rehearsal.wire import Response
from tests.contract.conftest import TestCloud
from tests.contract.contracts import KEYS, KEYS_7_4, operations, schema_errors

NAME = "kv-contoso-claude"
HOST = f"{NAME}.vault.azure.net"
OLD, NEW = "0" * 31 + "1", "f" * 32
SINCE_2019 = ("attributes.recoverableDays", "attributes.exportable", "attributes.hsmPlatform")
"""Members that replies of 2019 do not have yet and those of 2023 do."""


def vault(cloud: TestCloud) -> Vault:
    """The vault the tests ask."""
    return cloud.state.vaults[NAME]


def with_key(cloud: TestCloud, name: str = "cmk", version: str = OLD, **fields: Any) -> TestCloud:
    """The cloud, with a key of 2048 bits (or another version of it) put into its vault."""
    key = vault(cloud).keys.setdefault(name, Key(versions={}))
    key.versions[version] = _ready_made().model_copy(update=fields)
    return cloud


def create(cloud: TestCloud, name: str = "cmk", **members: Any) -> Response:
    """CreateKey of an RSA key, unless members say otherwise."""
    return cloud.send("POST", HOST, f"/keys/{name}/create", {"kty": "RSA", **members})


def refusal(reply: Response) -> tuple[int, str, str | None]:
    """Status, code and inner code of an error."""
    error = reply.body["error"]
    return reply.status, error["code"], error.get("innererror", {}).get("code")


def problems(operation: str, reply: Response) -> list[str]:
    """What the newest document that has the operation holds against a reply."""
    document = KEYS if operation in operations(KEYS) else KEYS_7_4
    return schema_errors(document, operation, reply.status, reply.body)


@cache
def _ready_made() -> KeyVersion:
    return generate(KeyVersion(size=2048))
