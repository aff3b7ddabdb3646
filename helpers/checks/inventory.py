"""What is recorded beside the checks and judged by nobody here: facts an auditor asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from helpers import published
from helpers.facts import Facts
from helpers.model import Absent, Found, Known, RoleAssignment, RoleDefinition, Unknown, Vault, same_id

T = TypeVar("T")
_USES = {
    "wrap": f"{published.KEYS}/wrap/action",
    "unwrap": f"{published.KEYS}/unwrap/action",
    "delete": f"{published.KEYS}/delete",
    "purge": f"{published.KEYS}/purge/action",
}
_WIDENS = {"update": f"{published.KEYS}/update/action", "backup": f"{published.KEYS}/backup/action"}


@dataclass(frozen=True)
class Noted:
    """One recorded fact: its id in the catalogue, what it is, why it is kept, what was looked at, what was seen."""

    id: str
    title: str
    why: str
    looks_at: str
    seen: str


def noted(found: Facts) -> tuple[Noted, ...]:
    """Everything that is recorded and not judged. What could not be read says so."""
    return (
        Noted(
            "V14",
            "Access policies left in the vault",
            "They do not count under Azure RBAC, and would again if it were switched off.",
            "vault: accessPolicies",
            _said(found.vault, _policies),
        ),
        Noted(
            "V34",
            "Who else may use, delete or purge the key",
            "Separation of duties: whoever may delete the key can take the data away.",
            "role assignments of everybody at the key and above, and what their roles permit",
            _said(found.at_key, lambda rows: _said(found.role_definitions, lambda roles: _others(found, rows, roles))),
        ),
        Noted(
            "V43",
            "Region of the vault",
            "Latency only: Anthropic suggests " + " or ".join(published.RECOMMENDED_REGIONS) + ".",
            "vault: location",
            _said(found.vault, _region),
        ),
        Noted(
            "V44",
            "What the role permits beyond wrapping",
            "Its holder can change and back up the key: narrowing the key's operations does not bind the holder.",
            f"role definition {published.CRYPTO_USER_NAME}: dataActions",
            _said(found.role_definitions, _widening),
        ),
    )


def _said(found: Found[T], say: Callable[[T], str]) -> str:
    match found:
        case Known(value):
            return say(value)
        case Absent():
            return "not there"
        case Unknown(reason, request_id):
            return f"UNKNOWN: {reason}" + (f" (request id {request_id})" if request_id else "")


def _policies(vault: Vault) -> str:
    return f"{len(vault.access_policies)}: {', '.join(vault.access_policies)}" if vault.access_policies else "none"


def _region(vault: Vault) -> str:
    near = vault.location.lower() in published.RECOMMENDED_REGIONS
    return f"{vault.location}, {'one of the suggested ones' if near else 'not one of the suggested ones'}"


def _others(found: Facts, rows: tuple[RoleAssignment, ...], roles: tuple[RoleDefinition, ...]) -> str:
    own = found.principal.value.object_id if isinstance(found.principal, Known) else None
    told = [_use(row, roles) for row in rows if not same_id(row.principal_id, own)]
    return "\n".join(line for line in told if line) or "nobody with a role at the key or above; owners could give one"


def _use(row: RoleAssignment, roles: tuple[RoleDefinition, ...]) -> str:
    role = next((role for role in roles if same_id(role.id, row.role_id)), None)
    who = f"{row.principal_type or 'principal'} {row.principal_id}"
    if role is None:
        return f"{who}: UNKNOWN, the role {row.role_id} has no definition here"
    may = [word for word, action in _USES.items() if role.permits(action)]
    return f"{who}: {', '.join(may)}, as {role.name} at {row.scope}" if may else ""


def _widening(roles: tuple[RoleDefinition, ...]) -> str:
    role = next((role for role in roles if same_id(role.id, published.CRYPTO_USER)), None)
    if role is None:
        return "the role is not assigned at the key or above"
    may = [word for word, action in _WIDENS.items() if role.permits(action)]
    return f"keys/{' and keys/'.join(may)}" if may else "neither keys/update nor keys/backup"
