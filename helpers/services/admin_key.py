"""The Admin API key, fetched from where the parameters say it is, at the moment it is needed."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError
from azure.core.rest import HttpRequest
from azure.keyvault.keys import KeyClient

from helpers.errors import WrongUsage
from helpers.record.secrets import Secret
from helpers.services.patience import Patient
from helpers.services.replies import UNREADABLE, needed, sentence, stop_at_wrong_cloud
from helpers.services.witness import Witness

PREFIX = "sk-ant-admin01-"
"""Admin keys begin so; an Enterprise key (sk-ant-api01-) cannot manage external keys. Source: Claude API docs."""

_SECRETS_VERSION = "7.4"


class NotAnAdminKey(WrongUsage):
    """There is something where the reference leads, and it is not an Admin API key."""


def fetch(
    reference: str,
    credential: TokenCredential,
    witness: Witness,
    options: Callable[[str], Mapping[str, Any]] = lambda url: {},
) -> Secret:
    """The key behind `env:NAME`, `file:PATH` or `keyvault:URL`. Raises WrongUsage, which never holds the value.

    `options` says what the client of a vault is made with besides, by the vault's address.
    """
    way, _, where = reference.partition(":")
    readers: dict[str, Callable[[], str | None]] = {
        "env": lambda: os.environ.get(where),
        "file": lambda: Path(where).read_text(encoding="utf-8"),
        "keyvault": lambda: _of_vault(where, credential, witness, options),
    }
    try:
        value = (readers[way]() or "").strip()
    except AzureError as error:
        stop_at_wrong_cloud(error)
        raise _unusable(reference, f"it cannot be read ({sentence(error)})") from None
    except (OSError, *UNREADABLE) as error:  # a reply or a file that is not what it must be
        raise _unusable(reference, f"it cannot be read ({type(error).__name__})") from None
    if not value:
        raise _unusable(reference, "there is nothing there")
    if not value.startswith(PREFIX):
        raise _unusable(reference, f"it does not begin with {PREFIX}, so it is not an Admin API key", NotAnAdminKey)
    return Secret(value)


def _of_vault(
    url: str, credential: TokenCredential, witness: Witness, options: Callable[[str], Mapping[str, Any]]
) -> str:
    vault, _, _ = url.partition("/secrets/")
    ours: dict[str, Any] = {"raw_response_hook": witness.azure, "retry_policy": Patient(), **options(vault)}
    with KeyClient(vault, credential, **ours) as client:
        response = client.send_request(HttpRequest("GET", f"{url}?api-version={_SECRETS_VERSION}"))
        response.raise_for_status()
    return str(needed(response.json()["value"], "value"))


def _unusable(reference: str, reason: str, kind: type[WrongUsage] = WrongUsage) -> WrongUsage:
    return kind(
        f"admin_key: {reference}: {reason}",
        why="The Admin API key registers the key and attaches it; 05 cannot do without it.",
        next_step="An organization admin makes one in the Claude Console under Settings, Admin keys.",
    )
