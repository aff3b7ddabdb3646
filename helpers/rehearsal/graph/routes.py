"""Graph's routes and what each does."""

from __future__ import annotations

from helpers.rehearsal.graph import errors, responses, rules
from helpers.rehearsal.graph.query import check_options, listed, single
from helpers.rehearsal.router import Route
from helpers.rehearsal.wire import Request, Response
from helpers.rehearsal.world import World

HOST = "graph.microsoft.com"
_FILTERS = ("appId", "displayName", "servicePrincipalNames")


def list_service_principals(world: World, request: Request) -> Response:
    """None found is 200 with an empty list."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    items = [responses.service_principal(world, object_id) for object_id in world.state.service_principals]
    return listed(world, request, "servicePrincipals", items, _FILTERS)


def get_service_principal(world: World, request: Request, object_id: str) -> Response:
    """By object id; an app id is not found."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    item = responses.service_principal(world, _known(world, request, object_id))
    return single(world, request, "servicePrincipals", item)


def get_service_principal_by_app(world: World, request: Request, app_id: str) -> Response:
    """By the alternate key appId."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    for object_id, principal in world.state.service_principals.items():
        if principal.app_id == app_id.lower():
            return single(world, request, "servicePrincipals", responses.service_principal(world, object_id))
    raise errors.not_found(world, request, app_id)


def create_service_principal(world: World, request: Request) -> Response:
    """Consent to an application: 201 with its location. Members other than appId and accountEnabled are refused."""
    held = rules.require(world, request, rules.CREATE_ANY | rules.CREATE_OWN)
    check_options(world, request, frozenset())
    try:
        body = request.json()
    except ValueError:
        raise errors.bad_request(world, request, "Unable to read JSON request payload.", code="BadRequest") from None
    app_id, enabled = body.get("appId"), body.get("accountEnabled", True)
    if not isinstance(app_id, str) or not app_id:
        text = "A value is required for property 'appId' of resource 'ServicePrincipal'."
        raise errors.bad_request(world, request, text)
    others = sorted(set(body) - {"appId", "accountEnabled", "@odata.type"})
    if others or not isinstance(enabled, bool):
        text = f"Only appId and accountEnabled (true or false) are simulated; the body has {', '.join(sorted(body))}."
        raise errors.bad_request(world, request, text)
    object_id = rules.create_service_principal(world, request, app_id.lower(), enabled=enabled, held=held)
    reply = single(world, request, "servicePrincipals", responses.service_principal(world, object_id), status=201)
    location = (
        f"https://{HOST}/v2/{world.state.tenant.id}/directoryObjects/{object_id}"
        "/Microsoft.DirectoryServices.ServicePrincipal"
    )
    return Response(reply.status, reply.body, {**reply.headers, "location": location})


def get_by_ids(world: World, request: Request) -> Response:
    """Of the ids asked for those that are service principals; the others are left out. A POST that changes nothing.

    The Azure CLI puts names to role assignments with it. That reading applications is enough is an assumption.
    """
    rules.require(world, request, rules.READ_APPLICATIONS)
    try:
        ids = request.json().get("ids")
    except ValueError:
        ids = None
    if not isinstance(ids, list):
        raise errors.bad_request(world, request, "A list of ids is needed.")
    kind = {"@odata.type": responses.SERVICE_PRINCIPAL}
    asked = [str(object_id).lower() for object_id in ids]
    known = [object_id for object_id in asked if object_id in world.state.service_principals]
    items = [{**kind, **responses.service_principal(world, object_id)} for object_id in known]
    return listed(world, request, "directoryObjects", items, ())


def list_app_role_assignments(world: World, request: Request, object_id: str) -> Response:
    """App roles granted to the principal; none unless the world says so."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    principal = world.state.service_principals[_known(world, request, object_id)]
    items = [responses.role_granted(object_id.lower(), principal, role) for role in principal.app_roles_granted]
    return listed(world, request, "appRoleAssignments", items, ())


def list_permission_grants(world: World, request: Request, object_id: str) -> Response:
    """Delegated permissions granted to the principal for the whole tenant: one grant, as there is one resource.

    Reading applications is not enough for it (documented).
    """
    rules.require(world, request, rules.READ_GRANTS)
    known = _known(world, request, object_id)
    scopes = world.state.service_principals[known].delegated_grants
    items = [responses.permission_grant(known, scopes)] if scopes else []
    return listed(world, request, "oauth2PermissionGrants", items, ())


