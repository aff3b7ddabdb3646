"""What Graph objects look like on the wire.

Source: service principals and list envelopes recorded 2022; policies, grants and organizations from the v1.0
documentation (assumption: not recorded).
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

from helpers.rehearsal.state import Application, ConditionalAccessPolicy, ServicePrincipal
from helpers.rehearsal.world import World

ROOT = "https://graph.microsoft.com/v1.0"
SERVICE_PRINCIPAL, USER, GROUP = (f"#microsoft.graph.{kind}" for kind in ("servicePrincipal", "user", "group"))
_GRAPH_ITSELF = str(uuid.uuid5(uuid.NAMESPACE_URL, "servicePrincipal/Microsoft Graph"))
"""Object id of Microsoft Graph's own service principal, which is not among those of a world."""
CREDENTIAL_LIFETIME = timedelta(days=365)
"""Of every credential in a world; nobody signs in with one."""
Object = dict[str, Any]


def timestamp(time: datetime) -> str:
    """UTC, to the second."""
    return time.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def service_principal(world: World, object_id: str) -> Object:
    """All fields of the recorded one, in its order."""
    principal = world.state.service_principals[object_id]
    application = world.state.applications.get(principal.app_id)
    single_tenant = application is not None and not application.multitenant
    return {
        "id": object_id,
        "deletedDateTime": None,
        "accountEnabled": principal.account_enabled,
        "alternativeNames": [],
        "appDisplayName": principal.display_name,
        "appDescription": None,
        "appId": principal.app_id,
        "applicationTemplateId": None,
        "appOwnerOrganizationId": principal.owner_tenant,
        "appRoleAssignmentRequired": False,
        "createdDateTime": timestamp(principal.created),
        "description": None,
        "disabledByMicrosoftStatus": None,
        "displayName": principal.display_name,
        "homepage": None,
        "loginUrl": None,
        "logoutUrl": None,
        "notes": None,
        "notificationEmailAddresses": [],
        "preferredSingleSignOnMode": None,
        "preferredTokenSigningKeyThumbprint": None,
        "replyUrls": [],
        "servicePrincipalNames": [principal.app_id],
        "servicePrincipalType": "Application",
        "signInAudience": "AzureADMyOrg" if single_tenant else "AzureADMultipleOrgs",
        "tags": [],
        "tokenEncryptionKeyId": None,
        "samlSingleSignOnSettings": None,
        "verifiedPublisher": {"displayName": None, "verifiedPublisherId": None, "addedDateTime": None},
        "addIns": [],
        "appRoles": [],
        "info": {
            "logoUrl": None,
            "marketingUrl": None,
            "privacyStatementUrl": None,
            "supportUrl": None,
            "termsOfServiceUrl": None,
        },
        "keyCredentials": [_key_credential(object_id, principal, name) for name in principal.key_credentials],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [_password(object_id, principal, name) for name in principal.password_credentials],
        "resourceSpecificApplicationPermissions": [],
    }


def _key_credential(object_id: str, principal: ServicePrincipal, name: str) -> Object:
    """A certificate without its key, which Graph shows on request only."""
    return {
        "customKeyIdentifier": None,
        **_credential(f"{object_id}/certificate/{name}", principal, name),
        "key": None,
        "type": "AsymmetricX509Cert",
        "usage": "Verify",
    }


def _password(object_id: str, principal: ServicePrincipal, name: str) -> Object:
    """A client secret without its text; the hint, its first letters, is left out too."""
    return {
        "customKeyIdentifier": None,
        **_credential(f"{object_id}/secret/{name}", principal, name),
        "hint": None,
        "secretText": None,
    }


def _credential(seed: str, principal: ServicePrincipal, name: str) -> Object:
    return {
        "displayName": name,
        "endDateTime": timestamp(principal.created + CREDENTIAL_LIFETIME),
        "keyId": str(uuid.uuid5(uuid.NAMESPACE_URL, seed)),
        "startDateTime": timestamp(principal.created),
    }


