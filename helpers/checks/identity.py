"""Who is asking."""

from __future__ import annotations

from helpers.checks.base import Check, Finding, failed, on, passed
from helpers.facts import Facts
from helpers.model import Caller, same_id
from helpers.parameters import Parameters


def _caller(found: Facts, parameters: Parameters) -> Finding:
    def judge(who: Caller) -> Finding:
        seen = f"{who.kind} {who.object_id}, tenant {who.tenant_id}"
        if same_id(who.tenant_id, parameters.tenant_id):
            return passed(seen, f"tenant {parameters.tenant_id}")
        return failed(seen, f"tenant {parameters.tenant_id}", "Sign in to the tenant that governs the vault.")

    return on(found.caller, judge, absent=failed("nobody", "a signed-in identity", "Sign in."))


CHECKS = (
    Check("V01", "Signed in to the expected tenant", "blocks", "A wrong sign-in is the commonest surprise.", _caller),
)
