"""Which of the things in the clouds the parameters are about. Steps and checks ask here, so that they agree."""

from __future__ import annotations

from helpers import published
from helpers.model import ExternalKey, Found, Known, RoleAssignment, Workspace, same_id
from helpers.parameter_values import NewWorkspace, WorkspaceId
from helpers.parameters import Parameters


def wanted_scope(parameters: Parameters) -> str:
    """The scope the role is wanted at: the key, or a vault that is proven to hold no other key."""
    if parameters.role_scope == "vault":
        return parameters.vault_id
    return f"{parameters.vault_id}/keys/{parameters.key_name}"


def is_dedicated(names: Found[tuple[str, ...]], key_name: str) -> bool:
    """Whether a vault is proven to hold this key alone. The role covers keys only, so other keys are what counts."""
    return isinstance(names, Known) and [name.lower() for name in names.value] == [key_name.lower()]


def broader_than(rows: tuple[RoleAssignment, ...], scope: str) -> tuple[RoleAssignment, ...]:
    """The assignments that are not the wanted role at the wanted scope."""
    return tuple(row for row in rows if not (same_id(row.role_id, published.CRYPTO_USER) and same_id(row.scope, scope)))


def ours(rows: tuple[ExternalKey, ...], parameters: Parameters) -> tuple[ExternalKey, ...]:
    """The external keys for the vault, key and tenant of the parameters, used by Anthropic's own application."""
    return tuple(row for row in _registered(rows, parameters) if row.client_id is None)


def foreign(rows: tuple[ExternalKey, ...], parameters: Parameters) -> tuple[ExternalKey, ...]:
    """Those for the same key that another application is to use."""
    return tuple(row for row in _registered(rows, parameters) if row.client_id is not None)


def _registered(rows: tuple[ExternalKey, ...], parameters: Parameters) -> tuple[ExternalKey, ...]:
    return tuple(row for row in rows if row.is_for(parameters.vault_uri, parameters.key_name, parameters.tenant_id))


def target(rows: tuple[Workspace, ...], parameters: Parameters) -> tuple[Workspace, ...]:
    """The workspace the parameters name: by id, or by name among those that are not archived."""
    match parameters.workspace:
        case WorkspaceId(id=wanted):
            return tuple(row for row in rows if row.id == wanted)
        case NewWorkspace(create=name):
            return tuple(row for row in rows if row.name == name and not row.archived)
    return ()
