"""The secrets a process has in its hands: what its environment gave it, and what it fetched since."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from urllib.parse import unquote, urlsplit

from helpers.record.secrets import Secret

VARIABLES = (
    "ANTHROPIC_ADMIN_KEY",
    "ANTHROPIC_API_KEY",
    "ANTHROPIC_AUTH_TOKEN",
    "ANTHROPIC_IDENTITY_TOKEN",
    "AZURE_CLIENT_CERTIFICATE_PASSWORD",
    "AZURE_CLIENT_SECRET",
    "AZURE_PASSWORD",
    "AZURE_STORAGE_CONNECTION_STRING",
    "AZURE_STORAGE_KEY",
    "AZURE_STORAGE_SAS_TOKEN",
    "IDENTITY_HEADER",
    "MSI_SECRET",
)
"""Variables whose whole value is a secret, by the names that azure-identity, azure-storage-blob and anthropic read."""

PROXIES = ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy")
"""Variables with an address that may hold a password."""

Known = Callable[[], Sequence[Secret]]
"""Asked anew each time: secrets are fetched while a step is under way."""


def nothing() -> tuple[Secret, ...]:
    """No secret is known; shapes are looked for all the same."""
    return ()


def of_environment(environment: Mapping[str, str] = os.environ) -> tuple[Secret, ...]:
    """The secrets among a process's variables; of a proxy's address the password, as it is and percent-decoded."""
    values = [environment[name] for name in VARIABLES if name in environment]
    for name in PROXIES:
        password = _password(environment.get(name, ""))
        values += [password, unquote(password)]
    return tuple(dict.fromkeys(Secret(value.strip()) for value in values if value.strip()))


class InUse:
    """The secrets known so far. It only grows: an old token in a record is a token too."""

    def __init__(self, secrets: Iterable[Secret] = ()) -> None:
        self._noted = dict.fromkeys(secrets)

    def note(self, secret: Secret) -> Secret:
        """Know one more, and hand it on."""
        self._noted.setdefault(secret)
        return secret

    def __call__(self) -> tuple[Secret, ...]:
        return tuple(self._noted)


def _password(address: str) -> str:
    try:
        return urlsplit(address).password or ""
    except ValueError:
        return ""
