"""What a request may say: who sends it, and which fields with which values.

Source: field rules of the API reference, 2026-11. Refusing unknown members and query parameters, the forms of
vault_uri, key_name and tenant_id, and refusing Managed HSM addresses are assumptions.
"""

from __future__ import annotations

import hmac
import re
import secrets
import uuid
from collections.abc import Iterable
from typing import Any

from helpers.rehearsal.anthropic import errors
from helpers.rehearsal.anthropic.responses import DATA_RESIDENCY
from helpers.rehearsal.tokens import bearer
from helpers.rehearsal.wire import Request
from helpers.rehearsal.world import World

LONGEST_NAME, LONGEST_ID = 255, 2048

_VAULT_URI = re.compile(r"https://[a-z][a-z0-9-]{1,22}[a-z0-9]\.vault\.azure\.net/?", re.IGNORECASE)
_KEY_NAME = re.compile(r"[0-9A-Za-z-]{1,127}")
_COLOR = re.compile(r"#[0-9A-Fa-f]{6}")
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"


def sign_in(world: World, request: Request) -> None:
    """An admin key, as x-api-key or bearer token. Raises 401 for none, for two that differ, and for a foreign one."""
    given = {key for key in (request.headers.get("x-api-key"), bearer(request)) if key}
    if not given:
        raise errors.not_signed_in(request, "x-api-key header is required")
    if len(given) > 1:
        raise errors.not_signed_in(request, "x-api-key and Authorization carry different credentials")
    key = given.pop().encode()
    if not any(hmac.compare_digest(key, known.encode()) for known in world.state.admin_keys.values()):
        raise errors.not_signed_in(request, "invalid x-api-key")


def new_id(prefix: str) -> str:
    """A fresh id such as `ekey_01…`, 24 characters after the underscore."""
    return f"{prefix}_01" + "".join(secrets.choice(_BASE58) for _ in range(22))


def check_id(request: Request, object_id: str) -> None:
    """Raises 400 for an id in the path that is longer than any."""
    if len(object_id) > LONGEST_ID:
        raise errors.invalid(request, f"the id in the path is longer than {LONGEST_ID} characters")


def body(request: Request, fields: Iterable[str]) -> dict[str, Any]:
    """The JSON body with no member but these. Raises 400 otherwise."""
    try:
        found = request.json()
    except ValueError:
        raise errors.invalid(request, "The request body is not a valid JSON object") from None
    _only(request, found, fields, "")
    return found


def query(request: Request, parameters: Iterable[str]) -> dict[str, str]:
    """The query with no parameter but these; `beta` is what the SDK's older name space adds. Raises 400 otherwise."""
    _only(request, request.query, (*parameters, "beta"), "query: ")
    return dict(request.query)


def limit(request: Request, text: str | None, largest: int) -> int:
    """How many items a page has: 20, or what is asked for between 1 and the largest."""
    if text is None:
        return 20
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= largest):
        raise errors.invalid(request, f"limit: must be a number from 1 to {largest}")
    return int(text)


def flag(request: Request, name: str, text: str | None) -> bool:
    """A query parameter that is true or false; false when absent."""
    if text not in (None, "true", "false"):
        raise errors.invalid(request, f"{name}: must be true or false")
    return text == "true"


def name(request: Request, field: str, value: Any) -> str:
    """A text of 1 to 255 characters."""
    if not isinstance(value, str) or not 1 <= len(value) <= LONGEST_NAME:
        raise errors.invalid(request, f"{field}: must be a string of 1 to {LONGEST_NAME} characters")
    return value


def color(request: Request, value: Any) -> str:
    """A colour such as #6C5BB9."""
    if not isinstance(value, str) or not _COLOR.fullmatch(value):
        raise errors.invalid(request, "display_color: must match ^#[0-9A-Fa-f]{6}$")
    return value


def geo(request: Request, value: Any) -> str:
    """Only `us`."""
    if value != "us":
        raise errors.invalid(request, "geo: must be us")
    return "us"


def tags(request: Request, value: Any, *, removable: bool = False) -> dict[str, str | None]:
    """Workspace tags: texts by texts, no name beginning with `anthropic`; null removes one where that makes sense."""
    if not isinstance(value, dict):
        raise errors.invalid(request, "tags: must be an object")
    for key, text in value.items():
        if key.lower().startswith("anthropic"):
            raise errors.invalid(request, f"tags.{key}: may not begin with anthropic")
        if not (isinstance(text, str) or (removable and text is None)):
            raise errors.invalid(request, f"tags.{key}: must be a string")
    return dict(value)


def check_data_residency(request: Request, value: Any) -> None:
    """Accepts what every workspace has; raises 501 for anything else."""
    if not isinstance(value, dict):
        raise errors.invalid(request, "data_residency: must be an object")
    _only(request, value, DATA_RESIDENCY, "data_residency.")
    if any(given is not None and given != DATA_RESIDENCY[field] for field, given in value.items()):
        raise errors.not_simulated(request, "a data_residency other than the default one")


def check_user_profile(request: Request, value: Any) -> None:
    """A world has no user profiles: raises 400 for any."""
    if value is not None:
        raise errors.invalid(request, "user_profile_id: no such user profile", code="user_profile_not_found")


def provider_config(request: Request, value: Any) -> dict[str, Any]:
    """The Azure coordinates of a key, as the fields of ExternalKey. Raises 400; 501 for another provider."""
    if not isinstance(value, dict):
        raise errors.invalid(request, "provider_config: must be an object")
    if value.get("type") in ("aws", "gcp"):
        raise errors.not_simulated(request, f"provider_config.type {value['type']}")
    if value.get("type") != "azure":
        raise errors.invalid(request, "provider_config.type: must be azure")
    _only(request, value, ("type", "vault_uri", "key_name", "tenant_id", "client_id"), "provider_config.")
    uri, key_name = value.get("vault_uri"), value.get("key_name")
    if not isinstance(uri, str) or not _VAULT_URI.fullmatch(uri):
        raise errors.invalid(request, "provider_config.vault_uri: must be https://{vault-name}.vault.azure.net")
    if not isinstance(key_name, str) or not _KEY_NAME.fullmatch(key_name):
        raise errors.invalid(request, "provider_config.key_name: must be 1 to 127 letters, digits and hyphens")
    client = value.get("client_id")
    return {
        "vault_uri": uri,
        "key_name": key_name,
        "tenant_id": _uuid(request, "tenant_id", value.get("tenant_id")),
        "client_id": None if client is None else _uuid(request, "client_id", client),
    }


def _uuid(request: Request, field: str, value: Any) -> str:
    try:
        if isinstance(value, str) and str(uuid.UUID(value)) == value.lower():
            return value
    except ValueError as error:
        raise errors.invalid(request, f"provider_config.{field}: must be a UUID") from error
    raise errors.invalid(request, f"provider_config.{field}: must be a UUID")


def _only(request: Request, found: Iterable[str], known: Iterable[str], where: str) -> None:
    unknown = sorted(set(found) - set(known))
    if unknown:
        raise errors.invalid(request, f"{where}{unknown[0]}: Extra inputs are not permitted")
