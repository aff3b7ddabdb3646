"""What Anthropic's service principal may do: the role it needs, where it needs it, and nothing broader."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from helpers import published
from helpers.checks.base import Check, Finding, failed, on, passed, unknown, unread
from helpers.facts import Facts
from helpers.model import DenyAssignment, Known, RoleAssignment, ServicePrincipal, Unknown, same_id
from helpers.parameters import Parameters
from helpers.targets import broader_than, is_dedicated, wanted_scope

_AFTER = ("01_consent", "02_key", "03_rbac")
_MISSING = failed("no role assignment", published.CRYPTO_USER_NAME, "Run 03_rbac.")


def _granted(found: Facts, parameters: Parameters) -> Finding:
    scope = wanted_scope(parameters)
    expected = f"{published.CRYPTO_USER_NAME} at {scope}"

    if parameters.role_scope == "vault" and isinstance(found.vault_keys, Unknown):
        return unread(found.vault_keys)
    if parameters.role_scope == "vault" and not is_dedicated(found.vault_keys, parameters.key_name):
        mend = "Set role_scope: key, or use a vault that is seen to hold no other key."
        return failed("the whole vault, and it is not proven to hold this key alone", expected, mend)

    def judge(rows: tuple[RoleAssignment, ...]) -> Finding:
        at_scope = [row for row in rows if same_id(row.role_id, published.CRYPTO_USER) and same_id(row.scope, scope)]
        if at_scope:
            return passed(f"{published.CRYPTO_USER_NAME} at {at_scope[0].scope}", expected)
        seen = ", ".join(f"{_label(found, row)} at {row.scope}" for row in rows) or "no role assignment"
        return failed(seen, expected, "Run 03_rbac.")

    return on(found.assignments, judge, absent=_MISSING)


def _principal(found: Facts, parameters: Parameters) -> Finding:
    scope = wanted_scope(parameters)

    def judge(object_id: str, rows: tuple[RoleAssignment, ...]) -> Finding:
        for row in rows:
            if row.gives(published.CRYPTO_USER, object_id, scope):
                kind = row.principal_type or "not shown"
                if kind.lower() == "serviceprincipal":
                    return passed(f"{object_id}, ServicePrincipal, no condition", object_id)
                return failed(f"principal type {kind}", "ServicePrincipal", "Remove the assignment and run 03_rbac.")
        return failed("no unconditional grant to it", object_id, "Run 03_rbac.")

    def to(principal: ServicePrincipal) -> Finding:
        return on(found.assignments, lambda rows: judge(principal.object_id, rows), absent=_MISSING)

    return on(found.principal, to, absent=failed("no service principal", "one", "Run 01_consent."))


def _narrow(found: Facts, parameters: Parameters) -> Finding:
    scope = wanted_scope(parameters)
    expected = "none beside it"

    def through_groups(groups: tuple[str, ...], rows: tuple[RoleAssignment, ...]) -> Finding:
        through = [row for row in rows if row.principal_id.lower() in {group.lower() for group in groups}]
        if through:
            told = ", ".join(f"{_label(found, row)} at {row.scope} through group {row.principal_id}" for row in through)
            return failed(told, expected, "Take it out of the group, or accept V33.")
        return passed(f"none, directly or through its {len(groups)} groups", expected)

    def judge(rows: tuple[RoleAssignment, ...]) -> Finding:
        broader = broader_than(rows, scope)
        if broader:
            told = ", ".join(f"{_label(found, row)} at {row.scope}" for row in broader)
            return failed(told, expected, "Remove what Anthropic does not need, or accept V33.")
        with_groups = partial(_with_groups, found, through_groups)
        return on(found.groups, with_groups, absent=unknown("the service principal has gone"))

    return on(found.assignments, judge, absent=unknown("there is no such vault"))


def _with_groups(found: Facts, judge: Callable[..., Finding], groups: tuple[str, ...]) -> Finding:
    return on(found.at_key, lambda rows: judge(groups, rows), absent=unknown("there is no such vault"))


def _label(found: Facts, row: RoleAssignment) -> str:
    """A role by its published name, else by the name its definition gives it."""
    roles = found.role_definitions.value if isinstance(found.role_definitions, Known) else ()
    own = next((role.name for role in roles if same_id(role.id, row.role_id)), None)
    return published.ROLE_NAMES.get(row.role_id.lower(), own or published.role_name(row.role_id))


def _not_denied(found: Facts, _: Parameters) -> Finding:
    expected = "none that keeps it from reading, wrapping and unwrapping"

    def judge(rows: tuple[DenyAssignment, ...], principal: ServicePrincipal) -> Finding:
        about = [row for row in rows if any(row.covers(action) for action in published.ANTHROPIC_ACTIONS)]
        if not about:
            return passed(f"none of {len(rows)} deny assignments is about using a key", expected)
        gone = unknown("the service principal has gone")
        return on(found.groups, lambda groups: by_principals(about, (principal.object_id, *groups)), absent=gone)

    def by_principals(about: list[DenyAssignment], principals: tuple[str, ...]) -> Finding:
        denying = [r for r in about if any(r.denies(action, principals) for action in published.ANTHROPIC_ACTIONS)]
        if denying:
            told = ", ".join(f"{row.name} at {row.scope}" for row in denying)
            return failed(told, expected, "Ask the owner of what made it (a managed application or a stack).")
        return passed(f"{len(about)} about using a key, none of which reaches it", expected)

    def to(principal: ServicePrincipal) -> Finding:
        no_vault = unknown("there is no such vault")
        return on(found.denials, lambda rows: judge(rows, principal), absent=no_vault)

    return on(found.principal, to, absent=failed("no service principal", "one", "Run 01_consent."))


_READ = "Reader on the vault, and reading applications and groups in the directory"
_ASSIGNMENTS = "role assignments of the service principal at, above and below the vault"
CHECKS = (
    Check(
        "V31",
        "It has Key Vault Crypto User where it is wanted",
        "blocks",
        "Without the role Anthropic cannot use the key.",
        _granted,
        looks_at=f"{_ASSIGNMENTS}: roleDefinitionId, scope",
        right=_READ,
        effect="use",
        after=_AFTER,
    ),
    Check(
        "V32",
        "The grant is to that object ID, without a condition",
        "blocks",
        "A grant to another principal, or one with a condition, does not work.",
        _principal,
        looks_at=f"{_ASSIGNMENTS}: principalId, principalType, condition",
        right=_READ,
        effect="use",
        after=_AFTER,
    ),
    Check(
        "V33",
        "It has no other role, directly or through a group",
        "warns",
        "Least privilege: Anthropic needs this one role only.",
        _narrow,
        looks_at=f"{_ASSIGNMENTS}; its groups and their role assignments at the key and above",
        right=_READ,
        effect="safety",
        after=_AFTER,
        acceptable=True,
        controls={"MCSB": "PA-7"},
    ),
    Check(
        "V33b",
        "No deny assignment stands against it",
        "blocks",
        "A deny assignment wins over every role.",
        _not_denied,
        looks_at="deny assignments at the key and above: data actions, principals and those excluded",
        right=_READ,
        effect="use",
        after=("01_consent",),
    ),
)