def list_owners(world: World, request: Request, object_id: str) -> Response:
    """Owners of the principal, users and other principals alike."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    owners = world.state.service_principals[_known(world, request, object_id)].owners
    return listed(world, request, "directoryObjects", [responses.owner(world, owner) for owner in owners], ())


def list_transitive_member_of(world: World, request: Request, object_id: str) -> Response:
    """The groups the principal belongs to. Who may not read groups sees their type and id, the rest null."""
    held = rules.require(world, request, rules.READ_MEMBERSHIPS)
    member_of = world.state.service_principals[_known(world, request, object_id)].member_of
    whole = bool(held & rules.READ_GROUPS)
    items = [responses.group(world, group_id, whole=whole) for group_id in member_of]
    return listed(world, request, "directoryObjects", items, ())


def list_applications(world: World, request: Request) -> Response:
    """Registrations of this tenant only: a vendor's application is not among them."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    return listed(world, request, "applications", _local_applications(world), ("appId", "displayName"))


def get_application(world: World, request: Request, object_id: str) -> Response:
    """By object id; an app id, or a registration of another tenant, is not found."""
    rules.require(world, request, rules.READ_APPLICATIONS)
    for item in _local_applications(world):
        if item["id"] == object_id.lower():
            return single(world, request, "applications", item)
    raise errors.not_found(world, request, object_id)


def list_policies(world: World, request: Request) -> Response:
    """Conditional access policies; needs Policy.Read.All."""
    if not rules.permissions(world, request) & rules.READ_POLICIES:
        raise errors.no_policy_privilege(world, request)
    items = [responses.policy(policy_id, policy) for policy_id, policy in world.state.conditional_access.items()]
    return listed(world, request, "identity/conditionalAccess/policies", items, ("displayName",))


def list_organizations(world: World, request: Request) -> Response:
    """The tenant; needs Organization.Read.All or Directory.Read.All."""
    rules.require(world, request, rules.READ_ORGANIZATION)
    return listed(world, request, "organization", [responses.organization(world)], ())


def get_me(world: World, request: Request) -> Response:
    """An application is nobody: 400 (assumption: code and text from general knowledge)."""
    rules.permissions(world, request)
    text = "/me request is only valid with delegated authentication flow."
    raise errors.bad_request(world, request, text, code="BadRequest")


def _known(world: World, request: Request, object_id: str) -> str:
    if object_id.lower() not in world.state.service_principals:
        raise errors.not_found(world, request, object_id)
    return object_id.lower()


def _local_applications(world: World) -> list[responses.Object]:
    tenant = world.state.tenant.id
    registered = world.state.applications.items()
    return [responses.application(app_id, held) for app_id, held in registered if held.owner_tenant == tenant]


_ALL = "/v1.0/servicePrincipals"
_ONE = f"{_ALL}/{{object_id}}"

ROUTES = (
    Route("servicePrincipal list", "GET", HOST, _ALL, list_service_principals),
    Route("servicePrincipal create", "POST", HOST, _ALL, create_service_principal),
    Route("servicePrincipal get by appId", "GET", HOST, f"{_ALL}(appId='{{app_id}}')", get_service_principal_by_app),
    Route("servicePrincipal get", "GET", HOST, _ONE, get_service_principal),
    Route(
        "servicePrincipal appRoleAssignments list", "GET", HOST, f"{_ONE}/appRoleAssignments", list_app_role_assignments
    ),
    Route(
        "servicePrincipal oauth2PermissionGrants list",
        "GET",
        HOST,
        f"{_ONE}/oauth2PermissionGrants",
        list_permission_grants,
    ),
    Route("servicePrincipal owners list", "GET", HOST, f"{_ONE}/owners", list_owners),
    Route(
        "servicePrincipal transitiveMemberOf list",
        "GET",
        HOST,
        f"{_ONE}/transitiveMemberOf",
        list_transitive_member_of,
    ),
    Route("directoryObject getByIds", "POST", HOST, "/v1.0/directoryObjects/getByIds", get_by_ids),
    Route("application list", "GET", HOST, "/v1.0/applications", list_applications),
    Route("application get", "GET", HOST, "/v1.0/applications/{object_id}", get_application),
    Route("conditionalAccess policy list", "GET", HOST, "/v1.0/identity/conditionalAccess/policies", list_policies),
    Route("organization list", "GET", HOST, "/v1.0/organization", list_organizations),
    Route("me get", "GET", HOST, "/v1.0/me", get_me),
)
