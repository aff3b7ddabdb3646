"""What Graph lets a caller do.

Source: the permission tables of the v1.0 documentation; permissions a world's identity holds are application
permissions.
"""

from __future__ import annotations

from helpers.rehearsal.callers import Caller, caller
from helpers.rehearsal.graph import errors
from helpers.rehearsal.state import ServicePrincipal
from helpers.rehearsal.wire import Request
from helpers.rehearsal.world import World, new_guid

AUDIENCE = "https://graph.microsoft.com"

CREATE_ANY = frozenset({"Application.ReadWrite.All"})
CREATE_OWN = frozenset({"Application.ReadWrite.OwnedBy"})
READ_APPLICATIONS = frozenset({"Application.Read.All", "Directory.Read.All"}) | CREATE_ANY | CREATE_OWN
READ_MEMBERSHIPS = (READ_APPLICATIONS - CREATE_OWN) | {"Directory.ReadWrite.All"}
READ_GROUPS = frozenset(
    {"GroupMember.Read.All", "Group.Read.All", "Group.ReadWrite.All", "Directory.Read.All", "Directory.ReadWrite.All"}
)
READ_GRANTS = frozenset({"Directory.Read.All", "Directory.ReadWrite.All", "DelegatedPermissionGrant.ReadWrite.All"})
READ_POLICIES = frozenset({"Policy.Read.All", "Policy.Read.ConditionalAccess", "Policy.ReadWrite.ConditionalAccess"})
READ_ORGANIZATION = frozenset({"Organization.Read.All", "Organization.ReadWrite.All", "Directory.Read.All"})


def permissions(world: World, request: Request) -> frozenset[str]:
    """What the caller may do. Raises 401 when nobody of this world is signed in for Graph."""
    found = caller(world, request, AUDIENCE)
    if not isinstance(found, Caller):
        raise errors.not_signed_in(world, request, found)
    identity = world.identity_of(found.object_id)
    return frozenset(identity.graph_permissions) if identity else frozenset()


def require(world: World, request: Request, one_of: frozenset[str]) -> frozenset[str]:
    """What the caller may do, which is at least one of these. Raises 403 if it is not."""
    held = permissions(world, request)
    if not held & one_of:
        raise errors.no_privilege(world, request)
    return held


def create_service_principal(
    world: World, request: Request, app_id: str, *, enabled: bool, held: frozenset[str]
) -> str:
    """The new principal's object id; the application must exist, here or as a multitenant one elsewhere.

    Raises 400 when there is no such application, 403 when OwnedBy meets a foreign one, 409 when it is consented to
    already.
    """
    tenant = world.state.tenant.id
    application = world.state.applications.get(app_id)
    if application is None or not (application.multitenant or application.owner_tenant == tenant):
        raise errors.no_application(world, request, app_id)
    if not held & CREATE_ANY and application.owner_tenant != tenant:
        raise errors.foreign_application(world, request)
    if any(principal.app_id == app_id for principal in world.state.service_principals.values()):
        raise errors.already_exists(world, request, app_id)
    object_id = new_guid()
    world.state.service_principals[object_id] = ServicePrincipal(
        app_id=app_id,
        display_name=application.display_name,
        owner_tenant=application.owner_tenant,
        account_enabled=enabled,
        created=world.now(),
    )
    return object_id
