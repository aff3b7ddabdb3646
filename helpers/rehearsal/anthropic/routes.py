"""The Admin API's routes. An update is a POST."""

from __future__ import annotations

from helpers.rehearsal.anthropic import external_keys, responses, rules, workspaces
from helpers.rehearsal.router import Route
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

HOST = "api.anthropic.com"
_ORGANIZATION = "/v1/organizations"
_KEYS = f"{_ORGANIZATION}/external_keys"
_KEY = f"{_KEYS}/{{key_id}}"
_WORKSPACES = f"{_ORGANIZATION}/workspaces"
_WORKSPACE = f"{_WORKSPACES}/{{workspace_id}}"


def get_organization(world: World, request: Request) -> Response:
    """The organization the admin key belongs to."""
    rules.sign_in(world, request)
    return responses.ok(request, responses.organization(world))


ROUTES = (
    Route("organization retrieve", "GET", HOST, f"{_ORGANIZATION}/me", get_organization),
    Route("external key create", "POST", HOST, _KEYS, external_keys.create),
    Route("external key list", "GET", HOST, _KEYS, external_keys.list_all),
    Route("external key retrieve", "GET", HOST, _KEY, external_keys.get),
    Route("external key update", "POST", HOST, _KEY, external_keys.update),
    Route("external key delete", "DELETE", HOST, _KEY, external_keys.delete),
    Route("external key validate", "POST", HOST, f"{_KEY}/validate", external_keys.validate),
    Route("workspace create", "POST", HOST, _WORKSPACES, workspaces.create),
    Route("workspace list", "GET", HOST, _WORKSPACES, workspaces.list_all),
    Route("workspace retrieve", "GET", HOST, _WORKSPACE, workspaces.get),
    Route("workspace update", "POST", HOST, _WORKSPACE, workspaces.update),
    Route("workspace archive", "POST", HOST, f"{_WORKSPACE}/archive", workspaces.archive),
)
