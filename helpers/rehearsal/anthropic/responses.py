"""What the Admin API's objects look like on the wire. Source: the API reference, 2026-11."""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from helpers.rehearsal.anthropic.errors import headers
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

Object = dict[str, Any]

DATA_RESIDENCY = {
    "workspace_geo": "us",
    "allowed_inference_geos": "unrestricted",
    "default_inference_geo": "global",
}
"""Every workspace's: no other is simulated."""


def ok(request: Request, body: Object) -> Response:
    """200 with this body."""
    return Response(200, body, headers(request))


def timestamp(time: datetime) -> str:
    """RFC 3339, UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def organization(world: World) -> Object:
    """The id is the bare UUID."""
    held = world.state.organization
    return {"type": "organization", "id": held.id, "name": held.name}


def external_key(world: World, key_id: str) -> Object:
    """`attached` as long as a workspace, live or archived, refers to it."""
    key = world.state.external_keys[key_id]
    attached = any(workspace.external_key_id == key_id for workspace in world.state.workspaces.values())
    return {
        "type": "external_key",
        "id": key_id,
        "attachment": {"type": "attached" if attached else "unattached"},
        "display_name": key.display_name,
        "geo": key.geo,
        "provider_config": {
            "type": "azure",
            "vault_uri": key.vault_uri,
            "key_name": key.key_name,
            "tenant_id": key.tenant_id,
            "client_id": key.client_id,
        },
        "user_profile_id": None,
        "created_at": timestamp(key.created),
        "updated_at": timestamp(key.updated),
    }


def external_key_deleted(key_id: str) -> Object:
    """What is left of it."""
    return {"type": "external_key_deleted", "id": key_id}


def validation(failure: str | None) -> Object:
    """The outcome; HTTP 200 either way."""
    status = "success" if failure is None else "failure"
    return {"type": "external_key_validation", "status": status, "error": failure}


def workspace(world: World, workspace_id: str) -> Object:
    """There is no member about data retention: it cannot be read here."""
    held = world.state.workspaces[workspace_id]
    return {
        "type": "workspace",
        "id": workspace_id,
        "name": held.name,
        "compartment_id": held.compartment_id or str(uuid.uuid5(uuid.NAMESPACE_URL, workspace_id)),
        "external_key_id": held.external_key_id,
        "created_at": timestamp(held.created),
        "archived_at": timestamp(held.archived) if held.archived else None,
        "display_color": held.display_color,
        "data_residency": DATA_RESIDENCY,
        "tags": dict(held.tags),
        "user_profile_id": held.user_profile_id,
    }
