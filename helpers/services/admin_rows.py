"""Rows of the Admin API as model values. For a row without what it must have each raises what is in UNREADABLE."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, TypeVar

from helpers.model import ExternalKey, Organization, Validation, Workspace
from helpers.services.made_twice import Dated
from helpers.services.replies import needed

T = TypeVar("T")


def dated(raws: Iterable[Any], parsed: Callable[[Any], T]) -> tuple[Dated[T], ...]:
    """Rows, each with the time it was created, where it says so."""
    times = ((raw, getattr(raw, "created_at", None)) for raw in raws)
    return tuple(Dated(parsed(raw), raw.id, time if isinstance(time, datetime) else None) for raw, time in times)


def organization(raw: Any) -> Organization:
    return Organization(needed(raw.id, "id"), needed(raw.name, "name"))


def external_key(raw: Any) -> ExternalKey:
    config = raw.provider_config
    azure = config.type == "azure"
    return ExternalKey(
        id=needed(raw.id, "id"),
        display_name=raw.display_name,
        vault_uri=config.vault_uri if azure else "",
        key_name=config.key_name if azure else "",
        tenant_id=config.tenant_id if azure else "",
        client_id=config.client_id if azure else None,
        attached={"attached": True, "unattached": False}.get(raw.attachment.type),
    )


def workspace(raw: Any, *, is_default: bool = False) -> Workspace:
    return Workspace(
        id=needed(raw.id, "id"),
        name=needed(raw.name, "name"),
        external_key_id=raw.external_key_id,
        archived=raw.archived_at is not None,
        user_profile_id=raw.user_profile_id,
        is_default=is_default,
    )


def validation(raw: Any, request_id: str | None) -> Validation:
    return Validation(needed(raw.status, "status"), raw.error, request_id)
