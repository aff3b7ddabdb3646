"""Who is asking."""

from __future__ import annotations

from helpers.checks.base import Check, Finding, Verdict, failed, on, passed
from helpers.facts import Facts
from helpers.model import Caller, same_id
from helpers.parameters import Parameters

_KINDS = {
    "managed_identity": "service principal",
    "workload_identity": "service principal",
    "browser": "user",
    "device_code": "user",
}
"""What a way of signing in gives; the others can give either."""


def _caller(found: Facts, parameters: Parameters) -> Finding:
    kind = _KINDS.get(parameters.credential or "", "user or service principal")
    expected = f"{kind}, tenant {parameters.tenant_id}"

    def judge(who: Caller) -> Finding:
        seen = f"{who.kind} {who.object_id}, tenant {who.tenant_id}, for subscription {parameters.subscription_id}"
        if not same_id(who.tenant_id, parameters.tenant_id):
            return failed(seen, expected, "Sign in to the tenant that governs the vault.")
        if who.kind not in kind:
            return failed(seen, expected, "Another identity than meant is signed in: check the parameter credential.")
        return passed(seen, expected)

    return on(found.caller, judge, absent=failed("nobody", expected, "Sign in."))


CHECKS = (
    Check(
        "V01",
        "Signed in to the expected tenant, as the expected kind of identity",
        "blocks",
        "A wrong sign-in is the commonest surprise.",
        _caller,
        looks_at="the access token: tid, oid, idtyp",
        right="a sign-in",
        cannot={
            Verdict.FAIL: "another tenant is refused before anything is read; a rehearsal may be any kind",
            Verdict.UNKNOWN: "without a sign-in nothing is read at all",
        },
    ),
)
