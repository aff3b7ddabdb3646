"""04: everything Azure holds of this set-up, read once, for the checks to judge. Changes nothing.

Reads that do not need one another go side by side, in three rounds: what has a name of its own, then what is found by
what the first round found. Nothing is asked twice.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from helpers.facts import Facts
from helpers.model import (
    Absent,
    Found,
    Known,
    LogSink,
    RoleAssignment,
    RoleDefinition,
    ServicePrincipal,
    SinkState,
    Unknown,
    same_id,
)
from helpers.parameters import Parameters

if TYPE_CHECKING:
    from helpers.services.connect import Services

STEP = "04_verify"
Reads = dict[str, Callable[[], Any]]


def facts(services: Services, parameters: Parameters) -> Facts:
    """The caller, the vault and what is set on it, the principal and its roles, the key and its versions."""
    started = services.clock.now()
    caller = Known(services.caller)  # first: the token it takes is the one that the reads of Azure use
    first = Facts(read_at=started, caller=caller, **services.together(**_named(services, parameters)))
    found = replace(first, **services.together(**_found_by_them(services, parameters, first)))
    destination = _destination(services, parameters, found)
    return replace(found, role_definitions=_in_use(found), log_destination=destination)


def probed(found: Facts) -> Callable[[Services, Parameters], Facts]:
    """What was read, and what comes of a wrap, an unwrap and a decrypt that the service must refuse."""

    def read(services: Services, parameters: Parameters) -> Facts:
        match found.key:
            case Known(key):
                return replace(found, probe=services.keys.probe(key.name, key.version))
            case outcome:
                return replace(found, probe=outcome)

    return read


def _named(services: Services, parameters: Parameters) -> Reads:
    vault, at_key = parameters.vault_id, f"{parameters.vault_id}/keys/{parameters.key_name}"
    return {
        "vault": lambda: services.vaults.vault(parameters.resource_group, parameters.vault_name),
        "principals": services.principals.of_published_app,
        "key": lambda: services.keys.key(parameters.key_name),
        "diagnostics": lambda: services.resources.diagnostic_settings(vault),
        "locks": lambda: services.resources.locks(vault),
        "policies": lambda: services.resources.policies(vault),
        "at_key": lambda: services.roles.at(at_key),
        "role_definitions": lambda: services.roles.definitions(vault),
        "denials": lambda: services.roles.denials(at_key),
        "conditional_access": services.principals.conditional_access,
    }


def _found_by_them(services: Services, parameters: Parameters, found: Facts) -> Reads:
    reads: Reads = {
        "assignments": lambda: assignments(services, parameters, found),
        "grants": lambda: of_principal(found, lambda there: services.principals.grants(there.object_id)),
        "groups": lambda: of_principal(found, lambda there: services.principals.groups(there.object_id)),
        "sinks": lambda: _sinks(services, found),
    }
    if isinstance(found.key, Known):
        reads["versions"] = lambda: services.keys.versions(parameters.key_name)
        reads["rotation_policy"] = lambda: services.keys.rotation_policy(parameters.key_name)
    elif isinstance(found.key, Absent):
        reads["deleted_key"] = lambda: services.keys.deleted(parameters.key_name)
    if parameters.role_scope == "vault":
        reads["vault_keys"] = services.keys.names
    return reads


def of_principal(found: Facts, read: Callable[[ServicePrincipal], Found[Any]]) -> Found[Any]:
    """What is read of the principal; as absent or unknown as the principal is."""
    match found.principal:
        case Known(principal):
            return read(principal)
        case outcome:
            return outcome


def assignments(services: Services, parameters: Parameters, found: Facts) -> Found[tuple[RoleAssignment, ...]]:
    """The principal's assignments; nothing to look for while there is no principal."""
    listed = of_principal(found, lambda there: services.roles.of_principal(parameters.vault_id, there.object_id))
    return Known(()) if isinstance(found.principal, Absent) else listed


def _sinks(services: Services, found: Facts) -> Found[tuple[LogSink, ...]]:
    """Every destination that audit events are sent to, once."""
    match found.diagnostics:
        case Known(rows):
            ids = dict.fromkeys(sink for row in rows if row.audits for sink in row.sinks)
            read = services.together(**{sink: lambda sink=sink: services.resources.sink(sink) for sink in ids})
            return Known(tuple(read.values()))
        case outcome:
            return outcome


def _destination(services: Services, parameters: Parameters, found: Facts) -> Found[SinkState]:
    """Where a remedy would send the log to, unless it is among what was read already; not looked at if none would."""
    wanted = parameters.log_destination
    if wanted is None or "diagnostic_settings" not in parameters.remediate:
        return found.log_destination
    sinks = found.sinks.value if isinstance(found.sinks, Known) else ()
    read = [sink for sink in sinks if same_id(sink.id, wanted)] or [services.resources.sink(wanted)]
    return read[0].found


def _in_use(found: Facts) -> Found[tuple[RoleDefinition, ...]]:
    """Of all the roles there are, those that an assignment at the key or above names."""
    match found.role_definitions, found.at_key:
        case Known(roles), Known(rows):
            used = {row.role_id.lower() for row in rows}
            return Known(tuple(role for role in roles if role.id.lower() in used))
        case (Unknown() as unknown, _) | (_, Unknown() as unknown):
            return unknown
    return Absent()
