"""What Graph objects look like on the wire.

Source: service principals and list envelopes recorded 2022; policies, grants and organizations from the v1.0
documentation (assumption: not recorded).
"""

from __future__ import annotations

import uuid
from datetime import UTC, datetime
from typing import Any

from helpers.rehearsal.state import Application, ConditionalAccessPolicy, ServicePrincipal
from helpers.rehearsal.world import World

ROOT = "https://graph.microsoft.com/v1.0"
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
        "keyCredentials": [],
        "oauth2PermissionScopes": [],
        "passwordCredentials": [],
        "resourceSpecificApplicationPermissions": [],
    }


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
        "resourceId": str(uuid.uuid5(uuid.NAMESPACE_URL, "servicePrincipal/Microsoft Graph")),
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
