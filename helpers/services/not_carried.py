"""What a rotation by a create cannot give to the new version, looked at right before it."""

from __future__ import annotations

from azure.keyvault.keys import KeyProperties

from helpers.errors import Refused, Unproven
from helpers.model import Found, Key, Known, Unknown


def refuse_what_stays_behind(read: Found[KeyProperties], planned: Key) -> None:
    """Raise Refused for a key that is another one by now or has what would be lost, Unproven where it was not read.

    An exportable key has a release policy; a managed one belongs to a certificate, which rotates it. Source: OpenAPI of
    Key Vault keys 2025-07-01, KeyAttributes and KeyBundle.
    """
    if not isinstance(read, Known):
        raise Unproven(
            f"{planned.name} could not be read right before rotating it"
            + (f": {read.reason}" if isinstance(read, Unknown) else ": the service says that it is not there"),
            why="Nothing was changed.",
            next_step="Run this step again: it starts by looking.",
            request_id=read.request_id,
        )
    now = read.value
    if now.version != planned.version:
        raise Refused(
            f"{planned.name} is at version {now.version} by now, and was to be rotated away from {planned.version}",
            why="Somebody else rotated it meanwhile. Nothing was changed.",
            next_step="Run this step again: it keeps what is there.",
        )
    if now.exportable or now.release_policy or now.managed:
        kind = "belongs to a certificate" if now.managed else "is exportable under a release policy"
        raise Refused(
            f"{planned.name} {kind}, which a new version made here would not",
            why="A rotation carries over what the key has, or is not done. Nothing was changed.",
            next_step="Rotate it where it is managed, then run this step again: it keeps what is there.",
        )
