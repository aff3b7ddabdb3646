"""Workspaces, and the one-way door: an external key is attached once and stays."""

from __future__ import annotations

from typing import Any

from helpers.rehearsal.anthropic import errors, paging, responses, rules
from helpers.rehearsal.anthropic.use import catch_up
from helpers.rehearsal.anthropic.validation import failure
from helpers.rehearsal.state import Workspace
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World, new_guid

LARGEST_PAGE, MOST_IDS, MOST_WORKSPACES = 1000, 100, 100

_FIELDS = ("name", "display_color", "tags", "data_residency", "external_key_id", "user_profile_id")
_FILTERS = ("limit", "after_id", "before_id", "include_archived", "include_default", "ids[]")


def create(world: World, request: Request) -> Response:
    """A new workspace; with external_key_id its data is under that key from the start."""
    rules.sign_in(world, request)
    body = rules.body(request, _FIELDS)
    if "name" not in body:
        raise errors.invalid(request, "name: Field required")
    # Null means "left out" on create: the SDK's types allow it.
    given = {field: value for field, value in body.items() if value is not None or field == "name"}
    if sum(w.archived is None for w in world.state.workspaces.values()) >= MOST_WORKSPACES:
        raise errors.invalid(request, f"the organization has {MOST_WORKSPACES} workspaces already")
    workspace = Workspace(name="new", created=world.now(), compartment_id=new_guid())
    changes = _changes(world, request, workspace, given)
    workspace_id = rules.new_id("wrkspc")
    world.state.workspaces[workspace_id] = workspace.model_copy(update=changes)
    return responses.ok(request, responses.workspace(world, workspace_id))


def list_all(world: World, request: Request) -> Response:
    """Newest first (assumption); archived ones and the default one only when asked for."""
    rules.sign_in(world, request)
    query = rules.query(request, _FILTERS)
    archived = rules.flag(request, "include_archived", query.get("include_archived"))
    default = rules.flag(request, "include_default", query.get("include_default"))
    # The front joins a parameter that is sent several times with commas.
    only = set(query["ids[]"].split(",")) if "ids[]" in query else None
    if only is not None and len(only) > MOST_IDS:
        raise errors.invalid(request, f"ids: at most {MOST_IDS}")
    listed = {
        workspace_id
        for workspace_id, workspace in world.state.workspaces.items()
        if (archived or workspace.archived is None)
        and (default or workspace_id != world.state.organization.default_workspace)
        and (only is None or workspace_id in only)
    }
    limit = rules.limit(request, query.get("limit"), LARGEST_PAGE)
    cursor = paging.Cursor(query.get("after_id"), query.get("before_id"), limit)
    order = paging.newest_first(world.state.workspaces)
    page = paging.by_cursor(request, order, listed, cursor, lambda found: responses.workspace(world, found))
    return responses.ok(request, page)


def get(world: World, request: Request, workspace_id: str) -> Response:
    """One workspace, archived or default too."""
    _known(world, request, workspace_id)
    return responses.ok(request, responses.workspace(world, workspace_id))


def update(world: World, request: Request, workspace_id: str) -> Response:
    """Changes the fields given; all of them or, when one is refused, none."""
    workspace = _known(world, request, workspace_id)
    body = rules.body(request, _FIELDS)
    if workspace.archived is not None:
        raise errors.invalid(request, "the workspace is archived")
    if "name" in body and workspace_id == world.state.organization.default_workspace:
        raise errors.invalid(request, "the default workspace cannot be renamed")
    if body.get("external_key_id", "") is None:
        raise errors.invalid(request, "external_key_id: must be a string; a key cannot be detached")
    # Null means "left out" for these two: the SDK's types allow it (assumption).
    nullable = ("tags", "data_residency")
    given = {field: value for field, value in body.items() if value is not None or field not in nullable}
    changes = _changes(world, request, workspace, given)
    if changes:
        world.state.workspaces[workspace_id] = workspace.model_copy(update=changes)
    return responses.ok(request, responses.workspace(world, workspace_id))


def archive(world: World, request: Request, workspace_id: str) -> Response:
    """Archives it; its key stays attached. Once more changes nothing (assumption)."""
    workspace = _known(world, request, workspace_id)
    rules.body(request, ())
    if workspace_id == world.state.organization.default_workspace:
        raise errors.invalid(request, "the default workspace cannot be archived")
    if workspace.archived is None:
        world.state.workspaces[workspace_id] = workspace.model_copy(update={"archived": world.now()})
    return responses.ok(request, responses.workspace(world, workspace_id))


def _changes(world: World, request: Request, workspace: Workspace, given: dict[str, Any]) -> dict[str, Any]:
    """What the fields given make of a workspace; the key last, as trying it takes longest."""
    changes: dict[str, Any] = {}
    if "name" in given:
        changes["name"] = rules.name(request, "name", given["name"])
    if "display_color" in given:
        changes["display_color"] = rules.color(request, given["display_color"])
    if "tags" in given:
        merged = {**workspace.tags, **rules.tags(request, given["tags"], removable=True)}
        changes["tags"] = {key: text for key, text in merged.items() if text is not None}
    if "data_residency" in given:
        rules.check_data_residency(request, given["data_residency"])
    if "user_profile_id" in given:
        rules.check_user_profile(request, given["user_profile_id"])
    if "external_key_id" in given and given["external_key_id"] != workspace.external_key_id:
        changes["external_key_id"] = _attachable(world, request, workspace, given["external_key_id"])
    return changes


def _attachable(world: World, request: Request, workspace: Workspace, key_id: Any) -> str:
    """The key's id, if it may be attached now.

    Sending the attached key's id again never gets here: that changes nothing (assumption). Trying the key as part of
    the attach is documented by its error codes only.
    """
    if not world.state.organization.cmek_enabled:
        raise errors.not_enabled(request)
    if workspace.external_key_id is not None:
        raise errors.invalid(request, "external_key_id: a key is attached already; it cannot be replaced or detached")
    if not isinstance(key_id, str):
        raise errors.invalid(request, "external_key_id: must be a string")
    key = world.state.external_keys.get(key_id)
    if key is None:
        raise errors.invalid(request, f"external_key_id: {key_id} was not found")
    catch_up(world)
    failed = failure(world, key)
    if failed is not None:
        raise errors.invalid(request, failed, code="external_key_validation_failed")
    return key_id


def _known(world: World, request: Request, workspace_id: str) -> Workspace:
    rules.sign_in(world, request)
    rules.check_id(request, workspace_id)
    workspace = world.state.workspaces.get(workspace_id)
    if workspace is None:
        raise errors.not_found(request, "Workspace", workspace_id)
    return workspace
