"""What Anthropic holds: the organization, external keys and workspaces."""

from __future__ import annotations

from datetime import datetime

from helpers.rehearsal.state.part import LONG_AGO, Part


class Organization(Part):
    id: str
    name: str
    cmek_enabled: bool = True
    default_workspace: str = ""


class ExternalKey(Part):
    display_name: str | None = None
    geo: str = "us"
    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None = None
    created: datetime = LONG_AGO
    updated: datetime = LONG_AGO


class Workspace(Part):
    name: str
    external_key_id: str | None = None
    created: datetime = LONG_AGO
    archived: datetime | None = None
    display_color: str = "#6C5BB9"
    compartment_id: str = ""
    tags: dict[str, str] = {}
    user_profile_id: str | None = None
