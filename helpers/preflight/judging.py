"""Whether what was read of the caller gives one right; and where a right looks enough and is not.

Rules: an action is permitted when an element names it and does not take it out again; elements add up. What could not
be read is UNKNOWN, never NO. Claims are read to be shown; the services verify them. Sources: Azure RBAC, "Understand
role definitions"; Entra, "Access token claims reference"; both read 2026-11-23.
"""

from __future__ import annotations

from typing import Any

from helpers.model import Found, Known, Organization, Unknown
from helpers.parameters import Parameters
from helpers.preflight.rights import (
    ASSIGN,
    CONSENT,
    CREATE_KEY,
    OWNED_ONLY,
    PRIVILEGED_ROLE_ADMINISTRATOR,
    READ_KEY,
    VAULT,
    AdminKey,
    Azure,
    Graph,
    Right,
)
from helpers.preflight.seen import Claims, Permission, Seen, Useless

Held = Known[bool] | Unknown


def held(wanted: Right, parameters: Parameters, seen: Seen) -> tuple[Held, str]:
    """Whether the caller has a right, and a note on it."""
    match wanted:
        case Azure() as right:
            return _azure(right, seen.azure)
        case Graph() as right:
            return _graph(right, seen.graph)
        case AdminKey():
            return _admin(parameters, seen.admin)
    return Unknown("it is at another resource, and was not asked for"), "not asked for: it is at another resource"


def _azure(right: Azure, found: Found[tuple[Permission, ...]]) -> tuple[Held, str]:
    if not isinstance(found, Known):
        return _unread(found), ""
    given = any(permission.gives(right) for permission in found.value)
    return Known(given), _near(right, found.value, given=given)


def _near(right: Azure, permissions: tuple[Permission, ...], *, given: bool) -> str:
    """Where a right looks enough and is not, or is enough under a condition that is not seen."""

    def has(action: str, *, data: bool = False) -> bool:
        return any(permission.gives(Azure(action, data)) for permission in permissions)

    if given:
        bound = (
            "A condition is not seen: Key Vault Data Access Administrator may assign this role and seven others only."
        )
        return bound if right.action == ASSIGN and not has(f"{VAULT}/write") else ""
    if right.action == ASSIGN and has(f"{VAULT}/write"):
        return "Contributor and Key Vault Contributor cannot assign roles."
    if not right.data:
        return ""
    if has(READ_KEY, data=True):
        return "Key Vault Reader cannot create keys." if right.action == CREATE_KEY else ""
    if has(ASSIGN) and has(f"{VAULT}/write"):
        return "Owner has no data actions."
    return "Contributor and Key Vault Contributor cannot use keys." if has(f"{VAULT}/write") else ""


def _graph(right: Graph, found: Found[Claims]) -> tuple[Held, str]:
    if not isinstance(found, Known):
        return _unread(found), ""
    claims = found.value
    wanted = {right.permission, *right.more}
    by_role = bool(set(right.roles) & set(claims.directory_roles or ()))
    if claims.scopes is not None:
        return _of_user(right, claims, allowed=bool(wanted & set(claims.scopes)), by_role=by_role)
    if by_role or wanted & set(claims.permissions or ()):
        return Known(True), ""
    if claims.permissions is None:
        return _told("the token names no application permissions")
    owned = right == CONSENT and OWNED_ONLY in claims.permissions
    return Known(False), f"{OWNED_ONLY} cannot consent to another company's application." if owned else ""


def _of_user(right: Graph, claims: Claims, *, allowed: bool, by_role: bool) -> tuple[Held, str]:
    """A user needs both: the program's permission and a directory role of their own."""
    if not allowed:
        return Known(False), "The program you signed in with may not do it for you, whatever your role is."
    if by_role:
        return Known(True), ""
    if claims.directory_roles is None:
        return _told("the token names no directory roles")
    if right.members_may:
        return _told("members of a tenant may, unless it forbids it")
    if PRIVILEGED_ROLE_ADMINISTRATOR in claims.directory_roles:
        return _told("Privileged Role Administrator is not documented to be enough")
    return Known(False), "A custom directory role would not be seen here."


def _admin(parameters: Parameters, found: Found[Organization | Useless]) -> tuple[Held, str]:
    match found:
        case Known(Useless(why)):
            return Known(False), why
        case Known(Organization() as there) if there.id != parameters.organization_id:
            return Known(False), f"It belongs to another organization: {there.id} ({there.name})."
        case Known(Organization() as there):
            return Known(True), f"It belongs to {there.name}."
    return _unread(found), f"05 needs it; whoever runs 05 brings it. {reason(found)}"


def _told(why: str) -> tuple[Held, str]:
    return Unknown(why), f"{why[0].upper()}{why[1:]}."


def _unread(found: Found[Any]) -> Unknown:
    return found if isinstance(found, Unknown) else Unknown("the service says that there is nothing of that name")


def reason(found: Found[Any]) -> str:
    """Why something is not known, with the request id for a support case."""
    unknown = _unread(found)
    return unknown.reason + (f" (request id {unknown.request_id})" if unknown.request_id else "")
