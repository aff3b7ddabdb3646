"""Who there is: the tenant, those who sign in, applications, service principals and groups."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from helpers.rehearsal.state.part import LONG_AGO, Part


class Tenant(Part):
    id: str
    display_name: str


class Identity(Part):
    """Somebody who can sign in with client credentials; its rights are its role assignments and these permissions."""

    client_id: str
    client_secret: str = Field(repr=False)
    object_id: str
    graph_permissions: list[str] = []
    groups: list[str] = []
    """Ids of the groups it belongs to, directly or through others."""


class Application(Part):
    """An application registration, here or in another tenant; only one that exists can be consented to."""

    display_name: str
    owner_tenant: str
    multitenant: bool = True


class ServicePrincipal(Part):
    app_id: str
    display_name: str
    owner_tenant: str
    account_enabled: bool = True
    created: datetime = LONG_AGO
    app_roles_granted: list[str] = []
    """Ids of application permissions of Microsoft Graph."""
    delegated_grants: list[str] = []
    """Scopes of Microsoft Graph consented to for the whole tenant."""
    owners: list[str] = []
    """Object ids."""
    key_credentials: list[str] = []
    password_credentials: list[str] = []
    """Display names; the world holds no value of a credential."""
    member_of: list[str] = []
    """Ids of the groups it belongs to, directly or through others."""


class Group(Part):
    """A security group; who is in it stands at the members."""

    display_name: str


class ConditionalAccessPolicy(Part):
    display_name: str
    state: Literal["enabled", "disabled", "enabledForReportingButNotEnforced"] = "enabled"
    include_service_principals: list[str] = []
    exclude_service_principals: list[str] = []
