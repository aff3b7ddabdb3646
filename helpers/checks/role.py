"""What Anthropic's service principal may do: the role it needs, where it needs it, and nothing broader."""

from __future__ import annotations

from helpers import published
from helpers.checks.base import Check, Finding, failed, not_applicable, on, passed, unknown
from helpers.facts import Facts
from helpers.model import RoleAssignment, ServicePrincipal, Unknown, same_id
from helpers.parameters import Parameters
from helpers.targets import broader_than, is_dedicated, wanted_scope

_AFTER = ("01_consent", "02_key", "03_rbac")
_MISSING = failed("no role assignment", published.CRYPTO_USER_NAME, "Run 03_rbac.")


def _granted(found: Facts, parameters: Parameters) -> Finding:
    scope = wanted_scope(parameters)
    expected = f"{published.CRYPTO_USER_NAME} at {scope}"

    if parameters.role_scope == "vault" and isinstance(found.vault_keys, Unknown):
        return unknown(f"what else the vault holds ({found.vault_keys.reason})")
    if parameters.role_scope == "vault" and not is_dedicated(found.vault_keys, parameters.key_name):
        mend = "Set role_scope: key, or use a vault that is seen to hold no other key."
        return failed("the whole vault, and it is not proven to hold this key alone", expected, mend)

    def judge(rows: tuple[RoleAssignment, ...]) -> Finding:
        at_scope = [row for row in rows if same_id(row.role_id, published.CRYPTO_USER) and same_id(row.scope, scope)]
        if at_scope:
            return passed(f"{published.CRYPTO_USER_NAME} at {at_scope[0].scope}", expected)
        seen = ", ".join(f"{published.role_name(row.role_id)} at {row.scope}" for row in rows) or "no role assignment"
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

    def judge(rows: tuple[RoleAssignment, ...]) -> Finding:
        broader = broader_than(rows, scope)
        if not broader:
            return passed("none; roles it has through groups, and deny assignments, were not read", "none beside it")
        told = ", ".join(f"{published.role_name(row.role_id)} at {row.scope}" for row in broader)
        return failed(told, "none beside it", "Remove what Anthropic does not need.")

    return on(found.assignments, judge, absent=not_applicable("there is no role assignment"))


CHECKS = (
    Check(
        "V31",
        "It has Key Vault Crypto User where it is wanted",
        "blocks",
        "Without the role Anthropic cannot use the key.",
        _granted,
        after=_AFTER,
    ),
    Check(
        "V32",
        "The grant is to that object ID, without a condition",
        "blocks",
        "A grant to another principal, or one with a condition, does not work.",
        _principal,
        after=_AFTER,
    ),
    Check(
        "V33",
        "No other role is assigned to it directly",
        "warns",
        "Least privilege: Anthropic needs this one role only.",
        _narrow,
        after=_AFTER,
        acceptable=True,
    ),
)