def owner(world: World, object_id: str) -> Object:
    """A directory object: a service principal of the world, somebody who signs in to it, or else a user.

    The state names owners by id only, so what else is known of a user is null (assumption: the members of one).
    """
    if object_id.lower() in world.state.service_principals:
        return {"@odata.type": SERVICE_PRINCIPAL, **service_principal(world, object_id.lower())}
    identity = world.identity_of(object_id)
    if identity is not None:
        name = next(name for name, held in world.state.identities.items() if held is identity)
        return {"@odata.type": SERVICE_PRINCIPAL, "id": object_id, "appId": identity.client_id, "displayName": name}
    members = ("businessPhones", "displayName", "givenName", "jobTitle", "mail", "mobilePhone", "officeLocation")
    nulls = dict.fromkeys((*members, "preferredLanguage", "surname", "userPrincipalName"))
    return {"@odata.type": USER, "id": object_id, **nulls, "businessPhones": []}


def group(world: World, group_id: str, *, whole: bool) -> Object:
    """A security group; not `whole`, everything but its type and id is null (documented: limited information)."""
    held = world.state.groups.get(group_id)
    known: Object = {
        "displayName": held.display_name if held else None,
        "groupTypes": [],
        "mailEnabled": False,
        "securityEnabled": True,
    }
    members = ("deletedDateTime", "classification", "createdDateTime", "description", "mail", "mailNickname")
    nulls = dict.fromkeys((*members, *known))
    return {"@odata.type": GROUP, "id": group_id, **nulls, **(known if whole else {})}


def application(app_id: str, registered: Application) -> Object:
    """A registration of this tenant; its object id follows from the app id, as a world file gives none."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"application/{app_id}")),
        "appId": app_id,
        "displayName": registered.display_name,
        "signInAudience": "AzureADMultipleOrgs" if registered.multitenant else "AzureADMyOrg",
    }


def role_granted(object_id: str, principal: ServicePrincipal, app_role: str) -> Object:
    """One app role assignment; `app_roles_granted` names roles of Microsoft Graph by their ids."""
    return {
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{object_id}/{app_role}")),
        "deletedDateTime": None,
        "appRoleId": app_role,
        "createdDateTime": timestamp(principal.created),
        "principalDisplayName": principal.display_name,
        "principalId": object_id,
        "principalType": "ServicePrincipal",
        "resourceDisplayName": "Microsoft Graph",
        "resourceId": _GRAPH_ITSELF,
    }


def permission_grant(object_id: str, scopes: list[str]) -> Object:
    """What was consented to for everybody, in Microsoft Graph; there is one such grant for a client and a resource."""
    return {
        "clientId": object_id,
        "consentType": "AllPrincipals",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{object_id}/grant")),
        "principalId": None,
        "resourceId": _GRAPH_ITSELF,
        "scope": " ".join(scopes),
    }


def policy(policy_id: str, held: ConditionalAccessPolicy) -> Object:
    """A policy for workload identities that blocks those it includes."""
    return {
        "id": policy_id,
        "displayName": held.display_name,
        "createdDateTime": None,
        "modifiedDateTime": None,
        "state": held.state,
        "conditions": {
            "clientAppTypes": ["all"],
            "applications": {"includeApplications": ["All"], "excludeApplications": []},
            "users": {"includeUsers": ["None"], "excludeUsers": []},
            "clientApplications": {
                "includeServicePrincipals": list(held.include_service_principals),
                "excludeServicePrincipals": list(held.exclude_service_principals),
            },
            "locations": None,
        },
        "grantControls": {"operator": "OR", "builtInControls": ["block"]},
        "sessionControls": None,
    }


def organization(world: World) -> Object:
    """The tenant itself."""
    return {"id": world.state.tenant.id, "displayName": world.state.tenant.display_name}
