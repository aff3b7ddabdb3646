"""What Anthropic holds: the organization, external keys, workspaces, and its validation of a key."""

from __future__ import annotations

from dataclasses import dataclass

from helpers.model.outcomes import same_id, same_uri


@dataclass(frozen=True)
class Organization:
    id: str
    name: str


@dataclass(frozen=True)
class ExternalKey:
    id: str
    display_name: str | None
    vault_uri: str
    key_name: str
    tenant_id: str
    client_id: str | None
    attached: bool | None

    def is_for(self, vault_uri: str, key_name: str, tenant_id: str) -> bool:
        """Whether this registers that key: same vault, key name and tenant. Whose application uses it is client_id."""
        return (
            same_uri(self.vault_uri, vault_uri)
            and self.key_name.lower() == key_name.lower()
            and same_id(self.tenant_id, tenant_id)
        )


@dataclass(frozen=True)
class Workspace:
    id: str
    name: str
    external_key_id: str | None
    archived: bool
    user_profile_id: str | None = None
    is_default: bool = False


@dataclass(frozen=True)
class Validation:
    """What Anthropic answered when asked to use the key. Only the word `success` is success."""

    status: str
    error: str | None
    request_id: str | None = None
    waited: float = 0.0
    """The seconds for which it was asked again and again without success."""

    @property
    def succeeded(self) -> bool:
        return self.status == "success"
