"""External keys: where a customer's key is. Duplicates are allowed (assumption: nothing is documented)."""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.anthropic import errors, paging, responses, rules
from helpers.rehearsal.anthropic.validation import failure
from helpers.rehearsal.state import ExternalKey
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

LARGEST_PAGE = 100


def create(world: World, request: Request) -> Response:
    """A new external key each time; nothing is checked in Azure."""
    _enabled(world, request)
    body = rules.body(request, ("provider_config", "display_name", "geo", "user_profile_id"))
    if "provider_config" not in body:
        raise errors.invalid(request, "provider_config: Field required")
    rules.check_user_profile(request, body.get("user_profile_id"))
    now = world.now()
    key = ExternalKey(
        display_name=_display_name(request, body.get("display_name")),
        geo=rules.geo(request, body.get("geo", "us")),
        created=now,
        updated=now,
        **rules.provider_config(request, body["provider_config"]),
    )
    key_id = rules.new_id("ekey")
    world.state.external_keys[key_id] = key
    return responses.ok(request, responses.external_key(world, key_id))


def list_all(world: World, request: Request) -> Response:
    """Newest first, 20 a page unless asked otherwise."""
    _enabled(world, request)
    limit = rules.limit(request, rules.query(request, ("limit", "page")).get("limit"), LARGEST_PAGE)
    page = paging.by_token(
        request, world.state.external_keys, limit, lambda key_id: responses.external_key(world, key_id)
    )
    return responses.ok(request, page)


def get(world: World, request: Request, key_id: str) -> Response:
    """One external key."""
    _known(world, request, key_id)
    return responses.ok(request, responses.external_key(world, key_id))


def update(world: World, request: Request, key_id: str) -> Response:
    """Fields left out stay as they are; geo and provider_config only while no workspace refers to the key."""
    key = _known(world, request, key_id)
    body = rules.body(request, ("display_name", "geo", "provider_config"))
    changes: dict[str, Any] = {}
    if "display_name" in body:
        changes["display_name"] = _display_name(request, body["display_name"])
    # Null means "left out" for these two: the SDK's types allow it (assumption).
    if body.get("geo") is not None:
        changes["geo"] = rules.geo(request, body["geo"])
    if body.get("provider_config") is not None:
        changes.update(rules.provider_config(request, body["provider_config"]))
    if changes.keys() - {"display_name"} and _attached(world, key_id):
        raise errors.invalid(request, "geo and provider_config cannot be changed while a workspace refers to the key")
    if changes:
        world.state.external_keys[key_id] = key.model_copy(update={**changes, "updated": world.now()})
    return responses.ok(request, responses.external_key(world, key_id))


def delete(world: World, request: Request, key_id: str) -> Response:
    """Refused while a workspace, archived ones too, refers to the key."""
    _known(world, request, key_id)
    if _attached(world, key_id):
        raise errors.invalid(request, "the external key is attached to a workspace and cannot be deleted")
    del world.state.external_keys[key_id]
    return responses.ok(request, responses.external_key_deleted(key_id))


def validate(world: World, request: Request, key_id: str) -> Response:
    """Tries the key as Anthropic does: 200 whatever comes of it."""
    key = _known(world, request, key_id)
    rules.body(request, ())
    return responses.ok(request, responses.validation(failure(world, key)))


def _known(world: World, request: Request, key_id: str) -> ExternalKey:
    _enabled(world, request)
    rules.check_id(request, key_id)
    key = world.state.external_keys.get(key_id)
    if key is None:
        raise errors.not_found(request, "External key", key_id)
    return key


def _enabled(world: World, request: Request) -> None:
    rules.sign_in(world, request)
    if not world.state.organization.cmek_enabled:
        raise errors.not_enabled(request)


def _attached(world: World, key_id: str) -> bool:
    return any(workspace.external_key_id == key_id for workspace in world.state.workspaces.values())


def _display_name(request: Request, value: Any) -> str | None:
    return None if value is None else rules.name(request, "display_name", value)
